"""Source stage: what people had trained. Nothing may wait for hours of training, so reports observe its outcome."""

import hashlib
import warnings

import dagster as dg

from assets.ablations import ABLATIONS
from assets.networks import PLANS, network_keys
from assets.stage import OWNER
from storage import Lake

# The decorator is beta in this Dagster; the lock pins the version it was tried with.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

TRAININGS = "source/trainings"
TOLD = [*(network_keys(name)[1] for name in PLANS), ABLATIONS]


@dg.observable_source_asset(
    key=TRAININGS.split("/"),
    group_name="source",
    description="The evaluations of networks, and ablations, that were trained when people asked for it.",
    tags={"owner": OWNER.removeprefix("team:")},
)
def trainings(lake: dg.ResourceParam[Lake]) -> dg.DataVersion:
    """The content of the evaluations there are is the version."""
    files = [file for key in TOLD if (file := lake.file(f"{key}.json")).exists()]
    digests = [f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files]
    return dg.DataVersion(
        hashlib.sha256("\n".join(digests).encode()).hexdigest() if files else "none"
    )
