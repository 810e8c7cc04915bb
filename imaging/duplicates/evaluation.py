"""How well duplicates are found, counted against a known truth.

What belongs here: the path from files to the table that `find_pairs` takes, and scores of what it found. The
truth is a label a file: files of one label show the same picture. Bases are split in two halves by their names
(`is_unseen`): thresholds are chosen on the one, and figures quoted from the other.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import comb, sqrt
from pathlib import Path

import numpy as np
import pyarrow as pa

from imaging import kernel
from imaging.duplicates.groups import find_groups
from imaging.duplicates.pairs import find_pairs
from imaging.duplicates.variants import ORIGINAL, UNGROUPED, VARIANTS
from imaging.versions import MEASURE
from storage import map_files
from storage.files import sha256_file

_Z = 1.959964  # 95 % of a normal distribution
_RESAMPLES = 1000

BY_KIND = pa.schema(
    [
        ("kind", pa.string()),
        ("files", pa.int32()),
        ("grouped", pa.int32()),  # files in the group of their base
        ("right", pa.float32()),  # share that is where it belongs, with its Wilson interval
        ("low", pa.float32()),
        ("high", pa.float32()),
    ]
)


@dataclass(frozen=True)
class Score:
    """Counts of pairs: rightly found, wrongly found, missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of what was found that is right; 1 where nothing was found."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of what there is that was found; 1 where there is nothing."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where there is nothing and nothing was found."""
        whole = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / whole if whole else 1.0


def pictures(paths: Mapping[str, Path], work: Path, *, workers: int | None = None) -> pa.Table:
    """One row a file that decodes, as `find_pairs` takes them, sorted by image_id.

    paths: image_id to absolute path; work: folder of the derivatives (an image store's root) and the memo.
    Every file counts as an artwork of its own: no record helps.
    """
    names = sorted(paths)
    rows = pa.table(
        {
            "image_id": pa.array(names, pa.string()),
            "source": pa.array(["evaluation"] * len(names), pa.string()),
            "artwork_id": pa.array(names, pa.string()),
            "sha256": pa.array([sha256_file(paths[name]) for name in names], pa.string()),
            "path": pa.array([str(paths[name].resolve()) for name in names], pa.string()),
            "bytes": pa.array([paths[name].stat().st_size for name in names], pa.int64()),
        }
    )
    result = map_files(
        kernel.Measure(work),
        rows.select(["sha256", "path"]),
        work / "memo" / "measures",
        key="sha256",
        version=MEASURE,
        label="evaluation: measure",
        workers=workers,
    )
    return kernel.joined(rows, result)


def find(
    images: pa.Table, work: Path, vectors: pa.Table | None = None
) -> tuple[pa.Table, dict[str, str]]:
    """PAIRS of what `pictures` returned, and the group of each; no record and no person helps."""
    pairs = find_pairs(images, None, work, vectors=vectors, memo=work / "memo" / "compare")
    groups = find_groups(images["image_id"], pairs)
    members, names = groups["image_id"].to_pylist(), groups["group_id"].to_pylist()
    return pairs, dict(zip(members, names, strict=True))


def is_unseen(base: str) -> bool:
    """Whether a base belongs to the half on which nothing is chosen; the same for ever."""
    return hashlib.sha256(base.encode()).digest()[0] % 2 == 1


def truth(files: pa.Table) -> dict[str, str]:
    """The label of each file that `variants.write` returned: its base, or itself where it stands alone."""
    return {
        row["file"]: f"{row['base']} {row['kind']}" if row["kind"] in UNGROUPED else row["base"]
        for row in files.to_pylist()
    }


def pair_score(pairs: Iterable[tuple[str, str]], labels: Mapping[str, str]) -> Score:
    """Score of pairs as they were confirmed, before any chain joins them.

    Files that `labels` does not name count on neither side; nor does the order within a pair.
    """
    told = {frozenset(pair) for pair in pairs if all(name in labels for name in pair)}
    told = {pair for pair in told if len(pair) == 2}
    right = sum(len({labels[name] for name in pair}) == 1 for pair in told)
    there = sum(comb(size, 2) for size in Counter(labels.values()).values())
    return Score(right, len(told) - right, there - right)


def group_score(found: Mapping[str, str], labels: Mapping[str, str]) -> Score:
    """Score of the pairs that stand in one group (pairwise F1 of connected components).

    found: group of each file; a file of `labels` that it does not name stands alone.
    """
    right, wrong, missed = _by_label(found, labels)
    return Score(int(right.sum()), round(float(wrong.sum())), int(missed.sum()))


def group_interval(found: Mapping[str, str], labels: Mapping[str, str]) -> tuple[float, float]:
    """95 % interval of the group F1 by resampling the labels with replacement, seeded.

    Pairs of one base rise and fall together, so bases are drawn and not pairs.
    """
    counts = np.stack(_by_label(found, labels))
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, counts.shape[1], (_RESAMPLES, counts.shape[1]))
    right, wrong, missed = counts[:, drawn].sum(axis=2)
    whole = np.maximum(2 * right + wrong + missed, 1e-9)
    low, high = np.percentile(np.where(whole > 1e-9, 2 * right / whole, 1.0), [2.5, 97.5])
    return float(low), float(high)


def _by_label(
    found: Mapping[str, str], labels: Mapping[str, str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs found, wrongly found (half to either label) and missed, per label in sorted order."""
    names = sorted(set(labels.values()))
    sizes = Counter(labels.values())
    cells = Counter((labels[name], found.get(name, ("alone", name))) for name in labels)
    groups: Counter = Counter()
    for (_, group), count in cells.items():
        groups[group] += count
    right, wrong = Counter[str](), Counter[str]()
    for (label, group), count in cells.items():
        right[label] += comb(count, 2)
        wrong[label] += count * (groups[group] - count)
    missed = [comb(sizes[name], 2) - right[name] for name in names]
    return (
        np.array([right[name] for name in names], dtype=np.float64),
        np.array([wrong[name] / 2 for name in names], dtype=np.float64),
        np.array(missed, dtype=np.float64),
    )


def by_kind(files: pa.Table, found: Mapping[str, str]) -> pa.Table:
    """BY_KIND: of each kind of variant, how many stand where they belong.

    files: file, base, kind, as `variants.write` returns them, originals among them; found: group of each
    file. A kind of `UNGROUPED` belongs outside the group of its base, every other inside.
    """
    home = {
        row["base"]: found.get(row["file"]) for row in files.to_pylist() if row["kind"] == ORIGINAL
    }
    there, joined = Counter[str](), Counter[str]()
    for row in files.to_pylist():
        there[row["kind"]] += 1
        group = found.get(row["file"])
        joined[row["kind"]] += group is not None and group == home.get(row["base"])
    rows = []
    for kind in VARIANTS:
        if there[kind]:
            right = there[kind] - joined[kind] if kind in UNGROUPED else joined[kind]
            low, high = wilson(right, there[kind])
            share = right / there[kind]
            rows.append((kind, there[kind], joined[kind], share, low, high))
    return pa.Table.from_pylist(
        [dict(zip(BY_KIND.names, row, strict=True)) for row in rows], schema=BY_KIND
    )


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927), sound for few trials and for shares near 0 and 1.

    Raises ValueError for no trials, or more hits than trials.
    """
    if not 0 <= hits <= trials or not trials:
        raise ValueError(f"{hits} hits of {trials} trials have no interval")
    share, square = hits / trials, _Z**2
    middle = share + square / (2 * trials)
    reach = _Z * sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    whole = 1 + square / trials
    return max(0.0, (middle - reach) / whole), min(1.0, (middle + reach) / whole)
