"""Whether every row of every source is accounted for in the star: counted table by table, in SQL.

For each source and each kind of row: how many the source's raw tables have, how many the lake's own table of it
(`catalog/…`, `images/…`, `predictions/…`) and how many the star; and by counted reasons why these differ. Each
reason is counted by itself, none as what is left over: what no reason explains is the `difference`. Which rows of a
raw table a column is read from stands in `catalog/fields`, so that no source is known here by name.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from storage import Lake
from warehouse.raw_rows import enter
from warehouse.raw_tables import RawTable
from warehouse.star import MACROS

if TYPE_CHECKING:
    import pyarrow as pa

_SQL = Path(__file__).with_name("reconcile.sql").read_text(encoding="utf-8")
READS = (
    *("catalog/artworks", "catalog/artists", "catalog/image_links", "catalog/fields", "catalog/rejects"),
    *("images/originals", "images/download_rejects"),
    *("predictions/departments", "predictions/styles", "predictions/genres", "predictions/artists"),
    *("predictions/outliers", "similarity/neighbours"),
    *("star/dim_artist", "star/dim_museum", "star/dim_work", "star/fact_artwork", "star/fact_image"),
    *("star/fact_prediction", "star/fact_outlier", "star/fact_similar"),
    *("star/bridge_artwork_artist", "star/bridge_artwork_material", "star/bridge_artwork_term"),
)  # fmt: skip
_RESULT = """
with sides as (
    select
        source, what,
        cast(sum(rows) filter (side = 'raw') as bigint) as raw_rows,
        cast(coalesce(sum(rows) filter (side = 'rejected'), 0) as bigint) as rejected,
        cast(sum(rows) filter (side = 'lake') as bigint) as lake_rows,
        cast(sum(rows) filter (side = 'star') as bigint) as star_rows,
        coalesce(sum(rows) filter (side = 'before the lake'), 0) as before_lake,
        coalesce(sum(rows) filter (side = 'before the star'), 0) as before_star,
        string_agg(
            format('{:,} {}', cast(rows as bigint), reason), '; ' order by side, rows desc, reason
        ) filter (reason is not null and rows <> 0) as explanation
    from ledger
    group by source, what
)

select
    source, what, raw_rows, rejected, lake_rows, star_rows,
    -- Rows lost on the way to the lake never make up for rows gained on the way to the star.
    cast(
        if(raw_rows is null, 0, abs(raw_rows - rejected - before_lake - coalesce(lake_rows, 0)))
        + if(has_star, abs(coalesce(lake_rows, 0) - before_star - coalesce(star_rows, 0)), 0)
    as bigint) as difference,
    explanation
from (select *, bool_or(star_rows is not null) over (partition by what) as has_star from sides)
where coalesce(raw_rows, 0) + coalesce(lake_rows, 0) + coalesce(star_rows, 0) > 0
order by source, what
"""


def reconcile(lake: Lake, tables: Sequence[RawTable]) -> "pa.Table":
    """One row a source and kind of row: source, what, the counts, the difference, its explanation.

    raw_rows and lake_rows are null where a source has no raw table of such rows by itself (artists that
    stand within the records of works), star_rows where the rows stand in columns of other rows.

    Raises storage.LakeError when a table of the lake or the star has not been made.
    """
    there = [table for table in tables if lake.has(table.lake_key)]
    with lake.connect([*READS, *(table.lake_key for table in there)]) as connection:
        connection.execute(MACROS)
        connection.execute(
            "create temp table ledger (source varchar, what varchar, side varchar, reason varchar, rows hugeint)"
        )
        connection.execute(_SQL)
        enter(lake, connection, there)
        return connection.sql(_RESULT).to_arrow_table()
