"""Versioned folders: a model or an index is a folder named by the content of its files.

`<folder>/<version>/…` is never overwritten; `<folder>/current` names the version in use and is
replaced last, so a killed run leaves the one before in place.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storage.errors import MendableError
from storage.files import write_bytes, write_text

REGISTRY = "registry"  # below a lake: the models of models.registry
_CURRENT = "current"


class MissingVersionError(MendableError):
    """There is no such model or index, or its files are not whole."""


def version_of(files: Mapping[str, bytes]) -> str:
    """The version of those files: 12 hex digits of the sha256 over names and contents."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return digest.hexdigest()[:12]


def write_version(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write the files as a version below `folder`, make it current, and return its path."""
    version = folder / version_of(files)
    for name, data in files.items():
        if not (version / name).exists() or (version / name).read_bytes() != data:
            write_bytes(version / name, data)
    write_text(folder / _CURRENT, version.name + "\n")
    return version


def read_version(folder: Path, names: list[str]) -> dict[str, bytes]:
    """Return those files of a version (`folder` itself, or the current one below it).

    Raises MissingVersionError when there is none, or when a file was changed since it was written.
    """
    pointer = folder / _CURRENT
    version = folder / pointer.read_text().strip() if pointer.exists() else folder
    try:
        files = {name: (version / name).read_bytes() for name in names}
    except OSError as error:
        raise MissingVersionError(
            f"{folder} holds no whole {names[0]}: {error.strerror}. Run the graph first."
        ) from error
    if version_of(files) != version.name:
        raise MissingVersionError(
            f"{version} does not hold what was written there: its content is {version_of(files)}. "
            "Restore the folder, or remove it and run the graph again."
        )
    return files


def to_json(facts: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys: equal facts have equal bytes."""
    return (json.dumps(facts, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()
