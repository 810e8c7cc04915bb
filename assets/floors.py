"""The frozen floor: what a linear head on frozen features says on a split, which every network is judged beside.

What belongs here: taking it from the registry where the head was taught just so, and making it once where not.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.judging import of_head
from models.folders import REGISTRY
from storage import Lake
from storage.files import sha256_files, write_bytes

if TYPE_CHECKING:
    import pyarrow as pa

FLOORS = "training/floors"  # folder of the lake
NAME = "frozen features and a linear head"
_MODELS = Path(__file__).resolve().parent.parent / "models"
_TAUGHT_BY = ("calibration", "data", "fitting", "head", "routing")
_JUDGED_BY = ("breakdown", "evaluation", "metrics")
_CODE = [_MODELS / f"{name}.py" for name in (*_TAUGHT_BY, *_JUDGED_BY)]


@dataclass(frozen=True)
class Floor:
    """outputs: OUTPUTS, the test side at least; summary: its evaluation (models.evaluation)."""

    outputs: "pa.Table"
    summary: dict[str, Any]


def floor(lake: Lake, attribute: str, scheme: str) -> Floor:
    """The floor of an attribute on today's features, examples and splits of that scheme.

    Raises TrainingError, ValueError, SplitError or FingerprintError as models.head.train does.
    """
    from models import data, outputs, registry
    from models import head as heads
    from models.folders import to_json

    features, examples = lake.read("embeddings/features"), lake.read("training/examples")
    splits = lake.read("training/splits")
    seen = data.data_version(data.prepare(features, examples, splits, attribute, scheme=scheme))
    for version in reversed(registry.versions(lake.file(REGISTRY), f"{attribute}_head")):
        config = version.config
        if (config["scheme"], config["data_version"]) == (scheme, seen):
            registry.find(lake.file(REGISTRY), version.id)  # raises where it is not whole
            return Floor(version.outputs(attribute), version.metrics[attribute])
    key = hashlib.sha256(f"{scheme}\n{seen}\n{sha256_files(_CODE)}".encode()).hexdigest()[:12]
    said, judged = (lake.file(f"{FLOORS}/{attribute}/{key}.{end}") for end in ("parquet", "json"))
    if not judged.exists():
        trained = heads.train(features, examples, splits, attribute, scheme=scheme)
        outputs.write(said, trained.outputs)
        write_bytes(judged, to_json(of_head(lake, trained)))  # last: without it there is no floor
    return Floor(outputs.read(said), json.loads(judged.read_text()))
