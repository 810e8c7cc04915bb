"""What a picture of a group is worth, and how it compares with another, in words with figures.

What belongs here: the score. It is a sum of points, each priced in halvings of the pixels by what a picture
editor would give for it: a convention to be read and argued with, not a measurement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

Picture = Mapping[str, Any]

LIKE_SIZE = 1.1  # pictures whose pixel counts differ by less count as of one size
_BORDER = 0.02  # share of both sides from which a plain border is worth a word
_SHARPENED = (
    13_600  # sharpness_full that nine of ten of 153 museum and stock photographs stay below
)
_TOLD = 0.05  # points that are worth a word; below, two pictures count as equal
_LOSSY = frozenset({"JPEG", "MPO"})  # formats whose quality is measured


@dataclass(frozen=True)
class Bests:
    """What the pictures of a group are measured against."""

    pixels: float  # most inside the border
    size: int  # most in all
    sharpest: float  # of those as large as the largest and not sharpened beyond nature
    usual: float  # median of their sharpness
    density: Mapping[str, float]  # by format, of those as large as the largest
    clipped: float
    edited_at: str
    stars: float
    place: int
    dated: bool  # all carry a date of their own
    alike: bool  # all are of one size

    @classmethod
    def of(cls, group: Sequence[Picture]) -> "Bests":
        """The bests of a group of one picture or more: MEASURES, with bytes and place."""
        size = max(map(pixels, group))
        sharp = sorted(it["sharpness_full"] for it in group if _as_large(it, size))
        usual = sharp[len(sharp) // 2]
        density: dict[str, float] = {}
        for it in (it for it in group if _as_large(it, size)):
            density[it["format"]] = max(_density(it), density.get(it["format"], 0.0))
        return cls(
            pixels=max(map(_pixels_inside, group)),
            size=size,
            sharpest=max(_natural(it, usual) for it in sharp),
            usual=usual,
            density=density,
            clipped=min(map(_clipped, group)),
            edited_at=max(it["edited_at"] or "" for it in group),
            stars=max(map(_stars, group)),
            place=min(it["place"] for it in group),
            dated=all(map(own_date, group)),
            alike=all(_as_large(it, size) for it in group),
        )


def points(member: Picture, bests: Bests) -> dict[str, float]:
    """Points of a picture by criterion, against the best of its group (0 is as good as the best)."""
    # Smaller copies have more sharpness and more bytes a pixel: only the largest are compared by them.
    sharp = dense = 0.0
    if _as_large(member, bests.size):
        sharp = _log_ratio(_natural(member["sharpness_full"], bests.usual), bests.sharpest)
        dense = _log_ratio(_density(member), bests.density[member["format"]])
    return {
        # Halving the pixels inside the border costs a point.
        "pixels": log2(_pixels_inside(member) / bests.pixels),
        # A quarter of the sharpness costs a point, and nothing costs more: noise is sharp too.
        "sharpness": max(-1.0, 0.5 * sharp),
        # From lossless to quality 60, where artefacts begin to show, is a point; 90 is as good as lossless.
        "compression": -(((100 - _quality(member)) / 40) ** 2),
        # Bytes a pixel speak where the file does not tell its quality.
        "density": 0.0 if member["jpeg_quality"] else max(-0.5, 0.1 * dense),
        # A quarter more of the picture lost at the ends of the scale costs a point; scaling alone loses 2 %.
        "exposure": -4 * max(0.0, _clipped(member) - bests.clipped - 0.02),
        "border": -0.25 * (_border(member) > _BORDER) - 0.25 * member["has_chart"],
        "rating": _stars(member) - bests.stars,
        "edit": 0.0 if (member["edited_at"] or "") == bests.edited_at else -0.2,
        "source": -0.2 * min(5, member["place"] - bests.place),
    }


def pixels(member: Picture) -> int:
    """Pixels in all."""
    return member["width"] * member["height"]


def _pixels_inside(member: Picture) -> float:
    across = max(0.05, 1 - member["border_left"] - member["border_right"])
    down = max(0.05, 1 - member["border_top"] - member["border_bottom"])
    return pixels(member) * across * down


def _as_large(member: Picture, size: int) -> bool:
    return pixels(member) * LIKE_SIZE >= size


def _natural(sharpness: float, usual: float) -> float:
    """What the sharpness counts: far above its group and nine of ten photographs, it is sharpening's work,

    and worth a little less than none of it.
    """
    return 0.7 * usual if sharpness > max(_SHARPENED, 4 * usual) else sharpness


def _log_ratio(value: float, best: float) -> float:
    """log2 of value/best; a measure of nothing counts as a thousandth."""
    return log2(max(value / best, 1e-3)) if best > 0 else 0.0


def _quality(member: Picture) -> int:
    if member["jpeg_quality"] is not None:
        return member["jpeg_quality"]
    return 75 if member["format"] in _LOSSY else 100  # 75 is what encoders do unless told otherwise


def _density(member: Picture) -> float:
    return member["bytes"] / pixels(member)


def _clipped(member: Picture) -> float:
    return member["clipped_dark"] + member["clipped_bright"]


def _border(member: Picture) -> float:
    sides = ("left", "right", "top", "bottom")
    return sum(member[f"border_{side}"] for side in sides)


def _stars(member: Picture) -> float:
    """Half a point a star that a person gave; rejected is worse than anything."""
    rating = member["rating"] or 0
    return 0.5 * rating if rating >= 0 else -10.0


def own_date(member: Picture) -> str:
    """When the picture was last edited or else taken, as it says itself."""
    return member["edited_at"] or member["taken_at"] or ""


def compared(
    member: Picture, rival: Picture, worth: Mapping[str, Mapping[str, float]], than: str
) -> str:
    """What speaks for a picture and what against it, the weightiest first."""
    mine, its = worth[member["image_id"]], worth[rival["image_id"]]
    gap = {name: mine[name] - its[name] for name in mine}
    told = sorted((name for name in gap if abs(gap[name]) >= _TOLD), key=lambda it: -abs(gap[it]))
    better = [_figures(name, member, rival, True) for name in told if gap[name] > 0]
    worse = [_figures(name, member, rival, False) for name in told if gap[name] < 0]
    total = sum(gap.values())
    if not told:
        if member["sha256"] == rival["sha256"]:
            return f"the same bytes as {than}; " + _named(than)
        return f"as good as {than}; " + _named(than)
    first, second = (better, worse) if total >= 0 else (worse, better)
    return (
        f"{_whole(total, than)}: {', '.join(first)}"
        + ("; although " if first and second else "")
        + ", ".join(second)
    )


def _whole(total: float, than: str) -> str:
    if abs(total) < _TOLD:
        return f"about as good as {than}"
    word = "better" if total > 0 else "worse"
    return f"{word} than {than} by {abs(total):.1f} points"


def _named(than: str) -> str:
    return "its name comes first" if than == "the next" else "its name comes later"


def _figures(name: str, member: Picture, rival: Picture, better: bool) -> str:
    """One criterion in words with both figures."""
    if name == "pixels":
        inside = " inside the border" if max(_border(member), _border(rival)) > _BORDER else ""
        sizes = [f"{it['width']}×{it['height']}" for it in (member, rival)]
        times = _times(_pixels_inside(member), _pixels_inside(rival))
        return f"{times} the pixels{inside} ({sizes[0]} against {sizes[1]})"
    if name == "sharpness":
        one, other = member["sharpness_full"], rival["sharpness_full"]
        if max(pixels(member), pixels(rival)) <= LIKE_SIZE * min(pixels(member), pixels(rival)):
            figures = f"({one:,.0f} against {other:,.0f})"
            if (one > other) == better:
                return f"{_times(one, other)} the sharpness {figures}"
            return f"{'not sharpened' if better else 'sharpened'} {figures}"
        return "sharp for its size" if better else "soft for its size"
    if name == "compression":
        one, other = (_written(it) for it in (member, rival))
        return f"{one} against {other}"
    if name == "density":
        one, other = _density(member), _density(rival)
        return f"{one:.2f} bytes a pixel against {other:.2f}"
    if name == "exposure":
        return f"{_clipped(member):.0%} clipped against {_clipped(rival):.0%}"
    if name == "border":
        return f"{_surround(member)} against {_surround(rival)}"
    if name == "rating":
        return f"rated {member['rating'] or 0} against {rival['rating'] or 0}"
    if name == "edit":
        one, other = ((it["edited_at"] or "never")[:19] for it in (member, rival))
        return f"edited {one} against {other}"
    return f"from {member['source']} against {rival['source']}"


def _times(value: float, other: float) -> str:
    if other <= 0:
        return "more than"
    factor = value / other
    return f"{factor:.1f}×" if factor >= 1.1 else f"{factor:.2f}×"


def _written(member: Picture) -> str:
    quality = member["jpeg_quality"]
    if quality is not None:
        return f"JPEG quality {quality}"
    return member["format"] if member["format"] not in _LOSSY else "JPEG of unknown quality"


def _surround(member: Picture) -> str:
    words = ["a border"] if _border(member) > _BORDER else []
    words += ["a colour chart"] if member["has_chart"] else []
    return " and ".join(words) or "neither border nor chart"
