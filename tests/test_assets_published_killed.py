"""The published stage killed (no clean-up at all) between any two of its steps: readers go on, the next run heals."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from assets.published import PARQUET, WAREHOUSE, published
from storage import Lake, snapshots
from storage.files import sha256_file
from tests import _publications
from tests._publications import retitle
from warehouse.as_of import ask_as_of
from warehouse.ask import ask
from warehouse.manifest import read_manifest
from warehouse.publications import files_of

TITLE = "select title from fact_artwork where artwork_id = 'met:10'"
KILLED = 9

# Each dies on its way into the step named, when what it is called with is said to be the one meant.
_RUN = """
import os, pathlib, shutil, sys
import dagster as dg
from assets.published import published
from storage import Lake, snapshots
from warehouse import export, publications, publish

def die_in(owner, name, meant=lambda *given: True):
    step = getattr(owner, name)
    def killed(*given, **named):
        if meant(*given):
            os._exit(9)
        return step(*given, **named)
    setattr(owner, name, killed)

{kill}
dg.materialize([published], resources={{"lake": Lake.open(pathlib.Path(sys.argv[1])), "keep_snapshots": 2}})
"""
STEPS = {
    "before the file is swapped in": "die_in(pathlib.Path, 'replace', lambda part, to: to.name == 'artlake.duckdb')",
    "after the file, before the Parquet": "die_in(export, 'export')",
    "Parquet written, not swapped in": "die_in(export, '_put_in_place')",
    "between the two renames": "die_in(pathlib.Path, 'rename', lambda new, to: new.name == '.parquet.new')",
    "Parquet swapped in, old not removed": "die_in(shutil, 'rmtree', lambda at, *rest: pathlib.Path(at).name == '.parquet.old' and at.exists())",
    "before it is recorded": "die_in(publications, 'record')",
    "files kept, no manifest yet": "die_in(snapshots, 'record')",
    "recorded, nothing pruned": "die_in(snapshots, 'prune')",
    "pruned in the manifests, files still there": "die_in(pathlib.Path, 'unlink', lambda at, *rest: at.suffix == '.parquet' and 'snapshots' in at.parts)",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two publications, and a star that has changed since."""
    lake = _publications.star(tmp_path_factory.mktemp("killed") / "lake")
    publish(lake)
    retitle(lake, "met:10", "Second")
    publish(lake)
    retitle(lake, "met:10", "Third")
    return lake.root


def publish(lake: Lake) -> None:
    dg.materialize([published], resources={"lake": lake, "keep_snapshots": 2})


def title(lake: Lake) -> str:
    (row,) = ask(lake.file(WAREHOUSE), TITLE).to_pylist()
    return str(row["title"])


@pytest.mark.slow
@pytest.mark.parametrize("kill", STEPS.values(), ids=STEPS)
def test_a_killed_publication_loses_nothing_and_the_next_one_ends_it(
    made: Path, tmp_path: Path, kill: str
) -> None:
    lake = Lake.open(shutil.copytree(made, tmp_path / "lake", copy_function=os.link))
    code = _RUN.format(kill=kill)
    done = subprocess.run(
        [sys.executable, "-c", code, str(lake.root)], capture_output=True, text=True
    )
    assert done.returncode == KILLED, done.stderr[-2000:]

    assert title(lake) in ("Second", "Third")
    assert ask_as_of(lake, "published-2", TITLE).to_pylist() == [{"title": "Second"}]
    for taken in snapshots.listed(lake, "published"):
        if not taken.pruned:
            assert ask_as_of(lake, taken.name, TITLE).num_rows == 1

    publish(Lake.open(lake.root))
    assert title(lake) == "Third"
    there = snapshots.listed(lake, "published")
    assert [(taken.name, taken.pruned) for taken in there] == [
        ("published-1", True), ("published-2", False), ("published-3", False),
    ]  # fmt: skip
    assert ask_as_of(lake, "published-3", TITLE).to_pylist() == [{"title": "Third"}]
    manifest = read_manifest(lake.file(PARQUET))
    assert manifest is not None
    for name, paths in manifest.paths(lake.file(PARQUET)).items():
        for part, path in paths.items():
            assert sha256_file(path) == manifest.tables[name].files[part].sha256
    kept = {
        path for t in there[1:] for files in files_of(lake, t).values() for path in files.values()
    }
    assert set(lake.file("snapshots/published/tables").glob("*.parquet")) == kept
    lake.tidy()
    assert [
        path.name for path in lake.file("published").iterdir() if path.name.startswith(".")
    ] == []
