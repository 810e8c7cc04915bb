"""Published stage: the one DuckDB file analysts open, and the dictionary that explains it."""

import dagster as dg

from assets.stage import Results, Work, spec, stage
from storage import Lake
from storage.files import write_text
from warehouse.star import STAR

WAREHOUSE = "published/artlake.duckdb"
_STAR_KEYS = [table.key for table in STAR]


@stage(
    spec(
        "published/artlake",
        _STAR_KEYS,
        "artlake.duckdb: real tables, comments and views; built beside the old file and swapped in.",
        code_version="1",
        kinds={"duckdb"},
    ),
    spec(
        "published/dictionary",
        _STAR_KEYS,
        "Each table's grain and each column's meaning, example and null share.",
        code_version="1",
        kinds={"html", "markdown"},
    ),
)
def published(lake: dg.ResourceParam[Lake]) -> Results:
    """Publish the star."""
    from warehouse import dictionary
    from warehouse.publish import publish

    work = Work(lake)
    target = lake.file(WAREHOUSE)
    with lake.lock("publish", "a publication"):
        done = publish(lake, target, {"lake format": "1", "origin": lake.origin})
    yield work.file(
        "published/artlake",
        target,
        version=done.version,
        metadata={
            "bytes": done.bytes,
            **{f"rows {name}": rows for name, rows in done.rows.items()},
        },
    )
    write_text(lake.file("published/dictionary.md"), dictionary.markdown(target))
    page = lake.file("published/dictionary.html")
    write_text(page, dictionary.html(target))
    yield work.file("published/dictionary", page)
