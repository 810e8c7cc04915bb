"""Building one table of the star: its memory of what it held, and inputs that are not what its SQL asks for."""

from pathlib import Path

import pytest
import small_lake

from storage import Lake
from warehouse.star import STAR, BuildError, StarTable, build


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """The hand-made lake, of whose star only what the tests need is built."""
    return small_lake.make(tmp_path / "lake")


def built_up_to(lake: Lake, wanted: StarTable) -> StarTable:
    """Build the tables before the one wanted, and itself."""
    for table in STAR[: STAR.index(wanted) + 1]:
        build(lake, table)
    return wanted


def test_building_again_gives_the_same_bytes_and_says_that_nothing_changed(lake: Lake) -> None:
    first = [build(lake, table).version for table in STAR]
    again = [build(lake, table) for table in STAR]
    assert [written.version for written in again] == first
    assert not any(written.changed for written in again)


def test_a_table_that_remembers_takes_rows_of_fewer_columns_as_they_are(lake: Lake) -> None:
    table = built_up_to(lake, next(table for table in STAR if table.remembers))
    before = lake.read(table.key)
    lake.write(table.key, before.drop_columns(["gender"]), table.sort_by)
    build(lake, table)
    after = lake.read(table.key)
    assert after.column_names == before.column_names
    assert after.num_rows >= before.num_rows


def test_an_input_of_another_type_is_an_error_that_names_table_and_inputs(lake: Lake) -> None:
    table = built_up_to(lake, next(table for table in STAR if table.name == "dim_period"))
    before = lake.path(table.key).read_bytes()
    artworks = lake.read("catalog/artworks").drop_columns(["begin_year"])
    lake.write("catalog/artworks", artworks, ["artwork_id"])
    with pytest.raises(
        BuildError, match=r"(?s)star/dim_period.*catalog/artworks: begin_year is missing"
    ):
        build(lake, table)
    assert lake.path(table.key).read_bytes() == before
