"""Whether the star has what the sources have: counted table by table, as an asset with its check."""

from typing import TYPE_CHECKING

import dagster as dg

from assets.raw import raw_keys
from assets.stage import Results, Work, spec, stage
from scrapers import MUSEUMS
from storage import Lake
from warehouse.raw_tables import RawTable
from warehouse.reconcile import READS

if TYPE_CHECKING:
    import pyarrow as pa

KEY = "published/reconciliation"
RAW_TABLES = tuple(
    RawTable(name, noun, about.key, about.of, noun == museum.works)
    for name, museum in MUSEUMS.items()
    for noun, about in museum.nouns.items()
)
_CHECK = "every_row_is_accounted_for"


@stage(
    spec(
        KEY,
        [*READS, *(key for name in MUSEUMS for key in raw_keys(name))],
        "Rows of each source, in the lake and in the star, and why their numbers differ.",
        code_version="1",
        kinds={"duckdb", "parquet"},
    ),
    checks=[
        dg.AssetCheckSpec(
            _CHECK,
            asset=dg.AssetKey(KEY.split("/")),
            description="no row of a source is lost on its way to the star without a counted reason",
        )
    ],
)
def reconciliation(lake: dg.ResourceParam[Lake]) -> Results:
    """Count the rows of every source on their way to the star."""
    from warehouse.reconcile import reconcile

    work = Work(lake)
    table = reconcile(lake, RAW_TABLES)
    unexplained = [row for row in table.to_pylist() if row["difference"]]
    yield work.table(
        KEY,
        table,
        ["source", "what"],
        checks=[
            dg.AssetCheckResult(
                check_name=_CHECK,
                passed=not unexplained,
                metadata={
                    "unexplained": "; ".join(
                        f"{row['source']}, {row['what']}: {row['difference']:,} rows"
                        for row in unexplained
                    )
                    or "none"
                },
            )
        ],
        metadata={"rows": dg.MetadataValue.md(_markdown(table))},
    )


def _markdown(table: "pa.Table") -> str:
    """All of the table for people: explanations whole, which a preview would cut."""
    lines = [" | ".join(table.column_names), " | ".join("---" for _ in table.column_names)]
    for row in table.to_pylist():
        cells = (f"{v:,}" if isinstance(v, int) else v or "" for v in row.values())
        lines.append(" | ".join(cells))
    return "\n".join(lines)
