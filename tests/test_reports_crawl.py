"""The picture of a crawl: drawn from its timeline, the same each time, with bands where it paused."""

import io

import pytest
from PIL import Image, ImageColor

from reports.crawl import _BAND, timeline


def samples(cooling: range, count: int = 60) -> list[dict[str, float]]:
    """Two seconds each; nothing is asked while it cools."""
    found = []
    for n in range(count):
        asked = sum(past not in cooling for past in range(n + 1))
        trouble = {"retries": n // 9, "cooldowns": int(n >= cooling.start), "errors": n // 30}
        came = {"requests": 5 * asked, "bytes": 40_000 * asked, "not_modified": asked}
        found.append({"elapsed": 2.0 * n, "cooling": int(n in cooling)} | came | trouble)
    return found


def columns_of(picture: bytes, colour: str) -> list[int]:
    """Numbers of the pixel columns in which that colour fills a good part of the height."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    wanted, pixels = ImageColor.getrgb(colour), image.load()
    assert pixels is not None
    return [
        x
        for x in range(image.width)
        if sum(pixels[x, y] == wanted for y in range(image.height)) > image.height / 4
    ]


def test_a_pause_is_a_band_of_its_own_length() -> None:
    found = timeline(samples(range(20, 40)))
    width = Image.open(io.BytesIO(found)).width
    band = columns_of(found, _BAND)
    assert band and band[-1] - band[0] == pytest.approx(width * 0.9 / 3, rel=0.15)
    assert not columns_of(timeline(samples(range(100, 100))), _BAND)


def test_equal_figures_give_equal_bytes() -> None:
    assert timeline(samples(range(5, 9))) == timeline(samples(range(5, 9)))


def test_many_samples_and_two_are_drawn_alike() -> None:
    for some in (samples(range(0), 301), samples(range(0), 2)):
        assert Image.open(io.BytesIO(timeline(some))).format == "PNG"


def test_one_sample_is_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        timeline(samples(range(0), 1))
