"""Crops stage: proposals for the ratios that pages and prints want. Nothing is cut."""

import dagster as dg

from assets.stage import Results, Work, refuse_failed, spec, stage
from imaging.versions import CROPS
from storage import Lake, map_files


@stage(
    spec(
        "crops/proposals",
        ["images/derivatives"],
        "Ranked crop rectangles by saliency, as shares of the picture as seen.",
        code_version=CROPS,
        kinds={"python", "parquet"},
    ),
    pool="compute",
)
def proposals(lake: dg.ResourceParam[Lake]) -> Results:
    """Propose crops from the derivatives."""
    from imaging import crops

    result = map_files(
        crops.Propose(lake.images.root),
        lake.read("images/derivatives").select(["sha256", "path"]),
        lake.file("images/memo/crops"),
        key="sha256",
        version=CROPS,
        label="crops: propose",
    )
    refuse_failed(result, "crops")
    yield Work(lake).table("crops/proposals", crops.proposals(result), ["sha256", "ratio", "rank"])
