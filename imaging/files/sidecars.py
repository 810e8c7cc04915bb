"""XMP sidecars of what is embedded in pictures.

What belongs here: which sidecar belongs to which picture, and the steps of the plan that puts them there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path

from imaging.files.companions import Bundle
from imaging.files.exiftool import ExiftoolError, Session
from imaging.files.steps import Put
from imaging.files.walk import Refused


class Naming(StrEnum):
    """How a sidecar of `name.jpg` is called: `name.jpg.xmp` (darktable, digiKam) or `name.xmp` (Adobe)."""

    DARKTABLE = "darktable"
    ADOBE = "adobe"


def sidecars(
    root: Path,
    bundles: Sequence[Bundle],
    session: Session,
    staging: Path,
    naming: Naming,
    progress: Callable[[Sequence[Bundle]], Iterable[Bundle]] = iter,
) -> tuple[list[Put], list[Refused]]:
    """Write sidecars below `staging`; return the steps that put them in place, and what has none.

    A sidecar of the wanted name that is there is merged: its values win. Under Adobe's naming
    pictures of one folder and stem that are no bundle would share one, and are refused.
    """
    puts: list[Put] = []
    refused: list[Refused] = []
    names = [_sidecar(bundle.main, naming) for bundle in bundles]
    shared = {name for name, count in Counter(names).items() if count > 1}
    for number, bundle in enumerate(progress(bundles)):
        target = names[number]
        if target in shared:
            refused.append(
                Refused(bundle.main, f"it would share {target.name} with another picture")
            )
            continue
        existing = _existing(target, bundle)
        staged = staging / f"{number}.xmp"
        try:
            new = session.sidecar(bundle.main, staged, existing)
        except (ExiftoolError, OSError) as error:
            refused.append(Refused(bundle.main, str(error)))
            continue
        if new:
            place = (existing or target).relative_to(root).as_posix()
            puts.append(Put(place, staged, "merged" if existing else "embedded metadata"))
        elif not existing:
            refused.append(Refused(bundle.main, "nothing is embedded in it"))
    return puts, refused


def _sidecar(picture: Path, naming: Naming) -> Path:
    if naming is Naming.ADOBE:
        return picture.with_suffix(".xmp")
    return picture.with_name(f"{picture.name}.xmp")


def _existing(target: Path, bundle: Bundle) -> Path | None:
    """The bundle's sidecar of that name, in either case."""
    return next((it for it in bundle.others if it.name.lower() == target.name.lower()), None)
