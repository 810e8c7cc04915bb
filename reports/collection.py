"""The collection page: what is in the lake, what is missing, doubled, refused, and what looks alike."""

from typing import Any

from reports import plots
from reports.facts import Collection, Row
from reports.pages import embedded, inline_svg, render
from storage import Lake


def page(lake: Lake, found: Collection) -> str:
    """The collection as one HTML page that needs no network.

    Pictures of sources that forbid republishing are left out, and the page says how many.
    """
    return render(
        "collection.html",
        found=found,
        fields=[
            name for name in (found.completeness or [{}])[0] if name not in ("museum", "objects")
        ],
        periods=_drawing(plots.half_centuries, *_period_columns(found)),
        sizes=_drawing(plots.sizes, found.megapixels),
        duplicates=[_pictured(lake, group) for group in found.duplicates],
        lookalikes=[_pictured(lake, row) for row in found.lookalikes],
        crops=_pictured(lake, found.crops),
    )


def _period_columns(found: Collection) -> tuple[list[int], list[int]]:
    return (
        [row["begin_year"] for row in found.periods],
        [row["objects"] for row in found.periods],
    )


def _drawing(plot: Any, *columns: list[Any]) -> str | None:
    return inline_svg(plot(*columns)) if columns[0] else None


def _pictured(lake: Lake, pictures: list[Row]) -> list[Row]:
    return [picture | {"image": embedded(lake, picture)} for picture in pictures]
