"""Judging what was trained, and what is told of it: the same for heads and networks, whichever asset made them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.recipe import Plan
from storage import Lake

if TYPE_CHECKING:
    import pyarrow as pa

    from models.groupings import Grouping
    from models.head import Trained

_PACKAGED = "Apache-2.0 (EfficientNet-Lite0, trained on ImageNet)"
_TRAINING = ("seconds", "images_per_second", "epochs", "device", "precision", "parameters")


def of_head(lake: Lake, trained: "Trained") -> dict[str, Any]:
    """The evaluation of a head."""
    from models import evaluation

    head = trained.head
    return evaluation.judge(
        trained.outputs,
        head.labels,
        head.attribute,
        held_out=trained.held_out,
        scheme=head.scheme,
        facts=slicing(lake),
        curve=head.curve,
        groupings=groupings_for(head.attribute, head.labels),
        examples=lake.read("training/examples"),
    ).summary


def of_network(
    lake: Lake, plan: Plan, result: Path, floors: "Mapping[str, tuple[str, pa.Table]]"
) -> dict[str, Any]:
    """Attribute → its evaluation, of a trainer's result.

    floors: attribute → name and OUTPUTS of the model to beat, judged on the same split.
    """
    from models import evaluation, outputs

    said = network_facts(result)
    whole, held_out = (outputs.read(result / f"{name}.parquet") for name in ("outputs", "held_out"))
    curve = json.loads((result / "curve.json").read_text())["curve"]
    metrics = {}
    for attribute in plan.attributes:
        labels = tuple(said["labels"][attribute])
        metrics[attribute] = evaluation.judge(
            whole,
            labels,
            attribute,
            held_out=held_out,
            scheme=plan.scheme,
            facts=slicing(lake),
            curve=curve,
            training={name: said[name] for name in _TRAINING},
            floor=floors[attribute],
            groupings=groupings_for(attribute, labels),
            examples=lake.read("training/examples"),
        ).summary
    return metrics


def network_facts(result: Path) -> dict[str, Any]:
    """What the trainer says of a network in its result: labels, architecture, seconds, parameters…"""
    return dict(json.loads((result / "network.json").read_text()))


def data_facts(taught: "pa.Table", artworks: "pa.Table") -> dict[str, Any]:
    """What a model learned from, for its card: set (sha256), pictures, sources, licences.

    taught: a training set, or examples, with `artwork_id` and `sha256`; artworks: the catalogue.
    """
    import pyarrow.compute as pc

    named = pc.is_in(artworks["artwork_id"], value_set=taught["artwork_id"])
    works = artworks.filter(named)
    rows = taught.sort_by([(name, "ascending") for name in taught.column_names]).to_pylist()
    return {
        "set": hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest(),
        "pictures": len(set(taught["sha256"].to_pylist())),
        "sources": sorted(set(works["source"].to_pylist())),
        "licences": sorted(set(works["licence"].to_pylist())),
    }


def slicing(lake: Lake) -> "pa.Table":
    """artwork_id, and what evaluations are sliced by: museum, and period, the century of its making."""
    import pyarrow as pa

    works = lake.read("catalog/artworks", ["artwork_id", "source", "begin_year"])
    periods = [
        None if year is None else f"{abs(year) // 100 * 100}s{' BC' if year < 0 else ''}"
        for year in works["begin_year"].to_pylist()
    ]
    columns = [works["artwork_id"], works["source"], pa.array(periods, pa.string())]
    return pa.table(columns, names=["artwork_id", "museum", "period"])


def groupings_for(attribute: str, labels: Sequence[str]) -> "list[Grouping]":
    """The groupings that come with artlake and fit just these labels."""
    from models.groupings import GROUPINGS, read

    found = map(read, sorted(GROUPINGS.glob("*.yaml")))
    return [one for one in found if one.attribute == attribute and set(one.group_of) == set(labels)]


def weights_facts(fingerprint: Mapping[str, Any]) -> dict[str, str]:
    """Where the weights that a model started from are from, and their licence as far as it is known."""
    licences = {
        "packaged": _PACKAGED,
        "none": "none: it started from random numbers",
        "hub": "that of the model's page on Hugging Face",
        "path": "that of the file, which artlake does not know",
    }
    return {"source": fingerprint["weights"], "licence": licences[fingerprint["weights"]]}
