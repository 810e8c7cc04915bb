"""`artlake accession`: accession numbers read from file names and matched to the lake's artworks."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from pipelines.helptext import examples
from storage.errors import MendableError

app = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
_console = Console(highlight=False)
_HEADER = ("file", "read", "accession_number", "artwork_id", "matched", "candidates")


class TableError(MendableError):
    """The table cannot be written where it was asked for."""


@app.command(
    epilog=examples(
        'accession ~/scans --pattern "{accession}_{view}"',
        r'accession ~/scans --pattern "^(?P<accession>\d+\.\d+(\.\d+)*)"',
        'accession ~/scans --pattern "{accession}" --out ~/matched.csv',
    )
)
def accession(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="any folder of pictures")],
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

    Writes a CSV, over one of its own only, and moves nothing. A file whose number fits several artworks is told as ambiguous.
    """
    from imaging.files.names import match, read
    from imaging.files.tables import write_csv
    from imaging.files.walk import walk
    from imaging.files.workplace import claim
    from pipelines.pictures.fixity import lake_in_use
    from storage.files import printable

    root = folder.expanduser().resolve()
    lake = lake_in_use()
    artworks = lake.read("catalog/artworks", ["artwork_id", "accession_number"])
    files = [printable(path.relative_to(root)) for path in walk(root).files]
    matched = match(read(files, pattern), artworks).to_pylist()
    if out is None:
        target = claim(root / "_artlake" / "accession", root) / "matched.csv"
    else:
        target = out.expanduser().resolve()
    try:
        _require_ours(target)
        rows = ({**row, "candidates": " ".join(row["candidates"])} for row in matched)
        write_csv(target, _HEADER, rows)
    except OSError as error:
        raise TableError(
            f"{printable(target)} cannot be written: {error.strerror}. Name another file with --out."
        ) from error
    kinds = Counter(row["matched"] for row in matched)
    said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    _console.print(f"{len(matched):,} files: {said or 'nothing to match'}.")
    _console.print(escape(printable(target)), soft_wrap=True)


def _require_ours(target: Path) -> None:
    """Raise TableError where a file lies that does not begin as our table does."""
    if target.exists():
        with target.open("rb") as file:
            start = file.readline(1000)
        if start.rstrip(b"\r\n") != ",".join(_HEADER).encode():
            from storage.files import printable

            raise TableError(
                f"{printable(target)} is there already, and no table of this command. "
                "Name another file with --out."
            )
