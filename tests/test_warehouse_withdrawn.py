"""A work that its source lists no longer: kept in the fact table, counted and shown nowhere else."""

from pathlib import Path

import duckdb
import small_lake

from storage import schemas
from warehouse.publish import publish
from warehouse.star import STAR, build


def test_a_withdrawn_work_is_kept_and_not_counted_among_the_objects(tmp_path: Path) -> None:
    lake = small_lake.make(tmp_path / "lake")
    rows = lake.read("catalog/artworks").to_pylist()
    for row in rows:
        if row["artwork_id"] == "met:10":
            row["withdrawn_in"] = "met-2"
    small_lake.write(lake, "catalog/artworks", schemas.ARTWORKS, rows)
    for table in STAR:
        build(lake, table)
    file = tmp_path / "artlake.duckdb"
    publish(lake, file, {})
    with duckdb.connect(file, read_only=True) as connection:

        def ask(sql: str) -> list[tuple]:
            return connection.sql(sql).fetchall()

        assert ask("select withdrawn_in from fact_artwork where artwork_id = 'met:10'") == [
            ("met-2",)
        ]
        shown = {work for (work,) in ask("select artwork_id from artworks")}
        assert shown == {row["artwork_id"] for row in rows} - {"met:10"}
        met = sum(row["source"] == "met" for row in rows)
        assert ask("select objects from dim_museum where source = 'met'") == [(met - 1,)]
        for name in ("department", "classification", "medium", "style", "school", "period", "work"):
            # the term stays, for the fact row that names it
            assert ask(f"select sum(objects) from dim_{name}") == [(len(rows) - 1,)], name
        assert ask("select objects from dim_classification where classification = 'Paintings'") == [
            (0,)
        ]
        assert ask(
            "select snapshot from fact_artwork join dim_snapshot on snapshot_key = withdrawn_key "
            "where artwork_id = 'met:10'"
        ) == [("met-2",)]
        # its work is still there by what the other museums list
        assert ask("select objects from works where 'met:10' in artwork_ids") == [(2,)]
        assert ask("select objects, works from artists where ulan = '500011051'") == [(3, 2)]
