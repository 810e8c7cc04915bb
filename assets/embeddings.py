"""Embeddings stage: every picture as a vector, computed once for a picture and a set of weights."""

import dagster as dg

from assets.stage import Results, Work, of_derivatives, spec, stage
from storage import Lake


@stage(
    spec(
        "embeddings/features",
        ["images/derivatives"],
        "1280 pooled features of EfficientNet-Lite0 (ImageNet weights).",
        code_version="features-2",
        kinds={"pytorch", "parquet"},
    ),
    pool="compute",
)
def features(lake: dg.ResourceParam[Lake]) -> Results:
    """Embed what has not been embedded with these weights."""
    from models.features import Embed, features_table

    kernel = Embed(lake.images.root)
    result = of_derivatives(
        lake,
        kernel,
        "embeddings/memo",
        version=kernel.version,
        label="embeddings: lite0 features",
        workers=0,
    )
    yield Work(lake).table(
        "embeddings/features",
        features_table(result),
        ["sha256"],
        metadata={"model": kernel.version},
    )
