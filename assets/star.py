"""Star stage: one asset a table, made from the SQL files of `warehouse/star/`."""

import dagster as dg

from assets.stage import Results, Work, blocking, spec, stage
from storage import Lake
from warehouse.star import STAR, StarTable


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
        checks=[blocking("contract", key, "keys, foreign keys, ranges and allowed values hold")],
    )
    def build(lake: dg.ResourceParam[Lake]) -> Results:
        from warehouse.contracts import check
        from warehouse.star import build as build_table

        work = Work(lake)
        written = build_table(lake, table)
        violations = check(lake, table.name)
        yield work.written(
            key,
            written,
            lake.read(key).slice(0, 5),
            checks=[
                dg.AssetCheckResult(
                    check_name="contract",
                    passed=not violations,
                    metadata={"violations": "\n".join(map(str, violations)) or "none"},
                )
            ],
        )

    return build


star = [_star_asset(table) for table in STAR]
