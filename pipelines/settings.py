"""The one place for settings: `ARTLAKE_*` in the environment or in `.env`, checked at start."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from scrapers import MUSEUMS
from storage import Lake
from storage.errors import MendableError

ROOT = Path(__file__).resolve().parent.parent


class SettingsError(MendableError):
    """A setting is wrong; the message names it, its value and what it should be."""


class Settings(BaseSettings):
    """What can be set, with its default; `.env.example` says the same to people."""

    model_config = SettingsConfigDict(
        env_prefix="ARTLAKE_",
        env_file=ROOT / ".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    lake: Path = Field(ROOT / "lake", description="folder of the lake")
    museum_url: str | None = Field(
        None, description="address of a sandbox museum; empty means the real hosts"
    )
    contact: str = Field(
        "", description="e-mail or web address that museums can write to; required for live runs"
    )
    folder: Path | None = Field(None, description="a folder of pictures to take in as a source")
    sources: str = Field(
        "", description="which sources to take in, such as met,folder; empty means all"
    )
    limit: int | None = Field(None, ge=1, description="works a museum at most; empty means all")
    rate: float = Field(1.0, gt=0, le=80, description="requests a second to one live host")
    concurrency: int = Field(8, ge=1, le=64, description="requests at a time to one host")
    listing: Path | None = Field(
        None, description="a CSV or JSON file of works with addresses of pictures, as a source"
    )
    met_csv: str | None = Field(
        None, description="the MET's MetObjects.csv, a path or web address, as a fast seed"
    )
    image_size: Literal["web", "original"] = Field(
        "web", description="pictures of about 1,000 to 2,000 pixels, or as large as there are"
    )
    hashes: str = Field(
        "",
        description="further hashes of each picture: whash, crop, or whash,crop; empty means none",
    )
    max_requests: int = Field(
        200_000, ge=1, description="requests that one run may send at most, to all hosts together"
    )
    max_gb: float = Field(
        100.0, gt=0, description="gigabytes (10^9 bytes) that one run may receive at most"
    )
    keep_snapshots: int = Field(
        20,
        ge=1,
        description="snapshots of each source, and publications, whose tables are kept; older are pruned",
    )
    accept_loss: bool = Field(
        False, description="let a source shrink to less than half of its works, this once"
    )
    executor: Literal["in_process", "multiprocess"] = Field(
        "in_process", description="where steps run; multiprocess costs about a second a step"
    )
    samples: Path | None = Field(None, description="real samples for tests and the demo")

    @field_validator("lake", "folder", "listing", "samples")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        """Relative folders are meant from the project's root, whatever the current folder is."""
        return None if path is None else (ROOT / path.expanduser()).resolve()

    @field_validator("listing")
    @classmethod
    def _is_there(cls, path: Path | None) -> Path | None:
        if path is not None and not path.exists():
            raise ValueError(f"there is no file or folder {path}")
        return path

    @field_validator("folder", "samples")
    @classmethod
    def _exists(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_dir():
            raise ValueError(f"there is no folder {path}")
        return path

    @field_validator("museum_url")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://127.0.0.1:", "http://localhost:")):
            raise ValueError(
                "a sandbox museum is a loopback address, such as http://127.0.0.1:8765"
            )
        return url

    @field_validator("sources")
    @classmethod
    def _known(cls, names: str) -> str:
        strangers = [name for name in _names(names) if name not in MUSEUMS]
        if strangers:
            raise ValueError(f"there is no source {strangers[0]!r}; there are {', '.join(MUSEUMS)}")
        return names

    @field_validator("hashes")
    @classmethod
    def _offered(cls, names: str) -> str:
        strangers = [name for name in _names(names) if name not in ("whash", "crop")]
        if strangers:
            raise ValueError(
                f"there is no hash {strangers[0]!r} to ask for; there are whash and crop"
            )
        return names

    @property
    def further_hashes(self) -> tuple[str, ...]:
        """The hashes asked for beside those that are always made, in alphabetical order."""
        return tuple(sorted(set(_names(self.hashes))))

    @property
    def museums(self) -> tuple[str, ...]:
        """The sources to take in, by name."""
        return _names(self.sources) or tuple(MUSEUMS)

    @property
    def dagster_home(self) -> Path:
        """Runs and versions are kept with the lake they describe."""
        return self.lake / ".dagster"


# What a lake takes in: said once, it holds for every later run of that lake.
_REMEMBERED = ("folder", "hashes", "image_size", "limit", "listing", "met_csv", "sources")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def remember(lake: Lake, settings: Settings) -> None:
    """Keep with the lake what is set now of what it takes in."""
    said = settings.model_dump(mode="json", include=set(_REMEMBERED) & settings.model_fields_set)
    lake.remember(said)


def of_lake(settings: Settings, lake: Lake) -> Settings:
    """The settings, with what the lake remembers where nothing is set now."""
    kept = {name: lake.choices[name] for name in _REMEMBERED if name in lake.choices}
    for name in ("folder", "listing"):
        if kept.get(name):
            kept[name] = Path(kept[name])
    unsaid = {name: value for name, value in kept.items() if name not in settings.model_fields_set}
    return settings.model_copy(update=unsaid)


def load() -> Settings:
    """Read the settings.

    Raises SettingsError naming each wrong setting.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"ARTLAKE_{'_'.join(map(str, fault['loc'])).upper()}={fault['input']!r}: "
            f"{fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        ]
        raise SettingsError(
            "Wrong settings (environment or .env):\n  " + "\n  ".join(lines)
        ) from None


def prepare_home(settings: Settings) -> Path:
    """Make DAGSTER_HOME ready and name it, absolute, in this process's environment.

    A dagster.yaml already there is the deployment's own and stays as it is.
    """
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists():
        config.write_bytes(Path(__file__).with_name("dagster.yaml").read_bytes())
    os.environ["DAGSTER_HOME"] = str(home)
    return home
