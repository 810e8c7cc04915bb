"""A list of works with addresses of pictures: CSV, TSV, JSON, JSON lines, or ArtGAN's lists of WikiArt.

Addresses are on the web, or files beside the list or in the folder of pictures, and nowhere else.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapers import artgan, described, local_pictures, record_files
from scrapers.ledger import Ledger
from scrapers.museum import WHOLE, Catalog, Museum, Noun, Refuse, Site, reject

if TYPE_CHECKING:
    import pyarrow as pa

_NOUN = "works"
_LICENCE = "not stated; rights stay with the list's owner"
COLUMNS = ("record", "picture_addresses", "picture_sha256", "source_row")
# Columns that name the work and its pictures, as `described.term` writes them; the first there counts.
_IDS = ("id", "object_id", "artwork_id", "work_id", "record_id", "identifier", "uuid")
_PICTURES = (
    "image_url", "image_urls", "primary_image", "images", "image", "picture_url", "pictures",
    "picture", "photo_url", "photo", "img_url", "img", "file", "file_name", "filename",
    "image_file", "image_path", "path", "url",
)  # fmt: skip
_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+):", re.IGNORECASE)
_ONE_BY_ONE = 20  # files that are missing and told one by one; the others are only counted
_MOST = 1_000  # pictures of one work


@dataclass
class _Reader:
    """One reading of the list: its rows, and what is wrong with them told to `refuse`."""

    site: Site
    path: Path
    refuse: Refuse
    lost: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[dict[str, str], list[str | Path]]]:
        """Each work, under the list's own names, and its pictures."""
        column, roots = _first(_names(self.path), _PICTURES), self._roots()
        for row in self._works():
            yield row, self._pictures(row, row.get(column or "", ""), roots)

    def tell_lost(self) -> None:
        """Refuse the files that are missing, all at once where they are many."""
        if len(self.lost) > _ONE_BY_ONE:
            detail = (
                f"{len(self.lost):,} files are neither beside the list nor in the folder of pictures; "
                f"beyond the first {_ONE_BY_ONE} they are not told one by one. Their works come in "
                "without a picture"
            )
            self.refuse(self.path.name, "no_file", detail)

    def _works(self) -> Iterator[dict[str, str]]:
        if self.path.is_dir():
            yield from artgan.works(self.path, self.refuse)
            return
        name = self.path.name
        found = record_files.read(self.path, lambda n, *why: self.refuse(f"{name}#{n}", *why))
        for number, row in found:
            said = {f"{n}_of_list" if n in COLUMNS else n: value for n, value in row.items()}
            yield said | {"source_row": f"{name}#{number}"}

    def _roots(self) -> list[Path]:
        """Where the list's pictures may lie."""
        beside = self.path if self.path.is_dir() else self.path.parent
        return [path.resolve() for path in (beside, self.site.folder) if path is not None]

    def _pictures(
        self, row: Mapping[str, str], cell: str, roots: Sequence[Path]
    ) -> list[str | Path]:
        """The web addresses and files that a cell names, those that cannot be used refused."""
        where = row["source_row"]
        names = [name.strip() for name in cell.split("|") if name.strip()]
        if len(names) > _MOST:
            detail = f"{len(names):,} pictures of one work; the first {_MOST:,} are taken"
            self.refuse(where, "too_many", detail)
        found: list[str | Path] = []
        for name in dict.fromkeys(names[:_MOST]):
            scheme = _ADDRESS.match(name)
            if scheme and len(scheme["scheme"]) > 1:
                if _is_web(name):
                    found.append(name)
                else:
                    self.refuse(where, "bad_address", f"{name[:200]} is no web address")
                continue
            try:
                path = local_pictures.find(name, roots)
            except local_pictures.OutsideError as error:
                self.refuse(where, "outside", str(error))
                continue
            if path is not None:
                found.append(path)
                continue
            self.lost.append(name)
            if len(self.lost) <= _ONE_BY_ONE:
                self.refuse(
                    where, "no_file", f"{name} is neither beside the list nor in the folder"
                )
        return found


def _names(path: Path) -> list[str]:
    """The columns of the list. Raises ValueError when artlake knows none of them."""
    if path.is_dir():
        return ["id", "file"]
    names = record_files.names(path)
    known = {*_PICTURES, *(name for terms in described.TERMS.values() for name in terms)}
    if names and not known & set(map(described.term, names)):
        raise ValueError(
            f"{path} has no column artlake knows; it has {', '.join(names[:20])}. Name its columns "
            "title, artist, date, image_url and the like"
        )
    return names


def names_the_web(path: Path) -> bool:
    """Whether a row of the list has a web address as its picture, so that a host will be asked.

    Raises ValueError as reading the list does.
    """
    column = _first(_names(path), _PICTURES)
    if path.is_dir() or column is None:
        return False
    return any("://" in row.get(column, "") for _, row in record_files.read(path, lambda *_: None))


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _first(names: Iterable[str], wanted: Sequence[str]) -> str | None:
    """The name that stands for the first of the wanted terms that is there."""
    by_term = {described.term(name): name for name in reversed(list(names))}
    return next((by_term[term] for term in wanted if term in by_term), None)


def _files(path: Path) -> list[Path]:
    """The files the list consists of."""
    found = artgan.files(path) if path.is_dir() else [path]
    if not found:
        raise ValueError(
            f"{path} is a folder without ArtGAN's lists (style_train.csv, style_class.txt and the "
            "like). Name a CSV or JSON file of works, or give a folder of pictures with --folder"
        )
    return found


def observe(site: Site, partitions: Sequence[str]) -> dict[str, str]:
    """The version is the sha256 of size and time of change of the list and of each file it names."""
    digest = hashlib.sha256(str(site.net.limit).encode())
    if site.listing is not None:
        for path in _files(site.listing):
            digest.update(f"{path.name}\0{local_pictures.stamp(path)}\n".encode())
        for _, pictures in _Reader(site, site.listing, lambda *_: None).rows():
            for picture in pictures:
                if isinstance(picture, Path):
                    digest.update(f"{picture}\0{local_pictures.stamp(picture)}\n".encode())
    return {WHOLE: digest.hexdigest()}


def tables(site: Site, partition: str) -> tuple[dict[str, "pa.Table"], "pa.Table"]:
    """One row a work, under the list's own names, with the pictures that can be had."""
    from storage import schemas

    refused: list[dict[str, str]] = []
    with Ledger(site.ledger) as ledger:
        rows = _raw(site, ledger, lambda *why: refused.append(reject("raw", "listing", *why)))
        table = described.text_batches(COLUMNS, rows)
    return {_NOUN: table}, schemas.table(schemas.REJECTS, refused)


def _raw(site: Site, ledger: Ledger, refuse: Refuse) -> Iterator[dict[str, Any]]:
    if site.listing is None:
        return
    _files(site.listing)
    reader = _Reader(site, site.listing, refuse)
    for row, pictures in islice(reader.rows(), site.net.limit):
        addresses, hashes = [], []
        for picture in pictures:
            try:
                hashes.append(
                    local_pictures.sha256(picture, ledger) if isinstance(picture, Path) else ""
                )
            except OSError as error:
                refuse(row["source_row"], "unreadable", f"{picture}: {error.strerror}")
                continue
            addresses.append(picture.as_uri() if isinstance(picture, Path) else picture)
        yield row | {
            "record": row.get(_first(row, _IDS) or "") or _content(row),
            "picture_addresses": "|".join(addresses) or None,
            "picture_sha256": "|".join(hashes).strip("|") or None,
        }
    reader.tell_lost()


def _content(row: Mapping[str, str]) -> str:
    """A name for a work out of what is said of it, wherever its row stands."""
    said = {name: value for name, value in row.items() if name != "source_row"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def catalog(raw: Mapping[str, "pa.Table"]) -> Catalog:
    """Each work in the contract of the lake."""
    names = raw[_NOUN].column_names
    used = {_first(names, _PICTURES), _first(names, _IDS)} - {None}
    return described.catalog(
        raw[_NOUN],
        source="listing",
        key="record",
        own=frozenset({*COLUMNS, *map(str, used)}),
        licence=_LICENCE,
        links=lambda row: (
            (row["picture_addresses"] or "").split("|") if row["picture_addresses"] else []
        ),
    )


MUSEUM = Museum(
    name="listing",
    title="A list of works",
    hosts=frozenset(),
    licence=_LICENCE,
    nouns={_NOUN: Noun(COLUMNS, key="record")},
    works=_NOUN,
    observe=observe,
    tables=tables,
    catalog=catalog,
    fields=described.fields("listing", "record", "picture_addresses"),
    rank=80,
    own_addresses=True,
)
