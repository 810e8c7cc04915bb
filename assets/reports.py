"""Reports stage: pages, PDF and slides for people, built from what the other stages measured."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.ablations import ABLATIONS
from assets.examples import ATTRIBUTES
from assets.networks import PLANS, network_keys
from assets.outlier_evaluation import EVALUATION as OUTLIERS
from assets.published import WAREHOUSE
from assets.raw import raw_keys
from assets.registry import in_use_key
from assets.stage import Results, Work, spec, stage
from assets.trainings import TRAININGS
from models.folders import REGISTRY
from reports.facts import CROPS_KEY, KEYS
from reports.mistakes import KEYS as PICTURES
from scrapers import MUSEUMS
from storage import Lake
from storage.files import sha256_files, write_bytes, write_text
from warehouse.contracts import HERE

if TYPE_CHECKING:
    from models.registry import Version
    from reports.model import Told
    from reports.quality import Model

LEAKAGE, ISSUES = "training/leakage", "predictions/label_issues"
_EVALUATIONS = [f"training/{attribute}_evaluation" for attribute in ATTRIBUTES]
REJECTS = [
    *(raw_keys(name)[-1] for name in MUSEUMS),
    "catalog/rejects",
    "images/download_rejects",
    "images/rejects",
]
_COLLECTION = [*KEYS, CROPS_KEY, *REJECTS]
# Networks and ablations are trained when people ask for it: the report tells of those there are, and a
# training or a promotion makes it stale. Nothing may wait for them.
_MODELS = [
    *_EVALUATIONS,
    *(in_use_key(attribute) for attribute in ATTRIBUTES),
    *(TRAININGS, LEAKAGE, OUTLIERS, ISSUES, "catalog/sources"),
    *PICTURES,
]
ABOUT = {
    "Data": "Labels are the museums' own, or a person's correction of them; the licence of each record and "
    "picture travels with its row.",
    "Split": "Duplicates, views of one object and leaves of one album stand on one side: 70 % to learn from, 15 % "
    "to choose by, 15 % to be judged on. Nothing is chosen on the test side.",
    "Pictures": "Every model sees the 256-pixel derivative of a picture, squeezed to a square.",
}
_ROOT = Path(__file__).resolve().parent.parent


def _code(*files: str) -> str:
    """The version of a page is the content of what draws it: a changed template makes the page stale."""
    return sha256_files(_ROOT / file for file in files)[:16]


_PAGES = ("reports/pages.py", "reports/templates/base.html")
_REPORT = (
    *(f"reports/{name}.py" for name in ("document", "findings", "goals", "headlines")),
    *(f"reports/{name}.py" for name in ("mistakes", "model", "quality", "tables")),
    *(f"models/{name}.py" for name in ("canvas", "dot_plots", "plots")),
    *("assets/reports.py", *_PAGES),
)
_FACTS = ("reports/facts.py", "reports/plots.py", *_PAGES)


@stage(
    spec(
        "reports/collection",
        _COLLECTION,
        "What is in the lake, as one page that needs no network.",
        code_version=_code("reports/collection.py", "reports/templates/collection.html", *_FACTS),
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
        code_version=_code(
            *(str(file.relative_to(_ROOT)) for file in sorted((HERE / "queries").glob("*.sql"))),
            *("warehouse/charts.py", "warehouse/questions.py", "warehouse/ask.py"),
            *("reports/statistics.py", "reports/templates/statistics.html", *_PAGES),
        ),
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
        _MODELS,
        "How the models were made and how good they are, with intervals, as one page that needs no network.",
        code_version=_code("reports/templates/model.html", *_REPORT),
        kinds={"html"},
    ),
    spec(
        "reports/model_pdf",
        _MODELS,
        "The same report as PDF, A4, with contents and page numbers; made without a browser.",
        code_version=_code("reports/model_pdf.py", "reports/templates/report.typ", *_REPORT),
        kinds={"pdf"},
    ),
)
def model(lake: dg.ResourceParam[Lake]) -> Results:
    """Write the models' report, as page and as PDF."""
    from reports.model import page, report
    from reports.model_pdf import pdf

    work, document = Work(lake), report(_told(lake))
    file = lake.file("reports/model.html")
    write_text(file, page(document))
    yield work.file("reports/model", file)
    file = lake.file("reports/model.pdf")
    write_bytes(file, pdf(document))
    yield work.file("reports/model_pdf", file)


@stage(
    spec(
        "reports/slides",
        [*_COLLECTION, *(key for key in _MODELS if key not in _COLLECTION)],
        "A deck that tells the same in a few slides.",
        code_version=_code("reports/slides.py", "reports/layout.py", *_FACTS[:2], *_REPORT),
        kinds={"powerpoint"},
    )
)
def slides(lake: dg.ResourceParam[Lake]) -> Results:
    """Write the deck."""
    from reports.facts import gather
    from reports.slides import deck

    file = lake.file("reports/artlake.pptx")
    write_bytes(file, deck(lake, gather(lake, REJECTS), _told(lake)))
    yield Work(lake).file("reports/slides", file)


def _told(lake: Lake) -> "Told":
    """Everything that the report on the models is made from."""
    import pyarrow.compute as pc

    from models import dot_plots
    from models.labels import read_all
    from reports.model import Told

    maps = {name: dataclasses.asdict(one) for name, one in read_all().items()}
    variants = _json(lake, ABLATIONS) or ()
    issues = pc.value_counts(lake.read(ISSUES)["attribute"]).to_pylist()
    plot = lake.file(f"{OUTLIERS}.png")
    return Told(
        models=list(_models(lake)),
        about=ABOUT,
        sources=lake.read("catalog/sources").sort_by("source").to_pylist(),
        # The file is this machine's, and the attribute is the table's title.
        label_maps={
            name: {key: said for key, said in one.items() if key not in ("attribute", "where")}
            for name, one in maps.items()
        },
        leakage=_json(lake, LEAKAGE),
        ablations=variants,
        ablation_figure=dot_plots.ablations(variants) if variants else None,
        outliers=_json(lake, OUTLIERS) or None,
        outlier_figure=plot.read_bytes() if plot.exists() else None,
        label_issues={row["values"]: row["counts"] for row in issues},
    )


def _json(lake: Lake, key: str) -> Any:
    """What an asset wrote; None where it was never made."""
    file = lake.file(f"{key}.json")
    return json.loads(file.read_text()) if file.exists() else None


def _models(lake: Lake) -> "Iterator[Model]":
    """The heads, and the networks there are, an attribute each; in the order of the attributes."""
    from models import registry
    from reports.quality import Model

    root = lake.file(REGISTRY)
    networks = [
        (name, summaries, _version(root, name, summaries))
        for name in PLANS
        if (summaries := _json(lake, network_keys(name)[1])) is not None
    ]
    for attribute, key in zip(ATTRIBUTES, _EVALUATIONS, strict=True):
        summary = _json(lake, key)
        if summary["trained"]:
            version = registry.find(root, summary["registered"])
            yield _model(lake, f"{attribute}_head", summary, version)
        else:
            yield Model(f"{attribute}_head", attribute, summary)
        for name, summaries, version in networks:
            if attribute in summaries:
                yield _model(lake, name, summaries[attribute], version)


def _version(root: Path, name: str, summaries: dict[str, Any]) -> "Version":
    """The registered network whose evaluation this is; dg.Failure where it was removed."""
    from models import registry

    for version in reversed(registry.versions(root, name)):
        if version.metrics == summaries:
            return version
    raise dg.Failure(
        f"The network {name} that was judged is not in {root}. Restore the registry from a backup, or train "
        f"the network again with `artlake train {name}`."
    )


def _model(lake: Lake, name: str, summary: dict[str, Any], version: "Version") -> "Model":
    from models import registry
    from reports.mistakes import confident_mistakes
    from reports.quality import Model

    attribute, config = summary["attribute"], version.config
    return Model(
        name,
        attribute,
        summary,
        _figures(summary),
        confident_mistakes(
            lake,
            version.outputs(attribute),
            config["labels"][attribute],
            attribute,
            config["temperature"][attribute],
        ),
        {**config, "version": version.id},
        registry.in_use(lake.file(REGISTRY)).get(attribute) == version.id,
    )


def _figures(summary: dict[str, Any]) -> dict[str, bytes]:
    """Caption → PNG bytes, the first being the one that a slide has room for."""
    from models import dot_plots, plots

    drawn = {
        "Confusion matrix": plots.confusion_matrix(summary),
        "Per class": dot_plots.per_class(summary),
        "Training curve": plots.training_curve(summary),
        "Reliability": plots.reliability(summary),
        "Risk and coverage": plots.risk_coverage(summary),
    }
    if summary["roc"]:
        drawn["ROC"] = plots.roc(summary)
    for column in summary["slices"]:
        drawn[f"By {column}"] = dot_plots.slices(summary, column)
    return drawn
