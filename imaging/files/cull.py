"""Culling a folder: its groups of duplicates, the picture of each to keep, and the moves that would follow.

What belongs here: putting together what `imaging.duplicates` finds, for a folder without a museum. Nothing is
moved here: `imaging.files.plan` does that, and undoes it.
"""

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imaging.decode import decode
from imaging.duplicates.decisions import latest
from imaging.duplicates.groups import find_groups
from imaging.duplicates.hamming import pairs_within
from imaging.duplicates.keepers import rank_keepers
from imaging.duplicates.pairs import find_pairs, follow
from imaging.duplicates.similar import similar_sets
from imaging.errors import DecodeError
from imaging.files import companions
from imaging.files.bursts import find_bursts
from imaging.files.flaws import find_flaws
from imaging.files.folder import Entry, Folder
from imaging.files.plan import Move
from storage import map_files
from storage.files import printable
from storage.schemas import PAIRS, SIMILAR_SETS

TIERS = ("exact", "perceptual", "embeddings")
REVIEW = "_review_dupes"
_PIXELS_VERSION = "pixels-1"
_NEAR = 4  # bits of pHash by which two ways to scale down the same pixels may differ


@dataclass(frozen=True)
class _Leave:
    """Why a picture would go, and the image_id of the one that stays in its stead."""

    stays: str
    why: str


@dataclass(frozen=True)
class Culled:
    """What was found: PAIRS, GROUPS, KEEPERS, SIMILAR_SETS, BURSTS and FLAWS, by image_id, and the moves.

    moves: image_id of each picture that would go, with the moves of its files, the picture's own first.
    """

    pairs: pa.Table
    groups: pa.Table
    keepers: pa.Table
    similar: pa.Table
    bursts: pa.Table
    flaws: pa.Table
    moves: dict[str, list[Move]]

    def steps(self) -> list[Move]:
        """All moves in order of image_id."""
        return [move for image in sorted(self.moves) for move in self.moves[image]]


def cull(
    folder: Folder,
    root: Path,
    cache: Path,
    *,
    tier: str,
    policy: str,
    decisions: pa.Table,
    vectors: pa.Table | None,
    burst_gap: float,
    move_bursts: bool,
) -> Culled:
    """Judge a measured folder.

    decisions: DECISIONS whose pictures are named by sha256, so that they hold wherever a file goes.
    vectors: sha256 and vector of each picture, for tier "embeddings". References always stay.
    """
    images = folder.images
    references = frozenset(it.image_id for it in folder.entries.values() if it.is_reference)
    decided = _of_pictures(decisions, images, references)
    if tier == "exact":
        pairs = _exact_pairs(folder, cache, decided)
    else:
        pairs = find_pairs(images, decided, cache, vectors=vectors, memo=cache / "compared")
    groups = find_groups(images["image_id"].to_pylist(), pairs)
    order = sorted(set(images["source"].to_pylist())) if policy == "first_source" else ()
    keepers = rank_keepers(
        groups, images, decided, policy=policy, sources_order=order, references=references
    )
    going = keepers.filter(pc.invert(keepers["is_keeper"]))
    staying = images.filter(
        pc.invert(pc.is_in(images["image_id"], value_set=going["image_id"].combine_chunks()))
    )
    bursts = find_bursts(staying, burst_gap)
    similar = SIMILAR_SETS.empty_table()
    if vectors is not None:
        similar = similar_sets(images, vectors, pairs)
    leaving = _leaving(keepers, bursts if move_bursts else bursts.slice(0, 0), folder.entries, root)
    moves = _moves({it: leaving[it] for it in leaving if it not in references}, folder, root)
    flaws = find_flaws(images, folder.rejects)
    return Culled(pairs, groups, keepers, similar, bursts, flaws, moves)


def _of_pictures(decisions: pa.Table, images: pa.Table, references: Collection[str]) -> pa.Table:
    """Decisions about contents as decisions about pictures: one picture stands for all of its content.

    Files of equal bytes are joined by that alone, so what holds for one of them holds for its group.
    """
    standing: dict[str, str] = {}
    for image, sha256 in zip(
        images["image_id"].to_pylist(), images["sha256"].to_pylist(), strict=True
    ):
        if sha256 not in standing or (image in references and standing[sha256] not in references):
            standing[sha256] = image
    rows = [
        {**row, "image_a": standing[row["image_a"]], "image_b": standing[row["image_b"]]}
        for row in decisions.to_pylist()
        if row["image_a"] in standing and row["image_b"] in standing
    ]
    return pa.Table.from_pylist(rows, schema=decisions.schema)


def _exact_pairs(folder: Folder, cache: Path, decided: pa.Table) -> pa.Table:
    """PAIRS of pictures whose bytes, or else whose pixels at full size, are equal."""
    images = folder.images
    pixels = _pixels(folder, cache)
    rows = []
    first_file: dict[str, str] = {}
    first_picture: dict[str, str] = {}
    for image, sha256 in zip(
        images["image_id"].to_pylist(), images["sha256"].to_pylist(), strict=True
    ):
        same_file = first_file.setdefault(sha256, image)
        same_pixels = first_picture.setdefault(pixels.get(sha256, sha256), image)
        if same_file != image:
            evidence = f"the files are equal byte for byte (sha256 {sha256[:12]}…)"
            rows.append(_pair(same_file, image, "same_file", "file", evidence))
        elif same_pixels != image:
            evidence = "every pixel is equal; the files differ in form or in what they say"
            rows.append(_pair(same_pixels, image, "same_image", "derivative", evidence))
    pairs = pa.Table.from_pylist(rows, schema=PAIRS)
    return follow(pairs, latest(decided), images)


def _pair(a: str, b: str, kind: str, proposed_by: str, evidence: str) -> dict[str, object]:
    return {
        "image_a": a,
        "image_b": b,
        "kind": kind,
        "confirmed": True,
        "proposed_by": proposed_by,
        "evidence": evidence,
    }


def _pixels(folder: Folder, cache: Path) -> dict[str, str]:
    """Hash of the pixels of each content that another could equal, by sha256."""
    paths: dict[str, bytes] = {}
    alike: dict[tuple[int, int, int], list[str]] = {}
    columns = ("image_id", "sha256", "phash", "width", "height")
    for image, sha256, *look in zip(
        *(folder.images[name].to_pylist() for name in columns), strict=True
    ):
        if sha256 not in paths:
            paths[sha256] = os.fsencode(folder.entries[image].path)
            alike.setdefault((look[0], look[1], look[2]), []).append(sha256)
    looks = list(alike)
    left, right, _ = pairs_within(np.array([look[0] for look in looks], np.uint64), _NEAR)
    wanted = {look for look in looks if len(alike[look]) > 1}
    for i, j in zip(left.tolist(), right.tolist(), strict=True):
        if looks[i][1:] == looks[j][1:]:
            wanted |= {looks[i], looks[j]}
    chosen = sorted(sha256 for look in wanted for sha256 in alike[look])
    files = pa.array([paths[sha256] for sha256 in chosen], pa.binary())
    rows = pa.table({"sha256": pa.array(chosen, pa.string()), "path": files})
    made = map_files(
        _pixel_hashes,
        rows,
        cache / "pixels",
        key="sha256",
        version=_PIXELS_VERSION,
        label="comparing pixels",
        batch_size=16,
    )
    good = made.filter(pc.is_null(made["error"]))
    return dict(zip(good["sha256"].to_pylist(), good["pixels"].to_pylist(), strict=True))


def _pixel_hashes(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Kernel: `sha256` and `path` in; `sha256`, `pixels` (of the picture as seen) and `error` out."""
    rows: list[tuple[str | None, str | None]] = []
    for name in batch["path"].to_pylist():
        try:
            picture = decode(Path(os.fsdecode(name)))
        except DecodeError as error:
            rows.append((None, str(error)))
            continue
        height, width = picture.rgb.shape[:2]
        if (width, height) != (picture.width, picture.height):
            rows.append((None, "reduced: too large to be compared pixel by pixel"))
            continue
        size = f"{width}×{height}:".encode()
        rows.append((hashlib.sha256(size + picture.rgb.tobytes()).hexdigest(), None))
    pixels = pa.array([it[0] for it in rows], pa.string())
    errors = pa.array([it[1] for it in rows], pa.string())
    return pa.RecordBatch.from_arrays(
        [batch["sha256"], pixels, errors], names=["sha256", "pixels", "error"]
    )


def _leaving(
    keepers: pa.Table, bursts: pa.Table, entries: Mapping[str, Entry], root: Path
) -> dict[str, _Leave]:
    """What would go and why: all of a group but its keepers, and all of `bursts` but the best frames."""
    leaving: dict[str, _Leave] = {}
    frames = bursts.to_pylist()
    best = {row["burst_id"]: row["image_id"] for row in frames if row["is_best"]}
    for row in frames:
        if not row["is_best"]:
            leaving[row["image_id"]] = _Leave(best[row["burst_id"]], f"burst: {row['reason']}")
    order = [("group_id", "ascending"), ("rank", "ascending")]
    keeper: dict[str, str] = {}
    rows = keepers.sort_by(order).to_pylist()
    for row in rows:
        if row["is_keeper"]:
            keeper.setdefault(row["group_id"], row["image_id"])
    for row in rows:
        if not row["is_keeper"]:
            kept = keeper[row["group_id"]]
            path = entries[kept].path
            shown = printable(path.relative_to(root) if path.is_relative_to(root) else path)
            # A keeper that leaves as a frame of a burst leaves the best frame behind.
            stays = leaving[kept].stays if kept in leaving else kept
            leaving[row["image_id"]] = _Leave(stays, f"duplicate of {shown}: {row['reason']}")
    return leaving


def _moves(leaving: Mapping[str, _Leave], folder: Folder, root: Path) -> dict[str, list[Move]]:
    """Where the files of each picture would go: the same place below `_review_dupes`, its name free."""
    taken: set[str] = set()
    moves = {}
    for image in sorted(leaving):
        entry, leave = folder.entries[image], leaving[image]
        bundle = companions.Bundle(entry.path, entry.others)
        sources = [_below(it, root) for it in (entry.path, *entry.others)]
        targets = companions.free_names(
            bundle,
            f"{REVIEW}/{sources[0]}",
            lambda name: name in taken or os.path.lexists(root / name),
        )
        taken.update(targets)
        keeper = folder.entries[leave.stays].path
        needs = _below(keeper, root) if keeper.is_relative_to(root) else ""
        moves[image] = [
            Move(source, target, leave.why, bundle=sources[0], needs=needs)
            for source, target in zip(sources, targets, strict=True)
        ]
    return moves


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def moved_bytes(moves: Iterable[Move], root: Path) -> int:
    """The bytes of the files that would move, as they are now."""
    return sum((root / it.source).stat().st_size for it in moves if (root / it.source).exists())
