"""What a run left in the lake, in a page that a person enjoys reading."""

import json
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from assets.examples import ATTRIBUTES
from assets.reports import REJECTS
from pipelines.run import Outcome
from scrapers import MUSEUMS
from storage import Lake

_ALL_REJECTS = ["catalog/rejects", "images/download_rejects", "images/rejects"]


_REASONS = {
    "empty": "the file is empty",
    "gone": "no longer there",
    "html_page": "a web page instead of a picture",
    "truncated": "the file breaks off",
    "rights": "rights reserved",
    "soft_404": 'the page says "not found"',
    "bad_record": "a record that cannot be read",
    "no_table": "a table that is not offered",
    "not_an_image": "no picture",
    "bad_row": "a row that cannot be read",
    "bad_address": "an address that cannot be read",
    "conflict": "two rows say different things",
    "no_file": "a picture that is not there",
    "outside": "a picture outside the folder",
    "private_address": "an address of a private network",
}


def show(lake: Lake, outcome: Outcome, command: str, console: Console) -> None:
    """Print the summary of `lake` after `outcome`; `command` is how people call artlake."""
    console.print()
    console.print(_fetched(lake))
    rejects = _rejects(lake)
    if rejects.row_count:
        console.print(rejects)
    console.print(Panel("\n".join(_facts(lake, outcome)), title="The lake", title_align="left"))
    show_next(lake, command, console)


def show_next(lake: Lake, command: str, console: Console) -> None:
    """Print where the results lie and what to type next."""
    console.print(Panel("\n".join(_next(lake, command)), title="Next", title_align="left"))


def _fetched(lake: Lake) -> Table:
    table = Table(title="Fetched", title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("source")
    for name in ("works", "artists", "addresses", "open", "pictures", "without"):
        table.add_column(name, justify="right")
    keys = "catalog/artworks catalog/artists catalog/image_links images/originals images/measures duplicates/primary"
    with lake.connect(keys.split()) as connection:
        for name, museum in MUSEUMS.items():
            row = connection.execute(
                """
                select
                    (select count(*) from catalog_artworks where source = $1 and withdrawn_in is null),
                    (select count(*) from catalog_artists where source = $1),
                    (select count(*) from catalog_image_links where source = $1),
                    (select count(*) from catalog_image_links where source = $1 and may_fetch),
                    (select count(*) from images_originals semi join images_measures using (sha256)
                     where source = $1),
                    (select count(*) from catalog_artworks anti join duplicates_primary using (artwork_id)
                     where source = $1 and withdrawn_in is null)
                """,
                [name],
            ).fetchone()
            assert row is not None
            if row[0]:
                table.add_row(museum.title, *(f"{count:,}" for count in row))
    return table


def _rejects(lake: Lake) -> Table:
    table = Table(
        title="Set aside, and why", title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0)
    )
    for name in ("source", "stage", "reason", "rows"):
        table.add_column(name, justify="right" if name == "rows" else "left")
    keys = [key for key in REJECTS if lake.has(key)]
    with lake.connect(keys) as connection:
        union = " union all by name ".join(f"from {key.replace('/', '_')}" for key in keys)
        for row in connection.sql(
            f"select source, stage, reason, count(*) from ({union}) group by all order by all"
        ).fetchall():
            source, stage, reason, rows = row
            table.add_row(source, stage, _REASONS.get(reason, reason), f"{rows:,}")
    return table


def _facts(lake: Lake, outcome: Outcome) -> list[str]:
    keys = "images/originals duplicates/groups duplicates/pairs star/fact_artwork star/fact_image"
    with lake.connect(keys.split()) as connection:

        def count(sql: str) -> int:
            return int(connection.sql(sql).fetchall()[0][0])

        files = count("select count(distinct sha256) from images_originals")
        groups = count(
            "select count(distinct group_id) from duplicates_groups where group_size > 1"
        )
        extra = count("select count(*) - count(distinct group_id) from duplicates_groups")
        across = count(
            """
            select count(*) from duplicates_pairs where confirmed
            and split_part(image_a, ':', 1) <> split_part(image_b, ':', 1)
            """
        )
        works = count("select count(*) from star_fact_artwork where withdrawn_in is null")
        pictures = count("select count(*) from star_fact_image")
    lines = [
        f"{files:,} different picture files, each kept once.",
        f"{groups:,} pictures are there more than once; {extra:,} copies could be set aside. "
        f"{across:,} pairs lie in two museums.",
        f"Star schema: {works:,} artworks, {pictures:,} pictures.",
    ]
    for attribute in ATTRIBUTES:
        file = lake.file(f"training/{attribute}_evaluation.json")
        if file.exists():
            lines.append(_quality(attribute, json.loads(file.read_text())))
    steps = len(outcome.executed)
    lines.append(f"This run: {steps} tables and files made in {_duration(outcome.seconds)}.")
    return lines


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _quality(attribute: str, evaluation: dict[str, Any]) -> str:
    name = attribute.capitalize()
    if not evaluation["trained"]:
        return f"{name}: not learned yet. {evaluation['why']}"
    accuracy, pictures = evaluation["accuracy"], evaluation["pictures"]["test"]
    return (
        f"{name}: {len(evaluation['labels'])} kinds, told rightly for {accuracy['value']:.1%} of "
        f"{pictures:,} pictures the model had not seen (95 % interval {accuracy['low']:.1%} to "
        f"{accuracy['high']:.1%}; always guessing the commonest: "
        f"{evaluation['majority_accuracy']:.1%})."
    )


def _next(lake: Lake, command: str) -> list[str]:
    def inside(relative: str) -> Path:
        return lake.file(relative)

    return [
        f"Warehouse   {inside('published/artlake.duckdb')}",
        f"Report      {inside('reports/collection.html')}",
        f"Pictures    {lake.images.root}",
        "",
        f"Ask it      {command} query works-by-half-century",
        f"Look-alikes {command} similar PICTURE.jpg",
        f"Look at it  {command} ui",
    ]
