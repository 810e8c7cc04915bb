"""Measuring the pixels of proposed pairs: the kernel over pairs of derivatives, and its table.

What belongs here: which alignments are tried, and what is kept of a pair. What the figures mean for a pair
is said in `imaging.duplicates.verdict`.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imaging.duplicates import alignment, structure
from imaging.duplicates.alignment import Alignment
from imaging.duplicates.groups import components
from imaging.duplicates.slices import places
from imaging.duplicates.structure import Agreement
from imaging.duplicates.view import View, inverse, read
from imaging.errors import DecodeError
from imaging.threads import one_thread
from imaging.versions import COMPARE
from storage import map_files
from storage.errors import MendableError

# So much agreement needs no second opinion: verdict's own limits lie far below.
_SURE_LIKENESS, _SURE_WEAKEST = 0.85, 0.70


class DerivativeError(MendableError):
    """A reduced picture is gone, or not the one that was measured."""


MEASURED = pa.schema(
    [
        ("likeness", pa.float32()),  # correlation of gradients after alignment, −1 to 1
        ("weakest", pa.float32()),  # local correlation that nine of ten places exceed
        ("residual", pa.float32()),  # grey levels that a change of colours leaves unexplained
        ("inliers", pa.int16()),  # matched points that agree; null where none were needed
        ("covered_a", pa.float32()),  # share of a that b covers
        ("covered_b", pa.float32()),
        ("outline", pa.float32()),  # contrast along the inner picture's outline in the outer one
        ("angle", pa.float32()),  # degrees by which b is turned to match a (or a's mirror image)
        ("colour_a", pa.float32()),  # spread of colour that lightness does not explain
        ("colour_b", pa.float32()),
        ("flat", pa.bool_()),  # one of the two has too little structure to be recognised by
    ]
)
_RESULT = pa.schema(
    [("pair", pa.string()), ("mirror", pa.bool_()), *MEASURED, ("error", pa.string())]
)
_ASKED = pa.schema(
    [
        ("pair", pa.string()),
        ("one", pa.string()),  # derivatives below the store's root
        ("other", pa.string()),
        ("form", pa.int8()),  # of one
        ("frame", pa.string()),  # parts that are laid over each other first; null: the wholes
        ("free", pa.bool_()),  # whether the mirror image may be tried
    ]
)
_MIRRORED = 4  # among the forms of phash_turned
_UPRIGHT = "whole/whole"
_EMBEDDING = "embedding"


def compare(
    candidates: pa.Table, images: pa.Table, store_root: Path, memo: Path | None
) -> pa.Table:
    """The candidates in their order, with the columns of MEASURED.

    candidates: image_a, image_b, form, and whatever else; images: image_id, derivative (below
    `store_root`), content. memo: folder that keeps comparisons by the two contents, whichever way round;
    None keeps nothing.

    Raises DerivativeError naming a derivative that is gone or not what was measured, ValueError naming a
    picture that is not among `images`.
    """
    one, other = (
        places(images["image_id"], candidates, name, "candidates")
        for name in ("image_a", "image_b")
    )
    rank = pc.rank(images["content"], tiebreaker="dense").to_numpy()
    over = rank[one] > rank[other]  # a pair is kept by the smaller content first
    one, other = np.where(over, other, one), np.where(over, one, other)
    order = _neighbours_together(images.num_rows, one, other)
    proposed = candidates.select(["form", "frame", "proposed_by"]).take(order)
    asked = _asked(proposed, images, one[order], other[order], over[order])
    with tempfile.TemporaryDirectory(prefix="artlake-compare-") as scratch:
        result = map_files(
            Compare(store_root),
            asked,
            memo or Path(scratch),
            key="pair",
            version=COMPARE,
            label="duplicates: compare",
            batch_size=128,
        )
    lost = result.filter(pc.is_valid(result["error"]))
    if lost.num_rows:
        raise DerivativeError(
            f"{lost.num_rows} pairs could not be compared, the first for its reduced picture: "
            f"{lost['error'][0].as_py()}. Remove the folder of the measures' memo (images/memo of a lake, the "
            "cache of a cull) and measure again."
        )
    where = np.empty(len(order), np.int64)
    where[order] = pc.index_in(asked["pair"], value_set=result["pair"].combine_chunks()).to_numpy()
    return _joined(candidates, result.drop_columns(["pair", "error"]).take(where), over)


def _asked(
    candidates: pa.Table, images: pa.Table, one: np.ndarray, other: np.ndarray, over: np.ndarray
) -> pa.Table:
    """_ASKED; one, other: positions among the images; over: `one` is the candidate's b."""
    form = candidates["form"].fill_null(0).to_numpy()
    form = np.where(over, np.array([inverse(it) for it in range(8)], np.int8)[form], form)
    known = candidates["frame"].fill_null(_UPRIGHT).combine_chunks().dictionary_encode()
    names = known.dictionary.to_pylist()
    names += ["/".join(reversed(name.split("/"))) for name in names]
    frames = pa.array([None if name == _UPRIGHT else name for name in names], pa.string())
    frame = frames.take(pa.array(known.indices.to_numpy() + over * len(known.dictionary)))
    frame = pc.if_else(pa.array(form > 0), None, frame)
    # Embeddings do not tell a mirror image from its like, so they propose none.
    embedded = pc.equal(candidates["proposed_by"], _EMBEDDING).combine_chunks()
    free = pc.and_(embedded, pa.array(form == 0))
    ends = pc.binary_join_element_wise(pc.fill_null(frame, ""), pc.if_else(free, "-mirror", ""), "")
    contents, paths = images["content"].combine_chunks(), images["derivative"].combine_chunks()
    pair = pc.binary_join_element_wise(
        contents.take(one), contents.take(other), pa.array(form).cast(pa.string()), ends, "-"
    )
    return pa.table(
        [pair, paths.take(one), paths.take(other), pa.array(form), frame, free], schema=_ASKED
    )


def _neighbours_together(n: int, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """An order of pairs of n pictures in which those of the same few follow each other, and share what is made
    of them.
    """
    return np.lexsort((other, one, components(n, one, other)[0][one]))


def _joined(candidates: pa.Table, found: pa.Table, turned_over: np.ndarray) -> pa.Table:
    """found: what was measured of each candidate, a and b changed round where it is turned over."""
    over = pa.array(turned_over)
    for name in MEASURED.names:
        column = found[name].combine_chunks()
        if name in ("covered_a", "colour_a", "covered_b", "colour_b"):
            opposite = name[:-1] + {"a": "b", "b": "a"}[name[-1]]
            column = pc.if_else(over, found[opposite].combine_chunks(), column)
        elif name == "angle":
            column = pc.if_else(over, pc.negate(column), column)
        candidates = candidates.append_column(MEASURED.field(name), column)
    mirrored = pc.fill_null(found["mirror"].combine_chunks(), False)
    forms = pc.if_else(
        mirrored, pa.scalar(_MIRRORED, pa.int8()), candidates["form"].combine_chunks()
    )
    return candidates.set_column(candidates.column_names.index("form"), "form", forms)


@dataclass(frozen=True)
class Compare:
    """Kernel over pairs, rows of _ASKED."""

    store_root: Path

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One row a pair, in the batch's order. A picture is read once for all its pairs in the batch."""

        # 0.4 MB each, and few batches of neighbours have more. A cache that called itself would outlive its batch:
        # nothing but a rare collection of cycles would free the pictures.
        @lru_cache(maxsize=64)
        def upright(path: str, content: str) -> View:
            return read(self.store_root / path, content)

        @lru_cache(maxsize=64)
        def view(path: str, content: str, form: int) -> View:
            return upright(path, content).turned(form)

        with one_thread():  # a process a core is already at work
            rows = [self._row(row, view) for row in batch.to_pylist()]
        return pa.RecordBatch.from_pylist(rows, schema=_RESULT)

    def _row(self, row: Mapping[str, Any], view: Any) -> dict[str, Any]:
        content, content_other = row["pair"].split("-")[:2]
        one = partial(view, row["one"], content)
        try:
            a, b = one(row["form"]), view(row["other"], content_other, 0)
        except DecodeError as error:
            return {"pair": row["pair"], "error": str(error)}
        mirrored = partial(one, _MIRRORED) if row["free"] else None
        return {"pair": row["pair"], **measured(a, b, row["frame"], mirrored)}


def measured(
    a: View, b: View, frame: str | None = None, mirrored: Callable[[], View] | None = None
) -> dict[str, Any]:
    """The columns of MEASURED for two Views; the best of several alignments counts.

    frame: the parts that proposed the pair, where the overlay starts. mirrored: makes the mirror image of a, which is
    tried by overlay alone where the upright one leaves a doubt; `mirror` says that it was taken. Features
    are asked only where all overlays leave a doubt.
    """
    best = alignment.by_overlay(a, b, frame)
    agreed = structure.agreement(a, b, best)
    if frame is not None and not _is_sure(agreed):
        laid = alignment.by_overlay(a, b)
        found = structure.agreement(a, b, laid)
        if found.likeness > agreed.likeness:
            best, agreed = laid, found
    count, mirror = None, False
    if mirrored is not None and not _is_sure(agreed):
        other_a = mirrored()
        laid = alignment.by_overlay(other_a, b)
        found = structure.agreement(other_a, b, laid)
        if _is_sure(found):
            a, best, agreed, mirror = other_a, laid, found, True
    flat = a.is_flat or b.is_flat
    if not _is_sure(agreed) and not flat:
        best, agreed, count = _by_points(a, b, best, agreed)
    covered_a, covered_b = alignment.covered(best.matrix, a, b)
    return {
        "mirror": mirror,
        "likeness": agreed.likeness,
        "weakest": agreed.weakest,
        "residual": agreed.residual,
        "inliers": count,
        "covered_a": covered_a,
        "covered_b": covered_b,
        "outline": structure.outline(a, b, best),
        "angle": best.angle,
        "colour_a": a.colour_spread,
        "colour_b": b.colour_spread,
        "flat": flat,
    }


def _is_sure(found: Agreement) -> bool:
    return found.likeness >= _SURE_LIKENESS and found.weakest >= _SURE_WEAKEST


def _by_points(
    a: View, b: View, best: Alignment, agreed: Agreement
) -> tuple[Alignment, Agreement, int]:
    """The alignment by features where it is the better one, else the one so far; with its matched points."""
    matches = alignment.matched(a, b)
    count = alignment.inliers(best, matches)
    other = alignment.by_features(a, b, matches)
    if other is None:
        return best, agreed, count
    points, again = alignment.inliers(other, matches), structure.agreement(a, b, other)
    # Points before likeness: the plain parts of two look-alike objects lie well over each other.
    if (points, again.likeness) > (count, agreed.likeness):
        return other, again, points
    return best, agreed, count
