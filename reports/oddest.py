"""The sheet of oddities: works that do not fit their label, with their pictures and reasons, to go through."""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.pages import data_uri, embedded, render
from storage import Lake

SHOWN = 24  # of each list: what one sitting looks through


def page(
    lake: Lake,
    lists: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]],
    judged: bytes | None,
) -> str:
    """The sheet as one HTML page that needs no network.

    lists: attribute → {"outliers": rows, "label issues": rows}; a row has artwork_id, title, rank, reason,
    may_show and path (of its derivative below the image store, or None). judged: PNG of how well each
    measure finds planted outliers, if there is one. Pictures that may not be shown are left out.
    """
    told = {
        attribute: {
            name: {
                "total": len(rows),
                "rows": [{**row, "image": embedded(lake, row)} for row in rows[:SHOWN]],
            }
            for name, rows in kinds.items()
        }
        for attribute, kinds in lists.items()
    }
    return render(
        "oddest.html", lists=told, judged=data_uri(judged, "image/png") if judged else None
    )
