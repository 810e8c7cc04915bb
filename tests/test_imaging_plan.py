"""Plans are applied and undone, whatever comes between; every byte is accounted for."""

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.files import carry, moving
from imaging.files import journal as journals
from imaging.files.plan import (
    Move,
    Outcome,
    Plan,
    PlanError,
    Put,
    apply,
    draw,
    last_applied,
    located,
    next_folder,
    read,
    to_undo,
    undo,
)
from storage.files import sha256_file
from storage.locks import BusyError, held

Tree = dict[str, tuple[str, int] | None]


def tree(root: Path) -> Tree:
    """Every file with its checksum and time, and every folder, but for our own."""
    found: Tree = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if name.parts[0] != "_artlake":
            found[str(name)] = (
                (sha256_file(path), path.stat().st_mtime_ns) if path.is_file() else None
            )
    return found


def content(root: Path) -> list[tuple[str, int]]:
    """What is there, whatever it is called."""
    everything = [*root.rglob("*")]
    return sorted(
        (sha256_file(path), path.stat().st_mtime_ns) for path in everything if _is_content(path)
    )


def folder_of_pictures(root: Path, count: int = 8) -> list[Move | Put]:
    """A small tree with a plan for it: moves (of equal bytes too), new files, replaced files."""
    steps: list[Move | Put] = []
    staging = root.parent / f"{root.name}-staging"
    staging.mkdir(parents=True)
    for number in range(count):
        name = f"in/{number % 3}/p{number}.jpg"
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"picture %d" % (number // 2))
        os.utime(root / name, ns=(0, 1_000_000_007 * (number // 2)))
        bundle = name if number % 3 else ""
        steps.append(Move(name, f"_review/in/{number % 3}/p{number}.jpg", "copy", bundle))
        (staging / f"{number}.xmp").write_bytes(b"new %d" % number)
        if number % 2:
            (root / f"p{number}.xmp").write_bytes(b"old %d" % number)
        steps.append(Put(f"p{number}.xmp", staging / f"{number}.xmp", "crop", bundle))
    steps.append(Put("made/deep/er.xmp", _file(staging / "deeper", b"deep"), "crop"))
    return steps


def _file(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def plan_of(root: Path, *steps: Move | Put) -> Plan:
    return draw(root, root / "_artlake" / "test", steps, made_by="test")


def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every folder were a device of its own."""
    rename, link = moving._rename, os.link

    def apart(source: Path, target: Path) -> bool:
        return source.parent == target.parent and rename(source, target)

    def linked(source: Path, target: Path, **options: bool) -> None:
        if source.parent != target.parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        link(source, target, **options)

    monkeypatch.setattr(moving, "_rename", apart)
    monkeypatch.setattr(os, "link", linked)


@pytest.fixture(params=["rename", "link", "copy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way to move a file."""
    if request.param == "link":
        monkeypatch.setattr(moving, "_rename", lambda source, target: False)
    elif request.param == "copy":
        elsewhere(monkeypatch)
    return str(request.param)


def test_apply_and_undo_and_both_again(root: Path, way: str) -> None:
    steps = folder_of_pictures(root)
    before = tree(root)
    plan = plan_of(root, *steps)
    assert tree(root) == before and not plan.refused
    assert read(plan.folder) == plan
    for _ in range(2):
        assert apply(plan.folder).done == len(steps)
        applied = tree(root)
        for drawn in plan.steps:
            assert sha256_file(root / drawn.step.target) == drawn.identity.sha256
        again = apply(plan.folder)
        assert (again.done, again.skipped, tree(root)) == (0, [], applied)
        assert undo(plan.folder).done == len(steps)
        assert tree(root) == before
        again = undo(plan.folder)
        assert (again.done, again.skipped, tree(root)) == (0, [], before)


def test_a_bundle_is_drawn_whole_or_not_at_all(root: Path) -> None:
    for name in ("a.jpg", "a.xmp", "b.jpg", "b.xmp", "c.jpg", "to/a.xmp"):
        _file(root / name, name.encode())
    moves = [Move(name, f"to/{name}", "", bundle=name[0]) for name in ("a.jpg", "b.jpg", "a.xmp")]
    last = [Move("b.xmp", "to/b.xmp", "", bundle="b"), Move("c.jpg", "to/a.jpg", "")]
    staged = _file(root.parent / "s", b"new")
    plan = plan_of(root, *moves, *last, Put("new.xmp", staged, "", bundle="a"))
    # What the refused bundle had asked for is free again, and the other bundle lies together.
    assert [drawn.step.target for drawn in plan.steps] == ["to/b.jpg", "to/b.xmp", "to/a.jpg"]
    assert [(step.target, why) for step, why in plan.refused] == [
        ("to/a.jpg", "it stays with a.xmp: its new name is taken"),
        ("to/a.xmp", "its new name is taken"),
        ("new.xmp", "it stays with a.xmp: its new name is taken"),
    ]
    assert staged.exists() and read(plan.folder).steps == plan.steps


@pytest.mark.parametrize("changed", ["a.jpg", "a.xmp", "a.nef"])
def test_a_bundle_moves_whole_or_not_at_all(root: Path, changed: str) -> None:
    files = ("a.jpg", "a.nef", "a.xmp", "b.jpg")
    for name in files:
        _file(root / name, name.encode())
    plan = plan_of(root, *(Move(name, f"to/{name}", "", bundle=name[0]) for name in files))
    (root / changed).write_bytes(b"edited since")
    before = tree(root)
    outcome = apply(plan.folder)
    assert outcome.done == 1 and len(outcome.skipped) == 3
    for step, why in outcome.skipped:
        assert isinstance(step, Move)
        reason = "it changed since the plan was drawn"
        assert why == (reason if step.source == changed else f"it stays with {changed}: {reason}")
    assert sorted(path.name for path in (root / "to").iterdir()) == ["b.jpg"]
    assert undo(plan.folder).done == 1
    assert tree(root) == before


def test_a_bundle_of_which_one_file_may_not_move_is_put_back(
    root: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jpg", "a.nef", "a.xmp"):
        _file(root / name, name.encode())
    _file(root / "new.xmp", b"old")
    moves = [Move(name, f"to/{name}", "", bundle="a") for name in ("a.jpg", "a.nef", "a.xmp")]
    put = Put("new.xmp", _file(root.parent / "s", b"new"), "", bundle="a")
    plan = plan_of(root, put, *moves)
    before = tree(root)
    place = carry._place

    def refusing(plan: Plan, number: int, journal: journals.Journal) -> None:
        if number == 2:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        place(plan, number, journal)

    with monkeypatch.context() as patch:
        patch.setattr(carry, "_place", refusing)
        outcome = apply(plan.folder)
    assert outcome.done == 0 and len(outcome.skipped) == 4
    assert {why for _, why in outcome.skipped} == {
        "Permission denied", "it stays with a.nef: Permission denied"
    }  # fmt: skip
    assert {**tree(root), "to": None} == {**before, "to": None}
    assert apply(plan.folder).done == 4
    assert undo(plan.folder).done == 4
    assert tree(root) == before


def test_a_bundle_cut_in_two_by_a_kill_is_whole_again(root: Path) -> None:
    for name in ("a.jpg", "a.xmp"):
        _file(root / name, name.encode())
    plan = plan_of(root, *(Move(name, f"to/{name}", "", bundle="a") for name in ("a.jpg", "a.xmp")))
    (root / "to").mkdir()
    (root / "a.jpg").rename(root / "to" / "a.jpg")  # as far as the killed run came
    (root / "a.xmp").write_bytes(b"edited since")
    outcome = apply(plan.folder)
    assert (outcome.done, len(outcome.skipped)) == (0, 2)
    assert (root / "a.jpg").exists() and (root / "a.xmp").exists()


def test_a_bundle_comes_back_whole_or_not_at_all(root: Path) -> None:
    for name in ("a.jpg", "a.xmp"):
        _file(root / name, name.encode())
    before = tree(root)
    plan = plan_of(root, *(Move(name, f"to/{name}", "", bundle="a") for name in ("a.jpg", "a.xmp")))
    apply(plan.folder)
    _file(root / "a.jpg", b"another picture, whose sidecar this is not")
    outcome = undo(plan.folder)
    assert (outcome.done, len(outcome.skipped)) == (0, 2)
    assert (root / "to" / "a.xmp").exists() and not (root / "a.xmp").exists()
    (root / "a.jpg").unlink()
    assert undo(plan.folder).done == 2
    assert tree(root) == before


def test_a_duplicate_stays_when_its_keeper_is_gone(root: Path) -> None:
    for name in ("keep/a.jpg", "keep/b.jpg", "a.jpg", "b.jpg", "a.xmp"):
        _file(root / name, b"same")
    plan = plan_of(
        root,
        Move("a.jpg", "_review/a.jpg", "", bundle="a.jpg", needs="keep/a.jpg"),
        Move("a.xmp", "_review/a.xmp", "", bundle="a.jpg"),
        Move("b.jpg", "_review/b.jpg", "", needs="keep/b.jpg"),
    )
    assert read(plan.folder) == plan
    (root / "keep" / "a.jpg").unlink()
    outcome = apply(plan.folder)
    assert outcome.done == 1 and (root / "a.jpg").exists() and (root / "a.xmp").exists()
    assert outcome.skipped[0][1] == "keep/a.jpg, which is to stay, is gone"
    with pytest.raises(PlanError, match="no name below"):
        plan_of(root, Move("b.jpg", "c.jpg", "", needs="../b.jpg"))


def test_a_name_left_by_an_earlier_step_is_free(root: Path) -> None:
    for name in ("1.jpg", "2.jpg"):
        _file(root / name, b"equal bytes")
        os.utime(root / name, ns=(0, 0))
    before = tree(root)
    plan = plan_of(root, Move("2.jpg", "3.jpg", ""), Move("1.jpg", "2.jpg", ""))
    inodes = {name: (root / name).stat().st_ino for name in ("1.jpg", "2.jpg")}
    assert apply(plan.folder).done == 2
    assert (root / "3.jpg").stat().st_ino == inodes["2.jpg"]
    assert (root / "2.jpg").stat().st_ino == inodes["1.jpg"]
    assert apply(plan.folder) == apply(plan.folder)
    assert undo(plan.folder).done == 2
    assert tree(root) == before
    assert {name: (root / name).stat().st_ino for name in inodes} == inodes


def test_steps_that_cannot_be_drawn_are_refused_with_a_reason(root: Path) -> None:
    _file(root / "a.jpg", b"a")
    _file(root / "same.xmp", b"x")
    (root / "link.jpg").symlink_to("a.jpg")
    plan = plan_of(
        root,
        Move("a.jpg", "b.jpg", ""),
        Move("a.jpg", "c.jpg", ""),
        Move("gone.jpg", "d.jpg", ""),
        Move("link.jpg", "e.jpg", ""),
        Put("same.xmp", _file(root.parent / "s", b"x"), ""),
        Put("b.jpg", _file(root.parent / "t", b"x"), ""),
        Move("same.xmp", "link.jpg", ""),
    )
    assert len(plan.steps) == 1
    assert [reason for _, reason in plan.refused] == [
        "an earlier step moves it",
        "No such file or directory",
        "it is no regular file",
        "it is there already",
        "an earlier step brings a file there",
        "its new name is taken",
    ]


@pytest.mark.parametrize("name", ["/etc/passwd", "../out.jpg", "a/../../out.jpg", "", "a//b", "."])
def test_no_name_leads_out_of_the_folder(root: Path, name: str) -> None:
    _file(root / "a.jpg", b"a")
    with pytest.raises(PlanError, match="no name below"):
        plan_of(root, Move("a.jpg", name, ""))
    with pytest.raises(PlanError, match="no name below"):
        plan_of(root, Move(name, "a.jpg", ""))


def test_what_changed_since_is_skipped_with_its_reason(root: Path) -> None:
    for name in ("edited", "gone", "touched", "blocked", "fine", "old.xmp", "linked/in"):
        _file(root / name, name.encode())
    plan = plan_of(
        root,
        *(Move(name, f"to/{name}", "") for name in ("edited", "gone", "touched", "blocked")),
        Put("old.xmp", _file(root.parent / "s1", b"1"), ""),
        Put("new.xmp", _file(root.parent / "s2", b"2"), ""),
        Move("linked/in", "to/in", ""),
        Move("fine", "to/fine", ""),
    )
    (root / "edited").write_bytes(b"EDITED")
    (root / "gone").unlink()
    os.utime(root / "touched", ns=(5, 5))
    _file(root / "to" / "blocked", b"somebody's")
    (root / "old.xmp").write_bytes(b"somebody's")
    _file(root / "new.xmp", b"somebody's")
    (root / "linked").rename(root.parent / "outside")
    (root / "linked").symlink_to(root.parent / "outside")
    before = tree(root)
    outcome = apply(plan.folder)
    assert outcome.done == 2
    assert [(step.target, reason) for step, reason in outcome.skipped] == [
        ("to/edited", "it changed since the plan was drawn"),
        ("to/gone", "it is gone"),
        ("to/blocked", "its new name was taken since the plan was drawn"),
        ("old.xmp", "what is to be replaced changed since the plan was drawn"),
        ("new.xmp", "its new name was taken since the plan was drawn"),
        ("to/in", "a folder on its way is a symbolic link now"),
    ]
    assert (root / "to" / "touched").stat().st_mtime_ns == 5
    assert undo(plan.folder).done == 2
    assert tree(root) == before


def test_undo_brings_back_what_was_edited_and_leaves_what_was_written_over(root: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.xmp", "d.jpg"):
        _file(root / name, name.encode())
    plan = plan_of(
        root,
        *(Move(name, f"to/{name}", "") for name in ("a.jpg", "b.jpg", "d.jpg")),
        Put("c.xmp", _file(root.parent / "s", b"ours"), ""),
        Put("e.xmp", _file(root.parent / "t", b"ours too"), ""),
    )
    apply(plan.folder)
    (root / "to" / "a.jpg").write_bytes(b"edited in review")
    (root / "b.jpg").write_bytes(b"a new b")
    (root / "to" / "d.jpg").unlink()
    (root / "c.xmp").write_bytes(b"edited by hand")
    (root / "e.xmp").write_bytes(b"edited by hand too")
    outcome = undo(plan.folder)
    assert outcome.done == 1
    reasons = {step.target: reason for step, reason in outcome.skipped}
    assert reasons["to/b.jpg"] == "its old name is taken; it stays at to/b.jpg"
    assert reasons["to/d.jpg"] == "it is neither at its old name nor at its new one"
    assert "it was changed since, and stays; what it replaced is" in reasons["c.xmp"]
    assert reasons["e.xmp"] == "it was changed since it was written, and stays"
    assert (root / "a.jpg").read_bytes() == b"edited in review"
    assert (root / "c.xmp").read_bytes() == b"edited by hand"
    assert (plan.folder / "former" / "3").read_bytes() == b"c.xmp"


def test_folders_that_were_there_or_hold_something_stay(root: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        _file(root / name, b"a")
    (root / "empty").mkdir()
    plan = plan_of(root, Move("a.jpg", "empty/new/a.jpg", ""), Move("b.jpg", "made/b.jpg", ""))
    apply(plan.folder)
    _file(root / "made" / "note.txt", b"mine")
    undo(plan.folder)
    assert (root / "empty").is_dir() and not (root / "empty" / "new").exists()
    assert (root / "made" / "note.txt").exists()
    (root / "empty" / "new").mkdir()
    undo(plan.folder)
    assert (root / "empty" / "new").is_dir()


def test_a_file_that_may_not_leave_its_folder_stays(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(monkeypatch)
    for name in ("a.jpg", "kept/b.jpg", "c.jpg"):
        _file(root / name, name.encode())
    before = tree(root)
    plan = plan_of(
        root, *(Move(name, f"to/{name}", "") for name in ("a.jpg", "kept/b.jpg", "c.jpg"))
    )
    unlink = Path.unlink

    def refusing(path: Path, missing_ok: bool = False) -> None:
        if path.parent.name == "kept" and path.parent.parent == root:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refusing)
        outcome = apply(plan.folder)
        assert [reason for _, reason in outcome.skipped] == ["Permission denied"]
        assert outcome.done == 2 and not (root / "to" / "kept" / "b.jpg").exists()
        assert undo(plan.folder).done == 2
    assert tree(root) == before


NAMES = st.sampled_from(["a", "b", "c", "d", "x/a", "x/b", "x/y/a", "new/a", "new/deep/b"])
CONTENTS = st.sampled_from([b"one", b"two", b"three"])


@settings(max_examples=40)
@given(
    present=st.dictionaries(NAMES, CONTENTS),
    moves=st.lists(st.tuples(NAMES, NAMES), max_size=6),
    written=st.lists(st.tuples(NAMES, CONTENTS), max_size=4),
    seed=st.randoms(use_true_random=False),
)
def test_no_plan_loses_a_byte_and_every_plan_is_undone(
    present: dict[str, bytes],
    moves: list[tuple[str, str]],
    written: list[tuple[str, bytes]],
    seed: random.Random,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        root.mkdir()
        for name, data in present.items():
            _file(root / name, data)
            os.utime(root / name, ns=(0, len(data)))  # equal bytes look alike in all but inode
        steps: list[Move | Put] = [
            Move(source, target, "", seed.choice(["", "x", "y"])) for source, target in moves
        ]
        for number, (name, data) in enumerate(written):
            steps.append(
                Put(
                    name,
                    _file(Path(folder) / "staged" / str(number), data),
                    "",
                    seed.choice(["", "x"]),
                )
            )
        seed.shuffle(steps)
        before = tree(root)
        plan = plan_of(root, *steps)
        assert len(plan.steps) + len(plan.refused) == len(steps)
        ours = sorted(d.identity.sha256 for d in plan.steps if isinstance(d.step, Put))
        theirs = sorted(sha256_file(root / name) for name in present)
        assert tree(root) == before
        for _ in range(2):
            outcome = apply(plan.folder)
            everywhere = sorted([*root.rglob("*"), *(Path(folder) / "staged").rglob("*")])
            kept = [sha256_file(path) for path in everywhere if _is_content(path)]
            left = [sha256_file(path) for path in (Path(folder) / "staged").rglob("*")]
            assert sorted(kept) == sorted([*ours, *theirs, *left])
            assert undo(plan.folder).done == outcome.done
            assert tree(root) == before


def _is_content(path: Path) -> bool:
    return path.is_file() and "lock" not in path.name and path.suffix != ".jsonl"


def test_odd_names_travel_whole(root: Path) -> None:
    names = [
        os.fsdecode(name) for name in (b"new\nline", b"not \xff utf", b"-rf", "é\u202e".encode())
    ]
    for name in names:
        _file(root / name, os.fsencode(name))
    before = tree(root)
    plan = plan_of(root, *(Move(name, f"to/{name}", "odd") for name in names))
    assert apply(plan.folder).done == 4
    assert sorted(path.name for path in (root / "to").iterdir()) == sorted(names)
    assert undo(plan.folder).done == 4
    assert tree(root) == before


def test_an_applied_plan_is_not_drawn_over(root: Path) -> None:
    _file(root / "a.jpg", b"a")
    first = plan_of(root, Move("a.jpg", "b.jpg", ""))
    assert plan_of(root, Move("a.jpg", "c.jpg", "")).steps != first.steps
    apply(first.folder)
    assert last_applied(first.folder) == first.folder
    with pytest.raises(PlanError, match="Undo it first"):
        plan_of(root, Move("c.jpg", "d.jpg", ""))
    second = draw(root, next_folder(first.folder), [Move("c.jpg", "d.jpg", "")], made_by="test")
    assert second.folder.name == "test-2"
    apply(second.folder)
    assert last_applied(first.folder) == second.folder
    assert undo(second.folder).done == 1
    assert last_applied(first.folder) == first.folder
    assert undo(first.folder).done == 1
    assert last_applied(first.folder) is None
    assert plan_of(root, Move("a.jpg", "e.jpg", "")).steps


def test_a_plan_of_a_folder_that_is_gone_is_told_and_never_dropped(
    root: Path, tmp_path: Path
) -> None:
    _file(root / "a.jpg", b"a")
    before = tree(root)
    place = tmp_path / "out" / "plan"
    plan = draw(root, place, [Move("a.jpg", "b.jpg", "")], made_by="test")
    apply(place)
    away = root.with_name("unplugged")
    root.rename(away)
    for deed in (apply, undo):
        with pytest.raises(PlanError, match="root, which is gone"):
            deed(place)
    assert not root.exists()
    assert next_folder(place).name == "plan-2" and last_applied(place) == place
    with pytest.raises(PlanError, match="root, which is gone, not of .*unplugged"):
        to_undo(place, away)
    with pytest.raises(PlanError, match="Undo it first"):
        draw(away, place, [Move("b.jpg", "c.jpg", "")], made_by="test")
    away.rename(root)
    assert to_undo(place, root) == [plan.folder]
    assert undo(place).done == 1
    assert tree(root) == before


def test_the_plans_of_a_folder_are_found_among_those_of_others(tmp_path: Path) -> None:
    place = tmp_path / "out" / "plan"
    roots = [tmp_path / name for name in ("one", "two")]
    for number, root in enumerate([*roots, roots[0]]):
        _file(root / f"{number}.jpg", b"%d" % number)
        steps = [Move(f"{number}.jpg", f"to/{number}.jpg", "")]
        apply(draw(root, next_folder(place), steps, made_by="test").folder)
    names = [[it.name for it in to_undo(place, root)] for root in roots]
    assert names == [["plan-3", "plan"], ["plan-2"]]
    assert located(place.parent) == located(place.parent, applied=True)
    undo(to_undo(place, roots[0])[0])
    assert (located(place.parent).name, located(place.parent, applied=True).name) == (
        "plan-3", "plan-2"
    )  # fmt: skip
    assert located(place) == place
    undo(place)
    undo(place.with_name("plan-2"))
    for root in roots:
        with pytest.raises(PlanError, match="No plan in .*out is applied.*--out"):
            to_undo(place, root)
    # The last number is used again, so that the newest plan is the one of the highest number.
    assert next_folder(place).name == "plan-3"


def test_what_was_deleted_in_review_is_told_once_and_then_done_with(root: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        _file(root / name, name.encode())
    plan = plan_of(root, *(Move(name, f"to/{name}", "") for name in ("a.jpg", "b.jpg")))
    apply(plan.folder)
    (root / "to" / "a.jpg").unlink()
    assert len(undo(plan.folder).skipped) == 1
    assert last_applied(plan.folder) is None


def test_a_plan_carried_back_by_hand_is_not_applied_any_more(root: Path) -> None:
    _file(root / "a.jpg", b"a")
    plan = plan_of(root, Move("a.jpg", "to/a.jpg", ""))
    apply(plan.folder)
    (root / "to" / "a.jpg").rename(root / "a.jpg")
    assert last_applied(plan.folder) == plan.folder
    assert undo(plan.folder) == Outcome(0, [])
    assert last_applied(plan.folder) is None


def test_a_folder_moved_with_its_plan_is_undone(root: Path) -> None:
    steps = folder_of_pictures(root)
    before = tree(root)
    plan = plan_of(root, *steps)
    apply(plan.folder)
    moved = root.with_name("moved")
    root.rename(moved)
    assert undo(moved / "_artlake" / "test").done == len(steps)
    assert tree(moved) == before
    apply(moved / "_artlake" / "test")
    copy = root.with_name("copied")
    shutil.copytree(moved, copy)
    assert undo(copy / "_artlake" / "test").done == len(steps)
    assert tree(copy) == before


def test_a_plan_that_is_no_plan_is_told(root: Path) -> None:
    _file(root / "a.jpg", b"a")
    plan = plan_of(root, Move("a.jpg", "b.jpg", ""))
    whole = (plan.folder / "plan.jsonl").read_bytes()
    with pytest.raises(PlanError, match="There is no plan"):
        read(root)
    for broken in (
        b"",
        b"{}",
        b"[1]\n",
        whole[:-9],
        whole.splitlines()[0],
        b"\xff\n",
        whole.replace(b"b.jpg", b"../b"),
    ):
        (plan.folder / "plan.jsonl").write_bytes(broken)
        with pytest.raises(PlanError, match="cannot be read"):
            apply(plan.folder)


def test_one_at_a_time_below_a_root(root: Path, tmp_path: Path) -> None:
    _file(root / "a.jpg", b"a")
    one = plan_of(root, Move("a.jpg", "b.jpg", ""))
    two = draw(root, tmp_path / "elsewhere", [Move("a.jpg", "c.jpg", "")], made_by="test")
    with held(root.resolve() / "_artlake" / "lock", "apply of another plan"):
        for plan in (one, two):
            with pytest.raises(BusyError, match=f"process {os.getpid()}"):
                apply(plan.folder)
    assert apply(two.folder).done == 1


@pytest.fixture
def two_disks(small_disk: Path) -> Iterator[Path]:
    """A small disk with another one below `other`."""
    other = small_disk / "other"
    other.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", other], check=True)
    yield small_disk
    subprocess.run(["umount", other], check=True)


def test_a_file_of_the_same_number_on_another_disk_is_not_taken_for_it(two_disks: Path) -> None:
    source, target = _file(two_disks / "a.jpg", b"the only copy"), two_disks / "other" / "a.jpg"
    wanted = source.stat().st_ino
    for number in range(wanted + 9):  # both number their files alike
        stranger = _file(two_disks / "other" / str(number), b"another file!")
        if stranger.stat().st_ino == wanted:
            break
    stranger.rename(target)
    assert target.stat().st_ino == wanted
    plan = draw(
        two_disks, two_disks / "_artlake" / "p", [Move("a.jpg", "other/a.jpg", "")], made_by="test"
    )
    note = {"doubled": [str(source), str(target)], "inode": wanted}  # killed as it tried to link
    for deed in (apply, undo):
        (plan.folder / "journal.jsonl").write_text(json.dumps(note) + "\n")
        deed(plan.folder)
        assert source.read_bytes() == b"the only copy"
        assert target.read_bytes() == b"another file!"


def test_killed_between_real_disks(two_disks: Path) -> None:
    names = [f"{number}.jpg" for number in range(5)]
    for name in names:
        _file(two_disks / name, name.encode() * 999)
    plan = draw(
        two_disks,
        two_disks / "_artlake" / "p",
        [Move(name, f"other/{name}", "") for name in names],
        made_by="test",
    )
    before, chance = tree(two_disks), random.Random(6)
    calls = moments(lambda: apply(plan.folder))
    everything = content(two_disks)
    undo(plan.folder)
    for _ in range(12):
        assert killed(lambda: apply(plan.folder), chance.randrange(1, calls))
        assert not undo(plan.folder).skipped
        assert tree(two_disks) == before
        assert content(two_disks) == everything


def test_a_copy_of_a_folder_does_not_mend_the_folder_it_was_copied_from(root: Path) -> None:
    _file(root / "a.jpg", b"a")
    plan = plan_of(root, Move("a.jpg", "to/a.jpg", ""))
    (root / "to").mkdir()
    os.link(root / "a.jpg", root / "to" / "a.jpg")  # killed with both names there
    inode = (root / "a.jpg").stat().st_ino
    note = {"doubled": [str(root / "a.jpg"), str(root / "to" / "a.jpg")], "inode": inode}
    (plan.folder / "journal.jsonl").write_text(json.dumps(note) + "\n")
    copy = root.with_name("copied")
    shutil.copytree(root, copy)
    before = tree(root)
    undo(copy / "_artlake" / "test")
    assert tree(root) == before
    assert undo(plan.folder).done == 1
    assert (root / "a.jpg").exists() and not (root / "to" / "a.jpg").exists()


def test_a_copy_that_failed_leaves_nothing_to_recover(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(monkeypatch)
    _file(root / "a.jpg", b"a")
    plan = plan_of(root, Move("a.jpg", "to/a.jpg", ""))

    def failing(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    for where in ("copyfileobj", "copystat"):
        with monkeypatch.context() as patch:
            patch.setattr(shutil, where, failing)
            with pytest.raises(PlanError, match="Input/output error"):
                apply(plan.folder)
    with monkeypatch.context() as patch:
        patch.setattr(moving, "sync_folder", failing)
        with pytest.raises(PlanError, match="Input/output error"):
            apply(plan.folder)
    told = journals.history(plan.folder / "journal.jsonl")
    assert told.doubled is None and told.part is None
    assert [path.name for path in (root / "to").iterdir()] == []
    assert apply(plan.folder).done == 1


def test_a_full_disk_stops_the_plan_and_undo_is_whole(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = folder_of_pictures(root)
    before = tree(root)
    everything = content(root.parent)
    plan = plan_of(root, *steps)
    for room in range(0, 31, 3):
        with monkeypatch.context() as patch:
            _fill_after(room, patch)
            with pytest.raises(PlanError, match="No space left on device.*Nothing is lost"):
                apply(plan.folder)
            assert content(root.parent) == everything
            undo(plan.folder)  # still full
        assert tree(root) == before
    assert apply(plan.folder).done == len(steps)
    assert undo(plan.folder).done == len(steps)


def _fill_after(room: int, patch: pytest.MonkeyPatch) -> None:
    """Let only so many things be written to the journal or made, then the disk is full."""
    left = iter(range(room))

    note, mkdir = journals.Journal.note, Path.mkdir

    def take() -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def noted(journal: journals.Journal, **deed: Any) -> None:
        take()
        note(journal, **deed)

    def made(folder: Path, **options: Any) -> None:
        if not folder.exists():
            take()
        mkdir(folder, **options)

    patch.setattr(journals.Journal, "note", noted)
    patch.setattr(Path, "mkdir", made)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True
    ).returncode:
        pytest.skip("this user may not mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_disk_that_is_really_full(small_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "staged").mkdir()
    puts = [
        Put(f"{n}.tif", _file(tmp_path / "staged" / str(n), os.urandom(300_000)), "crop")
        for n in range(5)
    ]
    _file(small_disk / "1.tif", b"former")
    before = tree(small_disk)
    plan = draw(small_disk, tmp_path / "out", puts, made_by="test")
    with pytest.raises(PlanError, match="No space left on device"):
        apply(plan.folder)
    assert sum(path.suffix == ".tif" for path in small_disk.iterdir()) == 3
    assert undo(plan.folder).done == 3
    assert tree(small_disk) == before
    assert len([*(plan.folder / "puts").iterdir()]) == 5


def test_a_read_only_disk_is_told(small_disk: Path, tmp_path: Path) -> None:
    _file(small_disk / "a.jpg", b"a")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(PlanError, match="Read-only file system.*--out"):
        plan_of(small_disk, Move("a.jpg", "b.jpg", ""))
    plan = draw(small_disk, tmp_path / "out", [Move("a.jpg", "b.jpg", "")], made_by="test")
    with pytest.raises(PlanError, match="Read-only file system.*make the disk writable"):
        apply(plan.folder)


def killed(deed: Callable[[], object], moment: int) -> bool:
    """Run `deed` in a child that kills itself at its `moment`-th call; False when it ended first."""
    child = os.fork()
    if child == 0:
        left = moment

        def count(*_: object) -> None:
            nonlocal left
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        try:
            deed()
        finally:
            sys.setprofile(None)
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def moments(deed: Callable[[], object]) -> int:
    """How many calls `deed` makes."""
    total = 0

    def count(*_: object) -> None:
        nonlocal total
        total += 1

    sys.setprofile(count)
    try:
        deed()
    finally:
        sys.setprofile(None)
    return total


def test_killed_at_any_moment_one_more_command_makes_it_whole(
    root: Path, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a killed process wrote is with the system; only a power cut needs the disk's word.
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    steps = folder_of_pictures(root, 5)
    before = tree(root)
    everything = None
    plan = plan_of(root, *steps)
    calls = moments(lambda: apply(plan.folder))
    applied = tree(root)
    everything = content(tmp_path)
    calls_back = moments(lambda: undo(plan.folder))
    chance = random.Random(4)
    for turn in range(20):
        assert killed(lambda: apply(plan.folder), chance.randrange(1, calls))
        if turn % 2:
            assert not apply(plan.folder).skipped
            assert tree(root) == applied
        else:
            assert not undo(plan.folder).skipped
            assert tree(root) == before
        assert content(tmp_path) == everything
        apply(plan.folder)
        assert killed(lambda: undo(plan.folder), chance.randrange(1, calls_back))
        if turn % 3:
            assert not undo(plan.folder).skipped
            assert tree(root) == before
        else:
            assert not apply(plan.folder).skipped
            assert tree(root) == applied
        assert content(tmp_path) == everything
        undo(plan.folder)
        assert tree(root) == before


def test_killed_from_outside_between_real_commands(root: Path, tmp_path: Path) -> None:
    steps = folder_of_pictures(root, 300)
    before = tree(root)
    plan = plan_of(root, *steps)
    code = "import sys; from imaging.files.plan import apply; print(flush=True); apply(sys.argv[1])"
    code = code.replace("apply(sys", "apply(__import__('pathlib').Path(sys")
    code = code.replace("[1])", "[1]))")
    chance = random.Random(5)
    for _ in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", code, plan.folder], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0, 0.15))
        child.kill()
        child.wait()
        assert not undo(plan.folder).skipped
        assert tree(root) == before
