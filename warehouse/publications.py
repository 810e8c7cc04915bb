"""Publications: what was published when, each kept as a snapshot of the series `published` with its Parquet files.

What belongs here: recording, finding and restoring them. Asking one is `warehouse.as_of`, comparing two
`warehouse.differences`.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from storage import Lake, snapshots
from storage.files import sha256_file, write_text
from storage.snapshots import Kept, Snapshot, SnapshotError
from storage.sql import literal
from warehouse.contracts import HERE, star_contract, view_contracts
from warehouse.export import place
from warehouse.manifest import Manifest, parse, read_manifest
from warehouse.profile import RESTORING, SERIES, profile
from warehouse.publish import build_file, version_of
from warehouse.star import STAR

_NOTHING = "Nothing has been published in {root} yet. Run `artlake run`."
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def inputs(lake: Lake) -> dict[str, str]:
    """The version of each table that the star is made from: the sha256 of its files."""
    keys = {key for table in STAR for key in table.inputs if not key.startswith("star/")}
    return {key: version_of(lake.parts(key)) for key in sorted(keys)}


def record(
    lake: Lake, folder: Path, manifest: Manifest, versions: Mapping[str, str], at: str
) -> Snapshot:
    """Keep what lies in `folder` as the next publication; one equal to the last is the last.

    versions: what it was made from. at: when, UTC, in ISO 8601. The caller holds the lock of publishing,
    and calls this when everything else stands.
    """
    tables = _keep(lake, folder, manifest)
    views = [
        [view.name, (HERE / "views" / f"{view.name}.sql").read_text(encoding="utf-8")]
        for view in view_contracts()
    ]
    last = snapshots.newest(lake, SERIES)
    lake.file(RESTORING).unlink(missing_ok=True)  # file and Parquet are both of today
    if last and last.tables == tables and last.facts["views"] == views:
        return last
    facts = {
        "manifest": manifest.plain(),
        "profile": _profiles(lake),
        "choices": dict(lake.choices),
        "versions": dict(versions),
        "code": {table.name: table.code_version for table in STAR},
        "views": views,
    }
    return _next(lake, last, tables, facts, at)


def find(lake: Lake, when: str) -> Snapshot:
    """The publication of that name, or the newest of that day (UTC) or before.

    Raises SnapshotError when there is none, or its tables were pruned, saying which there are.
    """
    there = snapshots.listed(lake, SERIES)
    if not there:
        raise SnapshotError(_NOTHING.format(root=lake.root))
    if _DAY.fullmatch(when):
        found = _of_day(there, when)
    else:
        by_name = {taken.name: taken for taken in there}
        if when not in by_name:
            raise SnapshotError(
                f"There is no publication {when!r} in {lake.root}: give a day such as "
                f"{there[-1].at[:10]}, or one of {_names(there)}."
            )
        found = by_name[when]
    if found.pruned:
        kept = [taken for taken in there if not taken.pruned]
        raise SnapshotError(
            f"The tables of {found.name} ({found.at[:10]}) were pruned; only its figures are left. There "
            f"are still {_names(kept)}. ARTLAKE_KEEP_SNAPSHOTS says how many are kept."
        )
    return found


def manifest_of(publication: Snapshot) -> Manifest:
    """Its tables with their columns, as they were published."""
    return parse(publication.facts["manifest"])


def files_of(lake: Lake, publication: Snapshot) -> dict[str, dict[str, Path]]:
    """The kept files of each of its tables, by partition.

    Raises SnapshotError when its tables were pruned, or a file is gone.
    """
    return {
        key.removeprefix("star/"): snapshots.parts(lake, publication, key)
        for key in publication.tables
    }


def newest(lake: Lake) -> Snapshot:
    """The last publication. Raises SnapshotError when there is none."""
    last = snapshots.newest(lake, SERIES)
    if last is None:
        raise SnapshotError(_NOTHING.format(root=lake.root))
    return last


def keep_standing(lake: Lake, folder: Path, at: str) -> Snapshot:
    """The publication of what lies in `folder`: the newest, or a new one when nobody has recorded it.

    A publication that was killed before its end leaves such; what it was made from, by which code and choices, and
    which views it had, nobody has said.
    """
    last = newest(lake)
    manifest = read_manifest(folder)
    if manifest is None:
        return last
    # By what it says of itself: files that were damaged since are whole in the publication.
    if {f"star/{name}": table.files for name, table in manifest.tables.items()} == last.tables:
        return last
    tables = _keep(lake, folder, manifest)
    facts = {
        "manifest": manifest.plain(),
        "profile": _profiles_in(folder, manifest),
        "versions": {},
        "code": {},
        "views": [],
    }
    return _next(lake, last, tables, facts, at)


def restore(lake: Lake, publication: Snapshot, target: Path, folder: Path, at: str) -> Snapshot:
    """Put a publication back in the place of the file `target` and of the Parquet files in `folder`.

    It becomes a publication again, so that a later question as of today finds it. The caller holds the lock
    of publishing, and has kept what stands (`keep_standing`).

    Raises SnapshotError when a kept file is gone or damaged, PublishError when the file cannot be built;
    what was published is then untouched.
    """
    files = files_of(lake, publication)
    _require_whole(publication, files)
    versions = publication.facts["versions"] | {"restored from": publication.name}
    tables = {name: list(parts.values()) for name, parts in files.items()}
    write_text(lake.file(RESTORING), publication.name)
    build_file(tables, target, versions)
    place(manifest_of(publication), files, folder)
    last = newest(lake)
    if last.tables != publication.tables or last.facts["views"] != publication.facts["views"]:
        facts = dict(publication.facts) | {"restored_from": publication.name}
        last = _next(lake, last, publication.tables, facts, at)
    lake.file(RESTORING).unlink()
    return last


def _keep(lake: Lake, folder: Path, manifest: Manifest) -> snapshots.Tables:
    """Keep the files of an export; keys are those of the star's tables in the lake."""
    paths = manifest.paths(folder)
    return snapshots.keep_files(lake, SERIES, {f"star/{name}": paths[name] for name in paths})


def _next(
    lake: Lake, last: Snapshot | None, tables: snapshots.Tables, facts: dict[str, Any], at: str
) -> Snapshot:
    taken = Snapshot(SERIES, last.number + 1 if last else 1, at, tables, facts)
    snapshots.record(lake, taken)
    return taken


def _profiles_in(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """Profiles of an export's tables that there are today, in the columns that it has."""
    paths, found = manifest.paths(folder), {}
    with duckdb.connect() as connection:
        for name in sorted({table.name for table in STAR} & set(paths)):
            files = ", ".join(literal(str(path)) for path in paths[name].values())
            connection.execute(
                f"create view star_{name} as from read_parquet([{files}], hive_partitioning = false)"
            )
            contract, had = star_contract(name), manifest.tables[name].columns
            columns = tuple(column for column in contract.columns if column.name in had)
            found[name] = profile(connection, replace(contract, columns=columns))
    return found


def _profiles(lake: Lake) -> dict[str, Any]:
    with lake.connect([table.key for table in STAR]) as connection:
        return {table.name: profile(connection, star_contract(table.name)) for table in STAR}


def _of_day(there: list[Snapshot], day: str) -> Snapshot:
    try:
        date.fromisoformat(day)
    except ValueError as error:
        raise SnapshotError(f"{day} is no day: {error}. Days are written as 2026-10-01.") from None
    before = [taken for taken in there if taken.at[:10] <= day]
    if not before:
        raise SnapshotError(
            f"Nothing had been published by {day}: the first publication, {there[0].name}, is of "
            f"{there[0].at[:10]} (UTC)."
        )
    return before[-1]


def _require_whole(publication: Snapshot, files: Mapping[str, Mapping[str, Path]]) -> None:
    for name, parts in files.items():
        kept: Mapping[str, Kept] = publication.tables[f"star/{name}"]
        for part, path in parts.items():
            if sha256_file(path) != kept[part].sha256:
                raise SnapshotError(
                    f"{path}, a file of {name} in {publication.name}, is damaged: its bytes are not those "
                    "that were kept. Restore it from a backup; nothing was changed."
                )


def _names(there: list[Snapshot]) -> str:
    """The publications by name, the newest first; of many, the first three."""
    names = [taken.name for taken in reversed(there)]
    return ", ".join(names[:3]) + (f" … {names[-1]}" if len(names) > 3 else "")
