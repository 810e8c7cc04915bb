"""Contracts: kept on the small lake, and each rule shown broken with its offending rows."""

import dataclasses
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import small_lake
from hypothesis import given
from hypothesis import strategies as st

from storage import Lake, snapshots
from warehouse import profile
from warehouse.contracts import check, kept, star_contract, view_contracts
from warehouse.star import STAR, build


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Lake:
    lake = small_lake.make(tmp_path_factory.mktemp("whole") / "lake")
    for table in STAR:
        build(lake, table)
    return lake


@pytest.fixture
def lake(whole: Lake, tmp_path: Path) -> Lake:
    return Lake.open(
        shutil.copytree(whole.root, tmp_path / "lake", ignore=shutil.ignore_patterns(".kept")),
        "hand-made",
    )


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
            assert contract.rows or contract.checks or "left out" in contract.notes
            assert contract.partition == "museum_key"


def test_a_doubled_key_is_shown(lake):
    table = lake.read("star/dim_style")
    lake.write("star/dim_style", pa.concat_tables([table, table.slice(0, 1)]), ["style_key"])
    assert rules(lake, "dim_style") == {"style_key is unique": [{"style_key": -1, "times": 2}]}


def test_an_empty_value_is_shown(lake):
    spoil(lake, "fact_artwork", "rights", 0, None)
    shown = rules(lake, "fact_artwork")["rights is never empty"]
    assert shown == [{"artwork_id": "folder:cat.jpg", "rights": None}]


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
        "attribute is one of department, style, genre, artist",
    }
    spoil(lake, "fact_prediction", "probability", 0, float("nan"))
    assert "probability is a number" in rules(lake, "fact_prediction")


def test_lost_rows_are_counted(lake):
    table = lake.read("star/fact_artwork")
    lake.write("star/fact_artwork", table.slice(1), ["artwork_id"])
    shown = rules(lake, "fact_artwork")["as many rows as catalog/artworks"]
    assert shown == [{"found": 9, "expected": 10}]


def test_weights_that_do_not_add_up(lake):
    bridge = lake.read("star/bridge_artwork_artist").to_pylist()
    place = next(n for n, row in enumerate(bridge) if row["weight"] == 1)
    spoil(lake, "bridge_artwork_artist", "weight", place, 0.5)
    shown = rules(lake, "bridge_artwork_artist")["the weights of an object add up to 1"]
    assert shown == [{"artwork_key": bridge[place]["artwork_key"], "weights": 0.5}]


def test_a_column_that_changed_type_is_named(lake):
    table = lake.read("star/fact_similar")
    place = table.schema.get_field_index("rank")
    changed = table.set_column(place, "rank", pc.cast(table["rank"], pa.string()))
    lake.write("star/fact_similar", changed, ["artwork_key"])
    (violation,) = check(lake, "fact_similar")
    assert violation.rows == [
        {"column": "rank", "type": "SMALLINT"},
        {"column": "rank", "type": "VARCHAR"},
    ]
    assert "fact_similar: columns and types as declared" in str(violation)


def publish_profile(lake: Lake, table: str, rows: int, **filled: int) -> None:
    """Let the lake remember a publication in which the table had so many rows and filled values."""
    drafted = snapshots.draft(lake, profile.SERIES, [], "2026-10-01T03:00:00+00:00")
    told = {"profile": {table: {"rows": rows, "filled": filled}}, "choices": dict(lake.choices)}
    snapshots.record(lake, dataclasses.replace(drafted, facts=told))


def test_more_than_half_of_the_rows_gone_since_the_last_publication(lake):
    publish_profile(lake, "fact_artwork", 10 * lake.read("star/fact_artwork").num_rows)
    (violation,) = check(lake, "fact_artwork")
    assert violation.rows == [{"what": "rows", "before": 100, "now": 10}]
    assert "ARTLAKE_ACCEPT_LOSS" in violation.rule
    assert not kept(lake, "fact_artwork")
    assert check(lake, "fact_artwork", accept_loss=True) == []
    assert kept(lake, "fact_artwork")


def test_a_column_that_was_filled_and_is_no_longer(lake):
    publish_profile(lake, "fact_artwork", 20, title=20, height_cm=20)
    assert check(lake, "fact_artwork")[0].rows == [
        {"what": "height_cm", "before": "100.0% filled", "now": "10.0% filled"}
    ]


def test_a_lake_told_to_take_in_less_has_lost_nothing(lake):
    publish_profile(lake, "fact_artwork", 100)
    lake.remember({"limit": 10})
    assert check(lake, "fact_artwork") == []


def test_a_contract_is_kept_until_a_byte_of_what_it_is_held_against_changes(lake):
    assert not kept(lake, "fact_image")
    check(lake, "fact_image")
    assert kept(lake, "fact_image")
    spoil(lake, "dim_museum", "museum", 1, "another name")
    assert not kept(lake, "fact_image")
    check(lake, "fact_image")
    spoil(lake, "fact_image", "image_id", 0, None)
    assert not kept(lake, "fact_image")
    assert check(lake, "fact_image")
    assert not kept(lake, "fact_image")


@given(
    was=st.integers(0, 200),
    now=st.integers(0, 200),
    before=st.integers(0, 200),
    left=st.integers(0, 200),
)
def test_losses_are_told_when_more_than_half_is_gone_and_never_else(was, now, before, left):
    before, left = min(before, was), min(left, now)
    found = profile.losses(
        {"rows": was, "filled": {"title": before}}, {"rows": now, "filled": {"title": left}}
    )
    told = {row["what"] for row in found}
    assert ("rows" in told) == (was >= 20 and 2 * now < was)
    if before >= 20 and now:
        assert ("title" in told) == (2 * left * was < before * now)
    else:
        assert "title" not in told
