"""Similarity stage: the index that finds look-alikes, each artwork's nearest, and a map of them all."""

import dagster as dg

from assets.examples import embedded_pictures
from assets.stage import Results, Work, picture, spec, stage
from storage import Lake
from storage.files import write_bytes

INDEX = "similarity/index"


@stage(
    spec(
        INDEX,
        ["embeddings/features"],
        "Exact inner-product index over all vectors, with the fingerprint of its weights.",
        code_version="1",
        kinds={"faiss"},
    ),
    pool="compute",
)
def index(lake: dg.ResourceParam[Lake]) -> Results:
    """Build the index."""
    from models.similarity import build

    features = lake.read("embeddings/features")
    if not features.num_rows:
        note = "no picture has been embedded: nothing to look through"
        yield dg.MaterializeResult(data_version=dg.DataVersion("empty"), metadata={"note": note})
        return
    version = build(features, lake.file(INDEX))
    yield Work(lake).file(INDEX, version, version=version.name)


@stage(
    spec(
        "similarity/neighbours",
        ["embeddings/features", "duplicates/primary"],
        "The ten nearest look-alikes of every artwork, never of its own duplicate group.",
        code_version="1",
        kinds={"faiss", "parquet"},
    ),
    spec(
        "similarity/evaluation",
        ["embeddings/features", "duplicates/primary"],
        "How often a known duplicate is found first.",
        code_version="1",
        kinds={"faiss"},
    ),
    pool="compute",
)
def neighbours(lake: dg.ResourceParam[Lake]) -> Results:
    """Search the nearest of every artwork."""
    from models.folders import to_json
    from models.similarity import evaluate_retrieval
    from models.similarity import neighbours as search
    from storage import schemas

    work = Work(lake)
    features, pictures = lake.read("embeddings/features"), embedded_pictures(lake)
    some = features.num_rows > 0
    found = search(features, pictures, pictures) if some else schemas.NEIGHBOURS.empty_table()
    yield work.table("similarity/neighbours", found, ["artwork_id", "rank"])
    judged = evaluate_retrieval(features, pictures) if some else {"pictures": 0}
    page = lake.file("similarity/evaluation.json")
    write_bytes(page, to_json(judged))
    yield work.file(
        "similarity/evaluation", page, metadata={name: str(value) for name, value in judged.items()}
    )


@stage(
    spec(
        "similarity/map",
        ["embeddings/features", "duplicates/primary", "catalog/artworks"],
        "Every artwork as a point: near on the map, alike to the eye (PCA).",
        code_version="1",
        kinds={"scikitlearn", "parquet"},
    ),
    pool="compute",
)
def projection(lake: dg.ResourceParam[Lake]) -> Results:
    """Project the vectors to two dimensions."""
    from models.plots import projection as plot
    from models.projection import project
    from storage import schemas

    features = lake.read("embeddings/features")
    if not features.num_rows:
        yield Work(lake).table("similarity/map", schemas.PROJECTION.empty_table(), ["artwork_id"])
        return
    points, explained = project(features, embedded_pictures(lake))
    artworks = lake.read("catalog/artworks", ["artwork_id", "department", "source"]).to_pylist()
    labels = {row["artwork_id"]: row["department"] or row["source"] for row in artworks}
    yield Work(lake).table(
        "similarity/map",
        points,
        ["artwork_id"],
        metadata={
            "variance explained": f"{explained[0]:.1%} and {explained[1]:.1%}",
            "projection": picture(plot(points, labels, "department")),
        },
    )
