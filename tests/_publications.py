"""The hand-made lake published as the assets publish it, and changes to its star between publications."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from storage import Lake
from storage.snapshots import Snapshot
from tests import small_lake
from warehouse import publications
from warehouse.contracts import star_contract
from warehouse.export import export
from warehouse.star import STAR, build

FOLDER = "published/parquet"


def star(root: Path, **made: bool) -> Lake:
    """The small lake with its star built."""
    lake = small_lake.make(root, **made)
    for table in STAR:
        build(lake, table)
    return lake


def change(
    lake: Lake, table: str, edit: Callable[[dict[str, Any]], Mapping[str, Any] | None]
) -> None:
    """Replace each row by what `edit` makes of it; None takes it away."""
    key = f"star/{table}"
    before = lake.read(key)
    rows = [new for row in before.to_pylist() if (new := edit(row)) is not None]
    lake.write(key, before.from_pylist(rows, before.schema), star_contract(table).sort_by)


def retitle(lake: Lake, artwork_id: str, title: str) -> None:
    """Give an object another title."""
    change(
        lake,
        "fact_artwork",
        lambda row: row | {"title": title} if row["artwork_id"] == artwork_id else row,
    )


def publish(lake: Lake, day: str) -> Snapshot:
    """Export the star and keep it as a publication of that day."""
    folder = lake.file(FOLDER)
    return publications.record(
        lake, folder, export(lake, folder), publications.inputs(lake), f"{day}T03:00:00+00:00"
    )
