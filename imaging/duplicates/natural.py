"""How well pairs are judged on natural duplicates: real museum photographs, labelled by eye.

What belongs here: reading the labelled pairs of a samples folder, measuring them by the product's own kernels,
and cross-fitting the limits of `imaging.duplicates.verdict`: chosen on one half, counted on the other.
"""

import csv
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from imaging.duplicates.compare import compare
from imaging.duplicates.evaluation import pictures
from imaging.duplicates.groups import components
from imaging.duplicates.records import RECORDS
from imaging.duplicates.verdict import Limits, agree, judge

LABELS = ("same_work", "different_work")
_GRID = list(
    product(
        np.arange(40, 81, 5) / 100,  # likeness
        (8, 12, 16, 20, 24, 32, 48, 64),  # inliers
        np.arange(75, 96, 5) / 100,  # close
        np.arange(40, 81, 5) / 100,  # weakest
    )
)


def measure(samples: Path, work: Path) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Compared pairs (with `label`), their images, and their records, as `judge` takes them.

    samples: folder with images/natural_pairs.csv and images/manifest.csv. work: an image store and memo, kept
    between runs. Raises FileNotFoundError where the samples hold no such files.
    """
    folder = samples / "images"
    with (folder / "natural_pairs.csv").open(newline="", encoding="utf-8") as lines:
        pairs = [row for row in csv.DictReader(lines) if row["label"] in LABELS]
    files = sorted({row[name] for row in pairs for name in ("file_a", "file_b")})
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        known = {row["file"]: row for row in csv.DictReader(lines) if row["file"] in set(files)}
    images = pictures({file: folder / file for file in files}, work)
    if images.num_rows != len(files):
        raise ValueError(f"{folder}: a picture of the natural pairs does not decode")
    ends = [sorted((row["file_a"], row["file_b"])) for row in pairs]
    candidates = pa.table(
        {
            "image_a": pa.array([a for a, _ in ends], pa.string()),
            "image_b": pa.array([b for _, b in ends], pa.string()),
            "proposed_by": pa.array(["hash"] * len(ends), pa.string()),
            "phash_distance": pa.array([int(row["phash_hamming"]) for row in pairs], pa.int16()),
            "dhash_distance": pa.nulls(len(ends), pa.int16()),
            "frame": pa.nulls(len(ends), pa.string()),
            "form": pa.array([0] * len(ends), pa.int8()),
            "cosine": pa.nulls(len(ends), pa.float32()),
            "label": pa.array([row["label"] for row in pairs], pa.string()),
        }
    )
    compared = compare(candidates, images, work, work / "memo" / "compare")
    return compared, images, _records(files, known)


def _records(files: Sequence[str], known: dict[str, dict[str, str]]) -> pa.Table:
    """What the manifest says of each picture; museums number their objects, the others do not."""

    def record(file: str) -> dict[str, Any]:
        row = known[file]
        number = row["met_object_id"]
        return {
            "image_id": file,
            "artwork_id": f"met:{number}" if number else file,
            "source": "met" if number else row["corpus"],
            "accession_number": row["accession_number"] or None,
            "title": row["title"] or None,
            "artist_text": row["artist"] or None,
            "date_text": row["object_date"] or None,
            "begin_year": int(row["begin_year"]) if row["begin_year"] else None,
            "end_year": int(row["end_year"]) if row["end_year"] else None,
            "classification": row["classification"] or None,
            "medium": row["medium"] or None,
            "position": 0,
        }

    return pa.Table.from_pylist([record(file) for file in files], schema=RECORDS)


def choose(compared: pa.Table) -> Limits:
    """The limits that suit labelled pairs best.

    Of a fixed grid, those that let the fewest different_work through; of these, those that find most
    same_work; of these, the one nearest to the median of them all, limit by limit in shares of its range,
    and of equally near ones the strictest.
    """
    same = np.array(compared["label"].to_pylist()) == "same_work"
    scores = []
    for cell in _GRID:
        found = agree(compared, Limits(*cell))
        scores.append((-int((found & ~same).sum()), int((found & same).sum())))
    top = max(scores)
    best = np.array([cell for cell, score in zip(_GRID, scores, strict=True) if score == top])
    off = np.abs((best - np.median(best, axis=0)) / np.ptp(np.array(_GRID), axis=0)).sum(axis=1)
    likeness, inliers, close, weakest = max(best[off <= off.min() + 1e-9].tolist())
    return Limits(likeness, int(inliers), close, weakest)


def cross_fit(
    compared: pa.Table, images: pa.Table, records: pa.Table | None, seed: int
) -> dict[str, float]:
    """Figures summed over two halves, each judged by the limits chosen on the other.

    No picture is on both sides: connected components of pairs are dealt out by `seed`. Keys: same_work,
    same_work_found (share), different_work, different_work_through (count).
    """
    side = halves(compared, seed)
    same = np.array(compared["label"].to_pylist()) == "same_work"
    confirmed = np.zeros(len(same), dtype=bool)
    for half in (False, True):
        limits = choose(compared.filter(pa.array(side != half)))
        here = compared.filter(pa.array(side == half))
        verdicts = judge(here, images, records, limits=limits)
        confirmed[side == half] = verdicts["confirmed"].to_numpy(zero_copy_only=False)
    return {
        "same_work": int(same.sum()),
        "same_work_found": float(confirmed[same].mean()),
        "different_work": int((~same).sum()),
        "different_work_through": int(confirmed[~same].sum()),
    }


def halves(compared: pa.Table, seed: int) -> np.ndarray:
    """Which half each pair falls to: bool; no picture is in both, and both have look-alikes."""
    names = sorted({*compared["image_a"].to_pylist(), *compared["image_b"].to_pylist()})
    place = {name: number for number, name in enumerate(names)}
    a = np.array([place[name] for name in compared["image_a"].to_pylist()])
    b = np.array([place[name] for name in compared["image_b"].to_pylist()])
    firsts, label = np.unique(components(len(names), a, b)[0], return_inverse=True)
    count = len(firsts)
    # Components of look-alikes and of reproductions are dealt out apart, so that both halves have both.
    odd = np.zeros(count, dtype=bool)
    odd[label[a[np.array(compared["label"].to_pylist()) == "different_work"]]] = True
    dealt = np.zeros(count, dtype=bool)
    shuffle = np.random.default_rng(seed)
    for kind in (odd, ~odd):
        members = shuffle.permutation(np.flatnonzero(kind))
        dealt[members[::2]] = True
    return dealt[label[a]]
