"""benchmarks._harness: what a report notes beside its figures."""

import importlib.metadata
import json
from pathlib import Path

import pytest

from benchmarks import _harness


@pytest.mark.parametrize("peers", [["numpy"], {"numpy": "0.1", "czkawka": "7"}])
def test_a_report_notes_its_peers_wherever_they_live(tmp_path: Path, monkeypatch, peers) -> None:
    monkeypatch.setattr(_harness, "ROOT", tmp_path)
    monkeypatch.setattr(_harness, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(_harness, "_commit", lambda: "0")
    _harness.report("one", {"ratio": 1.5}, peers=peers)
    told = json.loads((tmp_path / "results" / "one.json").read_text())
    assert told["figures"] == {"ratio": 1.5}
    wanted = peers if isinstance(peers, dict) else {"numpy": importlib.metadata.version("numpy")}
    assert told["peers"] == wanted
