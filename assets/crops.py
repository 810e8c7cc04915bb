"""Crops stage: proposals for the ratios that pages and prints want. Nothing is cut."""

import dagster as dg

from assets.stage import Results, Work, of_derivatives, spec, stage
from imaging.versions import CROPS
from storage import Lake


@stage(
    spec(
        "crops/proposals",
        ["images/derivatives"],
        "Ranked crop rectangles by saliency, faces and interest, as shares of the picture as seen.",
        code_version=CROPS,
        kinds={"python", "parquet"},
    ),
    pool="compute",
)
def proposals(lake: dg.ResourceParam[Lake]) -> Results:
    """Propose crops from the derivatives."""
    from imaging.crops import propose as crops

    result = of_derivatives(
        lake,
        crops.Propose(lake.images.root),
        "images/memo/crops",
        version=CROPS,
        label="crops: propose",
    )
    yield Work(lake).table("crops/proposals", crops.proposals(result), ["sha256", "ratio", "rank"])
