"""Training stage: a head on frozen features for each attribute, its evaluation, and the two in the registry."""

import json
from typing import TYPE_CHECKING

import dagster as dg

from assets.examples import ATTRIBUTES
from assets.judging import data_facts, of_head, weights_facts
from assets.stage import Results, Work, picture, spec, stage
from models.folders import REGISTRY
from storage import Lake
from storage.files import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from models.head import Trained


def _head(attribute: str) -> dg.AssetsDefinition:
    key, judged = f"training/{attribute}_head", f"training/{attribute}_evaluation"
    inputs = ["embeddings/features", "training/examples", "training/splits", "catalog/artworks"]

    @stage(
        spec(
            key,
            inputs,
            f"A linear head on frozen features that tells the {attribute}, calibrated and registered.",
            code_version="3",
            kinds={"pytorch"},
        ),
        spec(
            judged,
            inputs,
            f"How good the {attribute} head is on pictures it has not seen.",
            code_version="3",
            kinds={"python"},
        ),
        pool="compute",
    )
    def head(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> Results:
        from models import folders, plots, registry
        from models import head as heads

        work = Work(lake)
        folder, page = lake.file(key), lake.file(f"{judged}.json")
        features = lake.read("embeddings/features")
        labelled = lake.read("training/examples")
        if attribute not in set(labelled["attribute"].to_pylist()):
            why = f"No {attribute} has enough pictures to learn from, on each side of a split; see training/examples."
            context.log.warning(why)
            write_bytes(
                page, folders.to_json({"attribute": attribute, "trained": False, "why": why})
            )
            yield work.file(key, page, metadata={"trained": False, "why": why})
            yield work.file(judged, page, metadata={"trained": False, "why": why})
            return
        trained = heads.train(features, labelled, lake.read("training/splits"), attribute)
        version = heads.save(trained.head, folder)
        summary = of_head(lake, trained)
        kept = registry.Version(_register(lake, trained, version, summary)).id
        write_bytes(page, folders.to_json({**summary, "trained": True, "registered": kept}))
        yield work.file(
            key,
            folder,
            version=version.name,
            metadata={
                "registered": kept,
                "training curve": picture(plots.training_curve(summary)),
            },
        )
        yield work.file(
            judged,
            page,
            metadata={
                "accuracy": summary["accuracy"]["value"],
                "macro-F1": summary["macro_f1"]["value"],
                "confusion matrix": picture(plots.confusion_matrix(summary)),
            },
        )

    return head


heads = [_head(attribute) for attribute in ATTRIBUTES]


def _register(lake: Lake, trained: "Trained", version: "Path", summary: dict) -> "Path":
    """Register the head and return its folder in the registry."""
    import pyarrow.compute as pc

    from models import registry

    head = trained.head
    labelled = lake.read("training/examples")
    own = labelled.filter(pc.equal(labelled["attribute"], head.attribute))
    fingerprint = head.backbone.as_dict()
    config = {
        "name": f"{head.attribute}_head",
        "kind": "head",
        "attributes": [head.attribute],
        "scheme": head.scheme,
        "labels": {head.attribute: list(head.labels)},
        "architecture": {"backbone": head.backbone.architecture, "frozen": True},
        "recipe": json.loads((version / "config.json").read_text())["settings"],
        "image_size": head.backbone.input_size,
        "fingerprint": fingerprint,
        "temperature": {head.attribute: head.temperature},
        "threshold": {head.attribute: head.threshold},
        "data": data_facts(own, lake.read("catalog/artworks")),
        "data_version": head.data_version,
        "weights": weights_facts(fingerprint),
    }
    metrics = {head.attribute: summary}
    return registry.register(
        lake.file(REGISTRY),
        config,
        metrics,
        trained.outputs,
        trained.held_out,
        version / "head.safetensors",
    )
