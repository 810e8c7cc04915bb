import os
from pathlib import Path

import pytest

from pipelines.settings import ROOT, SettingsError, load, prepare_home


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("ARTLAKE_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr("pipelines.settings.Settings.model_config", {"env_prefix": "ARTLAKE_"})


def test_relative_folders_are_meant_from_the_root(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARTLAKE_LAKE", "somewhere")
    assert load().lake == ROOT / "somewhere"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("RATE", "1000", "less than or equal to 80"),
        ("RATE", "fast", "valid number"),
        ("LIMIT", "0", "greater than or equal to 1"),
        ("EXECUTOR", "spark", "in_process"),
        ("FOLDER", "/no/such/folder", "there is no folder"),
        ("MUSEUM_URL", "http://example.org", "loopback"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"ARTLAKE_{name}", value)
    with pytest.raises(SettingsError, match=rf"ARTLAKE_{name}={value!r}.*{says}"):
        load()


def test_dagster_home_is_absolute_and_a_deployments_own_file_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ARTLAKE_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("DAGSTER_HOME", "")
    home = prepare_home(load())
    assert home.is_absolute() and os.environ["DAGSTER_HOME"] == str(home)
    config = home / "dagster.yaml"
    assert "telemetry" in config.read_text()
    config.write_text("# mine\n")
    prepare_home(load())
    assert config.read_text() == "# mine\n"
