"""Artists as they were known when: a changed, vanished or returned artist, without and with a newer crawl."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import small_lake

from storage import Lake, Written, schemas, snapshots
from storage.snapshots import Snapshot, SnapshotError
from warehouse.contracts import check
from warehouse.profile import SERIES
from warehouse.star import STAR, build

BUILT = ("dim_museum", "dim_artist", "dim_artist_version")
NEVER = date(1, 1, 1)
HISTORY = "star/dim_artist_version"


class Catalog:
    """A lake in which museums are crawled day by day, and the star's artists built after each."""

    def __init__(self, root: Path):
        self.lake = Lake.open(root, "hand-made")
        self.crawls: list[dict[str, Any]] = []
        small_lake.write(self.lake, "catalog/artworks", schemas.ARTWORKS, [])
        small_lake.write(self.lake, "catalog/sources", schemas.SOURCES, [])

    def crawl(self, source: str, day: str) -> None:
        number = 1 + sum(crawl["source"] == source for crawl in self.crawls)
        counts = dict.fromkeys(("works", "added", "changed", "withdrawn"), 0)
        self.crawls.append(
            {"snapshot": f"{source}-{number}", "source": source, "number": number,
             "taken_at": f"{day}T03:00:00+00:00"} | counts
        )  # fmt: skip

    def build(self, *artists: dict[str, Any]) -> Written:
        rows = [
            {"source": one["artist_id"].split(":")[0], "source_id": "1", "source_row": "x#1"} | one
            for one in artists
        ]
        small_lake.write(self.lake, "catalog/artists", schemas.ARTISTS, rows)
        small_lake.write(self.lake, "catalog/snapshots", schemas.SNAPSHOTS, self.crawls)
        written = [build(self.lake, table) for table in STAR if table.name in BUILT]
        assert check(self.lake, "dim_artist_version") == []
        return written[-1]

    def versions(self) -> list[dict[str, Any]]:
        """Versions of people, without the rows unknown and not applicable."""
        rows = self.lake.read("star/dim_artist_version").to_pylist()
        return [row for row in rows if row["artist_key"] > 0]

    def periods(self) -> list[tuple[Any, ...]]:
        return [(row["version"], row["valid_from"], row["valid_to"]) for row in self.versions()]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path)


def keep(lake: Lake) -> None:
    """Keep the history as a publication would."""
    last = snapshots.newest(lake, SERIES)
    number = last.number + 1 if last else 1
    tables = snapshots.keep(lake, SERIES, [HISTORY])
    snapshots.record(lake, Snapshot(SERIES, number, "2026-10-01", tables, {}))


def molnar(end: int | None = None, **more: Any) -> dict[str, Any]:
    return {"artist_id": "met:1", "name": "Vera Molnár", "ulan": "1", "begin_year": 1924,
            "end_year": end} | more  # fmt: skip


def test_a_death_that_becomes_known_closes_a_version_and_opens_the_next(catalog):
    catalog.crawl("met", "2026-09-01")
    catalog.build(molnar())
    catalog.crawl("met", "2026-10-01")
    catalog.build(molnar(2023))
    first, second = catalog.versions()
    assert (first["valid_from"], first["valid_to"]) == (date(2026, 9, 1), date(2026, 10, 1))
    assert (second["valid_from"], second["valid_to"]) == (date(2026, 10, 1), None)
    assert (first["end_year"], second["end_year"]) == (None, 2023)
    assert (first["is_current"], second["is_current"]) == (False, True)
    assert (first["changed"], second["changed"]) == ([], ["end_year"])
    assert first["artist_key"] == second["artist_key"]
    current = {
        row["artist_key"]: row["artist_version_key"]
        for row in catalog.lake.read("star/dim_artist").to_pylist()
    }
    assert current[second["artist_key"]] == second["artist_version_key"]


def test_a_version_holds_from_the_newest_crawl_of_the_artists_own_sources(catalog):
    catalog.crawl("met", "2026-09-01")
    catalog.crawl("nga", "2026-09-20")
    catalog.crawl("wga", "2026-09-30")
    catalog.build(molnar(), {"artist_id": "nga:7", "name": "V. Molnar", "ulan": "1"})
    assert catalog.periods() == [(1, date(2026, 9, 20), None)]


def test_an_artist_of_no_crawl_is_known_for_ever(catalog):
    catalog.build(molnar())
    assert catalog.periods() == [(1, NEVER, None)]


def test_equal_data_gives_equal_bytes(catalog):
    catalog.crawl("met", "2026-09-01")
    catalog.build(molnar())
    catalog.crawl("met", "2026-10-01")
    first = catalog.build(molnar(2023))
    # Another crawl that says the same, so that the table is built and not only kept.
    catalog.crawl("met", "2026-11-01")
    again = catalog.build(molnar(2023))
    assert again.version == first.version and not again.changed


def test_a_vanished_artist_is_closed_at_the_newest_crawl_and_stays_so(catalog):
    catalog.crawl("met", "2026-09-01")
    catalog.build(molnar())
    catalog.crawl("met", "2026-10-01")
    catalog.build()
    assert catalog.periods() == [(1, date(2026, 9, 1), date(2026, 10, 1))]
    catalog.crawl("met", "2026-11-01")
    catalog.build()
    assert catalog.periods() == [(1, date(2026, 9, 1), date(2026, 10, 1))]
    assert [row["is_current"] for row in catalog.versions()] == [False]


@pytest.mark.parametrize(("end", "changed"), [(None, []), (2023, ["end_year"])])
def test_an_artist_that_comes_back_has_a_new_version(catalog, end, changed):
    for day, artists in [
        ("2026-09-01", [molnar()]), ("2026-10-01", []), ("2026-11-01", [molnar(end)]),
    ]:  # fmt: skip
        catalog.crawl("met", day)
        catalog.build(*artists)
    assert catalog.periods() == [
        (1, date(2026, 9, 1), date(2026, 10, 1)),
        (2, date(2026, 11, 1), None),
    ]
    assert catalog.versions()[1]["changed"] == changed


def test_what_changes_without_a_newer_crawl_is_mended_in_place(catalog):
    catalog.crawl("met", "2026-09-01")
    catalog.build(molnar())
    catalog.crawl("met", "2026-10-01")
    catalog.build(molnar(2023))
    catalog.build(molnar(2023, gender="Female"))
    first, second = catalog.versions()
    assert (first["end_year"], first["valid_to"]) == (None, date(2026, 10, 1))
    assert (second["version"], second["valid_from"]) == (2, date(2026, 10, 1))
    assert second["changed"] == ["end_year", "gender"]


def test_words_that_come_back_are_a_third_version(catalog):
    for day, end in [("2026-09-01", None), ("2026-10-01", 2023), ("2026-11-01", None)]:
        catalog.crawl("met", day)
        catalog.build(molnar(end))
    first, _, third = catalog.versions()
    assert [row["version"] for row in catalog.versions()] == [1, 2, 3]
    assert first["artist_version_key"] == third["artist_version_key"]
    assert third["changed"] == ["end_year"]


def test_each_version_tells_all_that_changed_in_it(catalog):
    catalog.crawl("met", "2026-09-01")
    catalog.build(molnar(aliases=["V. M."]))
    catalog.crawl("met", "2026-10-01")
    catalog.build(molnar(name="Vera Molnar", nationality="French", wikidata="Q1"))
    assert catalog.versions()[1]["changed"] == ["name", "aliases", "nationality", "wikidata"]


def test_a_lost_history_is_taken_from_the_newest_publication_that_was_not_restored(catalog):
    catalog.crawl("met", "2026-09-01")
    catalog.build(molnar())
    keep(catalog.lake)
    catalog.crawl("met", "2026-10-01")
    catalog.build(molnar(2023))
    keep(catalog.lake)
    whole = catalog.lake.path(HISTORY).read_bytes()
    first = snapshots.named(catalog.lake, f"{SERIES}-1").tables
    snapshots.record(
        catalog.lake, Snapshot(SERIES, 3, "2026-10-02", first, {"restored_from": f"{SERIES}-1"})
    )
    catalog.lake.path(HISTORY).unlink()
    catalog.build(molnar(2023))
    assert catalog.lake.path(HISTORY).read_bytes() == whole


def test_a_history_that_is_lost_everywhere_is_not_begun_anew(catalog):
    catalog.crawl("met", "2026-09-01")
    catalog.build(molnar())
    keep(catalog.lake)
    (kept,) = snapshots.files(catalog.lake, snapshots.named(catalog.lake, f"{SERIES}-1"), HISTORY)
    kept.unlink()
    catalog.lake.path(HISTORY).unlink()
    with pytest.raises(SnapshotError, match="Restore it from a backup"):
        catalog.build(molnar())
    assert not catalog.lake.has(HISTORY)


def test_versions_of_the_rows_without_an_artist_hold_for_ever(catalog):
    catalog.crawl("met", "2026-09-01")
    catalog.build(molnar())
    rows = catalog.lake.read("star/dim_artist_version").to_pylist()
    nobody = [row for row in rows if row["artist_key"] <= 0]
    assert [(row["artist_version_key"], row["name"]) for row in nobody] == [
        (-1, "not applicable"), (0, "unknown"),
    ]  # fmt: skip
    assert {(row["valid_from"], row["valid_to"]) for row in nobody} == {(NEVER, None)}
