"""The Metropolitan Museum of Art: its Collection API, one record a request, by department.

With its bulk file as a seed (`scrapers.met_csv`), one by one are asked only the ids that the file lacks
or that changed since, and the open ones: only the API tells their pictures.

What an observation says: a department's version is the version its last complete crawl brought in,
until an id comes or goes or a changed record is found; so looking twice at unchanged data never
makes anything stale.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence, Set
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from scrapers import met_csv
from scrapers.ledger import Ledger
from scrapers.met_catalog import FIELDS, catalog
from scrapers.met_records import COLUMNS, as_row, as_table, joined, merged
from scrapers.museum import BATCH, WHOLE, Museum, Noun, Site, reject, version
from scrapers.net import Session
from scrapers.pages import Fetch, Pages
from scrapers.politeness import GaveUpError
from scrapers.progress import Progress

if TYPE_CHECKING:
    import pyarrow as pa

BASE = "https://collectionapi.metmuseum.org/public/collection/v1"
HOSTS = frozenset({"collectionapi.metmuseum.org", "images.metmuseum.org"}) | met_csv.HOSTS
DEPARTMENTS = {
    "1": "American Decorative Arts",
    "3": "Ancient Near Eastern Art",
    "4": "Arms and Armor",
    "5": "Arts of Africa, Oceania, and the Americas",
    "6": "Asian Art",
    "7": "The Cloisters",
    "8": "The Costume Institute",
    "9": "Drawings and Prints",
    "10": "Egyptian Art",
    "11": "European Paintings",
    "12": "European Sculpture and Decorative Arts",
    "13": "Greek and Roman Art",
    "14": "Islamic Art",
    "15": "The Robert Lehman Collection",
    "16": "The Libraries",
    "17": "Medieval Art",
    "18": "Musical Instruments",
    "19": "Photographs",
    "21": "Modern Art",
}
_GENERATION = "met"
_DAY = 86_400
# A record that could not be had is asked again by an observation, but not endlessly many of them.
_RETRIED = 20
_FEW = 20  # a department of fewer objects may lose all of them
_NOTHING = (
    "the department lists nothing, and listed {:,} objects before; what was taken in stays. If it is "
    "closed for good, take it out of DEPARTMENTS in scrapers/museums/met.py"
)


def record_url(object_id: int) -> str:
    """The address of one record."""
    return f"{BASE}/objects/{object_id}"


def observe(site: Site, partitions: Sequence[str]) -> dict[str, str]:
    """Ask each department for its ids, and for the records changed since its last complete crawl."""
    with Ledger(site.ledger) as ledger:
        return _look(site, ledger, partitions)


def _look(site: Site, ledger: Ledger, partitions: Sequence[str]) -> dict[str, str]:
    """A record that two departments list is filed by the first of them in DEPARTMENTS."""
    session = Session(site.net, ledger, HOSTS)
    seed = met_csv.take_in(site, ledger, session)
    spared = seed.spared() if seed else set()
    filed: set[int] = set()
    versions = {}
    for part in DEPARTMENTS:
        if part in partitions:
            versions[part] = _observe(site, ledger, session, (seed, spared), part, filed)
        filed.update(ledger.state(f"met/{part}").get("ids", ()))
    return versions


def _observe(
    site: Site,
    ledger: Ledger,
    session: Session,
    seeded: tuple[met_csv.Seed | None, Set[int]],
    part: str,
    filed: Set[int],
) -> str:
    seed, spared = seeded
    name = f"met/{part}"
    state = ledger.state(name)
    moment = time.time()
    listed = _ids(session, part)
    if not listed and len(state.get("ids", ())) >= _FEW:
        raise GaveUpError(_list_url(part), "empty_list", _NOTHING.format(len(state["ids"])))
    if site.net.limit is not None:
        listed = listed[: _share(site.net.limit, part)]
    ids = [number for number in listed if number not in filed]
    twice = [number for number in listed if number in filed]
    if seed is not None and state.get("seed") != seed.version:
        state["since_seed"] = _ids(session, part, _day_before(seed.since))
    state |= {"ids": ids, "twice": twice, "seed": seed and seed.version}
    changed: dict[str, str] = state.get("changed", {})
    # A look that was cut short: what it stored would not be told as changed again.
    for number in state.pop("asked", ()):
        changed[str(number)] = _sha256(ledger.body(record_url(number)) or b"")
    began = state.get("began", moment)
    if "crawled_at" in state:
        lacking = _lacking(ledger, _wanted(state, spared))
        base = set(state["base_ids"])
        again = base.intersection(
            ids, [*_ids(session, part, _day_of(state)), *state.get("again", [])]
        )
        # What went and is listed again, here or elsewhere, may have changed meanwhile.
        new = [number for number in ids if number not in base]
        again |= set(new).difference(_lacking(ledger, new))
        failed = []
        asked = sorted(again.union([i for i in lacking if i in base][:_RETRIED]))
        if asked:
            ledger.remember(name, ledger.state(name) | {"changed": changed, "asked": asked})
        for object_id in asked:
            try:
                answer = session.get(record_url(object_id), "json", _GENERATION)
            except GaveUpError as error:
                if error.whole_host:
                    raise
                failed.append(object_id)
                continue
            if answer.changed:
                changed[str(object_id)] = _sha256(answer.body)
        state["again"] = failed
        if not lacking and not failed:  # all is as new as this moment
            began = moment
    seen = _version(state, changed)
    ledger.remember(name, state | {"changed": changed, "version": seen, "began": began})
    return seen


def _day_of(state: Mapping[str, Any]) -> str:
    """The day whose later changes are asked for: that before the crawl, wherever midnight was."""
    return time.strftime("%Y-%m-%d", time.gmtime(state["crawled_at"] - _DAY))


def _day_before(day: str) -> str:
    return str(date.fromisoformat(day) - timedelta(days=1))


def _share(limit: int, part: str) -> int:
    """What a department may take of the limit, so that all together take no more."""
    each, left = divmod(limit, len(DEPARTMENTS))
    return each + (list(DEPARTMENTS).index(part) < left)


def _ids(session: Session, part: str, since: str = "") -> list[int]:
    """What a department lists, or what of it has changed after the day `since`.

    Raises GaveUpError when the answer is no list, or not all of one: half a list withdraws the rest.
    """
    url = _list_url(part) + (f"&metadataDate={since}" if since else "")
    answer = session.get(url, "json", _GENERATION)
    try:
        said = json.loads(answer.body)
        ids = sorted(said["objectIDs"] or [])
    except (ValueError, TypeError, KeyError) as error:
        detail = f"HTTP {answer.status} and no list of ids: {answer.body[:80]!r}"
        raise GaveUpError(url, "no_list", detail) from error
    if said.get("total", len(ids)) != len(ids):
        raise GaveUpError(url, "half_a_list", f"{len(ids):,} ids of {said['total']:,}")
    return ids


def _list_url(part: str) -> str:
    return f"{BASE}/objects?departmentIds={part}"


def _version(state: Mapping[str, Any], changed: Mapping[str, str]) -> str:
    if "base" not in state:
        return _filed(state)
    if _filed(state) == state.get("base_filed") and not changed:
        return str(state["base"])
    return version(state["base"], _filed(state), sorted(changed.items()))


def _filed(state: Mapping[str, Any]) -> str:
    return version(state["ids"], state["twice"], state["seed"])


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _wanted(state: Mapping[str, Any], spared: Set[int]) -> list[int]:
    """The ids that only the API can tell of: all but what the seed spares, unless changed since."""
    changed = set(state.get("since_seed", ()))
    return [number for number in state["ids"] if number not in spared or number in changed]


def _lacking(ledger: Ledger, ids: Sequence[int]) -> list[int]:
    lacking: list[int] = []
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        held = ledger.held(map(record_url, batch), _GENERATION)
        lacking += (number for number in batch if record_url(number) not in held)
    return lacking


def pending(site: Site, part: str) -> int:
    """Records that the last observation wants and the ledger does not hold; 1 before any."""
    with Ledger(site.ledger) as ledger:
        state, seed = ledger.state(f"met/{part}"), met_csv.known(site, ledger)
        if _unseen(site, state, seed):
            return 1
        return len(_lacking(ledger, _wanted(state, seed.spared() if seed else set())))


def _unseen(site: Site, state: Mapping[str, Any], seed: met_csv.Seed | None) -> bool:
    """Whether a department was not observed yet, or not with the seed that is set now."""
    untaken = site.met_csv is not None and seed is None
    return untaken or "twice" not in state or state["seed"] != (seed and seed.version)


def crawl(site: Site, part: str, progress: Progress) -> None:
    """Fetch what is wanted of the department (WHOLE: of all) and the ledger does not hold."""
    parts = list(DEPARTMENTS) if part == WHOLE else [part]
    with Ledger(site.ledger) as ledger:
        seed = met_csv.known(site, ledger)
        unseen = [one for one in parts if _unseen(site, ledger.state(f"met/{one}"), seed)]
        if unseen:
            _look(site, ledger, unseen)
            seed = met_csv.known(site, ledger)
        states = {f"met/{one}": ledger.state(f"met/{one}") for one in parts}
        spared = seed.spared() if seed else set()
        wanted = sorted(number for state in states.values() for number in _wanted(state, spared))
        lacking = _lacking(ledger, wanted)
        if lacking:
            from scrapers import spider

            progress.expect(len(lacking))
            fetches = (Fetch(record_url(number), "json") for number in lacking)
            pages = Pages(ledger, _GENERATION, fetches, progress)
            spider.run(site.net, ledger, HOSTS, pages, progress)
        for name, state in states.items():
            done = {"base": state["version"], "base_ids": state["ids"], "changed": {}}
            done |= {"base_filed": _filed(state), "again": state.get("again", [])}
            done |= {"crawled_at": state.pop("began")} if "began" in state else {}
            ledger.remember(name, state | done)


def tables(site: Site, part: str) -> tuple[dict[str, "pa.Table"], "pa.Table"]:
    """The department's records as the API gave them or the seed has them; nested values as JSON text.

    The seed's own rejects are those of the first department, as they belong to none.
    """
    from storage import schemas

    batches: list[pa.Table] = []
    refused: list[dict[str, str]] = []
    with Ledger(site.ledger) as ledger:
        state, seed = ledger.state(f"met/{part}"), met_csv.known(site, ledger)
        ids = state.get("ids", [])
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            batches.append(as_table(_rows(ledger, seed, batch, refused)))
    for number in state.get("twice", []):
        detail = "another department lists it too, and files it"
        refused.append(reject("raw", "met", record_url(number), "listed_twice", detail))
    if seed is not None and part == next(iter(DEPARTMENTS)):
        refused += seed.refused()
    return {"objects": joined(batches)}, schemas.table(schemas.REJECTS, refused)


def _rows(
    ledger: Ledger, seed: met_csv.Seed | None, ids: Sequence[int], refused: list[dict[str, str]]
) -> list[dict[str, Any]]:
    """What is known of the objects; of the API's answers, what is no record goes to `refused`."""
    seeded = seed.select(ids) if seed is not None else {}
    records: dict[str, dict[str, Any]] = {}
    gone: set[str] = set()
    for found, body in ledger.bodies(map(record_url, ids)):
        try:
            if body is None:
                reason, detail = found.reason or "gone", found.detail or f"HTTP {found.status}"
                gone |= {found.url} if found.status == 404 else set()
                refused.append(reject("raw", "met", found.url, reason, detail))
            else:
                records[found.url] = as_row(json.loads(body), found.url)
        except (ValueError, RecursionError) as error:
            refused.append(reject("raw", "met", found.url, "bad_record", str(error)))
    urls = {number: record_url(number) for number in ids}
    both = (
        merged(records.get(url), seeded.get(number))
        for number, url in urls.items()
        if url not in gone
    )
    return [row for row in both if row is not None]


MUSEUM = Museum(
    name="met",
    title="The Metropolitan Museum of Art",
    hosts=HOSTS,
    licence="CC0-1.0",
    nouns={"objects": Noun(COLUMNS, key="objectID")},
    works="objects",
    observe=observe,
    crawl=crawl,
    pending=pending,
    tables=tables,
    catalog=catalog,
    fields=FIELDS,
    partitions=DEPARTMENTS,
    source="met_api",
    rank=20,
)
