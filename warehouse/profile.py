"""Profiles: rows and filled values of a table, kept with each publication, and what is lost since the last one.

What belongs here: counting, and comparing counts. Which values a row may hold is its contract's business.
"""

from typing import TYPE_CHECKING, Any

from storage import Lake, snapshots
from warehouse.headers import Contract

if TYPE_CHECKING:
    import duckdb

SERIES = "published"  # the series of snapshots that publications are
RESTORING = "published/.restoring"  # names the publication that is being put back, while it is
# Fewer rows come and go with a single record; raw tables are held to the same share (assets/raw.py).
_FEW = 20
_LEFT = 0.5


def profile(connection: "duckdb.DuckDBPyConnection", contract: Contract) -> dict[str, Any]:
    """`rows` of the view `star_<table>`, and of each column that may be empty how many are `filled`."""
    open_columns = [column.name for column in contract.columns if column.nullable]
    counts = ", ".join(["count(*)", *(f"count({name})" for name in open_columns)])
    rows, *filled = connection.sql(f"select {counts} from star_{contract.name}").fetchall()[0]
    return {"rows": rows, "filled": dict(zip(open_columns, filled, strict=True))}


def before(lake: Lake, table: str) -> dict[str, Any] | None:
    """The table's profile in the last publication; None where there is none, or it took in something else.

    A lake that was told to take in fewer works (a limit, other sources) has not lost the others.
    """
    last = snapshots.newest(lake, SERIES)
    if last is None or last.facts.get("choices") != dict(lake.choices):
        return None
    found: dict[str, Any] | None = last.facts["profile"].get(table)
    return found


def losses(was: dict[str, Any], now: dict[str, Any]) -> list[dict[str, Any]]:
    """What more than half is gone of: the rows, or the share of them in which a column is filled.

    One row each: `what`, `before` and `now`.
    """
    found = []
    if was["rows"] >= _FEW and now["rows"] < was["rows"] * _LEFT:
        found.append({"what": "rows", "before": was["rows"], "now": now["rows"]})
    for column, filled in was["filled"].items():
        left = now["filled"].get(column)
        if left is None or filled < _FEW or not now["rows"]:
            continue
        if left / now["rows"] < filled / was["rows"] * _LEFT:
            shares = (f"{filled / was['rows']:.1%} filled", f"{left / now['rows']:.1%} filled")
            found.append({"what": column} | dict(zip(("before", "now"), shares, strict=True)))
    return found
