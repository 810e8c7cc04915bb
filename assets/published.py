"""Published stage: the one DuckDB file analysts open, the same as Parquet, the dictionary, and the record of it."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.stage import Results, Work, spec, stage
from storage import Lake
from storage.files import sha256_files, write_text
from warehouse import code
from warehouse.star import STAR

WAREHOUSE = "published/artlake.duckdb"
PARQUET = "published/parquet"
DICTIONARY = "published/dictionary"
_STAR_KEYS = [table.key for table in STAR]


@stage(
    spec(
        "published/artlake",
        _STAR_KEYS,
        "artlake.duckdb: real tables, comments and views; built beside the old file and swapped in.",
        code_version=sha256_files(code.FILE),
        kinds={"duckdb"},
    ),
    spec(
        PARQUET,
        _STAR_KEYS,
        "The star as Parquet, facts divided by source, with a manifest; each state is kept as a publication.",
        code_version=sha256_files(code.PARQUET),
        kinds={"parquet"},
    ),
)
def published(lake: dg.ResourceParam[Lake], keep_snapshots: dg.ResourceParam[int]) -> Results:
    """Publish the star, and keep it as a publication when everything stands."""
    from storage import snapshots
    from warehouse import publications
    from warehouse.export import export
    from warehouse.manifest import MANIFEST
    from warehouse.profile import SERIES
    from warehouse.publish import publish

    work = Work(lake)
    target, folder = lake.file(WAREHOUSE), lake.file(PARQUET)
    with lake.lock("publish", "a publication"):
        versions = {"lake format": "1", "origin": lake.origin} | publications.inputs(lake)
        done = publish(lake, target, versions)
        manifest = export(lake, folder)
        taken = publications.record(lake, folder, manifest, versions, now())
        snapshots.prune(lake, SERIES, keep_snapshots)
    told: dict[str, Any] = {"publication": taken.name}
    built: dict[str, Any] = {
        "bytes": done.bytes,
        "tables taken over": ", ".join(done.kept) or "none",
    }
    yield work.file(
        "published/artlake",
        target,
        version=done.version,
        metadata={
            **told,
            **built,
            **{f"rows {name}": rows for name, rows in done.rows.items()},
        },
    )
    yield work.file(PARQUET, folder / MANIFEST, metadata=told)


@stage(
    spec(
        DICTIONARY,
        ["published/artlake", "catalog/fields"],
        "Each table's grain and each column's meaning, source fields, example and null share.",
        code_version=sha256_files(code.DICTIONARY),
        kinds={"html", "markdown"},
    )
)
def described(lake: dg.ResourceParam[Lake]) -> Results:
    """Explain the published file."""
    work = Work(lake)
    write_dictionary(lake)
    yield work.file(DICTIONARY, lake.file(f"{DICTIONARY}.html"))


def write_dictionary(lake: Lake) -> None:
    """Write the dictionary of the published file, as Markdown and as a page."""
    from warehouse import dictionary
    from warehouse.description import describe

    book = describe(lake.file(WAREHOUSE), lake.read("catalog/fields"))
    write_text(lake.file(f"{DICTIONARY}.md"), dictionary.markdown(book))
    write_text(lake.file(f"{DICTIONARY}.html"), dictionary.html(book))


def now() -> str:
    """When a publication is made, as its record says: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
