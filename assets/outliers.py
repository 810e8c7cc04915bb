"""Predictions stage: works that do not fit their label, labels that are likely wrong, and the page that shows them.

Labels are doubted by the model that is asked for the attribute, where all labelled works were held out of its
training once, else by linear heads on frozen features. Distances are those of frozen features whatever model is
asked: fine-tuning draws the pictures of a label together. predictions/outlier_evaluation judges both.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.examples import ATTRIBUTES
from assets.outlier_evaluation import EVALUATION
from assets.registry import in_use_key
from assets.stage import Results, Work, picture, spec, stage
from models.folders import REGISTRY
from storage import Lake
from storage.files import write_text

if TYPE_CHECKING:
    import pyarrow as pa

    from models.outputs import Outputs

PAGE = "reports/outliers"
_ODDEST_SHOWN = 12
_INPUTS = [
    "embeddings/features",
    "training/examples",
    "duplicates/primary",
    *(in_use_key(attribute) for attribute in ATTRIBUTES),
]


@stage(
    spec(
        "predictions/outliers",
        _INPUTS,
        "Works that do not fit their own label, the oddest first, with reasons.",
        code_version="3",
        kinds={"pytorch", "parquet"},
    ),
    spec(
        "predictions/label_issues",
        _INPUTS,
        "Labels that are likely wrong, with the one the model would give: for people to accept or refuse.",
        code_version="2",
        kinds={"pytorch", "parquet"},
    ),
    pool="compute",
)
def outliers(lake: dg.ResourceParam[Lake]) -> Results:
    """Rank the labelled works by how odd they are, and list the labels that are likely wrong."""
    import pyarrow as pa

    from models import label_errors
    from models import outliers as odd
    from models.calibration import softmax, temperature
    from models.features import matrix
    from storage import schemas

    work = Work(lake)
    features, examples = lake.read("embeddings/features"), lake.read("training/examples")
    ranked, wrong, by = [], [], {}
    for attribute in _present(examples):
        said, by[f"{attribute} doubted by"] = _said(lake, features, examples, attribute)
        ranked.append(odd.outliers(attribute, said, matrix(features, said.sha256s.tolist())))
        likely = softmax(said.logits / temperature(said.logits, said.targets))
        wrong.append(
            label_errors.suggestions(
                attribute, said.labels, said.artworks.tolist(), likely, said.targets
            )
        )
    found = pa.concat_tables([schemas.OUTLIERS.empty_table(), *ranked])
    issues = pa.concat_tables([label_errors.LABEL_ISSUES.empty_table(), *wrong])
    oddest = [f"{row['artwork_id']}: {row['reason']}" for row in _first(found)]
    doubted = [
        f"{row['label']}, or {row['suggested_label']} ({row['probability']:.0%})?"
        for row in _first(issues)
    ]
    yield work.table(
        "predictions/outliers",
        found,
        ["attribute", "rank", "artwork_id"],
        metadata={**by, **_sheet(lake, "oddest", found, oddest)},
    )
    yield work.table(
        "predictions/label_issues",
        issues,
        ["attribute", "rank", "artwork_id"],
        metadata={**by, **_sheet(lake, "likeliest wrong", issues, doubted)},
    )


@stage(
    spec(
        PAGE,
        [
            "predictions/outliers",
            "predictions/label_issues",
            EVALUATION,
            "duplicates/primary",
            "catalog/artworks",
            "catalog/sources",
        ],
        "The works to look at, with pictures and reasons, as one page that needs no network.",
        code_version="1",
        kinds={"html"},
    )
)
def sheet(lake: dg.ResourceParam[Lake]) -> Results:
    """Write the sheet of oddities."""
    from reports.oddest import page

    work, drawn = Work(lake), lake.file(f"{EVALUATION}.png")
    judged = json.loads(lake.file(f"{EVALUATION}.json").read_text())
    file = lake.file(f"{PAGE}.html")
    write_text(file, page(lake, _lists(lake), drawn.read_bytes() if judged else None))
    yield work.file(PAGE, file)


def _said(
    lake: Lake, features: "pa.Table", examples: "pa.Table", attribute: str
) -> "tuple[Outputs, str]":
    """What is said of every labelled work by a model that was not taught it, and by which."""
    from models import outliers as odd
    from models import registry

    folder = registry.promoted(lake.file(REGISTRY), attribute)
    if folder is not None:
        version = registry.Version(folder)
        said = odd.held_out_outputs(version, examples, attribute)
        if said is not None:
            return said, f"{version.id}, held out"
    said = odd.frozen_outputs(features, examples, attribute)
    return said, "linear heads on frozen features, out of fold"


def _present(examples: "pa.Table") -> list[str]:
    """The attributes that have examples, in the lake's order."""
    there = set(examples["attribute"].to_pylist())
    return [attribute for attribute in ATTRIBUTES if attribute in there]


def _first(rows: "pa.Table") -> list[dict[str, Any]]:
    keys = [(name, "ascending") for name in ("rank", "attribute", "artwork_id")]
    found: list[dict[str, Any]] = rows.sort_by(keys).slice(0, _ODDEST_SHOWN).to_pylist()
    return found


def _sheet(lake: Lake, name: str, rows: "pa.Table", captions: Sequence[str]) -> dict[str, Any]:
    """The first rows' pictures with those captions, and how many rows there are of each attribute."""
    from imaging.sheets import contact_sheet

    counts = Counter(rows["attribute"].to_pylist())
    if not counts:
        return {}
    primary = lake.read("duplicates/primary", ["artwork_id", "path"]).to_pylist()
    path = {row["artwork_id"]: row["path"] for row in primary}
    shown = [lake.images.root / path[row["artwork_id"]] for row in _first(rows)]
    drawn = contact_sheet(list(zip(shown, captions, strict=True)))
    return {**dict(sorted(counts.items())), name: picture(drawn.data, drawn.media_type)}


def _lists(lake: Lake) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Attribute → what is listed → rows with title, path and whether the picture may be shown."""
    tables = ["predictions/outliers", "predictions/label_issues", "duplicates/primary"]
    lists: dict[str, dict[str, list[dict[str, Any]]]] = {}
    with lake.connect([*tables, "catalog/artworks", "catalog/sources"]) as connection:
        for name, source, reason in (
            ("outliers", "predictions_outliers", "reason"),
            (
                "labels that are likely wrong",
                "predictions_label_issues",
                "'filed under ' || label || ', the model says ' || suggested_label || ' at '"
                " || round(100 * probability)::int || ' %'",
            ),
        ):
            rows = connection.sql(
                f"""
                select attribute, rank, artwork_id, {reason} as reason, title, path,
                       coalesce(images_may_be_shown, false) as may_show
                from {source}
                left join duplicates_primary using (artwork_id)
                left join catalog_artworks using (artwork_id)
                left join catalog_sources using (source)
                order by attribute, rank, artwork_id
                """
            ).to_arrow_table()
            for row in rows.to_pylist():
                kinds = lists.setdefault(row["attribute"], {})
                kinds.setdefault(name, []).append(row)
    return lists
