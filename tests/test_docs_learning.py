"""docs/learning.md: every Python example runs as it stands, one after the other."""

import re
from pathlib import Path

import pytest
from _squares import keep, squares, taught
from PIL import Image

GUIDE = Path(__file__).parents[1] / "docs" / "learning.md"


def test_every_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pictures").mkdir()
    for number, picture in enumerate(squares(6)[0], start=1):
        picture.save(f"pictures/{number:02d}.png")
    keep(taught("gru", "attention"), Path("model"), temperature={"colour": 1.5})
    examples = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) >= 7
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, str(GUIDE), "exec"), names)
    said = capsys.readouterr().out
    assert said.startswith("('green', 'red')")
    assert "No weights for resnet50 come with artlake" in said
    for sheet in ("unsure.png", "why.png"):
        assert Image.open(sheet).format == "PNG"
