"""Contracts: kept on the small lake, and each rule shown broken with its offending rows."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import small_lake

from storage import Lake
from warehouse.contracts import check, star_contract, view_contracts
from warehouse.star import STAR, build


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Lake:
    lake = small_lake.make(tmp_path_factory.mktemp("whole") / "lake")
    for table in STAR:
        build(lake, table)
    return lake


@pytest.fixture
def lake(whole: Lake, tmp_path: Path) -> Lake:
    return Lake.open(shutil.copytree(whole.root, tmp_path / "lake"), "hand-made")


def spoil(lake: Lake, name: str, column: str, row: int, value: object) -> None:
    table = lake.read(f"star/{name}")
    values = table[column].to_pylist()
    values[row] = value
    place = table.schema.get_field_index(column)
    changed = table.set_column(
        place, table.field(column).with_nullable(True), pa.array(values, table.field(column).type)
    )
    lake.write(f"star/{name}", changed, [changed.column_names[0]])


def rules(lake: Lake, name: str) -> dict[str, list]:
    return {violation.rule: violation.rows for violation in check(lake, name)}


@pytest.mark.parametrize("table", STAR, ids=lambda table: table.name)
def test_the_small_lake_keeps_every_contract(whole, table):
    assert check(whole, table.name) == []


@pytest.mark.parametrize(
    "contract",
    [*(star_contract(table.name) for table in STAR), *view_contracts()],
    ids=lambda contract: contract.name,
)
def test_every_table_tells_its_grain_and_every_column_its_meaning(contract):
    assert contract.grain.startswith("one row ")
    assert contract.columns
    for column in contract.columns:
        assert len(column.meaning) > 5, column.name
        assert column.type
    assert len({column.name for column in contract.columns}) == len(contract.columns)


def test_every_table_has_a_key_and_facts_say_where_their_rows_come_from():
    for table in STAR:
        contract = star_contract(table.name)
        assert contract.key and set(contract.sort_by) <= {c.name for c in contract.columns}
        if table.name.startswith("fact_"):
            assert contract.rows


def test_a_doubled_key_is_shown(lake):
    table = lake.read("star/dim_style")
    lake.write("star/dim_style", pa.concat_tables([table, table.slice(0, 1)]), ["style_key"])
    assert rules(lake, "dim_style") == {"style_key is unique": [{"style_key": 0, "times": 2}]}


def test_an_empty_value_is_shown(lake):
    spoil(lake, "fact_artwork", "licence", 0, None)
    shown = rules(lake, "fact_artwork")["licence is never empty"]
    assert shown == [{"artwork_id": "folder:cat.jpg", "licence": None}]


def test_a_key_that_leads_nowhere_is_shown(lake):
    spoil(lake, "fact_artwork", "style_key", 1, 42)
    shown = rules(lake, "fact_artwork")
    assert list(shown) == ["style_key is found in dim_style"]
    assert shown["style_key is found in dim_style"] == [{"artwork_id": "met:10", "style_key": 42}]


def test_a_fact_may_say_zero_only_where_its_contract_does(lake):
    spoil(lake, "bridge_artwork_artist", "artwork_key", 0, 0)
    assert "artwork_key is found in fact_artwork" in rules(lake, "bridge_artwork_artist")
    assert rules(lake, "fact_image") == {}


def test_ranges_and_allowed_values(lake):
    spoil(lake, "fact_prediction", "probability", 0, 1.5)
    spoil(lake, "fact_prediction", "attribute", 1, "colour")
    assert set(rules(lake, "fact_prediction")) == {
        "probability is at most 1",
        "attribute is one of department, style",
    }
    spoil(lake, "fact_prediction", "probability", 0, float("nan"))
    assert "probability is a number" in rules(lake, "fact_prediction")


def test_lost_rows_are_counted(lake):
    table = lake.read("star/fact_artwork")
    lake.write("star/fact_artwork", table.slice(1), ["artwork_id"])
    shown = rules(lake, "fact_artwork")["as many rows as catalog/artworks"]
    assert shown == [{"found": 9, "expected": 10}]


def test_weights_that_do_not_add_up(lake):
    spoil(lake, "bridge_artwork_artist", "weight", 0, 0.5)
    shown = rules(lake, "bridge_artwork_artist")["the weights of an object add up to 1"]
    assert shown == [{"artwork_id": "folder:cat.jpg", "weights": 0.5}]


def test_a_column_that_changed_type_is_named(lake):
    table = lake.read("star/fact_similar")
    place = table.schema.get_field_index("rank")
    changed = table.set_column(place, "rank", pc.cast(table["rank"], pa.string()))
    lake.write("star/fact_similar", changed, ["artwork_id"])
    (violation,) = check(lake, "fact_similar")
    assert violation.rows == [
        {"column": "rank", "type": "SMALLINT"},
        {"column": "rank", "type": "VARCHAR"},
    ]
    assert "fact_similar: columns and types as declared" in str(violation)
