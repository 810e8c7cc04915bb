"""Pictures of people's own: found below what they name, and made small just as the lake makes its own."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from storage.files import sha256_file

_OF_MEASURE = ["sha256", "derivative_path", "error"]


def files_below(paths: Sequence[Path]) -> Iterator[Path]:
    """The files named, and those pictures below the folders named, each once."""
    from imaging.files.folder import PICTURES
    from imaging.files.walk import walk

    seen: set[Path] = set()
    for path in paths:
        named = path.expanduser()
        inside = [named]
        if named.is_dir():
            inside = [file for file in walk(named).files if file.suffix.lower() in PICTURES]
        for file in inside:
            if file not in seen:
                seen.add(file)
                yield file


def reduced(
    files: Sequence[Path], store: Path
) -> tuple[dict[Path, tuple[str, str]], dict[Path, str]]:
    """File → sha256 and path below `store` of its derivative, as the lake makes it; and file → error."""
    import pyarrow as pa

    from imaging.kernel import Measure
    from storage import map_files

    content, errors = {}, {}
    for file in files:
        try:
            content[file] = sha256_file(file)
        except OSError as error:
            errors[file] = f"missing: {error.strerror}"
    distinct = {sha256: os.fsencode(file.absolute()) for file, sha256 in content.items()}
    columns = {
        "sha256": pa.array(list(distinct), pa.string()),
        "path": pa.array(list(distinct.values()), pa.binary()),
    }
    made = map_files(
        Measure(store),
        pa.table(columns),
        store / "memo",
        key="sha256",
        version="1",
        label="reading",
    )
    found = {row["sha256"]: row for row in made.select(_OF_MEASURE).to_pylist()}
    small = {}
    for file, sha256 in content.items():
        row = found[sha256]
        if row["error"]:
            errors[file] = row["error"]
        else:
            small[file] = (sha256, row["derivative_path"])
    return small, errors
