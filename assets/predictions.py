"""Predictions stage: what the model in use says of every artwork's picture."""

import dagster as dg

from assets.examples import ATTRIBUTES, embedded_pictures
from assets.registry import in_use_key
from assets.stage import Results, Work, of_derivatives, spec, stage
from models.folders import REGISTRY
from storage import Lake


def _predictions(attribute: str) -> dg.AssetsDefinition:
    key = f"predictions/{attribute}s"

    @stage(
        spec(
            key,
            [
                "embeddings/features",
                "images/derivatives",
                "duplicates/primary",
                in_use_key(attribute),
            ],
            f"The three likeliest {attribute}s of every artwork, with calibrated probabilities.",
            code_version="2",
            kinds={"pytorch", "parquet"},
        ),
        pool="compute",
    )
    def predict(lake: dg.ResourceParam[Lake]) -> Results:
        from models import registry, serving
        from models.inference import BATCH_SIZE
        from storage import schemas

        found, metadata = schemas.PREDICTIONS.empty_table(), {"model": "none"}
        folder = registry.promoted(lake.file(REGISTRY), attribute)
        if folder is not None:
            version = registry.Version(folder)
            metadata = {"model": serving.signature(version)}
            if version.config["kind"] == "head":
                said = lake.read("embeddings/features")
            else:
                kernel, made_by = serving.kernel(version, lake.images.root)
                metadata["engine"] = made_by
                said = of_derivatives(
                    lake,
                    kernel,
                    f"predictions/memo/{version.folder.parent.name}/{version.folder.name}",
                    version=made_by,
                    label=f"predictions: {version.id}",
                    workers=0,
                    batch_size=BATCH_SIZE,
                )
            logits = serving.logits(version, said, attribute)
            found = serving.predictions(version, logits, embedded_pictures(lake), attribute)
        yield Work(lake).table(key, found, ["artwork_id", "rank"], metadata=metadata)

    return predict


predictions = [_predictions(attribute) for attribute in ATTRIBUTES]
