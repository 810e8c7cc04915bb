"""What the measurements of a pair mean: the same file, image or work, a variant, or two different works.

What belongs here: every limit with where it comes from, the rules, and the sentence of evidence. Pixels speak
first; records then part what a museum knows to be two objects, and name how variants relate.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imaging.duplicates import records as catalogue
from imaging.duplicates.slices import places, slices
from storage.schemas import PAIRS
from storage.schemas import table as as_table

SAME_FILE, SAME_IMAGE, SAME_WORK = "same_file", "same_image", "same_work"
VARIANT, DIFFERENT_WORK = "variant", "different_work"
GREY_OF_COLOUR, DETAIL, FRAMED = "grey_of_colour", "detail", "framed"
MIRRORED, TURNED = "mirrored", "turned"

Row = Mapping[str, Any]


class Limits(NamedTuple):
    """Two pictures agree at `likeness` with so many `inliers`, or `close` with so good a `weakest` place."""

    likeness: float
    inliers: int
    close: float
    weakest: float


# Chosen by `imaging.duplicates.natural.choose` on all 276 natural pairs, of which they confirm all 253 of one
# work and none of the 23 look-alikes. That is no measure of them: chosen on one half and counted on the other,
# over eight ways to halve, they find 0.988 to 1 of same_work and let 1 of 23 through (`cross_fit`).
LIMITS = Limits(0.65, 20, 0.90, 0.60)
# One photograph, re-encoded, resized or toned, against two of one work. Read off generated variants of 38
# pictures, of whose edits nearly nine tenths keep within both; no labelled pairs are there to check it on.
_COPY_LIKENESS, _COPY_RESIDUAL = 0.85, 6.0
# Colour that lightness does not explain, in CIELAB's units: grey files, and sepia, lie below the first.
_GREY, _COLOUR = 1.2, 3.0
# Less than half of a picture is a detail of it; generated crops of a tenth keep 0.80, framed pictures 0.60.
_DETAIL = 0.5
# Uncovered shares that count as a frame or border, and how strong its inner edge must be. Generated crops stay
# below 1.4 and details below 1.8; frames and borders have medians of 1.4 to 2, so some are not told: a white border round a white
# ground has no edge.
_WHOLE, _OUTLINE = 0.93, 1.8
_TURN = 45.0  # degrees: beyond this somebody turned it, below it was laid askew


def agree(compared: pa.Table, limits: Limits | None = None) -> np.ndarray:
    """Whether the pixels of each pair agree: bool, in the order of the rows."""
    wanted = limits or LIMITS
    likeness, weakest = (_numbers(compared[name], -1.0) for name in ("likeness", "weakest"))
    # Points were counted only where the overlay left a doubt.
    inliers = _numbers(compared["inliers"], np.inf)
    flat = compared["flat"].combine_chunks().fill_null(True).to_numpy(zero_copy_only=False)
    by_points = (likeness >= wanted.likeness) & (inliers >= wanted.inliers)
    by_places = (likeness >= wanted.close) & (weakest >= wanted.weakest)
    return ~flat & (by_points | by_places)


def judge(
    compared: pa.Table,
    images: pa.Table,
    records: pa.Table | None,
    *,
    limits: Limits | None = None,
) -> pa.Table:
    """PAIRS of compared pairs, before people's decisions.

    compared: what `imaging.duplicates.compare` made of candidates. images: image_id, sha256, content.
    records: catalogue.RECORDS, or None where nothing is known but pixels. limits: LIMITS where None.

    Raises ValueError naming a picture that is not among `images`.
    """
    facts, made = images.select(["sha256", "content"]), [PAIRS.empty_table()]
    for side in "ab":
        at = places(images["image_id"], compared, f"image_{side}", "compared pairs")
        compared = compared.append_column(f"picture_{side}", pa.array(at))
        if records is not None:
            ids = records["image_id"].combine_chunks()
            at = pc.index_in(compared[f"image_{side}"], value_set=ids)
            compared = compared.append_column(f"record_{side}", at)
    for part in slices(compared):
        pictures = [facts.take(part[f"picture_{side}"]).to_pylist() for side in "ab"]
        known: list[list[Row | None]] = [[None] * part.num_rows] * 2
        if records is not None:
            known = [_rows_at(records, part[f"record_{side}"]) for side in "ab"]
        made.append(_pairs(part, pictures, known, limits or LIMITS))
    return pa.concat_tables(made)


def _rows_at(table: pa.Table, at: pa.ChunkedArray) -> list[Row | None]:
    """The rows at those positions; None where there is no position."""
    there = at.is_valid().to_pylist()
    return [
        row if known else None for row, known in zip(table.take(at).to_pylist(), there, strict=True)
    ]


def _pairs(
    compared: pa.Table,
    pictures: Sequence[Sequence[Row]],
    known: Sequence[Sequence[Row | None]],
    limits: Limits,
) -> pa.Table:
    """PAIRS of a few compared pairs; pictures, known: facts and records of all a, and of all b."""
    found = agree(compared, limits).tolist()
    rows = []
    for row, same, a, b, of_a, of_b in zip(
        compared.to_pylist(), found, *pictures, *known, strict=True
    ):
        kind, relation, evidence = _judged(row, a, b, same, limits)
        if kind != SAME_FILE and of_a and of_b:
            said = _by_records(kind, of_a, of_b)
            if said:
                kind, relation, evidence = said[0], said[1] or relation, f"{evidence}; {said[2]}"
        if kind == DIFFERENT_WORK:
            relation = None
        rows.append(
            {
                **{name: row.get(name) for name in PAIRS.names},
                "kind": kind,
                "relation": relation,
                "confirmed": kind in (SAME_FILE, SAME_IMAGE, SAME_WORK),
                "evidence": evidence,
            }
        )
    return as_table(PAIRS, rows)


def _judged(row: Row, a: Row, b: Row, same: bool, limits: Limits) -> tuple[str, str | None, str]:
    """Kind, relation and evidence by files and pixels alone."""
    if a["sha256"] == b["sha256"]:
        return SAME_FILE, None, f"the files are equal byte for byte (sha256 {a['sha256'][:12]}…)"
    if row["flat"]:
        return DIFFERENT_WORK, None, _hashes(row) + "one is too flat to be recognised"
    if a["content"] == b["content"]:
        return SAME_IMAGE, None, "their reduced pictures are equal byte for byte"
    if not same:
        return DIFFERENT_WORK, None, _hashes(row) + _refused(row, limits)
    relation, remark = _relation(row)
    copied = row["likeness"] >= _COPY_LIKENESS and row["residual"] <= _COPY_RESIDUAL
    kind = SAME_IMAGE if copied else SAME_WORK
    if _share(row) < _DETAIL and not _is_framed(row):
        kind = VARIANT
    remarks = [remark] if remark else []
    if not copied:
        remarks.append(
            f"tones differ by {row['residual']:.0f} grey levels beyond a change of colour"
        )
    return kind, relation, "; ".join([_hashes(row) + _agreed(row), *remarks])


def _relation(row: Row) -> tuple[str | None, str | None]:
    """How two agreeing pictures differ, the most telling first, with a remark."""
    form = row["form"] or 0
    if form >= 4:
        return MIRRORED, "one is the mirror image of the other"
    if form or abs(row["angle"]) > _TURN:
        return TURNED, "one is turned on its side or head"
    if _is_grey_of_colour(row):
        return GREY_OF_COLOUR, "one is grey, the other in colour"
    if _is_framed(row):
        return FRAMED, "one shows a frame, border or ground around the other"
    if _share(row) < _DETAIL:
        return DETAIL, f"one shows {_share(row):.0%} of the other"
    return None, None


def _share(row: Row) -> float:
    """The share of the fuller picture that the other shows."""
    return min(row["covered_a"], row["covered_b"])


def _is_framed(row: Row) -> bool:
    # A border of one colour was found by itself, however faint its inner edge.
    bordered = "trimmed" in (row["frame"] or "").split("/")
    return _share(row) < _WHOLE and (bordered or row["outline"] >= _OUTLINE)


def _is_grey_of_colour(row: Row) -> bool:
    colours = row["colour_a"], row["colour_b"]
    return min(colours) <= _GREY and max(colours) >= _COLOUR


def _by_records(kind: str, a: Row, b: Row) -> tuple[str, str | None, str] | None:
    """Kind, relation and reason where the records change or name it; None where they add nothing."""
    related = catalogue.relation(a, b)
    if kind == SAME_WORK and catalogue.two_objects(a, b):
        numbers = (
            f"{a['source']} numbers them apart ({a['accession_number']}, {b['accession_number']})"
        )
        if related:
            return VARIANT, related[0], f"{numbers}; {related[1]}"
        return DIFFERENT_WORK, None, numbers
    if kind == SAME_IMAGE and catalogue.two_objects(a, b):
        return kind, None, f"one photograph, though {a['source']} numbers its objects apart"
    if kind == DIFFERENT_WORK and related:
        return VARIANT, related[0], related[1]
    return None


def _hashes(row: Row) -> str:
    if row["phash_distance"] is None or row["dhash_distance"] is None:
        return ""
    return (
        f"pHash {row['phash_distance']} of 64 and dHash {row['dhash_distance']} of 128 bits apart; "
    )


def _agreed(row: Row) -> str:
    points = "" if row["inliers"] is None else f", {row['inliers']} matched points"
    return (
        f"the structure agrees after alignment (correlation {row['likeness']:.2f}, "
        f"{row['weakest']:.2f} where it is weakest{points}; "
        f"{row['covered_a']:.0%} and {row['covered_b']:.0%} shared)"
    )


def _refused(row: Row, limits: Limits) -> str:
    wanted = []
    if row["likeness"] < limits.likeness:
        wanted.append(f"correlation {limits.likeness:.2f}")
    if (row["inliers"] or 0) < limits.inliers:
        wanted.append(f"{limits.inliers} matched points")
    return (
        f"the structure differs (correlation {row['likeness']:.2f}, {row['weakest']:.2f} where it is "
        f"weakest, {row['inliers'] or 0} matched points; wanted {' and '.join(wanted)})"
    )


def _numbers(column: pa.ChunkedArray, missing: float) -> np.ndarray:
    return pc.fill_null(column.combine_chunks().cast(pa.float64()), missing).to_numpy()
