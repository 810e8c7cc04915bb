"""Outliers in the graph: from features to lists, evaluation and page, and from a suggestion to a correction."""

import datetime
import io
import json
from pathlib import Path

import dagster as dg
import pytest
from PIL import Image
from rich.console import Console

from assets import corrections, outlier_evaluation, outliers
from models.labels import read_all
from pipelines import correcting
from storage import Lake, schemas
from tests._models import blobs
from tests.small_lake import write

COUNTS = {"Armour": 26, "Drawings": 27, "Paintings": 28}
WRONG = "x:Drawings-010a"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Works of one museum, a drawing filed as armour, and pictures that are blocks of colour."""
    lake = Lake.open(tmp_path_factory.mktemp("lake"), "hand-made")
    features, examples = blobs(COUNTS, spread=4.0)
    rows = examples.to_pylist()
    for row in rows:
        row["label"] = "Armour" if row["artwork_id"] == WRONG else row["label"]
    lake.write("embeddings/features", features, ["sha256"])
    write(lake, "training/examples", schemas.EXAMPLES, rows)
    works, primary, derivatives = [], [], []
    for number, row in enumerate(rows):
        data = io.BytesIO()
        Image.new("RGB", (48, 64), (number, 90, 120)).save(data, "JPEG")
        sha256, path = lake.images.add_bytes(data.getvalue(), ".jpg")
        relative = lake.images.relative(path)
        artwork = row["artwork_id"]
        source = "y" if row["label"] == "Paintings" else "x"
        works.append(
            {"artwork_id": artwork, "source": source, "source_id": artwork[2:], "licence": "CC0",
             "source_row": "x.csv#1", "title": f"Work <{number}>", "department": row["label"]}
        )  # fmt: skip
        primary.append(
            {"artwork_id": artwork, "image_id": f"{artwork}#0", "sha256": row["sha256"],
             "path": relative, "group_id": row["group_id"]}
        )  # fmt: skip
        derivatives.append(
            {
                "sha256": row["sha256"],
                "path": relative,
                "width": 48,
                "height": 64,
                "content": sha256,
            }
        )
    write(lake, "catalog/artworks", schemas.ARTWORKS, works)
    write(lake, "catalog/artists", schemas.ARTISTS, [])
    sources = [
        {"source": name, "museum": name, "licence": "CC0", "images_may_be_shown": name == "x"}
        for name in "xy"
    ]
    write(lake, "catalog/sources", schemas.SOURCES, sources)
    write(lake, "duplicates/primary", schemas.PRIMARY, primary)
    write(lake, "images/derivatives", schemas.DERIVATIVES, derivatives)
    return lake


def materialize(lake: Lake, *assets: dg.AssetsDefinition) -> dict[str, dict[str, object]]:
    """Key → metadata of what was made."""
    done = dg.materialize(
        [*assets], resources={"lake": lake}, instance=dg.DagsterInstance.ephemeral()
    )
    assert done.success
    return {
        "/".join(event.asset_key.path): event.step_materialization_data.materialization.metadata
        for event in done.get_asset_materialization_events()
    }


def text_of(call, *args, **kwargs) -> str:
    console = Console(file=io.StringIO(), width=200)
    call(*args, console=console, **kwargs)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def made(lake: Lake) -> dict[str, dict[str, object]]:
    return materialize(lake, outliers.outliers)


def test_a_wrong_label_is_listed_first_and_shown(lake: Lake, made) -> None:
    first = lake.read("predictions/label_issues").to_pylist()[0]
    assert (first["artwork_id"], first["suggested_label"]) == (WRONG, "Drawings")
    ranked = lake.read("predictions/outliers")
    assert ranked.num_rows == sum(COUNTS.values())
    assert WRONG in ranked.sort_by("rank")["artwork_id"].to_pylist()[:3]
    assert "data:image/jpeg" in made["predictions/outliers"]["oddest"].md_str
    before = lake.path("predictions/outliers").read_bytes()
    materialize(lake, outliers.outliers)
    assert lake.path("predictions/outliers").read_bytes() == before


def test_a_lake_without_examples_says_so_and_goes_on(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake", "hand-made")
    for key, schema in (
        ("embeddings/features", schemas.FEATURES),
        ("training/examples", schemas.EXAMPLES),
        ("duplicates/primary", schemas.PRIMARY),
        ("images/derivatives", schemas.DERIVATIVES),
        ("catalog/artworks", schemas.ARTWORKS),
        ("catalog/sources", schemas.SOURCES),
    ):
        write(lake, key, schema, [])
    materialize(lake, outliers.outliers, outlier_evaluation.evaluation, outliers.sheet)
    assert lake.read("predictions/outliers").num_rows == 0
    assert "Nothing has enough pictures" in lake.file("reports/outliers.html").read_text()


@pytest.mark.slow
def test_planted_outliers_are_judged_and_the_page_shows_what_may_be_shown(lake: Lake, made) -> None:
    materialize(lake, outlier_evaluation.evaluation, outliers.sheet)
    told = json.loads(lake.file("predictions/outlier_evaluation.json").read_text())
    assert told["attribute"] == "department" and "on_test" not in told
    swapped = told["kinds"]["label swapped"]["measures"]
    assert swapped["label_doubt"]["auroc"] > 0.9 > swapped["knn_distance"]["auroc"]
    assert told["label_issues"]["recall"] > 0.5
    page = lake.file("reports/outliers.html").read_text()
    assert "its picture may not be shown" in page and "data:image/jpeg" in page
    assert "Work &lt;" in page and "Work <" not in page


def test_a_suggestion_is_listed_accepted_and_then_gone(lake: Lake, made) -> None:
    listed = text_of(correcting.show, lake, command="./artlake", limit=5)
    assert f'./artlake correct "{WRONG}" department "Drawings"' in listed
    told = text_of(
        correcting.correct, lake, WRONG, "department", "Drawings", command="./artlake",
        by="ada", today=datetime.date(2026, 10, 1),
    )  # fmt: skip
    assert "Noted" in told and "`./artlake run` learns from it" in told
    materialize(lake, corrections.corrections)
    assert lake.read("training/corrections").to_pylist() == [
        {"artwork_id": WRONG, "attribute": "department", "label": "Drawings",
         "accepted_by": "ada", "accepted_on": "2026-10-01"}
    ]  # fmt: skip
    left = {row["artwork_id"] for row in correcting.open_suggestions(lake)}
    assert WRONG not in left


def test_names_that_are_not_there_are_refused_with_near_ones(lake: Lake) -> None:
    assert "department" in read_all()
    for asked, told in (
        (("x:Drawings-010", "department", "Drawings"), "Near it: .*x:Drawings-010a"),
        ((WRONG, "departement", "Drawings"), "no attribute 'departement'.*department"),
        ((WRONG, "department", "Drawing"), "no department label 'Drawing'.*Near it: Drawings"),
    ):
        with pytest.raises(correcting.CorrectingError, match=told):
            correcting.check(lake, *asked)


def test_a_lake_where_nobody_looked_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(correcting.CorrectingError, match="artlake run"):
        correcting.open_suggestions(Lake.open(tmp_path / "lake", "hand-made"))


def test_the_version_of_the_source_changes_with_what_people_write(lake: Lake) -> None:
    def looked() -> str:
        definitions = dg.Definitions(
            assets=[corrections.people_corrections],
            resources={"lake": lake},
            jobs=[dg.define_asset_job("look", selection=[corrections.people_corrections.key])],
        )
        done = definitions.resolve_job_def("look").execute_in_process()
        (event,) = done.get_asset_observation_events()
        return event.asset_observation_data.asset_observation.data_version

    before = looked()
    assert before == looked()
    correcting.correct(
        lake, WRONG, "department", "Armour", Console(file=io.StringIO()), command="./artlake"
    )
    assert looked() != before
