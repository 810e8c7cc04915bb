"""The command line: `./artlake COMMAND`. Heavy rooms are loaded by the command that needs them."""

import errno
import io
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines import learning, pictures
from pipelines.forms import Form, TextForm
from pipelines.helptext import command, examples
from pipelines.settings import (
    ROOT,
    Settings,
    SettingsError,
    load,
    of_lake,
    prepare_home,
    remember,
)
from sandbox import SandboxError
from scrapers import MUSEUMS
from storage import Lake, LakeError
from storage.errors import MendableError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Open museum collections as a lake that can be asked, learned from and looked at.",
    pretty_exceptions_enable=False,
)
out = Console()
err = Console(stderr=True, highlight=False)


_EXPECTED = (MendableError, SandboxError)


@app.callback()
def _globals(
    lake: Annotated[
        Path | None, typer.Option(help="folder of the lake (default: ARTLAKE_LAKE, or ./lake)")
    ] = None,
) -> None:
    if lake is not None:
        os.environ["ARTLAKE_LAKE"] = str(lake.expanduser().absolute())


@app.command(
    epilog=examples(
        "run",
        "--lake lake-live run --limit 50",
        "--lake lake-mine run --source folder --folder ~/pictures",
        "--lake lake-list run --source listing --listing ~/works.csv",
        "run --dry-run    [dim]# only say what would run[/dim]",
    )
)
def run(
    limit: Annotated[
        int | None, typer.Option(min=1, help="works a source at most (default: all); remembered")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="forget an earlier --limit of this lake")
    ] = False,
    source: Annotated[
        list[str] | None,
        typer.Option(
            help=f"take in this source only ({', '.join(MUSEUMS)}); repeatable, remembered"
        ),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="a folder of pictures to take in; remembered")
    ] = None,
    listing: Annotated[
        Path | None,
        typer.Option(help="a CSV or JSON file of works with addresses of pictures; remembered"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what is missing or stale, run nothing")
    ] = False,
) -> None:
    """Look at the sources, then run what is missing or stale, and nothing else."""
    given = {
        "LIMIT": None if limit is None else str(limit),
        "SOURCES": ",".join(source) if source else None,
        "FOLDER": None if folder is None else str(folder.expanduser().absolute()),
        "LISTING": None if listing is None else str(listing.expanduser().absolute()),
    }
    os.environ.update({f"ARTLAKE_{name}": text for name, text in given.items() if text})
    settings = load()
    if dry_run:
        _show_status(settings, only_open=True)
        return
    lake = Lake.open(settings.lake)
    remember(lake, settings)
    if everything:
        lake.remember({"limit": None})
    _require_contact(lake, of_lake(settings, lake))
    _bring_up_to_date(settings, lake)


def _require_contact(lake: Lake, settings: Settings) -> None:
    from storage.lake import LIVE

    if lake.origin != LIVE or settings.museum_url is not None or settings.contact:
        return
    theirs = [name for name in settings.museums if not MUSEUMS[name].own_addresses]
    if theirs or ("listing" in settings.museums and _names_the_web(settings)):
        raise SettingsError(
            "Museums are told who asks. Set ARTLAKE_CONTACT (in the environment or in .env) to an "
            "e-mail or web address they can write to, and run again."
        )


def _names_the_web(settings: Settings) -> bool:
    from scrapers.museums.listing import names_the_web

    if settings.listing is None:
        return False
    try:
        return names_the_web(settings.listing)
    except (OSError, ValueError) as error:
        raise SettingsError(f"The list of works cannot be read: {error}") from error


def _bring_up_to_date(settings: Settings, lake: Lake) -> None:
    from pipelines import summary
    from pipelines.run import run as run_stale

    # SIGTERM as Ctrl-C: a process that ends without cleaning up leaves its crawl running.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        outcome = run_stale(settings)
    except KeyboardInterrupt:
        err.print(f"Stopped. All that was made is kept; `{command()} run` goes on from here.")
        raise typer.Exit(130) from None
    if outcome.executed and not outcome.failures:
        summary.show(lake, outcome, command(), out)
    elif outcome.ok:
        out.print(f"Nothing to do: all is fresh ({outcome.seconds:.1f} s).")
        summary.show_next(lake, command(), out)
    for name, why in outcome.unreachable.items():
        err.print(
            f"[yellow]{name} was not reached; what came from it before is kept.[/yellow] {escape(why)}"
        )
    failed: dict[str, list[str]] = {}
    for failure in outcome.failures:
        step, _, why = failure.partition(": ")
        failed.setdefault(why, []).append(step)
    for why, steps in failed.items():
        err.print(f"[red]Failed:[/red] {', '.join(dict.fromkeys(steps))}: {escape(why)}")
    if not outcome.ok:
        raise typer.Exit(1)


@app.command(epilog=examples("demo", "demo --collection ~/samples", "--lake /data/lake demo"))
def demo(
    collection: Annotated[
        Path | None,
        typer.Option(help="folder with real pictures and records (default: the built-in works)"),
    ] = None,
) -> None:
    """Run the whole graph against a sandbox museum on this machine, and tell what came out."""
    if collection is not None and not collection.is_dir():
        raise SettingsError(f"--collection: there is no folder {collection}")
    origin = "builtin" if collection is None else str(collection.resolve())
    if collection is not None and "lake" not in load().model_fields_set:
        os.environ["ARTLAKE_LAKE"] = str(ROOT / "lake-collection")
    settings = load()
    lake = Lake.open(settings.lake, origin)
    remember(lake, settings)
    if collection is not None and (collection / "images" / "wikiart").is_dir():
        lake.remember({"folder": str((collection / "images" / "wikiart").resolve())})
    _bring_up_to_date(settings, lake)


@app.command(epilog=examples("status", "--lake lake-live status"))
def status() -> None:
    """Tell for each asset when it was made, its version and rows, and whether it is fresh."""
    _show_status(load(), only_open=False)


def _show_status(settings: Settings, *, only_open: bool) -> None:
    import dagster as dg

    from pipelines import status as states

    lake = _existing(settings)
    prepare_home(settings)
    title = f"{lake.root} ({lake.origin}), times in UTC"
    table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("asset", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("made", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("version", no_wrap=True)
    table.add_column("why", overflow="fold")
    colours = {"fresh": "green", "stale": "yellow", "missing": "red", states.ASKED_FOR: "dim"}
    with dg.DagsterInstance.get() as instance:
        for line in states.lines(instance):
            if only_open and line.state in ("fresh", states.ASKED_FOR):
                continue
            table.add_row(
                line.key,
                f"[{colours[line.state]}]{line.state}[/]",
                f"{line.made:%m-%d %H:%M}" if line.made else "",
                "" if line.rows is None else f"{line.rows:,}",
                line.version,
                line.why,
            )
    if only_open and not table.row_count:
        out.print("Nothing is missing or stale, as far as the sources were last looked at.")
    else:
        out.print(table)
    for source in states.sources(lake):
        if not (only_open and source.fresh):
            colour = "green" if source.fresh else "yellow"
            looked = f"looked at {source.looked_at:%m-%d %H:%M}"
            out.print(f"[{colour}]{source.title}[/] ({looked}): {source.says}", highlight=False)
    for failure in states.failures(lake):
        out.print(f"[red]{failure['at']} {failure['job']} failed:[/red] {failure['error']}")


def _existing(settings: Settings) -> Lake:
    if not (settings.lake / "lake.json").exists():
        raise LakeError(f"There is no lake in {settings.lake} yet. Try: ./artlake demo")
    return Lake.open(settings.lake)


def _readable() -> Lake:
    """The lake for a command that only reads, by somebody who may not be allowed to write."""
    return Lake.reading(load().lake)


@app.command(epilog=examples("ui", "ui --port 3333", "--lake lake-live ui"))
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="port on 127.0.0.1")] = 3000,
) -> None:
    """Open the Dagster UI, with its daemon, over the lake."""
    from pipelines.run import museum

    settings = load()
    lake = _existing(settings)
    _require_free(port)
    prepare_home(settings)
    os.environ["ARTLAKE_LAKE"] = str(settings.lake)
    os.environ["VIRTUAL_ENV"] = sys.prefix
    out.print(f"Dagster UI over {lake.root} on http://127.0.0.1:{port} (Ctrl-C ends it)")
    with museum(lake):
        command = [sys.executable, "-m", "dagster", "dev", "-w", str(ROOT / "workspace.yaml")]
        command += ["-h", "127.0.0.1", "-p", str(port)]
        # Not from the root: Dagster would let the `.env` there win over this lake's DAGSTER_HOME.
        raise typer.Exit(_until_stopped(command, cwd=settings.dagster_home))


def _until_stopped(command: list[str], cwd: Path) -> int:
    """Run a service until it ends; Ctrl-C and SIGTERM both let it end its own children."""
    child: subprocess.Popen[bytes] | None = None

    def stop(number: int, _: object) -> None:
        if child and number == signal.SIGTERM:
            child.send_signal(signal.SIGINT)  # Ctrl-C reaches the child by itself

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    child = subprocess.Popen(command, cwd=cwd)
    return child.wait()


def _require_free(port: int) -> None:
    with ExitStack() as stack:
        probe = stack.enter_context(socket.socket())
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SettingsError(
                f"Port {port} is in use by another program. Name a free one with --port."
            ) from error


@app.command(epilog=examples("sandbox", "sandbox --port 8765", "sandbox --collection ~/samples"))
def sandbox(
    collection: Annotated[
        str, typer.Option(help="builtin, or a folder with real pictures and records")
    ] = "builtin",
    port: Annotated[int, typer.Option(min=1, max=65535, help="port on 127.0.0.1")] = 8765,
) -> None:
    """Serve a museum on this machine that answers as the real ones do."""
    command = [sys.executable, "-m", "sandbox", "--collection", collection, "--port", str(port)]
    raise typer.Exit(subprocess.call(command, cwd=ROOT))


@app.command(
    epilog=examples(
        "query    [dim]# lists the questions that come with artlake[/dim]",
        "query works-by-artist --limit 20",
        "query works-by-style --plot --out styles.svg",
        'query "select title, artist, made, museum from artworks limit 5"',
        'query "select * from artworks" --limit 1000000 --out artworks.parquet',
        'query --as-of 2026-10-01 "select count(*) from artworks"',
    )
)
def query(
    sql: Annotated[str | None, typer.Argument(help="SQL, or the name of a question")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="rows at most (default: 100; for a chart 5,000)")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="seconds at most")] = 30.0,
    form: Annotated[
        Form | None,
        typer.Option("--format", help="how to write the rows (default: what --out ends in)"),
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="write to this file instead of printing")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="ask the publication of this day, or of this name")
    ] = None,
    plot: Annotated[
        bool, typer.Option("--plot", help="draw the question's chart: .png, .svg or .html")
    ] = False,
) -> None:
    """Ask the published warehouse, read-only."""
    from pipelines import asking

    asking.answer(
        _readable(),
        sql,
        limit=limit,
        timeout_s=timeout,
        form=form.value if form else None,
        out=target,
        as_of=as_of,
        plot=plot,
        console=out,
        remarks=err,
    )


@app.command(epilog=examples("similar photo.jpg", "similar photo.jpg -k 20"))
def similar(
    picture: Annotated[Path, typer.Argument(help="any picture file")],
    k: Annotated[int, typer.Option("-k", min=1, help="how many look-alikes")] = 10,
    sheet: Annotated[Path | None, typer.Option(help="write a contact sheet of them here")] = None,
) -> None:
    """Find the works in the lake that look like a picture."""
    from pipelines import asking

    asking.similar(_existing(load()), picture, k=k, sheet=sheet, console=out)


@app.command(
    "snapshots",
    epilog=examples(
        "snapshots",
        "snapshots --source met",
        "snapshots --source published",
        "snapshots --use published-3",
    ),
)
def list_snapshots(
    source: Annotated[
        str | None, typer.Option(help="of this source only, or `published`: the publications")
    ] = None,
    use: Annotated[str | None, typer.Option(help="mark as in use: it is never pruned")] = None,
    free: Annotated[str | None, typer.Option(help="mark as no longer in use")] = None,
) -> None:
    """List what was crawled and published when, and what each crawl and publication changed."""
    from pipelines import snapshots
    from storage import snapshots as marks

    for name, in_use in ((use, True), (free, False)):
        if name is not None:
            marks.use(_existing(load()), name, in_use)
    snapshots.show(_readable(), source, out)


@app.command(
    epilog=examples(
        "diff met-1 met-2",
        "diff nga-3 nga-7 --limit 5",
        "diff published-1 published-2",
        "diff wga-1 wga-2 --format csv --limit 100000 > changes.csv",
    )
)
def diff(
    older: Annotated[str, typer.Argument(help="a snapshot, as `snapshots` lists them")],
    newer: Annotated[
        str, typer.Argument(help="another one of the same source, or another publication")
    ],
    limit: Annotated[int, typer.Option(min=1, help="records of each kind told one by one")] = 10,
    form: Annotated[
        TextForm, typer.Option("--format", help="how to print the rows")
    ] = TextForm.TABLE,
) -> None:
    """Tell what a source, or the published warehouse, added, changed and lost between two snapshots."""
    from pipelines import snapshots

    snapshots.compare(_readable(), older, newer, limit=limit, form=form.value, console=out)


@app.command(epilog=examples("restore published-3", "restore published-3 --apply"))
def restore(
    publication: Annotated[str, typer.Argument(help="as `snapshots` lists them, or a day")],
    apply: Annotated[
        bool, typer.Option("--apply", help="do it; without, only say what would change")
    ] = False,
) -> None:
    """Put an earlier publication back in place; the one of today is kept, so this can be taken back."""
    from pipelines.restore import restore as put_back

    settings = load()
    put_back(
        _existing(settings), publication, apply=apply, keep=settings.keep_snapshots, console=out
    )


@app.command(epilog=examples("backup ../lake-backup.tar"))
def backup(
    target: Annotated[Path, typer.Argument(help="tar file to write, outside the lake")],
) -> None:
    """Write the lake, its ledger and its history to one tar file; `tar -xf` restores it."""
    from pipelines.backup import backup as write

    files = write(_existing(load()), target)
    out.print(f"{files:,} files in {target}. To restore: tar -xf {target} -C FOLDER")


@app.command(
    epilog=examples("decide met:1#0 nga:7#0 not_duplicate", "decide met:1#0 nga:7#0 keep_this")
)
def decide(
    image_a: Annotated[
        str, typer.Argument(help="a picture's image_id; with keep_this, the one to keep")
    ],
    image_b: Annotated[str, typer.Argument(help="the other picture's image_id")],
    verdict: Annotated[str, typer.Argument(help="not_duplicate, keep_both or keep_this")],
) -> None:
    """Record what people say of a pair; it wins over every rule, and the next run follows it."""
    from assets.source import DECISIONS_FILE
    from imaging.duplicates.decisions import Decision, add

    lake = _existing(load())
    known = set(lake.read("images/originals", ["image_id"])["image_id"].to_pylist())
    for image_id in (image_a, image_b):
        if image_id not in known:
            raise LakeError(f"There is no picture {image_id} in {lake.root}.")
    try:
        add(lake.file(DECISIONS_FILE), Decision(image_a, image_b, verdict))
    except ValueError as error:
        raise SettingsError(str(error)) from error
    out.print(f"Noted. `{command()} run` brings groups and keepers up to date.")


@app.command(
    epilog=examples(
        "correct    [dim]# lists labels that are likely wrong[/dim]",
        "correct --limit 50",
        'correct met:436535 department "European Paintings"',
        'correct met:436535 style Realism --by "A. Curator"',
    )
)
def correct(
    artwork: Annotated[str | None, typer.Argument(help="the artwork's id: met:436535")] = None,
    attribute: Annotated[
        str | None, typer.Argument(help="department, style, genre or artist")
    ] = None,
    label: Annotated[str | None, typer.Argument(help="the label that is right")] = None,
    limit: Annotated[int, typer.Option(min=1, help="suggestions shown")] = 20,
    by: Annotated[str | None, typer.Option(help="who says so (default: the user's name)")] = None,
) -> None:
    """Put a label right, or confirm it; the next training follows. Alone it lists what is likely wrong."""
    from pipelines import correcting

    lake, called = _existing(load()), command()
    if artwork is None:
        correcting.show(lake, out, command=called, limit=limit)
    elif attribute is None or label is None:
        raise SettingsError("Say the artwork, the attribute and the label that is right.")
    else:
        correcting.correct(lake, artwork, attribute, label, out, command=called, by=by)


app.add_typer(learning.app)
app.add_typer(pictures.app)


def main() -> None:
    """Run a command; what a person can mend is one red sentence, not a traceback."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that knows no "≥" shows a question mark
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="./artlake")
        code = 0
    except SystemExit as wanted:
        code = wanted.code if isinstance(wanted.code, int) else 0
        if type(wanted.__context__).__name__ == "Abort":  # how the command line passes Ctrl-C on
            err.print("Stopped. What was made is kept, nothing is half-written: call it again.")
            code = 130
    except _EXPECTED as error:
        err.print(f"[red]{escape(str(error))}[/red]")
        code = 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" where {error.filename} lies" if error.filename else ""
        err.print(f"[red]The disk is full{where}: make room, then call the same again.[/red]")
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: once torch has trained, its compiler's caches hold functions of every module, and
    # DuckDB's binding prints pages about that when the interpreter takes itself apart.
    os._exit(code)


if __name__ == "__main__":
    main()
