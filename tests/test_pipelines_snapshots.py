"""`artlake snapshots` and `artlake diff` over snapshots of hand-made tables of the MET."""

import csv
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from pipelines import snapshots as command
from scrapers import MUSEUMS, history
from scrapers.museum import text_table
from storage import Lake, snapshots
from storage.snapshots import SnapshotError

NOUNS = MUSEUMS["met"].nouns


def crawl(lake: Lake, rows: dict[str, str], limit: int | None = None, series: str = "met") -> None:
    """A crawl of objects, id → title, taken as the assets take it."""
    objects = [{"objectID": key, "title": title, "source_row": key} for key, title in rows.items()]
    lake.write("raw/met_objects", text_table(NOUNS["objects"].columns, objects), ["source_row"])
    before = snapshots.newest(lake, series)
    taken = snapshots.draft(lake, series, ["raw/met_objects"], "2024-05-01T12:00:00+00:00")
    sides = [
        {"objects": snapshots.files(lake, s, "raw/met_objects")} if s else {}
        for s in (before, taken)
    ]
    with history.workbench() as connection:
        history.diff(connection, *sides, NOUNS, partial=limit is not None)
        counts = history.counts(connection, NOUNS)
    taken.facts.update({"limit": limit, "counts": counts})  # type: ignore[attr-defined]
    snapshots.record(lake, taken)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake.open(tmp_path / "lake")
    crawl(lake, {"1": "Vase", "2": "Sword", "3": "[red]Fan"})
    crawl(lake, {"1": "Vase", "2": "Sabre", "4": "Drum"})
    return lake


def told(lake: Lake, *names: str, form: str = "table", limit: int = 10) -> str:
    console = Console(file=io.StringIO(), width=160)
    command.compare(lake, *names, limit=limit, form=form, console=console)  # type: ignore[misc]
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_a_diff_tells_old_and_new_values_whichever_is_named_first(lake: Lake) -> None:
    assert told(lake, "met-1", "met-2") == told(lake, "met-2", "met-1")
    said = json.loads(told(lake, "met-1", "met-2", form="json"))
    assert (said["from"], said["to"]) == ("met-1", "met-2")
    assert said["counts"]["objects"] == {
        "records": 3, "added": 1, "changed": 1, "withdrawn": 1, "left": 0,
    }  # fmt: skip
    assert said["fields"] == [{"noun": "objects", "field": "title", "records": 1}]
    nothing = {"field": None, "before": None, "after": None}
    assert said["examples"] == [
        {"noun": "objects", "record": "4", "change": "added"} | nothing,
        {"noun": "objects", "record": "2", "change": "changed", "field": "title",
         "before": "Sword", "after": "Sabre"},
        {"noun": "objects", "record": "3", "change": "withdrawn"} | nothing,
    ]  # fmt: skip
    table = told(lake, "met-1", "met-2")
    assert "Sword" in table and "Sabre" in table and "withdrawn" in table


def test_a_diff_as_csv_can_be_read_by_a_program(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    told(lake, "met-1", "met-2", form="csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["record"], row["change"], row["after"]) for row in rows] == [
        ("4", "added", ""),
        ("2", "changed", "Sabre"),
        ("3", "withdrawn", ""),
    ]


def test_the_limit_holds_for_each_kind_of_change(lake: Lake) -> None:
    crawl(lake, {str(number): "New" for number in range(10, 20)})
    said = json.loads(told(lake, "met-2", "met-3", form="json", limit=2))
    kinds = [row["change"] for row in said["examples"]]
    assert kinds == ["added", "added", "withdrawn", "withdrawn"]
    assert said["counts"]["objects"]["added"] == 10


def test_a_limit_is_told(lake: Lake) -> None:
    crawl(lake, {"1": "Vase"}, limit=1)
    said = " ".join(told(lake, "met-2", "met-3").split())
    assert "left the slice" in said
    assert json.loads(told(lake, "met-2", "met-3", form="json"))["counts"]["objects"]["left"] == 2


def test_snapshots_that_cannot_be_compared_say_why(lake: Lake) -> None:
    crawl(lake, {"1": "Vase"}, series="nga")
    with pytest.raises(SnapshotError, match="not snapshots of one source"):
        told(lake, "met-1", "nga-1")
    with pytest.raises(SnapshotError, match="There are met-1, met-2, nga-1"):
        told(lake, "met-1", "met-7")
    snapshots.prune(lake, "met", 1)
    with pytest.raises(SnapshotError, match="met-1 were pruned"):
        told(lake, "met-1", "met-2")


def test_the_list_has_figures_of_pruned_snapshots_too(lake: Lake) -> None:
    snapshots.prune(lake, "met", 1)
    console = Console(file=io.StringIO(), width=160)
    command.show(lake, "met", console)
    lines = [line.split() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    assert ["met-1", "2024-05-01", "objects", "3", "3", "0", "0", "pruned"] in lines
    assert ["met-2", "2024-05-01", "objects", "3", "1", "1", "1"] in lines
    crawl(lake, {"1": "Vase"}, limit=1)
    narrow = Console(file=io.StringIO(), width=80)
    command.show(lake, "met", narrow)
    said = " ".join(narrow.file.getvalue().split())  # type: ignore[attr-defined]
    assert "met-1" in said and "…" not in said
    assert "limit 1" in said
    with pytest.raises(SnapshotError, match="No snapshot of wga"):
        command.show(lake, "wga", console)
