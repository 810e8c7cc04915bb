"""The chapter on one classifier: how it was made, how good it is, where it fails, what to keep in mind.

What belongs here: saying what `models.evaluation` measured. What was not measured is said to be so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reports.document import (
    NOT_MEASURED,
    Block,
    Figure,
    Gallery,
    Heading,
    Headlines,
    Points,
    Table,
    Text,
    duration,
    figure,
    with_interval,
)
from reports.headlines import Evaluation, caveats, headlines
from reports.tables import classes, groupings, routing, slices, top_k


@dataclass(frozen=True)
class Model:
    """One classifier of one attribute.

    evaluation: the summary of `models.evaluation`; of one not trained only `trained` and `why`.
    figures: caption → PNG bytes. mistakes: confident ones, (JPEG bytes, or None where the picture may not
    be shown; sentence). config: what the registry keeps of it, None where it is not registered.
    """

    name: str
    attribute: str
    evaluation: Evaluation
    figures: Mapping[str, bytes] = field(default_factory=dict)
    mistakes: Sequence[tuple[bytes | None, str]] = ()
    config: Mapping[str, Any] | None = None
    promoted: bool = False

    @property
    def title(self) -> str:
        """The attribute and the model, as headings name it."""
        return f"{self.attribute.capitalize()}: {self.name.replace('_', ' ')}"


def chapter(model: Model) -> list[Block]:
    """Everything on one model, under a heading of the first level."""
    told = model.evaluation
    if told.get("trained") is False:
        return [Heading(model.title), Text(f"Not trained. {told['why']}", "note")]
    return [
        Heading(model.title),
        *_made(model),
        Heading("How good it is", 2),
        *_good(model),
        Heading("Where it fails", 2),
        *_fails(model),
        Heading("To keep in mind", 2),
        Points(caveats(told)),
    ]


def _made(model: Model) -> Iterator[Block]:
    told, config = model.evaluation, model.config or {}
    yield Heading("How it was made", 2)
    if counts := told.get("pictures"):
        scheme = told.get("scheme", "grouped").replace("_", "-")
        yield Text(
            f"{counts['train']:,} pictures to learn from, {counts['validation']:,} to choose by, "
            f"{counts['test']:,} to be judged on ({scheme} split)."
        )
    training, network = told.get("training") or {}, config.get("architecture")
    device = ", ".join(str(training[key]) for key in ("device", "precision") if training.get(key))
    seconds, speed = training.get("seconds"), training.get("images_per_second")
    rows = [
        ("Network", _named(network) if network else "a linear head on frozen features"),
        ("Recipe", _named(config.get("recipe"))),
        ("Time to learn", duration(seconds) if seconds else "not recorded"),
        ("Device", device or "not recorded"),
        ("Pictures a second", f"{speed:.1f}" if speed else ""),
        ("Epochs", str(training.get("epochs") or len(told.get("curve") or []) or "")),
        ("Model", str(told.get("model", ""))),
        *((f"Weights' {name}", str(value)) for name, value in (told.get("backbone") or {}).items()),
    ]
    yield Table("How it was made", ("What", "Value"), [row for row in rows if row[1]])
    yield from _drawn(model, "Training curve", "training curve")


def _good(model: Model) -> Iterator[Block]:
    told = model.evaluation
    found = headlines(told)
    yield Headlines(found) if found else Text(NOT_MEASURED)
    if floor := told.get("floor"):
        rows = [
            (name, with_interval(told.get(key)), with_interval(floor.get(key)))
            for key, name in (("accuracy", "accuracy"), ("macro_f1", "macro-F1"))
        ]
        caption = (
            f"Beside the floor: {floor.get('name', 'the frozen head')}, on the same test pictures"
        )
        yield Table(caption, ("Figure", "This model", "Floor"), rows, frozenset({1, 2}))
    yield from top_k(told)
    if apart := (told.get("headline") or {}).get("apart"):
        yield Text(f"Counted apart, for their few pictures: {', '.join(map(str, apart))}.")
    yield Heading("Label by label", 3)
    yield from classes(told)
    yield from _drawn(model, "Per class", "per-class figures")
    yield from _drawn(model, "ROC", "one-versus-rest ROC curves")
    yield Heading("Can its confidence be believed?", 3)
    if calibration := told.get("calibration"):
        before = figure(calibration.get("ece_before"))
        error = with_interval({**calibration, "value": calibration["ece"]})
        yield Text(
            f"Its logits are divided by a temperature of {calibration['temperature']:.3f}, found on held-out "
            f"pictures. The calibration error (ECE) on test is {error}; {before} before, and by chance alone a "
            f"calibrated model shows {figure(calibration.get('if_calibrated'))}. Few pictures push the figure "
            "upwards; the interval is corrected for that."
        )
    yield from _drawn(model, "Reliability", "reliability plot")
    yield Heading("What it can do without a human", 3)
    yield from routing(told)
    yield from _drawn(model, "Risk and coverage", "risk-coverage curve")
    yield from groupings(told)
    yield Heading("By museum and period", 3)
    yield from slices(told)
    for name in sorted(name for name in model.figures if name.startswith("By ")):
        yield from _drawn(model, name, f"accuracy {name.lower()}")


def _fails(model: Model) -> Iterator[Block]:
    yield from _drawn(model, "Confusion matrix", "confusion matrix")
    if model.mistakes:
        yield Gallery(
            "The most confident mistakes on test: what the museum says, and what the model said",
            model.mistakes,
        )
    else:
        yield Text("No picture of a confident mistake is at hand.")


def _drawn(model: Model, name: str, what: str) -> Iterator[Block]:
    """The figure of that caption; one that could not be drawn is missed in words."""
    if png := model.figures.get(name):
        yield Figure(f"{model.attribute.capitalize()}: {what}", png, f"{what}; {_in_words(model)}")
    else:
        yield Text(f"{name}: not measured.")


def _in_words(model: Model) -> str:
    accuracy = model.evaluation.get("accuracy")
    return f"test accuracy {with_interval(accuracy)}; the figures are in the tables of this chapter"


def _named(values: Mapping[str, Any] | None) -> str:
    return ", ".join(f"{name} {value}" for name, value in (values or {}).items())
