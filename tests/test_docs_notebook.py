"""The notebook of worked examples: every cell runs over a published file, and says so where there is none."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import small_lake

from warehouse.publish import publish
from warehouse.star import STAR, build

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebook.py"


def run(lake: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, Any]]:
    """What the cells show, one after the other, and the names that they define."""
    monkeypatch.setenv("ARTLAKE_LAKE", str(lake))
    spec = importlib.util.spec_from_file_location("notebook", NOTEBOOK)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    outputs, definitions = module.app.run()
    return "\n".join(str(getattr(shown, "text", "")) for shown in outputs), dict(definitions)


def test_every_example_runs_and_gives_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = small_lake.make(tmp_path / "lake")
    for table in STAR:
        build(lake, table)
    publish(lake, lake.file("published/artlake.duckdb"), {"code": "test"})
    _, told = run(lake.root, monkeypatch)
    for name in ("overview", "counted", "centuries", "artists", "known", "found"):
        assert told[name].num_rows, name
    assert told["counted"]["objects"].to_pylist() == [len(small_lake.ARTWORKS)]
    assert told["overview"]["objects"].to_pylist()[0] == 6
    told["lake"].close()


def test_without_a_published_file_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, told = run(tmp_path, monkeypatch)
    assert "overview" not in told
    assert "Run <code>./artlake demo</code>" in shown and "set ARTLAKE_LAKE" in shown
