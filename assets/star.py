"""Star stage: one asset a table, made from the SQL files of `warehouse/star/`."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from assets.stage import Results, Work, blocking, preview, spec, stage
from storage import Lake
from warehouse.star import STAR, StarTable

if TYPE_CHECKING:
    import pyarrow as pa


def _star_asset(table: StarTable) -> dg.AssetsDefinition:
    key = table.key

    @stage(
        spec(
            key,
            [*table.inputs, *table.references],
            table.grain,
            code_version=table.code_version,
            kinds={"duckdb", "sql"},
        ),
        checks=[
            blocking("contract", key, "keys, foreign keys, ranges, allowed values and counts hold")
        ],
    )
    def build(lake: dg.ResourceParam[Lake], accept_loss: dg.ResourceParam[bool]) -> Results:
        import pyarrow as pa

        from warehouse.contracts import check, kept
        from warehouse.star import build as build_table

        work = Work(lake)
        written = build_table(lake, table)
        # Built again to the same bytes, it is held against the same tables: nothing can have changed.
        violations = (
            [] if kept(lake, table.name) else check(lake, table.name, accept_loss=accept_loss)
        )
        yield work.written(
            key,
            written,
            _first_rows(written.path),
            checks=[
                dg.AssetCheckResult(
                    check_name="contract",
                    passed=not violations,
                    metadata={
                        "violations": "\n".join(map(str, violations)) or "none",
                        **{
                            f"rows that break: {broken.rule}": dg.MetadataValue.md(
                                preview(pa.Table.from_pylist(broken.rows))
                            )
                            for broken in violations
                        },
                    },
                )
            ],
        )

    return build


def _first_rows(path: Path) -> "pa.Table":
    """Enough of a table for a preview, without reading the rest of it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    return pa.Table.from_batches(
        list(islice(file.iter_batches(batch_size=5), 1)), schema=file.schema_arrow
    )


star = [_star_asset(table) for table in STAR]
