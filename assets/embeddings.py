"""Embeddings stage: every picture as a vector, computed once for a picture and a set of weights."""

import dagster as dg

from assets.stage import Results, Work, refuse_failed, spec, stage
from imaging.versions import MEASURE
from storage import Lake, map_files


@stage(
    spec(
        "embeddings/features",
        ["images/derivatives"],
        "1280 pooled features of EfficientNet-Lite0 (ImageNet weights).",
        code_version=f"features-1-of-{MEASURE}",
        kinds={"pytorch", "parquet"},
    ),
    pool="compute",
)
def features(lake: dg.ResourceParam[Lake]) -> Results:
    """Embed what has not been embedded with these weights."""
    from models.features import Embed, features_table

    kernel = Embed(lake.images.root)
    result = map_files(
        kernel,
        lake.read("images/derivatives").select(["sha256", "path"]),
        lake.file("embeddings/memo"),
        key="sha256",
        version=f"{kernel.version}-of-{MEASURE}",
        label="embeddings: lite0 features",
        workers=0,
    )
    refuse_failed(result, "embeddings")
    yield Work(lake).table(
        "embeddings/features",
        features_table(result),
        ["sha256"],
        metadata={"model": kernel.version},
    )
