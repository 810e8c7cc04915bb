"""Fixity: manifests survive any name, damage is told from editing, and bags satisfy bagit."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import bagit
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import bags, fixity
from storage.fixity import Entry, Finding, FixityError

_ODD = [b"plain.tif", b"sub/new\nline.tif", b"50% grey.tif", b"bad\xff\xfeutf8.tif", b" lead.tif"]
_ODD += [b"sub/cr\r.tif", b"%0A literal.tif", b"trail .tif ", "größe.tif".encode()]

_names = st.binary(min_size=1, max_size=12).filter(
    lambda name: b"\0" not in name and b"/" not in name and name not in (b".", b"..")
)
_sums = st.binary(min_size=32, max_size=32).map(bytes.hex)
_entries = st.builds(Entry, _sums, st.integers(0, 2**60), st.integers(0, 2**62))


def _folder(root: Path, names: list[bytes]) -> Path:
    for number, name in enumerate(names):
        path = root / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number * 1000)
    return root


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_names, _entries, max_size=5))
def test_a_manifest_gives_back_any_name(tmp_path: Path, entries: dict[bytes, Entry]) -> None:
    folder = fixity.save(tmp_path / "work", entries)
    assert fixity.read(folder) == entries
    lines = (folder / fixity.MANIFEST).read_bytes().split(b"\n")
    assert len(lines) == len(entries) + 1 and lines[-1] == b""


def test_sha256sum_reads_our_manifest(tmp_path: Path) -> None:
    root = _folder(tmp_path / "a", [b"one.tif", b"sub/two words.tif"])
    entries, unread = fixity.hashed(root, [b"one.tif", b"sub/two words.tif"])
    assert not unread
    folder = fixity.save(tmp_path / "work", entries)
    command = ["sha256sum", "--check", "--strict", str(folder / fixity.MANIFEST)]
    assert subprocess.run(command, cwd=root, capture_output=True).returncode == 0


def test_odd_names_are_hashed_and_found_again(tmp_path: Path) -> None:
    root = _folder(tmp_path / "a", _ODD)
    entries, unread = fixity.hashed(root, _ODD)
    assert set(entries) == set(_ODD) and not unread
    for number, name in enumerate(_ODD):
        assert entries[name].sha256 == hashlib.sha256(b"%d" % number * 1000).hexdigest()
    known = fixity.read(fixity.save(tmp_path / "work", entries))
    assert fixity.compare(known, *fixity.hashed(root, _ODD)) == []


def test_what_became_of_each_file_is_told_apart(tmp_path: Path) -> None:
    names = [b"rot.tif", b"edit.tif", b"gone.tif", b"old/name.tif", b"same.tif", b"locked.tif"]
    root = _folder(tmp_path / "a", names)
    known, _ = fixity.hashed(root, names)
    rot = root / "rot.tif"
    times = rot.stat()
    data = bytearray(rot.read_bytes())
    data[500] ^= 1
    rot.write_bytes(data)
    os.utime(rot, ns=(times.st_atime_ns, times.st_mtime_ns))
    (root / "edit.tif").write_bytes(b"worked on")
    (root / "gone.tif").unlink()
    (root / "old" / "name.tif").rename(root / "other.tif")
    (root / "fresh.tif").write_bytes(b"fresh")
    now = [b"rot.tif", b"edit.tif", b"other.tif", b"same.tif", b"fresh.tif"]
    found, unread = fixity.hashed(root, now)
    findings = fixity.compare(known, found, unread | {b"locked.tif": "Permission denied"})
    assert findings == [
        Finding("edited", b"edit.tif", "1000 → 9 bytes"),
        Finding("new", b"fresh.tif"),
        Finding("missing", b"gone.tif"),
        Finding("unreadable", b"locked.tif", "Permission denied"),
        Finding("moved", b"old/name.tif", "other.tif"),
        Finding("damaged", b"rot.tif", "the same size and time, other bytes"),
    ]


def test_files_below_a_folder_that_cannot_be_read_are_not_called_missing() -> None:
    known = {b"a/b/c.tif": Entry("0" * 64, 1, 1)}
    assert fixity.compare(known, {}, {b"a": "Permission denied"}) == [
        Finding("unreadable", b"a", "Permission denied")
    ]


def test_the_next_manifest_forgets_what_is_gone_and_keeps_what_cannot_be_read() -> None:
    was = {name: Entry(f"{number}" * 64, 1, 1) for number, name in enumerate((b"a", b"b", b"c"))}
    now = {b"a": Entry("9" * 64, 2, 2), b"d": was[b"b"]}
    findings = fixity.compare(was, now, {b"c": "Permission denied"})
    assert fixity.renewed(was, now, findings) == now | {b"c": was[b"c"]}


def test_only_what_stands_before_a_known_file_blocks() -> None:
    refused = {b"a/b": "a link", b"a/x": "a link", b"c": "a link"}
    assert fixity.blocking(refused, [b"a/b/one.tif", b"c"]) == {b"a/b": "a link", b"c": "a link"}


def test_vanished_files_are_told_and_end_nothing(tmp_path: Path) -> None:
    root = _folder(tmp_path / "a", [b"here.tif"])
    found, unread = fixity.hashed(root, [b"here.tif", b"vanished.tif"])
    assert set(found) == {b"here.tif"} and unread == {b"vanished.tif": "No such file or directory"}


def test_a_file_written_to_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = _folder(tmp_path / "a", [b"busy.tif"])
    real = hashlib.file_digest

    def slow(handle, algorithm):  # type: ignore[no-untyped-def]
        with (root / "busy.tif").open("ab") as busy:
            busy.write(b"more")
        return real(handle, algorithm)

    monkeypatch.setattr(hashlib, "file_digest", slow)
    found, unread = fixity.hashed(root, [b"busy.tif"])
    assert not found and "written to" in unread[b"busy.tif"]


def test_a_killed_run_finds_what_it_had_read(tmp_path: Path) -> None:
    root = _folder(tmp_path / "a", [b"one.tif", b"two.tif"])
    memo = tmp_path / "memo"
    before, _ = fixity.hashed(root, [b"one.tif"], memo=memo)
    times = (root / "one.tif").stat()
    (root / "one.tif").write_bytes(b"x" * 1000)
    os.utime(root / "one.tif", ns=(times.st_atime_ns, times.st_mtime_ns))
    again, _ = fixity.hashed(root, [b"one.tif", b"two.tif"], memo=memo)
    assert (
        again[b"one.tif"] == before[b"one.tif"]
    )  # not read again: its size and time are as before
    afresh, _ = fixity.hashed(root, [b"one.tif"])
    assert afresh[b"one.tif"] != before[b"one.tif"]


def test_a_memo_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    root = _folder(tmp_path / "a", [b"one.tif"])
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FixityError, match="--out"):
        fixity.hashed(root, [b"one.tif"], memo=tmp_path / "file")


def test_large_files_are_read_in_processes_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = _folder(tmp_path / "a", [b"%d.tif" % number for number in range(40)])
    paths = [b"%d.tif" % number for number in range(40)] + [b"gone.tif"]
    alone = fixity.hashed(root, paths)
    monkeypatch.setattr(fixity, "_BATCH_BYTES", 5_000)
    assert fixity.hashed(root, list(reversed(paths))) == alone


def test_unchanged_reads_no_file(tmp_path: Path) -> None:
    root = _folder(tmp_path / "a", [b"one.tif", b"two.tif"])
    known, _ = fixity.hashed(root, [b"one.tif", b"two.tif"])
    (root / "two.tif").write_bytes(b"edited")
    paths = [b"one.tif", b"two.tif", b"three.tif"]
    assert set(fixity.unchanged(root, known, paths)) == {b"one.tif"}


@pytest.mark.parametrize("name", [fixity.MANIFEST, fixity.TIMES, fixity.TAG_MANIFEST])
def test_a_damaged_manifest_is_not_trusted(tmp_path: Path, name: str) -> None:
    folder = fixity.save(tmp_path, {b"a": Entry("0" * 64, 1, 1)})
    data = bytearray((folder / name).read_bytes())
    data[3] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(FixityError, match="cannot be trusted"):
        fixity.read(folder)


def test_manifests_are_numbered_and_equal_for_equal_files(tmp_path: Path) -> None:
    entries = {b"b": Entry("0" * 64, 1, 1), b"a": Entry("1" * 64, 1, 1)}
    first = fixity.save(tmp_path, entries)
    second = fixity.save(tmp_path, dict(reversed(entries.items())))
    assert (first.name, second.name) == ("0001", "0002")
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()
    assert fixity.newest(tmp_path) == second


# -- bags ----------------------------------------------------------------------------------------

_GOOD = [b"one.tif", b"sub/new\nline.tif", b"sub/cr\r.tif", b" lead.tif", "größe.tif".encode()]


@pytest.mark.parametrize("names", [_GOOD, [*_GOOD, b"50% grey.tif", b"x%25\n.tif"]])
@pytest.mark.parametrize("links", [True, False])
def test_bagit_accepts_our_bag(
    tmp_path: Path, names: list[bytes], links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = _folder(tmp_path / "a", names)
    (tmp_path / ".bag.part").mkdir()
    (tmp_path / ".bag.part" / "thesis.txt").write_text("mine")
    if not links:

        def refuse(source: Path, target: Path) -> None:
            raise OSError(18, "Invalid cross-device link")

        monkeypatch.setattr(os, "link", refuse)
    out = tmp_path / "bag"
    assert bags.make(root, names, out) == len(names)
    assert bagit.Bag(str(out)).validate()
    assert bags.verify(out) == []
    assert (out / "data" / "one.tif").samefile(root / "one.tif") == links
    assert sorted(it.name for it in tmp_path.iterdir()) == [".bag.part", "a", "bag"]
    assert (tmp_path / ".bag.part" / "thesis.txt").read_text() == "mine"


def test_a_name_that_no_bag_can_hold_makes_no_bag(tmp_path: Path) -> None:
    for name in (b"bad\xff.tif", b"%0A literal.tif", b"trail.tif "):
        root = _folder(tmp_path / "a", [b"one.tif", name])
        with pytest.raises(FixityError, match="1 files have names"):
            bags.make(root, [b"one.tif", name], tmp_path / "bag")
        assert not (tmp_path / "bag").exists()


def test_no_bag_over_an_existing_folder_within_the_payload_or_short_of_a_file(
    tmp_path: Path,
) -> None:
    root = _folder(tmp_path / "a", [b"one.tif"])
    for out in (tmp_path / "a", root / "bag"):
        with pytest.raises(FixityError, match="exists already or lies within"):
            bags.make(root, [b"one.tif"], out)
    with pytest.raises(FixityError, match=r"1 files cannot be read: gone\.tif"):
        bags.make(root, [b"one.tif", b"gone.tif"], tmp_path / "bag")
    assert sorted(it.name for it in tmp_path.iterdir()) == ["a"]


def test_what_is_wrong_with_a_bag_is_told_file_by_file(tmp_path: Path) -> None:
    root = _folder(tmp_path / "a", [b"one.tif", b"two.tif", b"three.tif"])
    out = tmp_path / "bag"
    bags.make(root, [b"one.tif", b"two.tif", b"three.tif"], out)
    (out / "data" / "one.tif").unlink()
    (out / "data" / "one.tif").write_bytes(b"other bytes")
    (out / "data" / "two.tif").unlink()
    (out / "data" / "four.tif").write_bytes(b"new")
    (out / "bag-info.txt").write_text("Payload-Oxum: 3000.3\nContact-Name: somebody\n")
    kinds = {it.path: it.kind for it in bags.verify(out)}
    assert kinds == {
        b"bag-info.txt": "damaged",
        b"data/four.tif": "new",
        b"data/one.tif": "damaged",
        b"data/two.tif": "missing",
    }
    assert (root / "one.tif").read_bytes() == b"0" * 1000


def test_bags_of_the_library_itself_are_verified(tmp_path: Path) -> None:
    root = _folder(tmp_path / "a", [b"one.tif", b"sub/two.tif"])
    bagit.make_bag(str(root), checksums=["md5", "sha512"])
    assert bags.verify(root) == []
    (root / "data" / "one.tif").write_bytes(b"x" * 1000)
    assert [(it.kind, it.path) for it in bags.verify(root)] == [("damaged", b"data/one.tif")]
    shutil.rmtree(root / "data")
    with pytest.raises(FixityError, match="no whole bag"):
        (root / "bagit.txt").write_text("nothing\n")
        bags.verify(root)
