"""Proposals for a folder as files: crops.csv and crops.json for programs, pages to look at.

What belongs here: writing. A picture has two names in a table: as it can be printed, and percent-encoded, exact.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pyarrow as pa

from imaging.files import crop_sheet
from imaging.files.cropping import EDGES, box
from imaging.files.folder import Folder
from imaging.files.tables import write_csv
from imaging.files.xmp import Crop
from storage.files import printable, write_text

_COLUMNS = (
    *("name", "image_id", "width", "height", "ratio", "rank", *EDGES, "proposer", "confidence"),
    *("x", "y", "crop_width", "crop_height"),
)
_OF_PICTURE = ("name", "image_id", "width", "height")


def write(root: Path, out: Path, folder: Folder, proposals: pa.Table, least: float) -> None:
    """Write crops.csv, crops.json, index.html and its further pages below `out`.

    proposals: of `imaging.files.cropping.propose_all`, whose cache is `out`/cache. least: the confidence
    from which a proposal would be written.
    """
    rows = [_row(row, folder, root) for row in proposals.to_pylist()]
    refused = rejected(folder.rejects)
    write_csv(out / "crops.csv", _COLUMNS, rows)
    told = {
        "pictures": _by_picture(rows),
        "rejects": [{"file": name, "reason": reason} for name, reason in refused],
    }
    write_text(out / "crops.json", json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    shown = [{**row, "thumb": out / "cache" / row["derivative"]} for row in rows]
    crop_sheet.write(printable(root.name), shown, refused, out, least=least)


def rejected(rejects: pa.Table) -> list[tuple[str, str]]:
    """The file, as it can be printed, and the reason of each reject."""
    return [
        (
            printable(os.fsdecode(unquote_to_bytes(row["subject"]))),
            row["detail"] or row["reason"],
        )
        for row in rejects.to_pylist()
    ]


def _row(row: Mapping[str, Any], folder: Folder, root: Path) -> dict[str, Any]:
    left, top, right, bottom = box(
        Crop(*(row[edge] for edge in EDGES)), row["width"], row["height"]
    )
    name = printable(folder.entries[row["image_id"]].path.relative_to(root))
    pixels = {"x": left, "y": top, "crop_width": right - left, "crop_height": bottom - top}
    return {"name": name, **row, **pixels}


def _by_picture(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each picture with its proposals: what a sidecar in JSON would hold."""
    pictures: dict[str, dict[str, Any]] = {}
    for row in rows:
        facts = {name: row[name] for name in _OF_PICTURE}
        picture = pictures.setdefault(row["image_id"], {**facts, "proposals": []})
        picture["proposals"].append({k: row[k] for k in _COLUMNS if k not in _OF_PICTURE})
    return list(pictures.values())
