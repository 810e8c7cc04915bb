"""How good are the classifiers on real pictures? Trained and judged by the lake's own assets, with intervals.

On the pictures of $ARTLAKE_SAMPLES (benchmarks._learning_samples), as a lake without a crawl: the heads on frozen
features, which are the floor; the department network; style on artists never met, taken apart into what fine-tuning,
recurrence and attention add; style, genre and artist at once; then predictions, outliers and the report, whose page
and PDF lie in the lake. A training that was stopped goes on when it is asked for again, one that is finished is not
repeated. About two hours of two cores; no figure but `…_minutes` is a time.

Figures are accuracies and the like on test pictures, each with the low and high end of its 95 % interval;
`…_above_floor` are paired differences from the frozen head on the same pictures.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from assets import (
    ablations,
    examples,
    networks,
    outlier_evaluation,
    outliers,
    predictions,
    registry,
    reports,
    training,
    trainings,
)
from assets.examples import ATTRIBUTES
from benchmarks._harness import report
from benchmarks._learning_samples import FOLDER, lake_of
from storage import Lake

_STAGES = (
    *(ablations, examples, networks, outlier_evaluation, outliers, predictions),
    *(registry, reports, training, trainings),
)
_ASSETS = dg.load_assets_from_modules(_STAGES)
_HEADS = [f"training/{attribute}_{what}" for what in ("head", "in_use") for attribute in ATTRIBUTES]
_AFTER = [
    *(f"predictions/{attribute}s" for attribute in ATTRIBUTES),
    "predictions/outliers",
    "predictions/outlier_evaluation",
    "reports/model",
]
# Folds prove a threshold for routing, which only the department is asked for here: they and the refit take four
# times as long. The curves are flat from the eighth epoch on.
_ONCE = {"recipe": {"folds": 0, "epochs": 8}}
_CHANGES: dict[str, dict[str, Any]] = {"style": _ONCE, "cnn_rnn": _ONCE, "ablations": _ONCE}
_QUICK = {
    "architecture": {"backbone": "small", "weights": "none"},
    "recipe": {"epochs": 1, "folds": 0, "frozen_stages": 0},
}


def main() -> None:
    """Train, judge, tell; write benchmarks/results/learning.json."""
    parser = argparse.ArgumentParser(description="How good are the classifiers on real pictures?")
    parser.add_argument("--quick", action="store_true", help="an epoch of a small network each")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the lake is kept")
    parser.add_argument(
        "--train",
        nargs="*",
        default=["department", "style", "cnn_rnn", "ablations"],
        help="what is trained beside the heads",
    )
    given = parser.parse_args()
    lake = lake_of(given.folder)
    materialize(lake, ["training/leakage", *_HEADS])
    for name in given.train:
        changes = _QUICK if given.quick else _CHANGES.get(name, {})
        key = ablations.ABLATIONS if name == "ablations" else networks.network_keys(name)[0]
        materialize(lake, [key], {key.replace("/", "__"): {"config": changes}})
    materialize(lake, _AFTER)
    report("learning", dict(figures(lake)), peers=("scikit-learn", "timm"), sizes=sizes(lake))


def materialize(lake: Lake, keys: Sequence[str], ops: Mapping[str, Any] | None = None) -> None:
    """Run the assets of those keys on the lake; dg.Failure and the like come through."""
    wanted = {dg.AssetKey(key.split("/")) for key in keys}
    steps = [
        one for one in _ASSETS if isinstance(one, dg.AssetsDefinition) and set(one.keys) & wanted
    ]
    resources = {"lake": lake, "pipes": dg.PipesSubprocessClient()}
    dg.materialize(steps, resources=resources, run_config={"ops": dict(ops or {})})


def figures(lake: Lake) -> Iterator[tuple[str, float]]:
    """Name and value of every figure, from the evaluations and ablations in the lake."""
    for name, told in _evaluations(lake):
        yield from _ends(f"{name}_accuracy", told["accuracy"])
        yield from _ends(f"{name}_macro_f1", told["macro_f1"])
        if common := told["headline"]["macro_f1"]:
            yield from _ends(f"{name}_macro_f1_of_100", common)
        yield f"{name}_ece", told["calibration"]["ece"]
        routed = told["routing"]["test"]
        yield f"{name}_routed", routed["share"]
        if routed["precision"] is not None:
            yield f"{name}_routed_precision", routed["precision"]
        if "floor" in told:
            compared = told["floor"]["compared"]
            yield from _ends(f"{name}_above_floor", {**compared, "value": compared["difference"]})
            yield f"{name}_minutes", told["training"]["seconds"] / 60
    for row in _json(lake, ablations.ABLATIONS) or []:
        name = f"ablation, {row['attribute']}, {row['name']}"
        yield from _ends(f"{name}, accuracy", row["accuracy"])
        if row["difference"]:
            compared = row["difference"]
            yield from _ends(f"{name}, above frozen", {**compared, "value": compared["difference"]})


def sizes(lake: Lake) -> dict[str, int | str]:
    """Pictures on each side of each evaluation."""
    return {
        f"{name}, {side}": count
        for name, told in _evaluations(lake)
        for side, count in told["pictures"].items()
    }


def _evaluations(lake: Lake) -> Iterator[tuple[str, dict[str, Any]]]:
    for attribute in ATTRIBUTES:
        told = _json(lake, f"training/{attribute}_evaluation")
        if told and told["trained"]:
            yield f"{attribute}_head", told
    for plan in networks.PLANS:
        for attribute, told in (_json(lake, networks.network_keys(plan)[1]) or {}).items():
            yield f"{plan}_network_{attribute}", told


def _ends(name: str, interval: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    yield name, interval["value"]
    yield f"{name}_low", interval["low"]
    yield f"{name}_high", interval["high"]


def _json(lake: Lake, key: str) -> Any:
    file = lake.file(f"{key}.json")
    return json.loads(file.read_text()) if file.exists() else None


if __name__ == "__main__":
    main()
