"""The report's assets: what they gather of a lake, from a registered head to a network nobody trained."""

import json

import dagster as dg
import pytest
from test_reports_pages import starred

from assets import reports
from assets.examples import ATTRIBUTES
from assets.networks import network_keys
from models import head as heads
from models import label_errors, registry
from models.evaluation import judge
from models.folders import REGISTRY, to_json
from models.splits import split
from storage import Lake
from storage.files import write_bytes
from tests._models import blobs

HEAD = "department"
# A star, a head and a report are made in earnest.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The small lake with one head in use, judged as the training stage does; nothing else was trained."""
    folder = tmp_path_factory.mktemp("reported")
    lake = starred(folder / "lake")
    features, examples = blobs({"Armour": 24, "Prints": 24}, spread=2.0)
    trained = heads.train(features, examples, split(examples), HEAD)
    kept = heads.save(trained.head, folder / "head")
    known = trained.head
    summary = judge(
        trained.outputs, known.labels, HEAD, held_out=trained.held_out, curve=known.curve
    ).summary
    config = {
        "name": f"{HEAD}_head",
        "kind": "head",
        "attributes": [HEAD],
        "scheme": "grouped",
        "labels": {HEAD: list(known.labels)},
        "architecture": {"backbone": "tf_efficientnet_lite0", "frozen": True},
        "recipe": {"epochs": 100},
        "image_size": 224,
        "fingerprint": known.backbone.as_dict(),
        "temperature": {HEAD: known.temperature},
        "threshold": {HEAD: known.threshold},
        "data": {"set": "0" * 64, "pictures": 48, "sources": ["met"], "licences": ["CC0"]},
        "weights": {"source": "packaged", "licence": "Apache-2.0"},
    }
    root = lake.file(REGISTRY)
    made = registry.Version(
        registry.register(
            root,
            config,
            {HEAD: summary},
            trained.outputs,
            trained.held_out,
            kept / "head.safetensors",
        )
    )
    registry.promote(root, *made.id.split("@"))
    for attribute in ATTRIBUTES:
        said = {"attribute": attribute, "trained": False, "why": f"No {attribute} was found."}
        if attribute == HEAD:
            said = {**summary, "trained": True, "registered": made.id}
        write_bytes(lake.file(f"training/{attribute}_evaluation.json"), to_json(said))
    lake.write(reports.ISSUES, label_errors.LABEL_ISSUES.empty_table(), ["attribute", "artwork_id"])
    return lake


def materialized(lake: Lake, asset: dg.AssetsDefinition) -> dict[str, str]:
    """Materialize it alone and return key → data version."""
    done = dg.materialize([asset], resources={"lake": lake})
    return {
        made.asset_key.to_user_string(): (made.tags or {})["dagster/data_version"]
        for made in done.asset_materializations_for_node(asset.op.name)
    }


def test_page_and_pdf_are_made_of_the_registered_head_and_are_the_same_each_time(
    lake: Lake,
) -> None:
    first = materialized(lake, reports.model)
    assert set(first) == {"reports/model", "reports/model_pdf"}
    page = lake.file("reports/model.html").read_text()
    assert f"{HEAD}_head@" in page and "(promoted)" in page
    assert "No genre was found." in page
    for figure in (
        "confusion matrix",
        "per-class figures",
        "training curve",
        "one-versus-rest ROC curves",
    ):
        assert f"Department: {figure}" in page, figure
    assert "Label map of the style" in page
    assert "/models/labels" not in page  # where this machine keeps the maps
    assert lake.file("reports/model.pdf").read_bytes().startswith(b"%PDF-")
    assert materialized(lake, reports.model) == first


def test_the_deck_is_made_of_the_same_figures(lake: Lake) -> None:
    assert set(materialized(lake, reports.slides)) == {"reports/slides"}
    assert lake.file("reports/artlake.pptx").read_bytes().startswith(b"PK")


def test_a_network_that_left_the_registry_is_missed_by_name(lake: Lake) -> None:
    judged = lake.file(f"{network_keys('department')[1]}.json")
    summary = json.loads(lake.file(f"training/{HEAD}_evaluation.json").read_text())
    write_bytes(judged, to_json({HEAD: summary}))
    try:
        with pytest.raises(dg.Failure, match="department that was judged is not in"):
            reports._told(lake)
    finally:
        judged.unlink()


def test_a_changed_template_is_another_code_version(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page.html").write_text("a")
    monkeypatch.setattr(reports, "_ROOT", tmp_path)
    before = reports._code("page.html")
    assert before == reports._code("page.html")
    (tmp_path / "page.html").write_text("b")
    assert reports._code("page.html") != before
