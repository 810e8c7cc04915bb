"""Which folder a training has: another for whatever may end in other weights."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from assets import runs
from models.recipe import Plan
from storage import Lake

ROOT = Path(__file__).resolve().parent.parent


def test_the_code_of_a_training_is_all_of_ours_that_it_loads() -> None:
    told = (
        "import sys, models.trainer.search, models.trainer.__main__\n"
        "from models.recipe import Architecture; from models.networks import build\n"
        "build(Architecture('auto'), {'colour': ('red', 'blue')}, 64)\n"
        "print(*(one.__file__ for one in list(sys.modules.values()) if getattr(one, '__file__', None)), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {Path(line) for line in done.stdout.splitlines()}
    rooms = {ROOT / name for name in ("models", "storage", "imaging")}
    ours = {path for path in loaded if rooms & set(path.parents)}
    assert {ROOT / "models" / f"{name}.py" for name in ("weights", "packaged", "pixels")} <= ours
    assert ours <= set(runs.code())


def test_another_library_or_another_line_of_code_is_another_run_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, plan = Lake.open(tmp_path / "lake", "hand-made"), Plan("colours", ("department",))
    table = pa.table({"artwork_id": ["x:1"], "department": ["Arms"]})
    first = runs.run_folder(lake, plan, table)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "version", lambda name: "0.0" if name == "timm" else "1.0")
        other = runs.run_folder(lake, plan, table)
        patch.setattr(runs, "version", lambda name: "0.0")
        assert len({first, other, runs.run_folder(lake, plan, table)}) == 3
    file = tmp_path / "pixels.py"
    monkeypatch.setattr(runs, "code", lambda: [file])
    file.write_text("SIZE = 1")
    before = runs.run_folder(lake, plan, table)
    file.write_text("SIZE = 2")
    assert before != runs.run_folder(lake, plan, table)
