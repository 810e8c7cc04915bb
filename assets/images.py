"""Images stage: files fetched once, decoded once, measured once; what is no picture is in rejects."""

import dagster as dg

from assets.children import in_child, shown
from assets.source import CHOICES
from assets.stage import Results, Work, picture, spec, stage
from imaging.versions import MEASURE
from scrapers import MUSEUMS
from scrapers.museum import Site
from storage import Lake, map_files

# A picture edited on this machine keeps its link: its source's own table tells that it changed.
_OWN = [
    f"raw/{name}_{noun}"
    for name, museum in MUSEUMS.items()
    if museum.own_addresses
    for noun in museum.nouns
]
_LINKS = ["catalog/image_links", *_OWN, CHOICES]
_SHEET = 24


@stage(
    spec(
        "images/originals",
        _LINKS,
        "The museums' files as they sent them, verified and addressed by content.",
        code_version="1",
        kinds={"scrapy", "jpeg"},
    ),
    spec(
        "images/download_rejects",
        _LINKS,
        "Addresses that gave no whole picture, with the reason.",
        code_version="1",
        kinds={"parquet"},
    ),
    pool="network",
)
def originals(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    site: dg.ResourceParam[Site],
    pipes: dg.PipesSubprocessClient,
) -> Results:
    """Fetch the pictures that are open and not yet in the store."""
    from scrapers.images import originals as fetched

    work = Work(lake)
    summary = in_child(
        context,
        pipes,
        site,
        links=lake.path("catalog/image_links"),
        store=lake.images.root,
    )
    links = lake.read("catalog/image_links")
    found, rejects = fetched(links, site.ledger, lake.images, site.image_size)
    yield work.table("images/originals", found, ["image_id"], metadata=shown(summary))
    yield work.table("images/download_rejects", rejects, ["subject"])


@stage(
    spec(
        "images/measures",
        ["images/originals", CHOICES],
        "Hashes, size, sharpness and colour of every picture, from one decoding.",
        code_version=MEASURE,
        kinds={"python", "parquet"},
    ),
    spec(
        "images/derivatives",
        ["images/originals", CHOICES],
        "The 256-pixel pictures that everything after this reads.",
        code_version=MEASURE,
        kinds={"jpeg"},
    ),
    spec(
        "images/rejects",
        ["images/originals", CHOICES],
        "Files that do not decode, with the reason.",
        code_version=MEASURE,
        kinds={"parquet"},
    ),
    pool="compute",
)
def measures(lake: dg.ResourceParam[Lake], hashes: dg.ResourceParam[tuple[str, ...]]) -> Results:
    """Decode each original once."""
    from imaging import kernel
    from imaging.sheets import contact_sheet

    work = Work(lake)
    found = lake.read("images/originals")
    result = map_files(
        kernel.Measure(lake.images.root, hashes),
        found.select(["sha256", "path"]),
        lake.file("images/memo/measures"),
        key="sha256",
        version="-".join([MEASURE, *hashes]),
        label="images: decode and measure",
    )
    derivatives = kernel.derivatives(result)
    shown = derivatives.slice(0, _SHEET).to_pylist()
    sheet = contact_sheet([(lake.images.root / row["path"], row["sha256"][:12]) for row in shown])
    yield work.table("images/measures", kernel.measures(result), ["sha256"])
    yield work.table(
        "images/derivatives",
        derivatives,
        ["sha256"],
        metadata={"contact sheet": picture(sheet.data, sheet.media_type)},
    )
    yield work.table("images/rejects", kernel.rejects(result, found), ["subject"])
