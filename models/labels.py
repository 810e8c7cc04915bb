"""Which labels are learned: the label maps of `models/labels/*.yaml`, one file an attribute, read and checked.

What belongs here: from a label as a source writes it to the class that is taught. A file says:

    column           text column of catalog/artworks, or `artists` for the first maker's name
    sources          whose labels are learned; left out: everybody's
    minimum_support  groups (see `models.related`) that a class must have
    schemes          splits it is judged on, see `models.splits`
    classes          the only classes, where they are fixed
    merge            label as written: class
    drop             labels that teach nothing; `*` stands for any letters

Labels are compared by `term`: case, accents, underscores and punctuation do not count.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from storage.errors import MendableError
from storage.schemas import ARTWORKS

FOLDER = Path(__file__).parent / "labels"
SCHEMES = ("grouped", "artist_disjoint", "official")
ARTISTS = "artists"
_KEYS = {"column", "sources", "minimum_support", "schemes", "classes", "merge", "drop"}


class LabelsError(MendableError):
    """A label map is wrong or does not fit the data; the message names the file and the key."""


@dataclass(frozen=True)
class LabelMap:
    """What one file says; see the module. classes: empty where the data decides. where: the file."""

    attribute: str
    column: str
    minimum_support: int
    schemes: tuple[str, ...]
    sources: tuple[str, ...]
    classes: tuple[str, ...]
    merge: Mapping[str, str]
    drop: tuple[str, ...]
    where: str

    def classes_of(self, written: Iterable[str]) -> dict[str, str | None]:
        """Each label as written with its class; None for one that is dropped.

        written: all labels of the data, repeated as often as they occur: spellings of one term become
        one class, named as the map does or else as most write it.

        Raises LabelsError where the classes are fixed and the map misses one that the data has, or
        no label of the data leads to one of them.
        """
        counts = Counter(written)
        merge = {term(label): target for label, target in self.merge.items()}
        spelt = {term(target): target for target in (*self.merge.values(), *self.classes)}
        for label in sorted(counts, key=lambda label: (-counts[label], label)):
            spelt.setdefault(term(label), label)
        found = {
            label: None if self._dropped(label) else spelt[term(merge.get(term(label), label))]
            for label in sorted(counts)
        }
        if self.classes:
            self._check_fixed(found, counts)
        return found

    def drops(self, written: Iterable[str]) -> set[str]:
        """Those of the labels that teach nothing."""
        return {label for label in written if self._dropped(label)}

    def _dropped(self, label: str) -> bool:
        # Patterns keep their star, which `term` would lose.
        patterns = ("*".join(term(part) for part in pattern.split("*")) for pattern in self.drop)
        return not term(label) or any(fnmatchcase(term(label), pattern) for pattern in patterns)

    def _check_fixed(self, found: Mapping[str, str | None], counts: Counter[str]) -> None:
        for label, name in found.items():
            if name is not None and name not in self.classes:
                raise LabelsError(
                    f"{self.where}: classes: the data has {label!r} ({counts[label]} works), which is "
                    "none of them. Name it there, or under `merge` or `drop`."
                )
        for name in self.classes:
            if name not in found.values():
                raise LabelsError(
                    f"{self.where}: classes: no label of the data leads to {name!r}. Name what is "
                    "written for it under `merge`, or take it out."
                )


def term(label: str) -> str:
    """How spellings of one label are recognised: letters and digits, case-folded, without accents."""
    plain = unicodedata.normalize("NFKD", label.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def read_all(folder: Path = FOLDER) -> dict[str, LabelMap]:
    """Every label map of a folder by its attribute, in the order of the files' names."""
    return {path.stem: read(path) for path in sorted(folder.glob("*.yaml"))}


def read(path: Path) -> LabelMap:
    """The label map of one file, named after it.

    Raises LabelsError naming file and key for what cannot be.
    """
    import yaml

    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise LabelsError(f"{path} cannot be read as a label map: {error}") from error
    if not isinstance(said, dict):
        raise LabelsError(f"{path} holds no label map: column, minimum_support, schemes.")
    if strange := sorted(map(str, set(said) - _KEYS)):
        raise LabelsError(
            f"{path}: there is no key {strange[0]!r}; there are {', '.join(sorted(_KEYS))}."
        )
    support = said.get("minimum_support")
    if type(support) is not int or support < 1:
        raise LabelsError(f"{path}: minimum_support is a number from 1, not {support!r}.")
    made = LabelMap(
        attribute=path.stem,
        column=_column(said.get("column"), path),
        minimum_support=support,
        schemes=_texts(said, "schemes", path),
        sources=_texts(said, "sources", path),
        classes=_texts(said, "classes", path),
        merge=_merge(said.get("merge", {}), path),
        drop=_texts(said, "drop", path),
        where=str(path),
    )
    if strange := [name for name in made.schemes if name not in SCHEMES]:
        raise LabelsError(
            f"{path}: schemes: there is no {strange[0]!r}; there are {', '.join(SCHEMES)}."
        )
    for written, name in made.merge.items():
        if made.classes and name not in made.classes:
            raise LabelsError(
                f"{path}: merge: {written!r} leads to {name!r}, which is not in `classes`."
            )
    return made


def _column(name: Any, path: Path) -> str:
    texts = [field.name for field in ARTWORKS if field.type == "string"]
    if name != ARTISTS and name not in texts:
        raise LabelsError(
            f"{path}: column: artworks have no text column {name!r}; there are {', '.join(texts)}."
        )
    return str(name)


def _texts(said: Mapping[str, Any], key: str, path: Path) -> tuple[str, ...]:
    values = said.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise LabelsError(f"{path}: {key} is a list of texts, not {values!r}.")
    return tuple(values)


def _merge(said: Any, path: Path) -> dict[str, str]:
    if not isinstance(said, dict) or not all(
        isinstance(text, str) for pair in said.items() for text in pair
    ):
        raise LabelsError(f"{path}: merge is a list of `label as written: class`, not {said!r}.")
    return said
