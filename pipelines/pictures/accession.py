"""`artlake accession`: accession numbers read from file names and matched to the lake's artworks."""

import csv
import io
import os
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from pipelines.helptext import examples

app = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
_console = Console(highlight=False)


@app.command(
    epilog=examples(
        'accession ~/scans --pattern "{accession}_{view}"',
        r'accession ~/scans --pattern "^(?P<accession>\d+\.\d+(\.\d+)*)"',
        'accession ~/scans --pattern "{accession}" --out ~/matched.csv',
    )
)
def accession(
    folder: Annotated[Path, typer.Argument(help="any folder of pictures")],
    pattern: Annotated[
        str,
        typer.Option(
            help="where the number stands in a file name: {accession} and other fields, or a regular "
            "expression with (?P<accession>…)"
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="the CSV to write (default: FOLDER/_artlake/accession/matched.csv)"),
    ] = None,
) -> None:
    """Match the files of a folder to the lake's artworks by the accession numbers in their names.

    Writes a CSV and moves nothing. A file whose number fits several artworks is told as ambiguous.
    """
    from imaging.files.names import PatternError, match, read
    from imaging.files.walk import printable, walk
    from pipelines.pictures.fixity import lake_in_use
    from storage.files import write_bytes

    root = folder.expanduser().resolve()
    lake = lake_in_use()
    artworks = lake.read("catalog/artworks", ["artwork_id", "accession_number"])
    files = [printable(path.relative_to(root)) for path in walk(root).files]
    matched = match(read(files, pattern), artworks).to_pylist()
    target = root / "_artlake" / "accession" / "matched.csv" if out is None else out.expanduser()
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["file", "read", "accession_number", "artwork_id", "matched", "candidates"])
    for row in matched:
        rows.writerow([*list(row.values())[:5], " ".join(row["candidates"])])
    try:
        write_bytes(target, text.getvalue().encode())
    except OSError as error:
        raise PatternError(
            f"{target} cannot be written: {error.strerror}. Name another file with --out."
        ) from error
    kinds = Counter(row["matched"] for row in matched)
    said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    _console.print(f"{len(matched):,} files: {said or 'nothing to match'}.")
    _console.print(escape(os.fspath(target)), soft_wrap=True)
