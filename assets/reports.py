"""Reports stage: pages and slides for people, built from what the other stages measured."""

import json
from typing import Any

import dagster as dg

from assets.published import WAREHOUSE
from assets.raw import raw_keys
from assets.stage import Results, Work, spec, stage
from assets.training import ATTRIBUTES
from reports.facts import CROPS_KEY, KEYS
from scrapers import MUSEUMS
from storage import Lake
from storage.files import sha256_files, write_bytes, write_text
from warehouse.contracts import HERE

# A question that is written anew makes the page stale.
QUESTION_FILES = sorted((HERE / "queries").glob("*.sql"))
_EVALUATIONS = [f"training/{attribute}_evaluation" for attribute in ATTRIBUTES]
REJECTS = [
    *(raw_keys(name)[-1] for name in MUSEUMS),
    "catalog/rejects",
    "images/download_rejects",
    "images/rejects",
]
_COLLECTION = [*KEYS, CROPS_KEY, *REJECTS]
ABOUT = {
    "Data": "Labels are the museums' own; the licence of each record and picture travels with its row.",
    "Split": "Duplicates stay on one side; artists do not. A style head has seen other works of the test "
    "pictures' artists, so on artists it has never met it will do worse than its figure here.",
    "Weights": "EfficientNet-Lite0 trained on ImageNet, Apache-2.0, frozen; only the head was trained here.",
}


@stage(
    spec(
        "reports/collection",
        _COLLECTION,
        "What is in the lake, as one page that needs no network.",
        code_version="1",
        kinds={"html"},
    )
)
def collection(lake: dg.ResourceParam[Lake]) -> Results:
    """Write the collection's page."""
    from reports.collection import page
    from reports.facts import gather

    file = lake.file("reports/collection.html")
    write_text(file, page(lake, gather(lake, REJECTS)))
    yield Work(lake).file("reports/collection", file)


@stage(
    spec(
        "reports/statistics",
        ["published/artlake"],
        "The questions that analysts ask, answered and drawn, as one interactive page that needs no network.",
        code_version=sha256_files(QUESTION_FILES),
        kinds={"html"},
    )
)
def statistics(lake: dg.ResourceParam[Lake]) -> Results:
    """Write the statistics page."""
    from reports.statistics import page

    file = lake.file("reports/statistics.html")
    write_text(file, page(lake.file(WAREHOUSE)))
    yield Work(lake).file("reports/statistics", file)


@stage(
    spec(
        "reports/model",
        _EVALUATIONS,
        "How the models were made and how good they are, with intervals.",
        code_version="1",
        kinds={"html"},
    )
)
def model(lake: dg.ResourceParam[Lake]) -> Results:
    """Write the models' page."""
    from reports.model import page

    evaluations = _evaluations(lake)
    file = lake.file("reports/model.html")
    write_text(file, page(evaluations, _figures(evaluations), ABOUT))
    yield Work(lake).file("reports/model", file)


@stage(
    spec(
        "reports/slides",
        [*_COLLECTION, *_EVALUATIONS],
        "A deck that tells the same in a few slides.",
        code_version="1",
        kinds={"powerpoint"},
    )
)
def slides(lake: dg.ResourceParam[Lake]) -> Results:
    """Write the deck."""
    from reports.facts import gather
    from reports.slides import deck

    evaluations = _evaluations(lake)
    file = lake.file("reports/artlake.pptx")
    write_bytes(file, deck(lake, gather(lake, REJECTS), evaluations, _figures(evaluations)))
    yield Work(lake).file("reports/slides", file)


def _evaluations(lake: Lake) -> dict[str, dict[str, Any]]:
    return {
        attribute: json.loads(lake.file(f"{key}.json").read_text())
        for attribute, key in zip(ATTRIBUTES, _EVALUATIONS, strict=True)
    }


def _figures(evaluations: dict[str, dict[str, Any]]) -> dict[str, dict[str, bytes]]:
    from models import plots

    return {
        attribute: {
            "Confusion matrix": plots.confusion_matrix(summary),
            "Training curve": plots.training_curve(summary),
            "Reliability": plots.reliability(summary),
            "Risk and coverage": plots.risk_coverage(summary),
        }
        for attribute, summary in evaluations.items()
        if summary["trained"]
    }
