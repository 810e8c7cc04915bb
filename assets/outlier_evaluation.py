"""Predictions stage: what the measures of oddness are worth, on outliers planted among the lake's own pictures."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.examples import ATTRIBUTES
from assets.registry import REGISTRY, in_use_key
from assets.stage import Results, Work, picture, spec, stage
from storage import Lake
from storage.files import write_bytes

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from PIL.Image import Image

    from models.planted import Planted

    Embedder = Callable[[Image], np.ndarray]

EVALUATION = "predictions/outlier_evaluation"
# Heads are taught anew for every kind of outlier: enough pictures to tell measures apart.
_JUDGED_PICTURES = 1000


@stage(
    spec(
        EVALUATION,
        [
            "embeddings/features",
            "training/examples",
            "images/derivatives",
            *(in_use_key(attribute) for attribute in ATTRIBUTES),
        ],
        "What each measure finds of outliers planted among the lake's own pictures: AUROC, FPR at 95 % recall.",
        code_version="1",
        kinds={"pytorch"},
    ),
    pool="compute",
)
def evaluation(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> Results:
    """Plant swapped labels, damaged pictures and a label filed elsewhere, and count what is found."""
    from models import outlier_plot, planted
    from models.features import Backbone, check_model
    from models.folders import to_json

    work = Work(lake)
    features, examples = lake.read("embeddings/features"), lake.read("training/examples")
    told: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    if attribute := _most_taught(examples):
        network = Backbone()
        check_model(
            features, network.fingerprint, "The backbone that damaged pictures are read with"
        )
        made = _experiments(lake, examples, attribute, network, features)
        told = {
            "attribute": attribute,
            "kinds": {kind: planted.report(one) for kind, one in made.items()},
            "label_issues": planted.label_issues_found(made["label swapped"]),
            **_on_test(lake, examples, attribute, network, features),
        }
        drawn = outlier_plot.judged(
            told["kinds"], f"Planted outliers, {attribute}, frozen features"
        )
        write_bytes(lake.file(f"{EVALUATION}.png"), drawn)
        for kind, one in told["kinds"].items():
            metadata[f"{kind}: AUROC"] = round(one["measures"]["combined"]["auroc"], 3)
        metadata["measures"] = picture(drawn)
    else:
        context.log.warning("Nothing has enough pictures to learn from; see training/examples.")
    page = lake.file(f"{EVALUATION}.json")
    write_bytes(page, to_json(told))
    yield work.file(EVALUATION, page, metadata=metadata)


def _most_taught(examples: "pa.Table") -> str | None:
    """The attribute with the most pictures a label: planted outliers are told best there."""
    rows = set(zip(examples["attribute"].to_pylist(), examples["label"].to_pylist(), strict=True))
    labels = Counter(attribute for attribute, _ in rows)
    pictures = Counter(examples["attribute"].to_pylist())
    return max(sorted(pictures), key=lambda name: pictures[name] / labels[name], default=None)


def _on_test(
    lake: Lake, examples: "pa.Table", attribute: str, frozen: "Embedder", features: "pa.Table"
) -> dict[str, Any]:
    """Where a network is asked for the attribute: frozen and its own features, on its test pictures alone.

    The pictures that it was taught lie where their labels are; to find them odd there would be no feat.
    """
    import pyarrow.compute as pc

    from models import networks, planted, registry
    from models.outliers import embedder

    folder = registry.promoted(lake.file(REGISTRY), attribute)
    if folder is None or registry.Version(folder).config["kind"] != "network":
        return {}
    tested = registry.Version(folder).outputs(attribute)["sha256"].combine_chunks()
    asked = examples.filter(pc.is_in(examples["sha256"], value_set=tested))
    found = {}
    tuned = embedder(networks.of_folder(folder))
    for name, embed, known in (("frozen", frozen, features), ("fine-tuned", tuned, None)):
        made = _experiments(lake, asked, attribute, embed, known)
        found[name] = {kind: planted.report(one) for kind, one in made.items()}
    return {"on_test": {"model": registry.Version(folder).id, **found}}


def _experiments(
    lake: Lake,
    examples: "pa.Table",
    attribute: str,
    embed: "Embedder",
    features: "pa.Table | None" = None,
) -> dict[str, "Planted"]:
    """Kind of outlier → up to `_JUDGED_PICTURES` examples with some of it planted among them.

    features: what `embed` made of the lake's pictures; without, it is asked for each of them.
    """
    import numpy as np
    import pyarrow.compute as pc

    from models import planted
    from models.features import matrix, read_picture

    chosen = examples.filter(pc.equal(examples["attribute"], attribute)).sort_by("artwork_id")
    some = np.random.default_rng(0).permutation(len(chosen))[:_JUDGED_PICTURES]
    chosen = chosen.take(np.sort(some))
    labels = tuple(sorted(set(chosen["label"].to_pylist())))
    sha256s = chosen["sha256"].to_pylist()
    rows = lake.read("images/derivatives", ["sha256", "path"]).to_pylist()
    path = {row["sha256"]: lake.images.root / row["path"] for row in rows}

    def opened(row: int) -> "Image":
        return read_picture(path[sha256s[row]].read_bytes())

    return planted.experiments(
        matrix(features, sha256s)
        if features is not None
        else np.array([embed(opened(row)) for row in range(len(sha256s))]),
        np.array([labels.index(name) for name in chosen["label"].to_pylist()]),
        np.array(chosen["group_id"].to_pylist()),
        labels,
        opened,
        embed,
    )
