"""Groups of labels for an institution with fewer departments: their probabilities are added up.

What belongs here: reading a grouping from YAML and applying it to what a model said. Nothing is trained
anew. `models/groupings/*.yaml` are examples to copy from.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.calibration import softmax
from models.outputs import Outputs
from models.routing import choose_threshold
from storage.errors import MendableError

GROUPINGS = Path(__file__).parent / "groupings"


class GroupingError(MendableError):
    """A grouping does not fit the labels of the model; the message names file and label."""


@dataclass(frozen=True)
class Grouping:
    """label → group, for every label of one attribute; `groups` in sorted order."""

    name: str
    attribute: str
    group_of: Mapping[str, str]

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups, sorted: the order of columns of `sums`."""
        return tuple(sorted(set(self.group_of.values())))

    def members(self, group: str) -> list[str]:
        """The labels of a group, sorted."""
        return sorted(label for label, own in self.group_of.items() if own == group)

    def places(self, labels: Sequence[str]) -> np.ndarray:
        """The number of the group of each of the model's labels.

        Raises GroupingError unless each of them, and no other, is in a group.
        """
        if missing := sorted(set(labels) - set(self.group_of)):
            raise GroupingError(
                f"Grouping {self.name}: {missing[0]!r} is in no group "
                f"({len(missing)} of the model's {len(labels)} labels are missing). Add it to one."
            )
        if unknown := sorted(set(self.group_of) - set(labels)):
            raise GroupingError(
                f"Grouping {self.name}: the model knows no {self.attribute} {unknown[0]!r}. "
                f"Take it out, or write it as the model does: {', '.join(sorted(labels))}."
            )
        return np.array([self.groups.index(self.group_of[label]) for label in labels], dtype=int)

    def sums(self, probabilities: np.ndarray, labels: Sequence[str]) -> np.ndarray:
        """Probabilities (n × labels, in the order of `labels`) added up by group: n × groups.

        Raises GroupingError as `places` does.
        """
        return probabilities @ np.eye(len(self.groups))[self.places(labels)]

    def threshold(self, held_out: Outputs, heat: float) -> float | None:
        """The confidence in a group from which 99 % are proven right (models.routing); None: there is none.

        held_out: of pictures that the model was not taught; heat: its temperature. Raises GroupingError as
        `places` does.
        """
        likely = self.sums(softmax(held_out.logits / heat), held_out.labels)
        right = likely.argmax(axis=1) == self.places(held_out.labels)[held_out.targets]
        return choose_threshold(likely.max(axis=1), right, held_out.groups)


def read(path: Path) -> Grouping:
    """The grouping of a YAML file: `attribute`, and `groups`, each with its list of labels.

    Raises GroupingError for a file that is none, an empty group, or a label that is named twice.
    """
    import yaml

    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise GroupingError(f"{path} cannot be read as a grouping: {error}") from error
    groups = said.get("groups") if isinstance(said, Mapping) else None
    if not isinstance(groups, Mapping) or not isinstance(said.get("attribute"), str):
        raise GroupingError(
            f"{path} is no grouping: it needs `attribute: department` and `groups:`, with a list of "
            "labels under the name of each group."
        )
    if strange := sorted(set(map(str, said)) - {"attribute", "groups"}):
        raise GroupingError(f"{path}: there is no field {strange[0]!r}, only attribute and groups.")
    for group, labels in groups.items():
        if not isinstance(labels, list) or not labels or not all(map(_is_text, (group, *labels))):
            raise GroupingError(f"{path}: group {group!r} is no list of labels.")
    named = Counter(label for labels in groups.values() for label in labels)
    if twice := sorted(label for label, count in named.items() if count > 1):
        raise GroupingError(f"{path}: {twice[0]!r} is named twice; a label is in one group only.")
    group_of = {label: group for group, labels in groups.items() for label in labels}
    return Grouping(path.stem, said["attribute"], group_of)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
