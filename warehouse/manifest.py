"""The manifest of an export: which tables it has, with their grain, columns, rows and files, as `manifest.json` says it.

What belongs here: what a manifest is, and how it is written down and read. Making the files is `warehouse.export`.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import MendableError
from storage.snapshots import Kept

MANIFEST = "manifest.json"
FILE = "data.parquet"
_FORMAT = 1


class ExportError(MendableError):
    """The folder of Parquet files cannot be made or read; the message says why."""


@dataclass(frozen=True)
class ExportedTable:
    """One table of an export.

    columns: DuckDB type by name, in order. made_from: sha256 of what its files were made from.
    files: by partition (`source=met`; "" for a table that is not divided).
    """

    grain: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    partitioned_by: str | None
    made_from: str
    files: Mapping[str, Kept]

    @property
    def rows(self) -> int:
        """Rows of all its files."""
        return sum(file.rows for file in self.files.values())


@dataclass(frozen=True)
class Manifest:
    """What an export holds: its tables by name."""

    tables: Mapping[str, ExportedTable]

    def paths(self, folder: Path) -> dict[str, dict[str, Path]]:
        """The files below `folder`, by table and partition."""
        return {
            name: {part: folder / name / part / FILE for part in table.files}
            for name, table in self.tables.items()
        }

    def plain(self) -> dict[str, Any]:
        """The manifest as it stands in its file."""
        tables = {
            name: {
                "grain": table.grain,
                "key": list(table.key),
                "rows": table.rows,
                "columns": [{"name": n, "type": kind} for n, kind in table.columns.items()],
                "partitioned_by": table.partitioned_by,
                "made_from": table.made_from,
                "files": {
                    (Path(name) / part / FILE).as_posix(): dataclasses.asdict(file)
                    for part, file in table.files.items()
                },
            }
            for name, table in self.tables.items()
        }
        return {"format": _FORMAT, "tables": tables}


def parse(plain: Mapping[str, Any]) -> Manifest:
    """Read a manifest. Raises ExportError when it is none, or one of another format."""
    try:
        if plain["format"] != _FORMAT:
            raise ValueError(f"its format is {plain['format']}, this artlake reads {_FORMAT}")
        return Manifest({name: _table(name, said) for name, said in plain["tables"].items()})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ExportError(f"This is no manifest of an export: {error!r}.") from error


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of an export; None where there is none. Raises ExportError when it cannot be read."""
    file = folder / MANIFEST
    if not file.is_file():
        return None
    try:
        return parse(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, ExportError) as error:
        raise ExportError(
            f"{file} cannot be read: {str(error).rstrip('.')}. Remove the folder {folder}; the next publication makes it anew."
        ) from error


def _table(name: str, said: Mapping[str, Any]) -> ExportedTable:
    files = {
        Path(path).parent.relative_to(name).as_posix().removeprefix("."): Kept(**file)
        for path, file in said["files"].items()
    }
    return ExportedTable(
        str(said["grain"]),
        tuple(said["key"]),
        {column["name"]: column["type"] for column in said["columns"]},
        said["partitioned_by"],
        str(said["made_from"]),
        files,
    )
