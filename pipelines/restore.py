"""`artlake restore`: an earlier publication put back in the place of the one that stands; a dry run says what changes."""

from rich.console import Console

from assets.published import PARQUET, WAREHOUSE, now, write_dictionary
from pipelines.changes import print_publications
from storage import Lake, snapshots


def restore(lake: Lake, name: str, *, apply: bool, keep: int, console: Console) -> None:
    """Say what restoring the publication would change, and do it when `apply`.

    keep: publications whose tables are kept. Raises SnapshotError when there is no such publication or its
    files are gone or damaged, BusyError while something is being published.
    """
    from warehouse import publications
    from warehouse.differences import compare
    from warehouse.profile import SERIES

    wanted = publications.find(lake, name)
    with lake.lock("publish", f"restoring {wanted.name}"):
        folder = lake.file(PARQUET)
        if apply:
            standing = publications.keep_standing(lake, folder, now())
        else:
            standing = publications.newest(lake)
        same = standing.tables == wanted.tables
        if not same:
            print_publications(standing, wanted, compare(lake, standing, wanted, 0), 0, console)
        if not apply and same:
            console.print(f"{wanted.name} stands already: nothing would change.")
            return
        if not apply:
            console.print("This is what would change; nothing has been changed. --apply does it.")
            return
        restored = publications.restore(lake, wanted, lake.file(WAREHOUSE), folder, now())
        write_dictionary(lake)
        snapshots.prune(lake, SERIES, keep)
    if same:
        console.print(
            f"{wanted.name} stands already: its file, Parquet and dictionary were put there again."
        )
        return
    console.print(
        f"{wanted.name} stands again, as {restored.name}. `restore {standing.name}` takes it back; "
        "the next run publishes the lake as it is by then, when anything has changed."
    )
