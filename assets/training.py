"""Training stage: examples, splits, a head on frozen features for each attribute, its evaluation."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.stage import Results, Work, blocking, picture, spec, stage
from storage import Lake
from storage.files import write_bytes

if TYPE_CHECKING:
    import pyarrow as pa

# Attribute → the one source whose labels are learned (None: all). Museums name departments each in
# their own way; styles are the same words everywhere.
ATTRIBUTES: dict[str, str | None] = {"department": "met", "style": None}


@stage(
    spec(
        "training/examples",
        ["catalog/artworks", "duplicates/primary", "embeddings/features"],
        "Pictures with the labels that museums gave them.",
        code_version="1",
        kinds={"parquet"},
    ),
    spec(
        "training/splits",
        ["catalog/artworks", "duplicates/primary", "embeddings/features"],
        "Train, validation and test; duplicates never stand on two sides.",
        code_version="1",
        kinds={"scikitlearn", "parquet"},
    ),
    checks=[
        blocking(
            "no_group_on_two_sides",
            "training/splits",
            "a duplicate group is on one side of the split only",
        )
    ],
)
def examples(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> Results:
    """Collect labels and split them."""
    import pyarrow as pa

    from models.examples import TooFewExamplesError
    from models.examples import examples as collect
    from models.splits import leaking_groups, split
    from storage import schemas

    work = Work(lake)
    artworks = lake.read("catalog/artworks")
    primary = embedded_pictures(lake)
    labelled, splits, torn = [], [], 0
    told: dict[str, Any] = {}
    for attribute, source in ATTRIBUTES.items():
        try:
            found, report = collect(artworks, primary, primary, attribute, source=source)
        except TooFewExamplesError as error:
            context.log.warning(str(error))
            told[attribute] = str(error)
            continue
        told[f"{attribute}: labels too rare"] = str(report.dropped_labels or "none")
        told[f"{attribute}: groups with two labels"] = report.conflicts
        labelled.append(found)
        sides = split(found)
        torn += leaking_groups(found, sides)
        splits.append(sides)
    yield work.table(
        "training/examples",
        pa.concat_tables([schemas.EXAMPLES.empty_table(), *labelled]),
        ["attribute", "artwork_id"],
        metadata=told,
    )
    yield work.table(
        "training/splits",
        pa.concat_tables([schemas.SPLITS.empty_table(), *splits]),
        ["attribute", "artwork_id"],
        checks=[
            dg.AssetCheckResult(
                check_name="no_group_on_two_sides", passed=not torn, metadata={"torn": torn}
            )
        ],
    )


def embedded_pictures(lake: Lake) -> "pa.Table":
    """Primary pictures that have features: artwork_id, sha256, group_id, path."""
    with lake.connect(["duplicates/primary", "embeddings/features"]) as connection:
        return connection.sql(
            """
            select artwork_id, sha256, group_id, path from duplicates_primary
            semi join embeddings_features using (sha256) order by artwork_id
            """
        ).to_arrow_table()


def _head(attribute: str) -> dg.AssetsDefinition:
    key, judged = f"training/{attribute}_head", f"training/{attribute}_evaluation"
    inputs = ["embeddings/features", "training/examples", "training/splits"]

    @stage(
        spec(
            key,
            inputs,
            f"A linear head on frozen features that tells the {attribute}, calibrated.",
            code_version="1",
            kinds={"pytorch"},
        ),
        spec(
            judged,
            inputs,
            f"How good the {attribute} head is on pictures it has not seen.",
            code_version="1",
            kinds={"pytorch"},
        ),
        pool="compute",
    )
    def head(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> Results:
        from models import evaluation, folders, plots
        from models import head as heads

        work = Work(lake)
        folder, page = lake.file(key), lake.file(f"{judged}.json")
        features = lake.read("embeddings/features")
        labelled = lake.read("training/examples")
        splits = lake.read("training/splits")
        if attribute not in set(labelled["attribute"].to_pylist()):
            why = f"No {attribute} has enough pictures to learn from; see training/examples."
            context.log.warning(why)
            write_bytes(
                page, folders.to_json({"attribute": attribute, "trained": False, "why": why})
            )
            yield work.file(key, page, metadata={"trained": False, "why": why})
            yield work.file(judged, page, metadata={"trained": False, "why": why})
            return
        trained = heads.train(features, labelled, splits, attribute)
        version = heads.save(trained, folder)
        summary = evaluation.evaluate(trained, features, labelled, splits).summary
        write_bytes(page, folders.to_json({**summary, "trained": True}))
        yield work.file(
            key,
            folder,
            version=version.name,
            metadata={"training curve": picture(plots.training_curve(summary))},
        )
        yield work.file(
            judged,
            page,
            metadata={
                "accuracy": summary["accuracy"]["value"],
                "macro-F1": summary["macro_f1"]["value"],
                "confusion matrix": picture(plots.confusion_matrix(summary)),
            },
        )

    return head


heads = [_head(attribute) for attribute in ATTRIBUTES]
