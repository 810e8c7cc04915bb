"""Evaluations as `models.evaluation` writes them, made by counting over made-up confusions: for reports and slides."""

import io
import math
from typing import Any

from PIL import Image, ImageDraw

from reports.model import Told
from reports.quality import Model

HOSTILE = (
    "#panic() $x^2$ *bold* _it_ [b] @ref",
    "\"quotes\" 'q' <label> // no /* comment */ \\n",
    "= heading",
    "- list {{ 7 * 7 }} {% raw %}",
    "<script>alert(1)</script> & co",
    "لوحة ناصر עברית",
    "日本語の絵画",
    "Ünïcödé 🎨 e\u0301",
    "A" * 180,
    "European Sculpture and Decorative Arts of the Seventeenth and Eighteenth Centuries",
)


def labels(count: int) -> list[str]:
    """That many names, the hostile ones among them, sorted."""
    return sorted([*HOSTILE, *(f"Artist number {n:02}" for n in range(count))][:count])


def made(
    attribute: str,
    names: list[str],
    *,
    scheme: str = "grouped",
    support: int = 40,
    ece: float = 0.021,
    difference: float = 0.03,
    routed: float = 0.48,
    precision: float = 0.985,
    at_least: float = 0.95,
) -> dict[str, Any]:
    """A full evaluation of a model that is right on nine of ten; the last label has few pictures."""
    supports = [support] * (len(names) - 1) + [6]
    confusion = [
        [
            own - own // 10 if column == row else own // 10 if column == (row + 1) % len(names) else 0
            for column in range(len(names))
        ]
        for row, own in enumerate(supports)
    ]  # fmt: skip
    total = sum(supports)
    accuracy = sum(row[place] for place, row in enumerate(confusion)) / total
    rows = [
        {"label": label, "precision": 0.9, "recall": 0.9, "f1": 0.9 - 0.005 * place,
         "support": supports[place], "recall_low": 0.8, "recall_high": 0.96,
         "precision_low": 0.82, "precision_high": 0.97, "f1_low": 0.81, "f1_high": 0.95}
        for place, label in enumerate(names)
    ]  # fmt: skip
    return {
        "attribute": attribute,
        "scheme": scheme,
        "trained": True,
        "model": f"{attribute}-0123456789ab",
        "backbone": {"architecture": "tf_efficientnet_lite0", "weights": "packaged", "sha256": "57" * 32},
        "labels": names,
        "pictures": {"train": 14 * total, "validation": 3 * total, "test": total},
        "accuracy": around(accuracy),
        "macro_f1": around(0.88),
        "majority_accuracy": support / total,
        "top_k": {"1": around(accuracy), "3": around(0.97), "5": around(0.985)},
        "roc": {label: {"auc": 0.98, "low": 0.97, "high": 0.99, "curve": [[0, 0], [1, 1]]} for label in names},
        "macro_auc": around(0.98),
        "per_class": rows,
        "slices": {
            "museum": [{"value": "The Metropolitan Museum of Art", "pictures": total, "accuracy": accuracy,
                        "low": accuracy - 0.02, "high": accuracy + 0.02}],
            "period": [{"value": None, "pictures": 7, "accuracy": 1.0, "low": 0.59, "high": 1.0}],
        },
        "headline": {"minimum": 100, "labels": names[:-1], "apart": names[-1:], "macro_f1": around(0.931)},
        "confusion": confusion,
        "calibration": {"temperature": 1.3, "ece_before": 0.06, "ece": ece, "low": ece - 0.01,
                        "high": ece + 0.02, "if_calibrated": 0.012, "bins": [
            {"accuracy": 0.5, "confidence": 0.52, "pictures": 20},
            {"accuracy": 0.93, "confidence": 0.95, "pictures": total - 20}]},
        "routing": {
            "wanted_precision": 0.99,
            "bound_confidence": 0.95,
            "threshold": 0.97,
            "held_out": share(17 * total, 0.5, 0.995, 0.99),
            "test": {**share(total, routed, precision, at_least), "share_low": routed - 0.03,
                     "share_high": routed + 0.03},
            "by_label": [{"label": label, **share(supports[place], 0.5, 1.0, 0.86)}
                         for place, label in enumerate(names)],
        },
        "groupings": {
            "small_museum": {
                "groups": {"Pictures": names[:2], "Everything else": names[2:]},
                "accuracy": around(0.97), "macro_f1": around(0.96), "threshold": 0.8,
                "routing": share(total, 0.7, 0.99, 0.97),
                "by_group": [{"label": "Pictures", **share(2 * support, 0.7, 1.0, 0.9)}],
            }
        },
        "as_written": {"corrected": 4, "added": 1, "pictures": total - 1, "accuracy": around(0.887)},
        "risk_coverage": [{"coverage": 0.5, "risk": 0.0}, {"coverage": 1.0, "risk": 0.1}],
        "training": {"seconds": 1033.0, "images_per_second": 31.4, "epochs": 13, "device": "cpu",
                     "precision": "bf16", "curve": []},
        "floor": {"name": "frozen lite0 and a linear head", "accuracy": around(accuracy - 0.03),
                  "macro_f1": around(0.85),
                  "compared": {"difference": difference, "low": difference - 0.02, "high": difference + 0.02,
                               "pictures": total}},
    }  # fmt: skip


def around(value: float) -> dict[str, float]:
    """A figure with an interval of ± 0.02 about it."""
    return {"value": value, "low": value - 0.02, "high": min(1.0, value + 0.02)}


def share(pictures: int, routed: float, precision: float, bound: float) -> dict[str, Any]:
    """A side of a routing."""
    count = math.floor(pictures * routed)
    return {"pictures": pictures, "routed": count, "share": count / pictures, "precision": precision, "at_least": bound}  # fmt: skip


def drawing(width: int = 800, height: int = 500, form: str = "PNG") -> bytes:
    """A picture with a diagonal, so that a squeezed one is seen to be."""
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).line((0, 0, width, height), fill="#1f6f9c", width=4)
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


DEPARTMENTS = [
    *("American Decorative Arts", "Arms and Armor", "Asian Art", "Drawings and Prints"),
    *("European Paintings", "European Sculpture and Decorative Arts", "Photographs"),
    "Robert Lehman Collection",
]


def told() -> Told:
    """A report's worth: a promoted network, 45 labels of which some are hostile, one attribute not trained."""
    department = made("department", DEPARTMENTS)
    style = made(
        "style", ["Baroque", "Cubism", "Realism"], scheme="artist_disjoint", difference=0.08
    )
    figures = {name: drawing() for name in ("Confusion matrix", "Reliability", "Risk and coverage")}
    config = {
        "version": "department@0123456789ab",
        "architecture": {"backbone": "tf_efficientnet_lite0", "sequence": "none"},
        "recipe": {"epochs": 13, "folds": 3},
        "data": {"pictures": 2965, "sources": ["met"], "licences": ["CC0"]},
    }
    mistakes = [
        (drawing(200, 300, "JPEG"), "Asian Art; the model said Photographs (0.998). A fan"),
        (None, "Photographs; the model said Asian Art (0.972). Not to be shown"),
    ]
    return Told(
        models=[
            Model("department_head", "department", made("department", DEPARTMENTS), figures),
            Model("department", "department", department, figures, mistakes, config, promoted=True),
            Model("style", "style", style),
            Model("artist_head", "artist", made("artist", labels(45)), {"Confusion matrix": drawing(3600, 3500)}),
            Model("genre_head", "genre", {"attribute": "genre", "trained": False, "why": "Too few pictures."}),
        ],
        about={"Data": "Labels are the museums' own."},
        sources=[
            {"museum": "The Metropolitan Museum of Art", "licence": "CC0", "images_may_be_shown": True},
            {"museum": "Web Gallery of Art", "licence": "personal use", "images_may_be_shown": False},
        ],
        label_maps={"department": {"column": "department", "merge": {"a": "b"}, "drop": ["unknown*"]}},
        leakage={"attributes": {"department": {"grouped": leak(0, 0.9), "naive": leak(41, 0.93)}}},
        outliers={
            "attribute": "department",
            "kinds": {"swapped": {"pictures": 1000, "planted": 50, "measures": {
                "knn_distance": {"auroc": 0.9, "low": 0.85, "high": 0.95, "fpr_at_95_recall": 0.41}}}},
            "label_issues": {"planted": 50, "named": 40, "precision": 0.8, "recall": 0.64},
            "on_test": {"model": "department@0123456789ab", "frozen": planted(0.71), "fine-tuned": planted(0.86)},
        },
        label_issues={"department": 12},
    )  # fmt: skip


def leak(groups: int, probe: float) -> dict[str, Any]:
    """What leaks under one split."""
    return {"pictures": 2600, "test": 380, "groups": 400, "groups_on_two_sides": groups, "artists": 90,
            "artists_on_two_sides": 60, "near_duplicates": groups, "tested": groups, "probe": around(probe)}  # fmt: skip


def planted(auroc: float) -> dict[str, Any]:
    """What two measures find of two kinds of planted outliers, one named with an underscore."""
    one = {"auroc": auroc, "low": auroc - 0.05, "high": auroc + 0.05, "fpr_at_95_recall": 0.5}
    kinds = ("label swapped", "filed elsewhere: A_B")
    return {kind: {"pictures": 400, "planted": 20, "measures": {"combined": one}} for kind in kinds}
