"""Any folder of pictures, with a `manifest.csv` beside or above it when somebody has described them.

Each picture is an artwork named by its path in the folder. Nothing in the folder is ever changed.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapers import described, local_pictures, record_files
from scrapers.ledger import Ledger
from scrapers.museum import WHOLE, Catalog, Museum, Noun, Refuse, Site, reject
from scrapers.signatures import media_type

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "manifest.csv"
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".tif", ".tiff", ".webp", ".jpe", ".jfif"})
_NOUN = "pictures"
_LICENCE = "not stated; rights stay with the folder's owner"
_HEAD = 16  # bytes that tell a picture
COLUMNS = ("picture", "url", "sha256", "source_row")


def observe(site: Site, partitions: Sequence[str]) -> dict[str, str]:
    """The version is the sha256 of the listing: path, size and time of change of every file."""
    digest = hashlib.sha256(str(site.net.limit).encode())
    if site.folder is not None:
        found = _manifest(_existing(site.folder))
        for path in [*_walk(_existing(site.folder), lambda *_: None), *([found] if found else [])]:
            name = os.path.relpath(path, site.folder)
            with suppress(OSError):  # gone since it was listed, so it is not there
                digest.update(os.fsencode(f"{name}\0{local_pictures.stamp(path)}\n"))
    return {WHOLE: digest.hexdigest()}


def tables(site: Site, partition: str) -> tuple[dict[str, "pa.Table"], "pa.Table"]:
    """One row a picture, with what the manifest says of it; other files are rejects."""
    from storage import schemas

    refused: list[dict[str, str]] = []
    with Ledger(site.ledger) as ledger:
        rows = _raw(site, ledger, lambda *why: refused.append(reject("raw", "folder", *why)))
        table = described.text_batches(COLUMNS, islice(rows, site.net.limit))
    return {_NOUN: table}, schemas.table(schemas.REJECTS, refused)


def _raw(site: Site, ledger: Ledger, refuse: Refuse) -> Iterator[dict[str, Any]]:
    if site.folder is None:
        return
    about = _descriptions(_existing(site.folder), refuse)
    for path in _walk(site.folder, refuse):
        name = path.relative_to(site.folder).as_posix()
        if path.name == MANIFEST:
            continue
        try:
            if not _is_picture(path):
                detail = f"{path.suffix or 'no suffix'} is no picture artlake reads"
                refuse(name, "not_an_image", detail)
                continue
            real = path.resolve()
            sha256 = local_pictures.sha256(real, ledger)
        except OSError as error:
            refuse(name, "unreadable", str(error.strerror))
            continue
        said = about.get(real, {"source_row": name})
        yield said | {"picture": name, "url": real.as_uri(), "sha256": sha256}


def _is_picture(path: Path) -> bool:
    """Whether the name says so, or else the file's first bytes."""
    if path.suffix.lower() in _SUFFIXES:
        return True
    with path.open("rb") as file:
        return media_type(file.read(_HEAD)) is not None


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder of pictures {folder} does not exist or is no folder.")
    return folder


def _walk(folder: Path, refuse: Refuse) -> Iterator[Path]:
    """Every visible file below `folder`, in a stable order, each real folder once."""

    def closed(error: OSError) -> None:
        refuse(_shown(os.path.relpath(error.filename, folder)), "unreadable", str(error.strerror))

    seen: set[str] = set()
    for here, folders, files in os.walk(folder, followlinks=True, onerror=closed):
        real = os.path.realpath(here)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(here, name)
            if name.startswith("."):
                continue
            inside = path.relative_to(folder).as_posix()
            if _shown(inside) != inside:
                refuse(_shown(inside), "bad_name", "the name is not UTF-8; rename it to take it in")
            elif not os.path.isfile(path):  # noqa: PTH113  # False where Path.is_file raises
                refuse(inside, "unreadable", "a link that leads nowhere, or no regular file")
            else:
                yield path


def _shown(name: str) -> str:
    """The name with bytes that are no UTF-8 written out."""
    return name.encode("utf-8", "backslashreplace").decode()


def _manifest(folder: Path) -> Path | None:
    return next((p for p in (folder / MANIFEST, folder.parent / MANIFEST) if p.is_file()), None)


def _descriptions(folder: Path, refuse: Refuse) -> dict[Path, dict[str, str]]:
    """What the manifest says, by the picture's real path; its `file` is relative to the manifest."""
    path = _manifest(folder)
    if path is None:
        return {}
    names = record_files.names(path)
    if "file" not in names:
        raise ValueError(f"{path} has no column 'file'; it has {', '.join(names)}")
    described_here: dict[Path, dict[str, str]] = {}
    for number, row in record_files.read(path, lambda n, *why: refuse(f"{MANIFEST}#{n}", *why)):
        where = f"{MANIFEST}#{number}"
        name = row.pop("file", None)
        if name is None:
            refuse(where, "bad_row", "file is empty")
            continue
        said = {f"{n}_of_manifest" if n in COLUMNS else n: value for n, value in row.items()}
        described_here[(path.parent / name).resolve()] = said | {"source_row": where}
    return described_here


def catalog(raw: Mapping[str, "pa.Table"]) -> Catalog:
    """Each picture as an artwork of its own."""
    return described.catalog(
        raw[_NOUN],
        source="folder",
        key="picture",
        own=frozenset(COLUMNS),
        licence=_LICENCE,
        links=lambda row: [row["url"]],
    )


MUSEUM = Museum(
    name="folder",
    title="A folder of pictures",
    hosts=frozenset(),
    licence=_LICENCE,
    nouns={_NOUN: Noun(COLUMNS, key="picture")},
    works=_NOUN,
    observe=observe,
    tables=tables,
    catalog=catalog,
    fields=described.fields("folder", "picture", "url"),
    rank=90,
    own_addresses=True,
)
