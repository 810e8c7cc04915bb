"""The asset of training sets: what cannot be split is left out and told, and the rest is made all the same."""

from dataclasses import replace
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from assets import examples
from models.labels import read_all
from storage import schemas
from tests import _learning

_EMPTY = {
    "catalog/artists": schemas.ARTISTS,
    "catalog/image_links": schemas.IMAGE_LINKS,
    "duplicates/pairs": schemas.PAIRS,
    "duplicates/groups": schemas.GROUPS,
    "duplicates/similar": schemas.SIMILAR_SETS,
    "training/corrections": schemas.CORRECTIONS,
}


def test_an_attribute_that_cannot_be_split_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = _learning.make(tmp_path)
    for key, schema in _EMPTY.items():
        lake.write(key, schema.empty_table(), [schema.names[0]])
    works = lake.read("catalog/artworks")
    styles = ["Rococo"] + ["Baroque"] * (len(works) - 1)
    works = works.set_column(
        works.column_names.index("style"), schemas.ARTWORKS.field("style"), pa.array(styles)
    )
    lake.write("catalog/artworks", works, ["artwork_id"])
    maps = read_all()
    for name in ("department", "style"):
        maps[name] = replace(maps[name], minimum_support=1)
    monkeypatch.setattr(examples, "read_all", lambda: maps)

    done = dg.materialize(
        [examples.examples],
        resources={"lake": lake, "samples": None},
        instance=dg.DagsterInstance.ephemeral(),
    )

    taught, splits = lake.read("training/examples"), lake.read("training/splits")
    for table in (taught, splits):
        assert set(table["attribute"].to_pylist()) == {"department"}
    grouped = splits.filter(pc.equal(splits["scheme"], "grouped"))
    assert len(grouped) == len(taught) == 60
    why = "style: label 'Rococo' (1 examples in 1 groups) has no example for"
    for key in ("examples", "splits"):
        (event,) = (
            one
            for one in done.get_asset_materialization_events()
            if one.asset_key == dg.AssetKey(["training", key])
        )
        facts = event.step_materialization_data.materialization.metadata
        assert any(why in str(fact.value) for fact in facts.values()), key
    checks = {one.check_name: one for one in done.get_asset_check_evaluations()}
    assert checks["no_group_on_two_sides"].passed
    left_out = checks["every_attribute_is_split"]
    assert not left_out.passed and left_out.severity == dg.AssetCheckSeverity.WARN
    assert left_out.metadata["left out"].value == "style"
