"""The Metropolitan Museum of Art: its Collection API, one record a request, by department.

What an observation says: a department's version is the version its last complete crawl brought in,
until an id comes or goes or a changed record is found; so looking twice at unchanged data never
makes anything stale.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scrapers.ledger import Ledger
from scrapers.met_catalog import catalog
from scrapers.museum import WHOLE, Museum, Noun, Site, reject
from scrapers.net import Session
from scrapers.pages import Fetch, Pages
from scrapers.politeness import GaveUpError
from scrapers.progress import Progress

if TYPE_CHECKING:
    import pyarrow as pa

BASE = "https://collectionapi.metmuseum.org/public/collection/v1"
HOSTS = frozenset({"collectionapi.metmuseum.org", "images.metmuseum.org"})
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
_INTEGERS = ("objectID", "objectBeginDate", "objectEndDate")
_BOOLEANS = ("isHighlight", "isPublicDomain", "isTimelineWork")
_NESTED = ("additionalImages", "constituents", "measurements", "tags")
_TEXTS = (
    "accessionNumber", "accessionYear", "primaryImage", "primaryImageSmall", "department",
    "objectName", "title", "culture", "period", "dynasty", "reign", "portfolio", "artistRole",
    "artistPrefix", "artistDisplayName", "artistDisplayBio", "artistSuffix", "artistAlphaSort",
    "artistNationality", "artistBeginDate", "artistEndDate", "artistGender", "artistWikidata_URL",
    "artistULAN_URL", "objectDate", "medium", "dimensions", "creditLine", "geographyType", "city",
    "state", "county", "country", "region", "subregion", "locale", "locus", "excavation", "river",
    "classification", "rightsAndReproduction", "linkResource", "metadataDate", "repository",
    "objectURL", "objectWikidata_URL", "GalleryNumber",
)  # fmt: skip
COLUMNS = (*_INTEGERS, *_BOOLEANS, *_NESTED, *_TEXTS, "source_row")


def record_url(object_id: int) -> str:
    """The address of one record."""
    return f"{BASE}/objects/{object_id}"


def observe(site: Site, partitions: Sequence[str]) -> dict[str, str]:
    """Ask each department for its ids, and for the records changed since its last complete crawl."""
    with Ledger(site.ledger) as ledger:
        session = Session(site.net, ledger, HOSTS)
        return {part: _observe(site, ledger, session, part) for part in partitions}


def _observe(site: Site, ledger: Ledger, session: Session, part: str) -> str:
    name = f"met/{part}"
    state = ledger.state(name)
    moment = time.time()
    ids = _ids(session, f"{BASE}/objects?departmentIds={part}")
    if site.net.limit is not None:
        ids = ids[: _share(site.net.limit, part)]
    changed: dict[str, str] = state.get("changed", {})
    if "crawled_at" in state:
        day = time.strftime("%Y-%m-%d", time.gmtime(state["crawled_at"] - _DAY))
        since = f"{BASE}/objects?departmentIds={part}&metadataDate={day}"
        known = set(state["base_ids"]) & set(ids)
        again = sorted(known & set(_ids(session, since))) + _missed(ledger, sorted(known))
        for object_id in again:
            digest = _changed(session, object_id)
            if digest is not None:
                changed[str(object_id)] = digest
    version = _version(state, ids, changed)
    ledger.remember(
        name, state | {"ids": ids, "changed": changed, "version": version, "seen_at": moment}
    )
    return version


def _share(limit: int, part: str) -> int:
    """What a department may take of the limit, so that all together take no more."""
    each, left = divmod(limit, len(DEPARTMENTS))
    return each + (list(DEPARTMENTS).index(part) < left)


def _ids(session: Session, url: str) -> list[int]:
    answer = session.get(url, "json", _GENERATION)
    return sorted(json.loads(answer.body)["objectIDs"] or []) if answer.status == 200 else []


def _missed(ledger: Ledger, ids: Sequence[int]) -> list[int]:
    missed = []
    for object_id in ids:
        if not ledger.has(record_url(object_id), _GENERATION):
            missed.append(object_id)
            if len(missed) == _RETRIED:
                break
    return missed


def _changed(session: Session, object_id: int) -> str | None:
    """The digest of a record that is not what the ledger held; what came is kept there."""
    try:
        answer = session.get(record_url(object_id), "json", _GENERATION)
    except GaveUpError as error:
        if error.whole_host:
            raise
        return None
    return hashlib.sha256(answer.body).hexdigest() if answer.changed else None


def _version(state: Mapping[str, Any], ids: Sequence[int], changed: Mapping[str, str]) -> str:
    if "base" not in state:
        return _digest(ids)
    came, went = set(ids) - set(state["base_ids"]), set(state["base_ids"]) - set(ids)
    if not (came or went or changed):
        return str(state["base"])
    return _digest([state["base"], sorted(came), sorted(went), sorted(changed.items())])


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def pending(site: Site, part: str) -> int:
    """Records that the last observation listed and the ledger does not hold; 1 before any."""
    with Ledger(site.ledger) as ledger:
        ids = ledger.state(f"met/{part}").get("ids")
        return 1 if ids is None else len(_lacking(ledger, ids))


def _lacking(ledger: Ledger, ids: Sequence[int]) -> list[int]:
    return [number for number in ids if not ledger.has(record_url(number), _GENERATION)]


def crawl(site: Site, part: str, progress: Progress) -> None:
    """Fetch every record of the department (WHOLE: of all) that the ledger does not hold."""
    names = {p: f"met/{p}" for p in (DEPARTMENTS if part == WHOLE else [part])}
    with Ledger(site.ledger) as ledger:
        unseen = [p for p, name in names.items() if "ids" not in ledger.state(name)]
        session = Session(site.net, ledger, HOSTS)
        for one in unseen:
            _observe(site, ledger, session, one)
        states = {name: ledger.state(name) for name in names.values()}
        ids = sorted(i for state in states.values() for i in state["ids"])
        lacking = _lacking(ledger, ids)
        if lacking:
            from scrapers import spider

            wanted = (Fetch(record_url(object_id), "json") for object_id in lacking)
            pages = Pages(ledger, _GENERATION, wanted, progress)
            spider.run(site.net, ledger, HOSTS, pages, progress)
        for name, state in states.items():
            done = {"base": state["version"], "base_ids": state["ids"], "changed": {}}
            ledger.remember(name, state | done | {"crawled_at": state["seen_at"]})


def tables(site: Site, part: str) -> tuple[dict[str, "pa.Table"], "pa.Table"]:
    """The department's records as the API gave them; nested values as JSON text."""
    from storage import schemas

    rows: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    with Ledger(site.ledger) as ledger:
        ids = ledger.state(f"met/{part}").get("ids", [])
        for found, body in ledger.bodies(map(record_url, ids)):
            if body is None:
                reason = found.reason or "gone"
                detail = found.detail or f"HTTP {found.status}"
                refused.append(reject("raw", "met", found.url, reason, detail))
                continue
            try:
                rows.append(_row(json.loads(body), found.url))
            except ValueError as error:
                refused.append(reject("raw", "met", found.url, "bad_record", str(error)))
    return {"objects": _table(rows)}, schemas.table(schemas.REJECTS, refused)


def _row(record: Any, url: str) -> dict[str, Any]:
    """A record as a row; ValueError names the field that is not what the API promises."""
    if not isinstance(record, dict) or not isinstance(record.get("objectID"), int):
        raise ValueError("objectID is missing or no whole number")
    row: dict[str, Any] = {"source_row": url}
    for name, value in record.items():
        if name in _INTEGERS or name in _BOOLEANS:
            wanted = int if name in _INTEGERS else bool
            known = None if value == "" else value  # blank text for nothing known, in numbers too
            if known is not None and type(known) is not wanted:
                raise ValueError(f"{name} is {value!r}, not {wanted.__name__}")
            row[name] = known
        elif value is None or isinstance(value, str):
            row[name] = value
        else:
            row[name] = json.dumps(value, ensure_ascii=False)
    return row


def _table(rows: Sequence[Mapping[str, Any]]) -> "pa.Table":
    import pyarrow as pa

    new = sorted({name for row in rows for name in row} - set(COLUMNS))
    types = dict.fromkeys(_INTEGERS, pa.int64()) | dict.fromkeys(_BOOLEANS, pa.bool_())
    return pa.table(
        {
            name: pa.array([row.get(name) for row in rows], types.get(name, pa.string()))
            for name in (*COLUMNS, *new)
        }
    )


MUSEUM = Museum(
    name="met",
    title="The Metropolitan Museum of Art",
    hosts=HOSTS,
    licence="CC0-1.0",
    nouns={"objects": Noun(COLUMNS, key="objectID")},
    observe=observe,
    crawl=crawl,
    pending=pending,
    tables=tables,
    catalog=catalog,
    partitions=DEPARTMENTS,
    source="met_api",
    rank=20,
)
