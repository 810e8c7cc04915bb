"""imaging.files.cull and .folder: a folder measured and judged, whatever its files are called."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imaging.duplicates.decisions import Decision, add, read
from imaging.files.cull import Culled, cull
from imaging.files.folder import Folder, measured


def picture(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A picture with structure at every scale, different for every seed."""
    random = np.random.default_rng(seed)
    made = np.zeros((size[1], size[0], 3))
    for cells in (3, 6, 12, 48):
        coarse = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        made += np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), float) / 4
    made += random.normal(0, 8, made.shape)  # grain
    return Image.fromarray(made.clip(0, 255).astype(np.uint8))


def look(root: Path, tier: str = "exact", **more: Any) -> tuple[Folder, Culled]:
    out = root.parent / "out"
    out.mkdir(exist_ok=True)
    references = more.pop("references", ())
    how = {"policy": "quality", "vectors": None, "burst_gap": 3.0, "move_bursts": False, **more}
    folder = measured(root, out / "cache", references)
    decided = read(out / "decisions.jsonl")
    return folder, cull(folder, root, out / "cache", tier=tier, decisions=decided, **how)


def moved(culled: Culled) -> dict[str, str]:
    return {move.source: move.target for move in culled.steps()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    return folder


def test_equal_files_and_equal_pixels_go_and_the_tree_is_kept(root: Path) -> None:
    (root / "trip" / "deep").mkdir(parents=True)
    picture(1).save(root / "a.png")
    (root / "trip" / "deep" / "copy of a.png").write_bytes((root / "a.png").read_bytes())
    told = PngInfo()
    told.add_text("comment", "the same pixels, other bytes")
    picture(1).save(root / "trip" / "told.png", pnginfo=told)
    picture(1).save(root / "a.tif")
    picture(2).save(root / "b.png")
    picture(1, (319, 240)).save(root / "c.png")
    folder, culled = look(root)
    assert set(culled.pairs["kind"].to_pylist()) == {"same_file", "same_image"}
    assert len(moved(culled)) == 3
    stays = {it.image_id for it in folder.entries.values()} - set(culled.moves)
    assert {"b.png", "c.png"} < stays
    for source, target in moved(culled).items():
        assert target == f"_review_dupes/{source}"


def test_the_sharper_of_two_encodings_stays(root: Path) -> None:
    picture(1, (900, 700)).save(root / "small.jpg", quality=30)
    picture(1, (900, 700)).save(root / "z_good.jpg", quality=95)
    _, culled = look(root, "perceptual")
    assert list(moved(culled)) == ["small.jpg"]
    keeper = culled.keepers.to_pylist()[0]
    assert keeper["image_id"] == "z_good.jpg"
    assert "JPEG quality 95 against JPEG quality 30" in keeper["reason"]


def test_every_move_names_what_must_stay_for_it_and_its_reason_a_path_below_the_folder(
    root: Path,
) -> None:
    (root / "trip").mkdir()
    for second, seed in enumerate((1, 2)):
        exif = Image.Exif()
        exif[0x010F], exif[0x0110] = "Maker", "Model"
        exif.get_ifd(0x8769)[0x9003] = f"2024:05:31 14:00:0{second}"
        picture(seed).save(root / "trip" / f"{seed}.jpg", exif=exif)
        shutil.copy(root / "trip" / f"{seed}.jpg", root / f"copy of {seed}.jpg")
    (root / "copy of 1.xmp").write_text("<x/>")
    _, culled = look(root, move_bursts=True)
    (best,) = culled.bursts.filter(culled.bursts["is_best"])["image_id"].to_pylist()
    moves = {move.source: move for move in culled.steps()}
    assert len(moves) == 4
    # A keeper that is itself the lesser frame of a burst goes: then all hangs on the best frame.
    assert {move.needs for move in moves.values()} == {best}
    assert {source: move.bundle for source, move in moves.items()} == {
        source: source.replace(".xmp", ".jpg") for source in moves
    }
    assert not any(str(root) in move.why for move in moves.values())


def test_companions_move_with_their_picture_and_a_taken_name_is_numbered(root: Path) -> None:
    picture(1).save(root / "a.jpg")
    (root / "a (1).jpg").write_bytes((root / "a.jpg").read_bytes())
    (root / "a (1).xmp").write_text("<x/>")
    (root / "a (1).jpg.xmp").write_text("<x/>")
    (root / "_review_dupes").mkdir()
    (root / "_review_dupes" / "a (1).xmp").write_text("of another day")
    _, culled = look(root)
    assert moved(culled) == {
        "a (1).jpg": "_review_dupes/a (1)~2.jpg",
        "a (1).jpg.xmp": "_review_dupes/a (1)~2.jpg.xmp",
        "a (1).xmp": "_review_dupes/a (1)~2.xmp",
    }


def test_a_raw_and_its_jpeg_are_one_picture(root: Path) -> None:
    picture(1).save(root / "IMG_1.JPG", format="JPEG")
    (root / "IMG_1.CR2").write_bytes(b"a RAW that no one needs to read")
    picture(2).save(root / "other.jpg")
    (root / "lone.nef").write_bytes(b"no RAW at all")
    folder, culled = look(root)
    assert sorted(folder.entries) == ["IMG_1.JPG", "lone.nef", "other.jpg"]
    assert [it.name for it in folder.entries["IMG_1.JPG"].others] == ["IMG_1.CR2"]
    flaws = {row["image_id"]: row["flaw"] for row in culled.flaws.to_pylist()}
    assert flaws["lone.nef"] == "broken"
    assert "IMG_1.CR2" not in flaws


@pytest.mark.parametrize("inside", [True, False])
def test_references_never_move(root: Path, tmp_path: Path, inside: bool) -> None:
    archive = (root if inside else tmp_path) / "archive"
    archive.mkdir()
    picture(1).save(root / "a.png")
    for name in ("long name of a.png", "another long name.png"):
        (archive / name).write_bytes((root / "a.png").read_bytes())
    folder, culled = look(root, references=[archive])
    assert moved(culled) == {"a.png": "_review_dupes/a.png"}
    assert len(folder.entries) == 3


def test_decisions_hold_by_content_wherever_a_file_goes(root: Path) -> None:
    picture(1).save(root / "a.png")
    picture(1).save(root / "b.tif")
    (root / "b2.tif").write_bytes((root / "b.tif").read_bytes())
    shas = [hashlib.sha256((root / name).read_bytes()).hexdigest() for name in ("a.png", "b.tif")]
    assert len(moved(look(root)[1])) == 2
    decisions = root.parent / "out" / "decisions.jsonl"
    add(decisions, Decision(*shas, "not_duplicate"))
    (root / "b.tif").rename(root / "renamed.tif")
    assert list(moved(look(root)[1])) == ["renamed.tif"]  # the copy of b, and no copy of a
    add(decisions, Decision(shas[1], shas[0], "keep_this"))
    _, culled = look(root)
    assert "a.png" in moved(culled)
    assert len(moved(culled)) == 2
    add(decisions, Decision(*shas, "keep_both"))
    assert len(moved(look(root)[1])) == 1


def test_bursts_are_reported_and_move_only_when_told(root: Path) -> None:
    for second, seed in enumerate((1, 2, 3)):
        exif = Image.Exif()
        exif[0x010F], exif[0x0110] = "Maker", "Model"
        exif.get_ifd(0x8769)[0x9003] = f"2024:05:31 14:00:0{second}"
        picture(seed).save(root / f"{seed}.jpg", exif=exif)
        if seed == 1:
            (root / "copy of 1.jpg").write_bytes((root / "1.jpg").read_bytes())
    _, culled = look(root)
    assert culled.bursts["burst_size"].to_pylist() == [3, 3, 3]  # the copy is no frame of its own
    assert list(moved(culled)) == ["copy of 1.jpg"]
    _, culled = look(root, move_bursts=True)
    assert len(moved(culled)) == 3
    reasons = [move.why for move in culled.steps()]
    assert sum(it.startswith("burst: ") for it in reasons) == 2


def test_odd_names_and_links_are_exact_and_harmless(root: Path) -> None:
    odd = [
        b"new\nline.png",
        b"\xff\xfe.png",
        b"<b>&\"'.png",
        "Müller.png".encode(),
        b"per%cent.png",
    ]
    for number, name in enumerate(odd):
        picture(number // 2).save(root / "made.png")
        (root / "made.png").rename(Path(os.fsdecode(os.fsencode(root) + b"/" + name)))
    (root / "loop").symlink_to(root)
    (root / "link.png").symlink_to(root / "gone.png")
    folder, culled = look(root)
    assert sorted(folder.entries) == [
        "%3Cb%3E%26%22%27.png",
        "%FF%FE.png",
        "M%C3%BCller.png",
        "new%0Aline.png",
        "per%25cent.png",
    ]
    assert culled.groups.filter(pa.compute.greater(culled.groups["group_size"], 1)).num_rows == 4
    assert all((root / source).is_file() for source in moved(culled))
    assert set(culled.flaws["image_id"].to_pylist()) >= {"loop", "link.png"}


def test_files_that_vanish_or_cannot_be_read_are_told_and_tried_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imaging.files import folder as module

    picture(1).save(root / "a.png")
    picture(2).save(root / "b.png")
    whole = module.sha256_file

    def vanishing(path: Path) -> str:
        if path.name == "b.png":
            path.write_bytes(b"changed while it is read")
        return whole(path)

    monkeypatch.setattr(module, "sha256_file", vanishing)
    found = measured(root, root.parent / "cache")
    assert found.images["image_id"].to_pylist() == ["a.png"]
    assert found.rejects["detail"].to_pylist() == ["it changed while it was being read"]
    monkeypatch.undo()
    picture(2).save(root / "b.png")
    assert measured(root, root.parent / "cache").images.num_rows == 2


def test_a_second_look_reads_nothing_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from imaging.files import folder as module

    for seed in range(3):
        picture(seed).save(root / f"{seed}.png")
    first = measured(root, root.parent / "cache")
    read_again: list[Path] = []
    whole = module.sha256_file
    monkeypatch.setattr(module, "sha256_file", lambda path: read_again.append(path) or whole(path))
    (root / "0.png").rename(root / "new name.png")
    picture(9).save(root / "3.png")
    second = measured(root, root.parent / "cache")
    assert sorted(path.name for path in read_again) == ["3.png", "new name.png"]
    assert second.images.num_rows == 4
    assert set(first.images["sha256"].to_pylist()) < set(second.images["sha256"].to_pylist())


def test_the_odd_samples_are_judged_or_refused_each_with_a_reason(
    samples: Path, tmp_path: Path
) -> None:
    folder, culled = look_at_samples(samples / "odd", tmp_path)
    refused = {row["subject"] for row in folder.rejects.to_pylist()}
    judged = set(folder.images["image_id"].to_pylist())
    assert refused | judged == set(folder.entries)
    assert not refused & judged
    assert {"zero_byte_1878_DT1043.jpg", "git_lfs_pointer_436535.jpg"} <= refused
    broken = culled.flaws.filter(pa.compute.equal(culled.flaws["flaw"], "broken"))
    assert set(broken["image_id"].to_pylist()) == refused


def look_at_samples(root: Path, work: Path) -> tuple[Folder, Culled]:
    folder = measured(root, work / "cache")
    nothing = read(work / "decisions.jsonl")
    culled = cull(
        folder,
        root,
        work / "cache",
        tier="exact",
        policy="quality",
        decisions=nothing,
        vectors=None,
        burst_gap=3.0,
        move_bursts=False,
    )
    return folder, culled
