"""Corrections: what people said of labels, observed as a source and read as the table that training follows."""

import warnings

import dagster as dg

from assets.stage import OWNER, Results, Work, spec, stage
from storage import Lake
from storage.files import sha256_file

# The decorator is beta in this Dagster; the lock pins the version it was tried with.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

SOURCE = "source/corrections"
FILE = "corrections.jsonl"


@dg.observable_source_asset(
    key=SOURCE.split("/"),
    group_name="source",
    description="Labels that people put right or confirmed: an append-only file in the lake.",
    tags={"owner": OWNER.removeprefix("team:")},
)
def people_corrections(lake: dg.ResourceParam[Lake]) -> dg.DataVersion:
    """The file's content is its version."""
    file = lake.file(FILE)
    return dg.DataVersion(sha256_file(file) if file.exists() else "none")


@stage(
    spec(
        "training/corrections",
        [SOURCE],
        "Labels that people put right or confirmed; they win over what the museum wrote.",
        code_version="1",
        kinds={"parquet"},
    )
)
def corrections(lake: dg.ResourceParam[Lake]) -> Results:
    """Read the append-only corrections."""
    from models.corrections import read

    yield Work(lake).table(
        "training/corrections", read(lake.file(FILE)), ["attribute", "artwork_id"]
    )
