"""What travels with a picture: its sidecars, the RAW beside a JPEG, the film of a live photo.

What belongs here: the naming conventions of cameras and programs, and nothing that opens a file.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from imaging.raw import SUFFIXES as RAW

# Of cameras: thm (thumbnail), wav (spoken note), mov (live photo). Of programs: xmp (all), dop (DxO), pp3 and arp
# (RawTherapee, ART), on1, vrd and dr4 (Canon), nksc (Nikon), aae (Apple), cos (Capture One), json (Google Takeout,
# gallery-dl and our own), txt (captions), mie and exif (ExifTool), md5 and sha256 (checksums).
SIDECARS = frozenset(
    [
        ".xmp",
        ".json",
        ".thm",
        ".wav",
        ".mov",
        ".dop",
        ".pp3",
        ".arp",
        ".on1",
        ".vrd",
        ".dr4",
        ".nksc",
        ".aae",
        ".cos",
        ".txt",
        ".mie",
        ".exif",
        ".md5",
        ".sha256",
    ]
)
# What cameras write beside a RAW, in the order in which a picture stands for its bundle.
BESIDE_RAW = (".jpg", ".jpeg", ".jpe", ".heic", ".heif", ".hif")

# darktable names the sidecar of a picture's second version `name_01.jpg.xmp`.
_VERSION = re.compile(r"(.+)_\d\d(\.[^.]+)")
# macOS keeps what a foreign file system cannot hold in `._name`.
_APPLE = "._"


@dataclass(frozen=True)
class Bundle:
    """A picture and the files that travel with it, sorted by name."""

    main: Path
    others: tuple[Path, ...]


def bundles(files: Sequence[Path]) -> list[Bundle]:
    """Return the files as bundles sorted by main file; every file is in exactly one.

    A RAW joins the JPEG or HEIF of its stem and folder, which stands for both. A sidecar joins the
    picture whose full name it starts with (`a.jpg.xmp`), else one of its stem (`a.xmp`), RAW and
    JPEG before others; without a picture it is a bundle of its own. Suffixes match in either case.
    """
    folders: dict[Path, list[Path]] = defaultdict(list)
    for file in files:
        folders[file.parent].append(file)
    found: list[Bundle] = []
    for inside in folders.values():
        found += _of_folder(sorted(inside, key=lambda file: file.name))
    return sorted(found, key=lambda bundle: str(bundle.main))


def follow(bundle: Bundle, main: str) -> list[str]:
    """Return the names that the others take when the main file is named `main`, in their order.

    What a name shares with the old main name, in full or up to its stem, changes along.
    """
    old, stem = bundle.main.name, Path(main).stem
    names = []
    for other in (file.name for file in bundle.others):
        apple = other.startswith(_APPLE) and not old.startswith(_APPLE)
        lead, rest = (_APPLE, other[len(_APPLE) :]) if apple else ("", other)
        if rest == old or rest.startswith(f"{old}."):
            names.append(lead + main + rest[len(old) :])
        else:
            names.append(lead + stem + rest[len(bundle.main.stem) :])
    return names


def free_names(
    bundle: Bundle, name: str, taken: Callable[[str], bool], last: dict[str, int] | None = None
) -> list[str]:
    """Return the names of the main file and the others when the main one is to be `name` (a POSIX path).

    Where `taken` says of any of them that it is, all become those of `name~2`, `name~3`, … `last`
    keeps the number that each name came to, so that many bundles of one name need not count from 2.
    """
    path, known = PurePosixPath(name), {} if last is None else last
    number = known.get(name, 0) + 1
    while True:
        main = path if number == 1 else path.with_name(f"{path.stem}~{number}{path.suffix}")
        names = [str(main), *(str(main.with_name(it)) for it in follow(bundle, main.name))]
        if not any(taken(it) for it in names):
            known[name] = number
            return names
        number += 1


def _of_folder(files: list[Path]) -> Iterable[Bundle]:
    """Bundles of one folder's files, which are sorted by name."""
    names = {file.name for file in files}
    pictures = [file for file in files if not _travels(file, names)]
    stems: dict[str, list[Path]] = defaultdict(list)
    for picture in pictures:
        stems[picture.stem].append(picture)
    head: dict[str, Path] = {}
    for alike in stems.values():
        alike.sort(key=_standing)
        for picture in alike:
            beside = alike[0].suffix.lower() in BESIDE_RAW
            head[picture.name] = alike[0] if beside and _is_raw(picture) else picture
    others: dict[Path, list[Path]] = {main: [] for main in head.values()}
    for file in files:
        main = head.get(file.name) or _owner(file.name, head, stems)
        if main is None:
            others[file] = []
        elif main != file:
            others[main].append(file)
    return [Bundle(main, tuple(rest)) for main, rest in others.items()]


def _travels(file: Path, names: set[str]) -> bool:
    if file.name.startswith(_APPLE) and file.name[len(_APPLE) :] in names:
        return True
    return file.suffix.lower() in SIDECARS


def _owner(name: str, head: dict[str, Path], stems: dict[str, list[Path]]) -> Path | None:
    """The main file of the picture that a sidecar of this name belongs to."""
    if name.startswith(_APPLE):
        plain = name[len(_APPLE) :]
        return head.get(plain) or _owner(plain, head, stems)
    short = name
    while "." in short:
        short = short.rpartition(".")[0]
        version = _VERSION.fullmatch(short)
        for full in (short, version and version[1] + version[2]):
            if full and full in head:
                return head[full]
    alike = stems.get(Path(name).stem)
    return head[alike[0].name] if alike else None


def _is_raw(file: Path) -> bool:
    return file.suffix.lower() in RAW


def _standing(file: Path) -> tuple[int, str]:
    """Where a picture stands among those of its stem."""
    suffix = file.suffix.lower()
    if suffix in BESIDE_RAW:
        return BESIDE_RAW.index(suffix), file.name
    return len(BESIDE_RAW) + (0 if _is_raw(file) else 1), file.name
