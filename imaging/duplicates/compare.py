"""Measuring the pixels of proposed pairs: the kernel over pairs of derivatives, and its table.

What belongs here: which alignments are tried, and what is kept of a pair. What the figures mean for a pair
is said in `imaging.duplicates.verdict`.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from imaging.errors import DecodeError
from imaging.versions import COMPARE
from storage import map_files

# So much agreement needs no second opinion: verdict's own limits lie far below.
_SURE_LIKENESS, _SURE_WEAKEST = 0.85, 0.70

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
_RESULT = pa.schema([("pair", pa.string()), *MEASURED, ("error", pa.string())])


def compare(
    candidates: pa.Table, images: pa.Table, store_root: Path, memo: Path | None
) -> pa.Table:
    """The candidates in their order, with the columns of MEASURED and `error` (null where all went well).

    candidates: image_a, image_b, form, and whatever else; images: image_id, derivative (below
    `store_root`), content. memo: folder that keeps comparisons by the two contents, whichever way round;
    None keeps nothing.

    Raises FileNotFoundError naming a derivative that is not in the store, ValueError naming a picture that
    is not among `images`.
    """
    from imaging.duplicates.alignment import inverse

    contents, paths = _facts(candidates, images)
    forms = candidates["form"].to_pylist()
    turned_over = [a > b for a, b in zip(*contents, strict=True)]
    rows: dict[str, list[Any]] = {"pair": [], "one": [], "other": [], "form": []}
    for a, b, path_a, path_b, form, over in zip(*contents, *paths, forms, turned_over, strict=True):
        known = form or 0
        one, other, form_one = (b, a, inverse(known)) if over else (a, b, known)
        rows["pair"].append(f"{one}-{other}-{form_one}")
        rows["one"].append(path_b if over else path_a)
        rows["other"].append(path_a if over else path_b)
        rows["form"].append(form_one)
    types = {"pair": pa.string(), "one": pa.string(), "other": pa.string(), "form": pa.int8()}
    table = pa.table({name: pa.array(rows[name], kind) for name, kind in types.items()})
    with tempfile.TemporaryDirectory(prefix="artlake-compare-") as scratch:
        result = map_files(
            Compare(store_root),
            table,
            memo or Path(scratch),
            key="pair",
            version=COMPARE,
            label="duplicates: compare",
            batch_size=128,
        )
    lost = result.filter(pc.fill_null(pc.starts_with(result["error"], "missing"), False))
    if lost.num_rows:
        raise FileNotFoundError(lost["error"][0].as_py().removeprefix("missing: "))
    return _joined(candidates, result, table["pair"], pa.array(turned_over, pa.bool_()))


def _facts(candidates: pa.Table, images: pa.Table) -> tuple[list[list[str]], list[list[str]]]:
    """Contents of all a and of all b; paths of all a and of all b."""
    contents, paths = [], []
    for name in ("image_a", "image_b"):
        where = pc.index_in(candidates[name], value_set=images["image_id"].combine_chunks())
        if where.null_count:
            stranger = candidates[name][where.is_null().index(True).as_py()]
            raise ValueError(f"candidates: {name} {stranger} is not among the pictures")
        contents.append(images["content"].take(where).to_pylist())
        paths.append(images["derivative"].take(where).to_pylist())
    return contents, paths


def _joined(
    candidates: pa.Table, result: pa.Table, pairs: pa.ChunkedArray, over: pa.Array
) -> pa.Table:
    where = pc.index_in(pairs, value_set=result["pair"].combine_chunks())
    found = result.take(where)
    for name in MEASURED.names:
        column = found[name].combine_chunks()
        if name in ("covered_a", "colour_a", "covered_b", "colour_b"):
            opposite = name[:-1] + {"a": "b", "b": "a"}[name[-1]]
            column = pc.if_else(over, found[opposite].combine_chunks(), column)
        elif name == "angle":
            column = pc.if_else(over, pc.negate(column), column)
        candidates = candidates.append_column(MEASURED.field(name), column)
    return candidates.append_column("error", found["error"])


@dataclass(frozen=True)
class Compare:
    """Kernel over pairs: `pair`, `one` and `other` (derivatives below `store_root`), `form` of `one`."""

    store_root: Path

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One row a pair, in the batch's order. Pairs come sorted, so a picture is read once for many."""
        import cv2

        from imaging.duplicates.alignment import View

        @lru_cache(maxsize=256)  # a third of a megabyte each
        def view(path: str, form: int) -> View:
            return read(self.store_root / path) if form == 0 else view(path, 0).turned(form)

        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)  # a process a core is already at work
        try:
            rows = [self._row(row, view) for row in batch.to_pylist()]
        finally:
            cv2.setNumThreads(threads)
        return pa.RecordBatch.from_pylist(rows, schema=_RESULT)

    def _row(self, row: Mapping[str, Any], view: Any) -> dict[str, Any]:
        try:
            a, b = view(row["one"], row["form"]), view(row["other"], 0)
        except FileNotFoundError as error:
            return {"pair": row["pair"], "error": f"missing: {error.filename}"}
        except DecodeError as error:
            return {"pair": row["pair"], "error": str(error)}
        return {"pair": row["pair"], **measured(a, b)}


def read(path: Path) -> Any:
    """The View of a derivative. Raises FileNotFoundError, or DecodeError when it is no whole JPEG."""
    import simplejpeg

    from imaging.duplicates.alignment import SIDE, View

    data = path.read_bytes()
    try:
        return View(simplejpeg.decode_jpeg(data, "RGB", min_height=SIDE, min_width=SIDE))
    except ValueError as error:
        raise DecodeError("broken_derivative", f"{path}: {error}") from error


def measured(a: Any, b: Any) -> dict[str, Any]:
    """The columns of MEASURED for two Views; the better of two alignments counts.

    Features are asked only where the overlay leaves a doubt.
    """
    from imaging.duplicates import alignment, structure

    best = alignment.by_overlay(a, b)
    agreed = structure.agreement(a, b, best)
    count = None
    if agreed.likeness < _SURE_LIKENESS or agreed.weakest < _SURE_WEAKEST:
        matches = alignment.matched(a, b)
        other = alignment.by_features(a, b, matches)
        if other is not None:
            again = structure.agreement(a, b, other)
            if (alignment.inliers(other, matches), again.likeness) > (
                alignment.inliers(best, matches),
                agreed.likeness,
            ):
                best, agreed = other, again
        count = alignment.inliers(best, matches)
    covered_a, covered_b = alignment.covered(best.matrix, a, b)
    return {
        "likeness": agreed.likeness,
        "weakest": agreed.weakest,
        "residual": agreed.residual,
        "inliers": count,
        "covered_a": covered_a,
        "covered_b": covered_b,
        "outline": structure.outline(a, b, best),
        "angle": best.angle,
        "colour_a": structure.colour_spread(a),
        "colour_b": structure.colour_spread(b),
        "flat": structure.is_flat(a) or structure.is_flat(b),
    }
