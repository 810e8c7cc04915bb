"""The model card: what a person must know before trusting a model, written from its config and metrics alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def markdown(
    config: Mapping[str, Any], metrics: Mapping[str, Any], held_out: Mapping[str, int]
) -> str:
    """The card as Markdown.

    config, metrics: as `models.versions.Version` has them; held_out: attribute → how many pictures its outputs
    out of training hold. No figure stands in it that is not in those.
    """
    parts = [
        [f"# {config['name']}"],
        _use(config),
        _data(config),
        _taught(config, metrics[config["attributes"][0]].get("training", {})),
        *(_figures(name, metrics[name], held_out[name]) for name in config["attributes"]),
        _limits(config, metrics),
        _weights(config),
        _loading(config),
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _use(config: Mapping[str, Any]) -> list[str]:
    told = " and ".join(config["attributes"])
    what = (
        "A linear head on the pooled features of a frozen network"
        if config["kind"] == "head"
        else "A network trained on pictures"
    )
    return [
        "## Intended use",
        "",
        f"{what}: it tells the {told} of an artwork from its picture alone. It is made to sort and to propose; "
        "what it is not sure of is for a person. It is no attribution, no valuation and no proof of anything.",
    ]


def _data(config: Mapping[str, Any]) -> list[str]:
    data = config["data"]
    return [
        "## Data",
        "",
        f"- Pictures with labels: {data['pictures']:,}",
        f"- Sources: {', '.join(data['sources'])}",
        f"- Licences of records and pictures: {', '.join(data['licences'])}",
        f"- Split: {config['scheme']}; sides 70/15/15, duplicates and views of one object on one side",
        f"- Version of the set: {data['set']}",
    ]


def _taught(config: Mapping[str, Any], training: Mapping[str, Any]) -> list[str]:
    def said(fields: Mapping[str, Any]) -> str:
        return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in fields.items())

    lines = [
        "## How it was taught",
        "",
        f"- Architecture: {said(config['architecture'])}",
        f"- Recipe: {said(config['recipe'])}",
    ]
    if "parameters" in training:
        lines.append(
            f"- {training['parameters']:,} parameters, taught on {training['device']} in {training['precision']}"
        )
    return lines


def _figures(attribute: str, summary: Mapping[str, Any], held_out: int) -> list[str]:
    pictures = ", ".join(f"{count:,} {side}" for side, count in summary["pictures"].items())
    figures = [("accuracy", summary["accuracy"]), ("macro-F1", summary["macro_f1"])]
    common = summary["headline"]
    if common["apart"] and common["macro_f1"]:  # none where every label is rare
        figures.append((f"macro-F1 without {', '.join(common['apart'])}", common["macro_f1"]))
    figures += [(f"top {k}", value) for k, value in summary.get("top_k", {}).items() if int(k) > 1]
    if "macro_auc" in summary:
        figures.append(("macro AUC", summary["macro_auc"]))
    lines = [
        f"## How well it tells the {attribute}",
        "",
        f"On the test side, which nothing was chosen on. Pictures: {pictures}. The likeliest label for all "
        f"would be right for {summary['majority_accuracy']:.3f}.",
        "",
        *_table(
            ["figure", "value", "95 % interval"],
            [[name, f"{f['value']:.3f}", _interval(f)] for name, f in figures],
        ),
        "",
        *_per_class(summary),
        "",
        *_calibration(summary, held_out),
    ]
    return lines


def _per_class(summary: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            row["label"],
            *(f"{row[name]:.3f}" for name in ("precision", "recall", "f1")),
            f"{row['support']}",
        ]
        for row in summary["per_class"]
    ]
    return _table(["label", "precision", "recall", "F1", "test pictures"], rows)


def _calibration(summary: Mapping[str, Any], held_out: int) -> Iterator[str]:
    calibration, routing = summary["calibration"], summary["routing"]
    yield (
        f"Temperature and threshold were chosen on {held_out:,} pictures of train and validation that were "
        "shown to models not taught them; what was said of those is in held_out.parquet."
    )
    yield ""
    yield (
        f"Calibration: temperature {calibration['temperature']:.2f}; expected calibration error "
        f"{calibration['ece']:.3f} (95 % interval {_interval(calibration)}; {calibration['ece_before']:.3f} before)."
    )
    yield ""
    if routing["threshold"] is None:
        yield (
            f"Routing: no confidence is known from which {routing['wanted_precision']:.0%} would be right; "
            "every picture is for a person."
        )
        return
    test = routing["test"]
    right = "" if test["precision"] is None else f", of which {test['precision']:.1%} are right"
    share = f"{test['share']:.1%} ({test['share_low']:.1%} to {test['share_high']:.1%})"
    yield (
        f"Routing: from a confidence of {routing['threshold']:.4f} it may decide alone "
        f"({routing['wanted_precision']:.0%} right, bound at {routing['bound_confidence']:.0%} confidence, "
        f"chosen on those); on test that is {share} of the pictures{right}."
    )


def _limits(config: Mapping[str, Any], metrics: Mapping[str, Any]) -> list[str]:
    weak = [
        f"{attribute}: {row['label']} ({row['support']} test pictures)"
        for attribute in config["attributes"]
        for row in metrics[attribute]["per_class"]
        if row["support"] < 20  # under it an interval of recall is wider than ±0.2
    ]
    lines = [
        "## Limits",
        "",
        "- It knows the labels above and no other: a picture of something else gets one of them too.",
        "- It has seen the photographs of the sources above; other lighting, backgrounds and framing cost accuracy.",
    ]
    if config["scheme"] != "artist_disjoint":
        lines.append(
            "- Artists stand on both sides of the split: of artists it has never met it knows less."
        )
    if weak:
        lines.append(f"- Too few pictures to judge by: {'; '.join(weak)}.")
    return lines


def _weights(config: Mapping[str, Any]) -> list[str]:
    start, weights = config["fingerprint"], config["weights"]
    return [
        "## Weights and licence",
        "",
        f"- Started from: {start['architecture']}, weights {start['weights']}, sha256 {start['sha256']}",
        f"- Licence of those weights: {weights['licence']}",
    ]


def _loading(config: Mapping[str, Any]) -> list[str]:
    command = "\n".join(
        ["```", f"artlake classify photo.jpg --model {config['name']}@VERSION", "```"]
    )
    lines = ["## How to ask it", "", command]
    if config["kind"] == "network":
        code = (
            "from pathlib import Path\n\nfrom models.engines import open_engine\n\n"
            'engine = open_engine(Path("…/registry/NAME/VERSION"))\n'
            "logits = engine(images)  # uint8, n × 3 × size × size"
        )
        lines += ["", "```python", code, "```"]
    return lines


def _interval(figure: Mapping[str, float]) -> str:
    return f"{figure['low']:.3f} to {figure['high']:.3f}"


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(names)} |",
        f"|{' --- |' * len(names)}",
        *(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows),
    ]
