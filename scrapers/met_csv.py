"""The MET's bulk file MetObjects.csv as a fast seed: its rows in the API's names and conventions.

The file is converted once, by content, into Parquet that is read by object ids. It holds no address
of a picture, and its last official data are of LAST_DATA; what it cannot know is asked of the API.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from scrapers.csv_tables import read
from scrapers.ledger import Ledger
from scrapers.met_records import BOOLEANS, COLUMNS, INTEGERS, as_table
from scrapers.museum import BATCH, Site, filled, reject
from scrapers.net import Session
from scrapers.politeness import GaveUpError
from storage.files import replacing, sha256_file

URL = "https://media.githubusercontent.com/media/metmuseum/openaccess/master/MetObjects.csv"
HOSTS = frozenset({"media.githubusercontent.com", "raw.githubusercontent.com"})
# The newest data of the official file, for a file whose rows say no date of their own.
LAST_DATA = "2023-06-17"
_NAME = "met_csv"  # what the ledger remembers of it
_POINTER = b"version https://git-lfs"
_POINTED = f"it is a Git LFS pointer, not the file itself; the file itself is at {URL}"

# Columns of one value, by the name that the API gives the same field.
_PLAIN = {
    "Object Number": "accessionNumber", "Is Highlight": "isHighlight",
    "Is Timeline Work": "isTimelineWork", "Is Public Domain": "isPublicDomain",
    "Object ID": "objectID", "Gallery Number": "GalleryNumber", "Department": "department",
    "AccessionYear": "accessionYear", "Object Name": "objectName", "Title": "title",
    "Culture": "culture", "Period": "period", "Dynasty": "dynasty", "Reign": "reign",
    "Portfolio": "portfolio", "Object Date": "objectDate", "Object Begin Date": "objectBeginDate",
    "Object End Date": "objectEndDate", "Medium": "medium", "Dimensions": "dimensions",
    "Credit Line": "creditLine", "Geography Type": "geographyType", "City": "city",
    "State": "state", "County": "county", "Country": "country", "Region": "region",
    "Subregion": "subregion", "Locale": "locale", "Locus": "locus", "Excavation": "excavation",
    "River": "river", "Classification": "classification",
    "Rights and Reproduction": "rightsAndReproduction", "Link Resource": "objectURL",
    "Object Wikidata URL": "objectWikidata_URL", "Metadata Date": "metadataDate",
    "Repository": "repository",
}  # fmt: skip
# Columns of a value an artist; the API's artist fields tell of the first.
_ARTISTS = {
    "Artist Role": "artistRole", "Artist Prefix": "artistPrefix",
    "Artist Display Name": "artistDisplayName", "Artist Display Bio": "artistDisplayBio",
    "Artist Suffix": "artistSuffix", "Artist Alpha Sort": "artistAlphaSort",
    "Artist Nationality": "artistNationality", "Artist Begin Date": "artistBeginDate",
    "Artist End Date": "artistEndDate", "Artist Gender": "artistGender",
    "Artist ULAN URL": "artistULAN_URL", "Artist Wikidata URL": "artistWikidata_URL",
}  # fmt: skip
_IDS = "Constituent ID"
_TAGS = {"Tags": "term", "Tags AAT URL": "AAT_URL", "Tags Wikidata URL": "Wikidata_URL"}


@dataclass(frozen=True)
class Seed:
    """The converted file. `version` changes with its content, `since` is the day of its newest data."""

    version: str
    since: str
    rows: Path
    rejects: Path

    def spared(self) -> set[int]:
        """Ids the API need not be asked for: the work is not open, so there is no picture to learn."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        known = pq.read_table(self.rows, columns=["objectID", "isPublicDomain"])
        closed = known.filter(pc.equal(known["isPublicDomain"], False))
        return set(closed["objectID"].to_pylist())

    def select(self, ids: Collection[int]) -> dict[int, dict[str, Any]]:
        """The rows of those objects, by object id."""
        import pyarrow.dataset as ds

        number = ds.field("objectID")
        # The file is in the order of the ids, more or less: most of its row groups are passed over.
        near = (number >= min(ids, default=0)) & (number <= max(ids, default=0))
        found = ds.dataset(self.rows).to_table(filter=near & number.isin(list(ids)))
        return {row["objectID"]: row for row in found.to_pylist()}

    def refused(self) -> list[dict[str, str]]:
        """The file's rows that do not fit, as rejects."""
        import pyarrow.parquet as pq

        return list(pq.read_table(self.rejects).to_pylist())


def take_in(site: Site, ledger: Ledger, session: Session) -> Seed | None:
    """Fetch the file if it is on the web and has changed, and convert it if its content is new.

    Returns None where no file is set. Raises GaveUpError, saying what to do next, when the file is
    missing, a Git LFS pointer, or not the MET's.
    """
    if site.met_csv is None:
        return None
    path = _local(site, site.met_csv, session)
    stat, state = path.stat(), ledger.state(_NAME)
    stamp = [site.met_csv, stat.st_size, stat.st_mtime_ns]
    if state.get("stamp") != stamp or not _seed(site, state).rows.exists():
        state = {"stamp": stamp, "version": sha256_file(path), "since": LAST_DATA}
        seed = _seed(site, state)
        state["since"] = convert(path, seed.rows, seed.rejects) or LAST_DATA
        ledger.remember(_NAME, state)
        for other in set(seed.rows.parent.glob("*.parquet")) - {seed.rows, seed.rejects}:
            other.unlink()
    return _seed(site, state)


def known(site: Site, ledger: Ledger) -> Seed | None:
    """The seed as it was last taken in; None where no file is set or it was not taken in yet."""
    state = ledger.state(_NAME)
    if site.met_csv is None or state.get("stamp", [None])[0] != site.met_csv:
        return None
    seed = _seed(site, state)
    return seed if seed.rows.exists() else None


def _seed(site: Site, state: Mapping[str, Any]) -> Seed:
    stem = site.downloads / "met" / state["version"][:32]
    return Seed(
        state["version"],
        state["since"],
        stem.with_suffix(".parquet"),
        stem.with_suffix(".rejects.parquet"),
    )


def _local(site: Site, given: str, session: Session) -> Path:
    if "://" not in given:
        path = Path(given).expanduser()
        if not path.is_file():
            raise GaveUpError(given, "missing", "there is no such file; see ARTLAKE_MET_CSV")
    else:
        name = hashlib.sha256(given.encode()).hexdigest()[:16]
        path = site.downloads / "met" / name / "MetObjects.csv"
        try:
            status = session.download(given, path, "csv")
        except GaveUpError as error:
            if error.reason != "lfs_pointer":
                raise
            raise GaveUpError(given, error.reason, _POINTED) from error
        if status == 404:
            raise GaveUpError(given, "gone", f"HTTP 404; the official file is at {URL}")
    with path.open("rb") as handle:
        if handle.read(len(_POINTER)) == _POINTER:
            raise GaveUpError(given, "lfs_pointer", _POINTED)
    return path


def convert(path: Path, rows: Path, rejects: Path) -> str | None:
    """Write the file's rows (columns of `met_records`) and its rejects; return its newest day.

    Raises GaveUpError when it is no such file at all.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from storage import schemas

    refused: list[dict[str, str]] = []
    try:
        table = read(path, [*_PLAIN, *_ARTISTS, *_TAGS, _IDS], "Object ID", "met", refused)
    except ValueError as error:
        detail = f"{error}. The official file is at {URL}"
        raise GaveUpError(str(path), "wrong_file", detail) from error
    strange = _strange(table.column_names)
    schema = pa.schema([*as_table([]).schema, *((name, pa.string()) for name in [*strange, _IDS])])
    newest = ""
    seen: set[int] = set()
    with replacing(rows) as part, pq.ParquetWriter(part, schema) as out:
        for batch in table.to_batches(max_chunksize=BATCH):
            fitting = list(_fitting(batch.to_pylist(), seen, refused))
            newest = max([newest, *(_day(row["metadataDate"]) for row in fitting)])
            out.write_table(pa.Table.from_pylist(fitting, schema=schema))
    with replacing(rejects) as part:
        pq.write_table(schemas.table(schemas.REJECTS, refused), part)
    return newest or None


def _fitting(
    rows: list[dict[str, str]], seen: set[int], refused: list[dict[str, str]]
) -> Iterator[dict[str, Any]]:
    """The rows that fit, as the API would say them; of two with one Object ID the first."""
    for cells in rows:
        address = cells.pop("source_row")
        try:
            row = as_seed_row(cells, address)
        except ValueError as error:
            refused.append(reject("raw", "met", address, "bad_record", str(error)))
            continue
        if row["objectID"] in seen:
            detail = f"Object ID {row['objectID']} has an earlier row already"
            refused.append(reject("raw", "met", address, "duplicate_id", detail))
            continue
        seen.add(row["objectID"])
        yield row


def as_seed_row(cells: Mapping[str, str | None], address: str) -> dict[str, Any]:
    """A row of the file as the API would say it; what the file has no column for is null.

    Raises ValueError naming the column that does not fit.
    """
    row: dict[str, Any] = dict.fromkeys(COLUMNS) | {_IDS: None, "source_row": address}
    for column, name in _PLAIN.items():
        row[name] = _value(column, name, cells.get(column))
    people = _people(cells)
    for column, name in _ARTISTS.items():
        row[name] = people[0][column] if people else ""
    row["constituents"] = _as_json([_constituent(one) for one in people])
    if people and people[0][_IDS] is None:
        row[_IDS] = filled(cells.get(_IDS))  # numbers run together: kept, but nobody's number
    row["tags"] = _as_json(
        [
            dict(zip(_TAGS.values(), tag, strict=True))
            for tag in _side_by_side(cells, _TAGS)
            if tag[0]
        ]
    )
    return row | {name: cells[name] for name in _strange(cells)}


def _value(column: str, name: str, text: str | None) -> Any:
    blank = not (text or "").strip(" |")  # "|" between values that are all empty
    if name in BOOLEANS:
        if not blank and text not in ("True", "False"):
            raise ValueError(f"{column} is {text!r}, neither True nor False")
        return None if blank else text == "True"
    if name in INTEGERS:
        if not blank and not re.fullmatch(r"-?\d{1,18}", text or ""):
            raise ValueError(f"{column} is {text!r}, no whole number")
        return None if blank else int(text or "")
    return "" if blank else text


def _people(cells: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """The artists, each with the value of every artist column; `_IDS` is None where it cannot be told."""
    people = [
        dict(zip(_ARTISTS, values, strict=True))
        for values in _side_by_side(cells, _ARTISTS)
        if any(values)
    ]
    numbers = (cells.get(_IDS) or "").split("|")
    told = len(numbers) == len(people) and all(n.strip().isdecimal() for n in numbers)
    return [
        person | {_IDS: int(number) if told else None}
        for person, number in zip_longest(people, numbers[: len(people)])
    ]


def _constituent(person: Mapping[str, Any]) -> dict[str, Any]:
    line = (person[f"Artist {part}"] for part in ("Prefix", "Display Name", "Suffix"))
    return {
        "constituentID": person[_IDS],
        "role": person["Artist Role"],
        "name": " ".join(text for part in line if (text := part.strip())).replace(" ,", ","),
        "constituentULAN_URL": person["Artist ULAN URL"],
        "constituentWikidata_URL": person["Artist Wikidata URL"],
        "gender": person["Artist Gender"],
    }


def _side_by_side(
    cells: Mapping[str, str | None], columns: Collection[str]
) -> Iterator[tuple[str, ...]]:
    """The n-th values of columns that hold several, "" where a column holds fewer."""
    texts = (cells.get(column) or "" for column in columns)
    values = ([v if v.strip() else "" for v in text.split("|")] for text in texts)
    return zip_longest(*values, fillvalue="")


def _as_json(values: list[dict[str, Any]]) -> str | None:
    return json.dumps(values, ensure_ascii=False) if values else None


def _strange(names: Collection[str]) -> list[str]:
    """Columns nobody knew of; they are kept under their own names."""
    return sorted(set(names) - {*_PLAIN, *_ARTISTS, *_TAGS, _IDS, "source_row"})


def _day(text: str) -> str:
    return text[:10] if re.match(r"\d{4}-\d\d-\d\d", text) else ""
