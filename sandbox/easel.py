"""Painting the built-in collection's files once, on all cores, into a cache folder.

Files are complete or absent: each is written beside its place and moved there. A killed start
leaves what it finished, and the next one goes on from there.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from sandbox.collection import CollectionError
from sandbox.works import Work

_BLOCK_PAGE = (
    b"<html><head><title>Request unsuccessful</title></head>"
    b"<body>Request unsuccessful. Incapsula incident</body></html>\n"
)


def cache_folder(cache: Path, seed: int, works: Sequence[Work]) -> Path:
    """Folder of one plan's files: another painter, Pillow, seed or plan is another folder."""
    import PIL

    from sandbox.paint import PAINTER_VERSION

    planned = [(w.number, w.kind, w.picture, w.original, w.how) for w in works]
    key = f"painter{PAINTER_VERSION}/pillow{PIL.__version__}/seed{seed}/{planned}"
    return cache / f"works{len(works)}-seed{seed}-{hashlib.sha256(key.encode()).hexdigest()[:10]}"


def file_of(folder: Path, work: Work) -> Path:
    """Where the file of a work lies."""
    return folder / f"{work.number:05d}.jpg"


def prepare(works: Sequence[Work], seed: int, folder: Path) -> None:
    """Paint what is missing in `folder`, then make the copies and the broken files.

    Raises CollectionError when the folder cannot be written or a painter process dies.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CollectionError(f"cannot keep pictures in {folder}: {error.strerror}") from error
    ready = {path.name for path in folder.glob("*.jpg")}
    wanted = [w for w in works if w.picture in ("painted", "truncated")]
    todo = [w for w in wanted if file_of(folder, w).name not in ready]
    if todo:
        _paint_all(todo, seed, folder)
    for work in works:
        if work.picture in ("copy", "zero", "html") and file_of(folder, work).name not in ready:
            _write(file_of(folder, work), _derived(work, folder))


def _derived(work: Work, folder: Path) -> bytes:
    if work.picture == "copy":
        from sandbox.paint import transform

        return transform((folder / f"{work.original:05d}.jpg").read_bytes(), work.how)
    return b"" if work.picture == "zero" else _BLOCK_PAGE


def _write(path: Path, body: bytes) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(body)
    part.replace(path)


def _paint_all(todo: Sequence[Work], seed: int, folder: Path) -> None:
    from tqdm import tqdm

    jobs = [(w.kind, (seed, w.number), str(file_of(folder, w)), w.picture) for w in todo]
    context = multiprocessing.get_context("spawn")
    taken, finished = context.Value("i", 0), context.Value("i", 0)
    painters = [
        context.Process(target=_paint_some, args=(taken, finished, jobs), daemon=True)
        for _ in range(min(os.cpu_count() or 1, len(jobs), 8))
    ]
    for painter in painters:
        painter.start()
    with tqdm(
        total=len(jobs),
        desc="painting the built-in collection",
        unit="work",
        mininterval=0.5,
        file=sys.stderr,
    ) as bar:
        while any(painter.is_alive() for painter in painters):
            bar.update(finished.value - bar.n)
            time.sleep(0.05)
        bar.update(finished.value - bar.n)
    for painter in painters:
        painter.join()
        if painter.exitcode:
            raise CollectionError(f"a painter process ended with code {painter.exitcode}")


def _paint_some(
    taken: Synchronized[int],
    finished: Synchronized[int],
    jobs: list[tuple[str, tuple[int, int], str, str]],
) -> None:
    """Take jobs off the shared list until none is left or the sandbox that asked is gone."""
    from sandbox.paint import paint

    parent = multiprocessing.parent_process()
    while parent is None or parent.is_alive():
        with taken.get_lock():
            index = taken.value
            taken.value += 1
        if index >= len(jobs):
            return
        kind, seed, path, picture = jobs[index]
        body = paint(kind, seed)
        _write(Path(path), body[: int(len(body) * 0.6)] if picture == "truncated" else body)
        with finished.get_lock():
            finished.value += 1
