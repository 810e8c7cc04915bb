"""Predictions stage: what the heads say of every artwork, and what does not fit."""

import json

import dagster as dg

from assets.stage import Results, Work, picture, spec, stage
from assets.training import ATTRIBUTES, embedded_pictures
from storage import Lake

_ODDEST_SHOWN = 12


def trained(lake: Lake, attribute: str) -> bool:
    """Whether there was enough to learn the attribute from."""
    return bool(
        json.loads(lake.file(f"training/{attribute}_evaluation.json").read_text())["trained"]
    )


def _predictions(attribute: str) -> dg.AssetsDefinition:
    key = f"predictions/{attribute}s"

    @stage(
        spec(
            key,
            [
                "embeddings/features",
                "duplicates/primary",
                f"training/{attribute}_head",
                f"training/{attribute}_evaluation",
            ],
            f"The three likeliest {attribute}s of every artwork, with calibrated probabilities.",
            code_version="1",
            kinds={"pytorch", "parquet"},
        ),
        pool="compute",
    )
    def predict(lake: dg.ResourceParam[Lake]) -> Results:
        from models import head, predict
        from storage import schemas

        found = schemas.PREDICTIONS.empty_table()
        if trained(lake, attribute):
            known = head.load(lake.file(f"training/{attribute}_head"))
            found = predict.predict(
                known, lake.read("embeddings/features"), embedded_pictures(lake)
            )
        yield Work(lake).table(key, found, ["artwork_id", "rank"])

    return predict


predictions = [_predictions(attribute) for attribute in ATTRIBUTES]


@stage(
    spec(
        "predictions/outliers",
        [
            "embeddings/features",
            "training/examples",
            "duplicates/primary",
            *(f"training/{attribute}_head" for attribute in ATTRIBUTES),
            *(f"training/{attribute}_evaluation" for attribute in ATTRIBUTES),
        ],
        "Works that do not fit their own label: unsure to the head, or far from its others.",
        code_version="1",
        kinds={"pytorch", "parquet"},
    ),
    pool="compute",
)
def outliers(lake: dg.ResourceParam[Lake]) -> Results:
    """Rank the labelled works by how odd they are."""
    import pyarrow as pa

    from imaging.sheets import contact_sheet
    from models import head
    from models.outliers import outliers as rank
    from storage import schemas

    features, examples = lake.read("embeddings/features"), lake.read("training/examples")
    ranked = [
        rank(head.load(lake.file(f"training/{attribute}_head")), features, examples)
        for attribute in ATTRIBUTES
        if trained(lake, attribute)
    ]
    found = pa.concat_tables([schemas.OUTLIERS.empty_table(), *ranked])
    primary = lake.read("duplicates/primary")
    path = dict(zip(primary["artwork_id"].to_pylist(), primary["path"].to_pylist(), strict=True))
    oddest = sorted(found.to_pylist(), key=lambda row: (row["rank"], row["attribute"]))
    sheet = contact_sheet(
        [
            (lake.images.root / path[row["artwork_id"]], f"{row['artwork_id']}: {row['reason']}")
            for row in oddest[:_ODDEST_SHOWN]
        ]
    )
    yield Work(lake).table(
        "predictions/outliers",
        found,
        ["attribute", "rank", "artwork_id"],
        metadata={"oddest": picture(sheet.data, sheet.media_type)} if oddest else None,
    )
