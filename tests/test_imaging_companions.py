"""Which files travel together."""

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.files.companions import bundles, follow


def together(*names: str) -> dict[str, list[str]]:
    return {
        bundle.main.as_posix(): [other.as_posix() for other in bundle.others]
        for bundle in bundles([Path(name) for name in names])
    }


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.jpg", "a.jpg.xmp", "a.xmp"], {"a.jpg": ["a.jpg.xmp", "a.xmp"]}),
        (["a.CR2", "a.JPG", "a.XMP"], {"a.JPG": ["a.CR2", "a.XMP"]}),
        (["a.nef", "a.nef.xmp", "a.heic"], {"a.heic": ["a.nef", "a.nef.xmp"]}),
        (["a.nef", "a.dop", "a.thm"], {"a.nef": ["a.dop", "a.thm"]}),
        (["a.jpg", "a.png"], {"a.jpg": [], "a.png": []}),
        (["a.tif", "a.dng"], {"a.dng": [], "a.tif": []}),
        (["a.png", "a.jpg", "a.xmp"], {"a.jpg": ["a.xmp"], "a.png": []}),
        (["a.tif", "a.dng", "a.xmp"], {"a.dng": ["a.xmp"], "a.tif": []}),
        (["x/a.jpg", "y/a.xmp"], {"x/a.jpg": [], "y/a.xmp": []}),
        (["a.xmp", "b.json"], {"a.xmp": [], "b.json": []}),
        (["a.jpg", "a_01.jpg.xmp"], {"a.jpg": ["a_01.jpg.xmp"]}),
        (["a.jpg", "a_01.jpg", "a_01.jpg.xmp"], {"a.jpg": [], "a_01.jpg": ["a_01.jpg.xmp"]}),
        (
            ["a.jpg", "a.jpg.supplemental-metadata.json"],
            {"a.jpg": ["a.jpg.supplemental-metadata.json"]},
        ),
        (["a.heic", "a.mov", "a.aae"], {"a.heic": ["a.aae", "a.mov"]}),
        (["._a.jpg", "a.jpg", "._a.jpg.xmp"], {"a.jpg": ["._a.jpg", "._a.jpg.xmp"]}),
        (["vase.jpg", "vase.v2.xmp"], {"vase.jpg": [], "vase.v2.xmp": []}),
    ],
)
def test_conventions(names: list[str], expected: dict[str, list[str]]) -> None:
    assert together(*names) == expected
    assert together(*reversed(names)) == expected


def test_names_follow_the_main_file() -> None:
    names = ["._a.jpg", "a.CR2", "a.jpg", "a.jpg.xmp", "a.xmp", "a_01.jpg.xmp"]
    (bundle,) = bundles([Path("f") / name for name in names])
    assert dict(zip((o.name for o in bundle.others), follow(bundle, "b~2.jpg"), strict=True)) == {
        "._a.jpg": "._b~2.jpg",
        "a.CR2": "b~2.CR2",
        "a.jpg.xmp": "b~2.jpg.xmp",
        "a.xmp": "b~2.xmp",
        "a_01.jpg.xmp": "b~2_01.jpg.xmp",
    }


NAMES = st.lists(
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["", "._", "x/", "x/._"]),
            st.sampled_from(["a", "b", "a_01", "a.b", ".a"]),
            st.sampled_from(["", ".jpg", ".JPG", ".nef", ".png", ".heic"]),
            st.sampled_from(["", ".xmp", ".XMP", ".json", ".md5"]),
        ),
    ).filter(lambda name: PurePosixPath(name).name not in {"", "._"}),
    unique=True,
)


@given(NAMES, st.randoms(use_true_random=False))
def test_every_file_is_in_one_bundle_whatever_the_order(names: list[str], random: object) -> None:
    files = [Path(name) for name in names]
    found = bundles(files)
    assert sorted([f for b in found for f in (b.main, *b.others)]) == sorted(files)
    shuffled = files[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert bundles(shuffled) == found


@given(NAMES)
def test_a_bundle_keeps_its_own_names_when_its_main_file_does(names: list[str]) -> None:
    for bundle in bundles([Path(name) for name in names]):
        assert follow(bundle, bundle.main.name) == [other.name for other in bundle.others]
