"""What each part of a network adds: models judged on the same pictures, side by side.

What belongs here: the table of ablations. Backbone alone against CNN-RNN and frozen against fine-tuned are
rows of it; each tells its paired difference from the first, whatever that says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from models.evaluation import compare
from storage.errors import MendableError


class AblationError(MendableError):
    """Models were not judged alike, so setting them side by side would mislead."""


@dataclass(frozen=True)
class Contender:
    """A model to set beside others.

    architecture: the fields backbone, sequence and pooling of models.recipe.Architecture; a head on frozen
    features has sequence `none` and pooling `mean`. summary: of models.evaluation.judge; outputs: the
    OUTPUTS it was made from; parameters: how many numbers the model has.
    """

    name: str
    architecture: Mapping[str, Any]
    frozen: bool
    summary: Mapping[str, Any]
    outputs: pa.Table
    parameters: int


def table(contenders: Sequence[Contender]) -> list[dict[str, Any]]:
    """A row a model, the first being what the others are compared with: usually the frozen backbone alone.

    Rows hold name, backbone, sequence, pooling, frozen, attribute, scheme, accuracy, macro_f1 (value, low,
    high), pictures, seconds (None where it was not measured), parameters, and `difference`: that of
    models.evaluation.compare, ours being the row's, and None for the first.
    Raises AblationError for two attributes, schemes or label lists.
    """
    first = contenders[0]
    rows = []
    for one in contenders:
        for field in ("attribute", "scheme", "labels"):
            if one.summary[field] != first.summary[field]:
                raise AblationError(
                    f"{one.name} and {first.name} differ in {field}: {one.summary[field]} and "
                    f"{first.summary[field]}. Train both on the same split, and compare those."
                )
        rows.append(
            {
                "name": one.name,
                **{key: one.architecture[key] for key in ("backbone", "sequence", "pooling")},
                "frozen": one.frozen,
                "attribute": one.summary["attribute"],
                "scheme": one.summary["scheme"],
                "accuracy": one.summary["accuracy"],
                "macro_f1": one.summary["macro_f1"],
                "pictures": one.summary["pictures"]["test"],
                "seconds": one.summary["training"].get("seconds"),
                "parameters": one.parameters,
                "difference": None
                if one is first
                else {
                    "against": first.name,
                    **compare(_own(one), _own(first), one.summary["labels"]),
                },
            }
        )
    return rows


def _own(one: Contender) -> pa.Table:
    import pyarrow.compute as pc

    return one.outputs.filter(pc.equal(one.outputs["attribute"], one.summary["attribute"]))
