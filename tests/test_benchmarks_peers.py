"""The peers' environment and the benchmark's pictures: what is pinned, what is read, what is told."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import _pictures
from benchmarks.peers import env
from imaging.duplicates import variants


def test_every_peer_is_pinned_with_its_hash_and_no_index_is_named() -> None:
    lock = (env.HERE / "requirements.lock").read_text()
    wanted = [
        line for line in (env.HERE / "requirements.in").read_text().splitlines() if line[:1] != "#"
    ]
    for peer in wanted:
        assert re.search(rf"^{peer}==\S+ \\\n    --hash=sha256:", lock, re.MULTILINE), peer
    assert not re.search(r"index-url|find-links|https?://|file:", lock)


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer with the Python that runs the tests: a real one, without the peers."""
    monkeypatch.setattr(env, "python", lambda: Path(sys.executable))


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_a_script_answers_with_its_last_line(no_environment: None, tmp_path: Path) -> None:
    script = tmp_path / "peer.py"
    script.write_text(
        "import json, os, sys\n"
        "print('chatter')\n"
        "print(json.dumps({'words': sys.argv[1:], 'cores': len(os.sched_getaffinity(0)),"
        " 'quiet': os.environ['SENTRY_OPT_OUT']}))\n"
    )
    told = env.ask(script, "a b", Path("c"), cores=1)
    assert told == {"words": ["a b", "c"], "cores": 1, "quiet": "1"}


def test_a_script_that_fails_is_told_with_its_reason(no_environment: None, tmp_path: Path) -> None:
    script = tmp_path / "peer.py"
    script.write_text("raise SystemExit('no weights')\n")
    with pytest.raises(env.PeerError, match=r"peer\.py x: no weights"):
        env.ask(script, "x")


def test_an_environment_of_another_lock_is_made_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[Path] = []
    ready = tmp_path / ".ready"
    monkeypatch.setattr(env, "_READY", ready)
    monkeypatch.setattr(env, "_make", made.append)
    env.python()
    ready.write_text(json.dumps({"lock": "another", "left out": {}}))
    env.python()
    ready.write_text(json.dumps({"lock": env._digest(), "left out": {}}))
    env.python()
    assert len(made) == 2


def test_bases_of_a_folder_are_its_pictures(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.jpg", "deep/a.PNG", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert _pictures.bases(tmp_path, 5) == [tmp_path / "b.jpg", tmp_path / "deep" / "a.PNG"]
    with pytest.raises(FileNotFoundError, match="holds no picture"):
        _pictures.bases(tmp_path / "nothing", 5)


def test_photographs_are_of_different_works(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import csv
    import hashlib

    monkeypatch.setenv("ARTLAKE_SAMPLES", str(samples))
    found = _pictures.photographs(100)
    with (samples / "images" / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    works = {row["original_sha256"]: row["dup_group"] for row in rows}
    works |= {row["sha256"]: row["dup_group"] for row in rows}
    groups = [works[hashlib.sha256(path.read_bytes()).hexdigest()] for path in found]
    assert len(found) > 150 and len(set(groups)) == len(groups)
    assert found == _pictures.photographs(100)


def test_paintings_are_the_same_every_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = tmp_path / "0000.jpg"
    _pictures._paint(0, first)
    with Image.open(first) as image:
        assert max(image.size) == _pictures.LONGEST
    again = tmp_path / "again.jpg"
    _pictures._paint(0, again)
    assert again.read_bytes() == first.read_bytes()


def test_edits_that_leave_the_size_asked_for_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_pictures, "CACHE", tmp_path)
    Image.new("RGB", (1080, 700), "teal").save(tmp_path / "0000.jpg")
    kinds = {file.stem.split("-", 1)[1] for file in _pictures.edited([tmp_path / "0000.jpg"])}
    assert set(variants.EDITS) - kinds == {"resize_50", "resize_25", "crop_10"}
    assert variants.ORIGINAL in kinds
