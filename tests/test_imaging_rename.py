"""Names made of metadata, and folders made of pauses."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.files.companions import Bundle, bundles, free_names
from imaging.files.facts import Facts, facts
from imaging.files.plan import apply, draw, undo
from imaging.files.rename import PatternError, clean, cluster, parse_gap, rename


def at(second: int, camera: str = "Canon EOS 5D", **rest: str) -> Facts:
    return Facts(datetime(2004, 1, 2, 3, 4) + timedelta(seconds=second), camera, **rest)


def named(
    root: Path, known: dict[str, Facts], pattern: str, accession: str | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """Old → new name, and old → why not, of real files."""
    for name in known:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    found = bundles([path for path in sorted(root.rglob("*")) if path.is_file()])
    told = [known[bundle.main.relative_to(root).as_posix()] for bundle in found]
    moves, refused = rename(root, found, told, pattern, accession)
    return (
        {move.source: move.target for move in moves},
        {it.path.relative_to(root).as_posix(): it.reason for it in refused},
    )


def test_a_pattern_of_every_field(tmp_path: Path) -> None:
    fact = Facts(
        datetime(2004, 1, 2, 3, 4, 5, 120000), "Canon EOS 5D", "Canon", "EOS 5D", "1",
        'EF 24-70mm f/2.8 "L"', "A. Photographer", "A title: with colon",
    )  # fmt: skip
    pattern = (
        "{taken:%Y-%m-%d_%H%M%S.%f}_{camera}_{make}_{model}_{lens}_{artist}_{title}_{accession}_"
        "{stem}_{n:03}{suffix}"
    )
    moves, refused = named(tmp_path, {"x/1984.12_front.JPG": fact}, pattern, r"^(\d+\.\d+)_")
    assert refused == {}
    assert moves == {
        "x/1984.12_front.JPG": "x/2004-01-02_030405.120000_Canon EOS 5D_Canon_EOS 5D_"
        "EF 24-70mm f-2.8 -L_A. Photographer_A title- with colon_1984.12_1984.12_front_001.JPG"
    }


def test_pictures_of_one_name_are_counted_by_time(tmp_path: Path) -> None:
    known = {"c.jpg": at(0), "a.jpg": at(1), "b.jpg": at(2), "d.jpg": at(86400)}
    assert named(tmp_path, known, "{taken:%Y-%m-%d}_{n:03}")[0] == {
        "c.jpg": "2004-01-02_001.jpg",
        "a.jpg": "2004-01-02_002.jpg",
        "b.jpg": "2004-01-02_003.jpg",
        "d.jpg": "2004-01-03_001.jpg",
    }
    assert named(tmp_path, known, "{taken:%Y}")[0] == {
        "c.jpg": "2004.jpg",
        "a.jpg": "2004~2.jpg",
        "b.jpg": "2004~3.jpg",
        "d.jpg": "2004~4.jpg",
    }


def test_what_a_picture_does_not_say_is_a_reason(tmp_path: Path) -> None:
    known = {"a.jpg": Facts(error="File is empty"), "b.jpg": at(0), "c.jpg": at(0, "x" * 300)}
    moves, refused = named(tmp_path, known, "{taken:%Y}_{camera}_{camera}_{artist}")
    assert moves == {}
    assert refused == {
        "a.jpg": "it has no artist and no camera and no taken (ExifTool: File is empty)",
        "b.jpg": "it has no artist",
        "c.jpg": "it has no artist",
    }
    assert named(tmp_path, known, "{camera}{camera}{camera}")[1]["c.jpg"] == (
        "its new name would be too long"
    )


def test_companions_move_along_and_clash_as_one(tmp_path: Path) -> None:
    for name in ("a.jpg.xmp", "a.CR2", "b.xmp"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "2004.xmp").write_bytes(b"somebody's")
    found = bundles([*tmp_path.glob("?.*"), tmp_path / "a.jpg"])
    known = [at(index) for index, _ in enumerate(found)]
    moves, _ = rename(tmp_path, found, known, "new/{taken:%Y}")
    assert {move.source: move.target for move in moves} == {
        "a.jpg": "new/2004.jpg",
        "a.CR2": "new/2004.CR2",
        "a.jpg.xmp": "new/2004.jpg.xmp",
        "b.xmp": "new/2004~2.xmp",
    }


def test_names_that_shift_and_names_that_change_places(tmp_path: Path) -> None:
    known = {f"2004_{number}.jpg": at(number) for number in range(2, 40)} | {"new.jpg": at(0)}
    moves, _ = named(tmp_path, known, "{taken:%Y}_{n}")
    assert moves.pop("new.jpg") == "2004_1.jpg" and not moves
    for number in range(40, 60):
        known[f"2004_{number}.jpg"] = at(number)
    known["early.jpg"] = at(-5)
    found = bundles([tmp_path / name for name in known])
    for name in known:
        (tmp_path / name).write_bytes(name.encode())
    told = [known[bundle.main.name] for bundle in found]
    steps, _ = rename(tmp_path, found, told, "{taken:%Y}_{n}")
    plan = draw(tmp_path, tmp_path / "_artlake" / "rename", steps, made_by="test")
    assert not plan.refused and not apply(plan.folder).skipped
    assert (tmp_path / "2004_1.jpg").read_bytes() == b"early.jpg"
    assert (tmp_path / "2004_2.jpg").read_bytes() == b"new.jpg"
    assert (tmp_path / "2004_60.jpg").read_bytes() == b"2004_59.jpg"
    undo(plan.folder)
    assert all((tmp_path / name).read_bytes() == name.encode() for name in known)


def test_a_ring_of_names_gets_one_free_name(tmp_path: Path) -> None:
    known = {"2004_1.jpg": at(5), "2004_2.jpg": at(0)}
    moves, _ = named(tmp_path, known, "{taken:%Y}_{n}")
    assert sorted(moves.values()) in (
        ["2004_1.jpg", "2004_2~2.jpg"],
        ["2004_1~2.jpg", "2004_2.jpg"],
    )


def test_a_folder_named_already_has_nothing_to_do(tmp_path: Path) -> None:
    known = {"2004-01-02_001.jpg": at(0), "2004-01-02_002.jpg": at(1)}
    assert named(tmp_path, known, "{taken:%Y-%m-%d}_{n:03}") == ({}, {})


@pytest.mark.parametrize(
    "pattern",
    [
        "", "plain", "{taken", "{nothing}", "{taken.__class__}", "{0}", "{}", "{n:x<y}", "../{stem}",
        "/{stem}", "{stem}/", "a//{stem}", "{stem!r:>>5x}", "{camera:%Y}",
    ],
)  # fmt: skip
def test_patterns_that_cannot_be_read_are_told(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(PatternError):
        rename(tmp_path, [], [], pattern)


def test_the_accession_needs_its_expression(tmp_path: Path) -> None:
    with pytest.raises(PatternError, match="--accession"):
        rename(tmp_path, [], [], "{accession}")
    with pytest.raises(PatternError, match="cannot be read"):
        rename(tmp_path, [], [], "{accession}", "(")
    known = {"DP-1984.12.jpg": Facts(), "other.jpg": Facts()}
    moves, refused = named(tmp_path, known, "{accession}", r"\d+\.\d+")
    assert moves == {"DP-1984.12.jpg": "1984.12.jpg"}
    assert refused == {"other.jpg": "it has no accession"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2004:01:02 03:04:05", datetime(2004, 1, 2, 3, 4, 5)),
        ("2004:01:02 03:04:05.12", datetime(2004, 1, 2, 3, 4, 5, 120000)),
        ("2004:01:02 03:04:05.123456789+01:00", datetime(2004, 1, 2, 3, 4, 5, 123456)),
        ("2004:01:02 03:04", datetime(2004, 1, 2, 3, 4)),
        ("2004-01-02T03:04:05Z", datetime(2004, 1, 2, 3, 4, 5)),
        ("0000:00:00 00:00:00", None),
        ("1970:01:01 00:00:00", None),
        ("2004:13:02 03:04:05", None),
        ("    :  :     :  :  ", None),
        ("", None),
    ],
)
def test_times(text: str, expected: datetime | None) -> None:
    assert facts({"DateTimeOriginal": text}).taken == expected


@given(st.text())
def test_no_text_breaks_the_reading_of_times(text: str) -> None:
    assert facts({"CreateDate": text}).taken is None or text.strip()[:4].isdigit()


def test_gaps() -> None:
    assert parse_gap("2h") == parse_gap("120m") == parse_gap("7200 s") == timedelta(hours=2)
    assert parse_gap("1.5d") == timedelta(hours=36)
    for text in ("", "2", "h", "-2h", "2 weeks"):
        with pytest.raises(PatternError, match="no length of time"):
            parse_gap(text)


@given(st.text())
def test_cleaned_text_is_a_name_everywhere(text: str) -> None:
    cleaned = clean(text)
    assert not set(cleaned) & set('<>:"/\\|?*\0\n') and cleaned not in {".", ".."}
    assert len(cleaned) <= 120 and cleaned == clean(cleaned)


def test_the_camera_has_its_make_once() -> None:
    assert facts({"Make": "Canon", "Model": "Canon EOS 5D"}).camera == "Canon EOS 5D"
    assert facts({"Make": "NIKON CORPORATION", "Model": "NIKON D70"}).camera == "NIKON D70"
    assert facts({"Make": "Phase One", "Model": "IQ3"}).camera == "Phase One IQ3"
    assert facts({"Model": "IQ3"}).camera == "IQ3"
    assert facts({"CreateDate": "2004:01:02 03:04:05", "DateTimeOriginal": "2003:01:02 03:04:05"}
                 ).taken == datetime(2003, 1, 2, 3, 4, 5)  # fmt: skip


def test_clusters_are_chained_within_one_camera(tmp_path: Path) -> None:
    known = {
        "a.jpg": at(0), "b.jpg": at(3000), "c.jpg": at(6000), "d.jpg": at(9601),
        "e.jpg": at(3000, "Nikon"), "f.jpg": at(8000, "Nikon"), "g.jpg": Facts(), "h.jpg": at(60, ""),
        "sub/a.jpg": at(10),
    }  # fmt: skip
    for name in [*known, "a.xmp"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(os.urandom(4))
    found = bundles([path for path in sorted(tmp_path.rglob("*")) if path.is_file()])
    told = [known[bundle.main.relative_to(tmp_path).as_posix()] for bundle in found]
    moves, refused = cluster(tmp_path, found, told, timedelta(hours=1))
    assert {move.source: move.target for move in moves} == {
        "a.jpg": "2004-01-02_030400_Canon EOS 5D/a.jpg",
        "a.xmp": "2004-01-02_030400_Canon EOS 5D/a.xmp",
        "sub/a.jpg": "2004-01-02_030400_Canon EOS 5D/a~2.jpg",
        "b.jpg": "2004-01-02_030400_Canon EOS 5D/b.jpg",
        "c.jpg": "2004-01-02_030400_Canon EOS 5D/c.jpg",
        "d.jpg": "2004-01-02_054401_Canon EOS 5D/d.jpg",
        "e.jpg": "2004-01-02_035400_Nikon/e.jpg",
        "f.jpg": "2004-01-02_051720_Nikon/f.jpg",
        "h.jpg": "2004-01-02_030500/h.jpg",
    }
    assert [(it.path.name, it.reason) for it in refused] == [("g.jpg", "it has no date")]


def test_many_pictures_of_one_name_take_one_look_each() -> None:
    looks: list[str] = []

    def taken(name: str) -> bool:
        looks.append(name)
        return name in given

    given: set[str] = set()
    last: dict[str, int] = {}
    bundle = Bundle(Path("x.jpg"), (Path("x.jpg.xmp"),))
    for number in range(1, 1001):
        names = free_names(bundle, "a.jpg", taken, last)
        main = "a.jpg" if number == 1 else f"a~{number}.jpg"
        assert names == [main, f"{main}.xmp"]
        given.update(names)
    assert len(looks) == 2000


def test_moves_of_a_bundle_say_so(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.jpg", "a.nef", "a.xmp", "b.jpg")]
    moves, _ = rename(tmp_path, bundles(files), [at(0), at(60)], "{taken:%H%M%S}")
    assert [(move.source, move.bundle) for move in moves] == [
        ("a.jpg", "a.jpg"), ("a.nef", "a.jpg"), ("a.xmp", "a.jpg"), ("b.jpg", "b.jpg")
    ]  # fmt: skip
