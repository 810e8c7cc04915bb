"""Catalog stage: all sources in one contract; what has no column goes to `misc`, nothing is lost."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.stage import Results, Work, blocking, spec, stage
from scrapers import MUSEUMS, Museum
from storage import Lake

if TYPE_CHECKING:
    import pyarrow as pa

_RAW = [f"raw/{name}_{noun}" for name, museum in MUSEUMS.items() for noun in museum.nouns]
_TABLES = {
    "artworks": (["artwork_id"], "Every object of every museum, one contract."),
    "artists": (["artist_id"], "Every artist as each museum knows them."),
    "image_links": (["image_id"], "Addresses of pictures, and their rights."),
    "sources": (
        ["source"],
        "Every source: its name, its licence, and whether its pictures may be shown.",
    ),
    "rejects": (["source", "subject"], "Records that fit no contract, and why."),
}
_IDS = {"artworks": "artwork_id", "artists": "artist_id", "image_links": "image_id"}


@stage(
    *(
        spec(f"catalog/{noun}", _RAW, description, code_version="1", kinds={"python", "parquet"})
        for noun, (_, description) in _TABLES.items()
    ),
    checks=[
        blocking("unique_ids", f"catalog/{noun}", f"{name} identifies a row")
        for noun, name in _IDS.items()
    ],
)
def catalog(lake: dg.ResourceParam[Lake], accept_loss: dg.ResourceParam[bool]) -> Results:
    """Bring the sources into one shape."""
    import pyarrow as pa

    from storage import schemas

    work = Work(lake)
    parts = [
        museum.catalog({noun: lake.read(f"raw/{name}_{noun}") for noun in museum.nouns})
        for name, museum in MUSEUMS.items()
        if all(lake.has(f"raw/{name}_{noun}") for noun in museum.nouns)
    ]
    tables = {
        noun: pa.concat_tables(
            [getattr(part, noun).cast(getattr(schemas, noun.upper())) for part in parts]
        )
        for noun in _TABLES
        if noun != "sources"
    }
    tables["sources"] = schemas.table(
        schemas.SOURCES, [_said(museum) for museum in MUSEUMS.values()]
    )
    twice = []
    for noun, name in _IDS.items():
        tables[noun], refused = _first_of_each(tables[noun], noun, name)
        twice += refused
    tables["rejects"] = pa.concat_tables([tables["rejects"], schemas.table(schemas.REJECTS, twice)])
    works = _by_source(tables["artworks"])
    if lake.has("catalog/artworks") and not accept_loss:
        _refuse_loss(_by_source(lake.read("catalog/artworks", ["source"])), works)
    for noun, (sort_by, _) in _TABLES.items():
        yield work.table(
            f"catalog/{noun}",
            tables[noun],
            sort_by,
            checks=[_unique(tables[noun], noun)] if noun in _IDS else [],
            metadata={f"works of {name}": count for name, count in works.items()},
        )


def _said(museum: Museum) -> dict[str, Any]:
    """What a source says of itself, as a row of schemas.SOURCES."""
    return {
        "source": museum.name,
        "museum": museum.title,
        "licence": museum.licence,
        "images_may_be_shown": museum.shows_images,
    }


def _first_of_each(
    table: "pa.Table", noun: str, name: str
) -> "tuple[pa.Table, list[dict[str, str]]]":
    """The table with the first row of each id, and a reject for every further one."""
    import pyarrow as pa

    seen: set[str] = set()
    first, refused = [], []
    for source, key in zip(table["source"].to_pylist(), table[name].to_pylist(), strict=True):
        first.append(key not in seen)
        if key in seen:
            detail = f"a further row of {noun} has the {name} {key}"
            refused.append(
                {"stage": "catalog", "source": source, "subject": key, "reason": "duplicate_id",
                 "detail": detail}
            )  # fmt: skip
        seen.add(key)
    return table.filter(pa.array(first, pa.bool_())), refused


def _by_source(artworks: "pa.Table") -> dict[str, int]:
    counts = artworks.group_by("source").aggregate([("source", "count")]).to_pylist()
    return {row["source"]: row["source_count"] for row in counts}


def _refuse_loss(before: dict[str, int], now: dict[str, int]) -> None:
    """A dead or redesigned source must not empty the lake (threshold: half, source by source)."""
    lost = [
        f"{name} from {was:,} to {now.get(name, 0):,}"
        for name, was in before.items()
        if now.get(name, 0) * 2 < was
    ]
    if lost:
        raise dg.Failure(
            f"More than half of a source's works are gone: {', '.join(lost)}. The catalog stays as it "
            "was. If the source really has so few now, run once with ARTLAKE_ACCEPT_LOSS=true."
        )


def _unique(table: "pa.Table", noun: str) -> dg.AssetCheckResult:
    name = _IDS[noun]
    counted = table.group_by(name).aggregate([(name, "count")])
    twice = [row[name] for row in counted.to_pylist() if row[f"{name}_count"] > 1]
    return dg.AssetCheckResult(
        check_name="unique_ids",
        asset_key=dg.AssetKey(["catalog", noun]),
        passed=not twice,
        metadata={"twice": ", ".join(twice[:20]) or "none"},
    )
