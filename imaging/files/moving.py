"""One file gets another name, and no file is ever overwritten or lost on the way.

What belongs here: the system's ways to move, best first: a rename that refuses a taken name, a
second name with the first one taken away, and, between devices, a copy that is checked first.
"""

import ctypes
import errno
import os
import shutil
import stat
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from imaging.files.journal import History, Journal
from storage.files import sha256_file

# Not the move's fault but the disk's: nothing after it can work either.
FATAL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
_AT_FDCWD, _RENAME_NOREPLACE = -100, 1  # linux/fcntl.h, linux/fs.h
_ELSEWHERE = frozenset({errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK})


def move(source: Path, target: Path, journal: Journal) -> None:
    """Move a regular file; its times, and on one device its inode, stay.

    Raises FileExistsError where `target` is taken, OSError for all else; then `source` is whole and
    `target` not there. A process killed on the way leaves what `recover` mends.
    """
    if _rename(source, target):
        return
    try:
        journal.note(sure=True, doubled=[str(source), str(target)], inode=source.lstat().st_ino)
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _ELSEWHERE:
            journal.note(single=True)
            raise
        try:
            _copy(source, target, journal)
        except OSError:
            with suppress(OSError):  # a full disk says first what it says
                journal.note(single=True)
            raise
    try:
        source.unlink()
    except OSError:  # it may not be taken from its folder, so it stays
        target.unlink()
        journal.note(single=True)
        raise
    journal.note(single=True)


def recover(told: History, *within: Path) -> None:
    """Finish the move under way when the process was killed.

    Only below the folders `within`: in a copy of a folder the journal still names the files of the first.
    """

    def ours(path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in within)

    if told.doubled:
        source, target, inode = told.doubled
        if ours(source) and ours(target) and _arrived(source, target, inode):
            try:
                source.unlink()
            except OSError:
                target.unlink()
    if told.part and ours(told.part):
        told.part.unlink(missing_ok=True)


def _arrived(source: Path, target: Path, inode: int) -> bool:
    """Whether both names hold one file's bytes, the target by our doing.

    Numbers of inodes mean something on one device only: between two, just the bytes prove anything.
    """
    try:
        old, new = source.lstat(), target.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(new.st_mode) or new.st_ino != inode:
        return False
    return os.path.samestat(old, new) or (
        stat.S_ISREG(old.st_mode)
        and old.st_size == new.st_size
        and sha256_file(source) == sha256_file(target)
    )


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _rename(source: Path, target: Path) -> bool:
    """Rename without replacing; False where the system or file system cannot."""
    if sys.platform == "win32":
        try:
            source.rename(target)
        except OSError as error:
            if error.errno == errno.EXDEV:
                return False
            raise
        return True
    function = _renameat2()
    if function is None:
        return False
    names = os.fsencode(source), os.fsencode(target)
    if function(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_NOREPLACE) == 0:
        return True
    code = ctypes.get_errno()
    if code in {errno.EXDEV, errno.ENOSYS, errno.EINVAL}:
        return False
    raise OSError(code, os.strerror(code), str(target))


@cache
def _renameat2() -> Any:
    return getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def _copy(source: Path, target: Path, journal: Journal) -> None:
    """Copy to a part file, check its bytes, and only then give it its name."""
    # One move runs at a time below a root (see `plan`), so that the process's number is enough.
    part = target.parent / f".artlake-{os.getpid()}.part"
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    journal.note(sure=True, copying=str(part))
    try:
        with source.open("rb") as old, part.open("xb") as new:
            shutil.copyfileobj(old, new, 1 << 20)
            new.flush()
            shutil.copystat(source, part)
            os.fsync(new.fileno())
        if sha256_file(part) != sha256_file(source):
            raise OSError(errno.EIO, "the copy is not what was copied", str(target))
        inode = part.lstat().st_ino
        journal.note(sure=True, doubled=[str(source), str(target)], inode=inode)
        if not _rename(part, target):
            os.link(part, target)
            part.unlink()
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    try:
        sync_folder(target.parent)
    except OSError:  # the disk does not vouch for it
        target.unlink()
        raise
