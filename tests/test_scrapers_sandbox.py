"""The scrapers against the sandbox museum: every source from its server to the catalog."""

from collections import Counter
from dataclasses import replace

import pyarrow as pa
import pytest
from scrapers_museum import assert_fields_told, in_child

import sandbox
from scrapers import MUSEUMS, WHOLE, Net, Site
from scrapers.crawl import run_crawl
from scrapers.images import fetch_images, originals
from scrapers.ledger import Ledger
from scrapers.museums.met import record_url
from storage import ImageStore, schemas

_REASONS = {"html": "html_page", "truncated": "truncated", "zero": "empty"}


@pytest.fixture(scope="module")
def museum():
    with sandbox.serve(works=40) as made:
        yield made


@pytest.fixture
def site(museum, tmp_path):
    museum.clear_faults()
    return Site(Net(museum.url), tmp_path / "ledger.sqlite", tmp_path / "downloads")


def ingest(name, site):
    crawled = in_child(run_crawl, name, site)
    parts = [MUSEUMS[name].tables(site, part) for part in MUSEUMS[name].partitions or [WHOLE]]
    raw = {
        noun: pa.concat_tables([tables[noun] for tables, _ in parts], promote_options="default")
        for noun in MUSEUMS[name].nouns
    }
    made = MUSEUMS[name].catalog(raw)
    assert_fields_told(MUSEUMS[name], made)
    return crawled, made


def test_all_sources_and_their_pictures(museum, site, tmp_path):
    museum.fault("429", rate=0.1, match="objects/")
    museum.fault("503", rate=0.1, match="wga.hu/html")
    museum.fault("truncated", rate=0.2, times=3, match="images.metmuseum.org")
    catalogs = []
    for name in ("met", "wga", "nga"):
        parts = list(MUSEUMS[name].partitions) or [WHOLE]
        version = MUSEUMS[name].observe(site, parts)
        crawled, catalog = ingest(name, site)
        assert crawled["errors"] == {}
        assert MUSEUMS[name].observe(site, parts) == version
        assert catalog.artworks.num_rows == museum.counts[name]
        known = set(catalog.artists["artist_id"].to_pylist())
        linked = {a["artist_id"] for row in catalog.artworks["artists"].to_pylist() for a in row}
        assert linked <= known
        catalogs.append(catalog)
    links = pa.concat_tables([catalog.image_links for catalog in catalogs])
    assert links.schema.equals(schemas.IMAGE_LINKS)
    store = ImageStore(tmp_path / "store")
    in_child(fetch_images, links, site=site, store=store)
    kept, refused = originals(links, site.ledger, store)
    assert kept.num_rows + refused.num_rows == links.num_rows
    truth = museum.truth()
    expected = Counter(_REASONS[one["fault"]] for one in truth["corrupt"])
    expected["gone"] = sum(one["why"] == "404" for one in truth["missing"])
    expected["rights"] = sum(one["picture"] != "" for one in truth["not_public"])
    assert Counter(refused["reason"].to_pylist()) == expected
    assert all((store.root / path).exists() for path in kept["path"].to_pylist())


def test_one_changed_record_makes_one_department_stale(museum, site):
    met = MUSEUMS["met"]
    before = met.observe(site, list(met.partitions))
    _, catalog = ingest("met", site)
    number = catalog.artworks["source_id"][0].as_py()
    museum.change_record("met", number, title="Quite another title")
    after = met.observe(site, list(met.partitions))
    assert len([part for part in after if after[part] != before[part]]) == 1
    crawled, catalog = ingest("met", site)
    assert crawled["items"] == 0  # the observation has stored what it met
    assert "Quite another title" in catalog.artworks["title"].to_pylist()
    assert met.observe(site, list(met.partitions)) == after


def test_a_record_changed_under_a_new_server_is_seen(tmp_path):
    """The validators that a crawl kept are those the server gave, whatever their spelling."""
    site = Site(Net(None), tmp_path / "ledger.sqlite", tmp_path / "downloads")
    with sandbox.serve(works=40) as museum:
        site = replace(site, net=Net(museum.url))
        ingest("met", site)
        parts = list(MUSEUMS["met"].partitions)
        before = MUSEUMS["met"].observe(site, parts)
        with Ledger(site.ledger) as ledger:
            kept = [ledger.response(record_url(i)) for i in ledger.state("met/11")["ids"]]
        assert kept and all(response.etag for response in kept)
    with sandbox.serve(works=40) as museum:
        site = replace(site, net=Net(museum.url))
        with Ledger(site.ledger) as ledger:
            chosen = ledger.state("met/11")["ids"][0]
        museum.change_record("met", chosen, title="Another")
        after = MUSEUMS["met"].observe(site, parts)
    assert {part for part in parts if before[part] != after[part]} == {"11"}
