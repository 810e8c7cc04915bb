"""The goals that a classifier is held to, and how far it is from them.

What belongs here: wanted figures, and the sentences that the figures themselves give for a goal missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.document import Table, figure, interval
from reports.pages import percent

Evaluation = Mapping[str, Any]


@dataclass(frozen=True)
class Goal:
    """A figure of one attribute, under one split.

    path: where an evaluation keeps it, `floor` for its accuracy above that of the frozen head.
    most: the figure is to be at most `wanted`, not at least.
    """

    name: str
    attribute: str
    path: tuple[str, ...]
    wanted: float
    scheme: str = "grouped"
    most: bool = False


GOALS = (
    Goal("Department: accuracy", "department", ("accuracy",), 0.95),
    Goal("Department: macro-F1, labels of 100 pictures or more", "department", ("headline", "macro_f1"), 0.95),
    Goal("Department: share routed at 99 % precision", "department", ("routing", "test", "share"), 0.60),
    Goal("Department: calibration error (ECE)", "department", ("calibration", "ece"), 0.03, most=True),
    Goal("Style, artists never met: accuracy above the frozen head", "style", ("floor",), 0.05, scheme="artist_disjoint"),
)  # fmt: skip


def goals(models: Sequence[tuple[str, Evaluation]]) -> Table:
    """Each goal with what was wanted, measured, its interval, and whether it is reached; if not, why.

    models: name and evaluation; the one to hold to a goal comes first of its attribute and scheme.
    """
    rows = []
    for goal in GOALS:
        name, told = _of(models, goal)
        measured = None if told is None else _measured(told, goal)
        rows.append(
            (
                goal.name,
                name,
                f"{'≤' if goal.most else '≥'}\u00a0{goal.wanted:g}",
                "not measured" if measured is None else figure(measured["value"]),
                interval(measured),
                _verdict(goal, told, measured),
            )
        )
    columns = ("Goal", "Model", "Wanted", "Measured", "95 % interval", "Reached?")
    return Table("Goals, and what was measured", columns, rows, frozenset({2, 3}))


def _of(models: Sequence[tuple[str, Evaluation]], goal: Goal) -> tuple[str, Evaluation | None]:
    fitting = (
        (name, told)
        for name, told in models
        if told.get("attribute") == goal.attribute
        and told.get("trained", True)
        and told.get("scheme", "grouped") == goal.scheme
    )
    return next(fitting, ("–", None))


def _measured(told: Evaluation, goal: Goal) -> Mapping[str, Any] | None:
    """The figure as value, low, high; a bare number has no interval."""
    if goal.path == ("floor",):
        return _above_floor(told)
    found: Any = told
    for name in goal.path:
        found = found.get(name) if isinstance(found, Mapping) else None
    if found is None or isinstance(found, Mapping):
        return found
    # Their intervals lie beside these two.
    if goal.path[0] == "routing":
        test = told["routing"]["test"]
        return {"value": found, "low": test.get("share_low"), "high": test.get("share_high")}
    beside = told["calibration"] if goal.path[0] == "calibration" else {}
    return {"value": found, "low": beside.get("low"), "high": beside.get("high")}


def _above_floor(told: Evaluation) -> Mapping[str, Any] | None:
    floor = told.get("floor")
    if not floor:
        return None
    paired = floor["compared"]
    return {"value": paired["difference"], "low": paired["low"], "high": paired["high"]}


def _verdict(goal: Goal, told: Evaluation | None, measured: Mapping[str, Any] | None) -> str:
    if told is None:
        schemes = (
            "" if goal.scheme == "grouped" else f" on the {goal.scheme.replace('_', '-')} split"
        )
        return f"not measured: no {goal.attribute} model was judged{schemes}"
    if measured is None:
        return "not measured"
    short = measured["value"] - goal.wanted if goal.most else goal.wanted - measured["value"]
    worst, best = (measured.get("high"), measured.get("low"))
    if not goal.most:
        worst, best = best, worst
    if short <= 0:
        if goal.path[0] == "routing" and (wrong := _too_often_wrong(told)):
            return wrong
        sure = worst is None or (worst <= goal.wanted if goal.most else worst >= goal.wanted)
        verdict = "yes" if sure else "yes, but its interval reaches the other side"
        return "; ".join([verdict, *(_unproven(told) if goal.path[0] == "routing" else [])])
    missed = f"no, {'over' if goal.most else 'short'} by {short:.3f}"
    within = best is not None and (best <= goal.wanted if goal.most else best >= goal.wanted)
    if within:
        missed += " (its interval reaches the goal)"
    return "; ".join([missed, *_why(goal, told)])


def _why(goal: Goal, told: Evaluation) -> list[str]:
    """What the evaluation itself says of a goal missed."""
    if goal.path[0] == "routing":
        return _why_few_routed(told)
    if goal.path[0] == "calibration":
        chance = told["calibration"].get("if_calibrated")
        return (
            []
            if chance is None
            else [f"by chance alone a calibrated model shows {chance:.3f} on as many pictures"]
        )
    # Labels that the headline counts apart do not pull it down.
    apart = told["headline"]["apart"] if goal.path[0] == "headline" else ()
    weakest = sorted(
        (
            row
            for row in told.get("per_class", [])
            if row["support"] and row["f1"] is not None and row["label"] not in apart
        ),
        key=lambda row: (row["f1"], row["label"]),
    )[:2]
    if not weakest:
        return []
    named = " and ".join(f"{row['label']} (F1 {row['f1']:.2f})" for row in weakest)
    return [f"weakest: {named}"]


def _why_few_routed(told: Evaluation) -> list[str]:
    routing = told["routing"]
    wanted = percent(routing["wanted_precision"], 0)
    if routing.get("threshold") is None:
        return [f"no confidence proves {wanted} precision on held-out pictures", *_seen(routing)]
    precision = routing["test"].get("precision")
    few = f"what is routed is {percent(precision)} right, the rest is less sure than {wanted}"
    return [few, *_unproven(told)]


def _seen(routing: Mapping[str, Any]) -> list[str]:
    """How near a model came that may route nothing."""
    seen = routing.get("seen")
    if not seen or seen["threshold"] is None:
        return []
    own, test = seen["held_out"], seen["test"]
    said = (
        f"the surest {percent(own['share'], 0)} of those were {percent(own['precision'])} right, which "
        f"{own['observations']:,} pictures do not prove"
    )
    if test["precision"] is not None:
        said += (
            f"; of the test pictures {percent(test['share'], 0)} are as sure, and "
            f"{percent(test['precision'])} of these are right"
        )
    return [said]


def _too_often_wrong(told: Evaluation) -> str | None:
    """A share routed at a lower precision than was wanted is no share routed at that precision."""
    routing = told["routing"]
    precision, wanted = routing["test"].get("precision"), routing["wanted_precision"]
    if precision is not None and precision >= wanted:
        return None
    return f"no: of what is routed {percent(precision)} is right on test, not {percent(wanted, 0)}"


def _unproven(told: Evaluation) -> list[str]:
    """Said where the test side itself does not prove the wanted precision."""
    routing = told["routing"]
    bound, wanted = routing["test"].get("at_least"), routing["wanted_precision"]
    if bound is None or bound >= wanted:
        return []
    return [
        f"the test pictures alone prove {percent(bound)} right or more, not {percent(wanted, 0)}"
    ]
