"""Catalog stage: all sources in one contract; what has no column goes to `misc`, nothing is lost."""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.snapshots import snapshots_key
from assets.stage import Results, Work, blocking, spec, stage
from scrapers import MUSEUMS, Catalog, Museum
from scrapers.museum import reject, text_table
from storage import Lake

if TYPE_CHECKING:
    import pyarrow as pa

_DEPS = [
    *(f"raw/{name}_{noun}" for name, museum in MUSEUMS.items() for noun in museum.nouns),
    *map(snapshots_key, MUSEUMS),
]
_TABLES = {
    "artworks": (
        ["artwork_id"],
        "Every object of every museum, one contract; withdrawn ones are marked.",
    ),
    "artists": (["artist_id"], "Every artist as each museum knows them."),
    "image_links": (["image_id"], "Addresses of pictures, and their rights."),
    "sources": (
        ["source"],
        "Every source: its name, its licence, and whether its pictures may be shown.",
    ),
    "fields": (
        ["source", "noun", "column"],
        "Which of its own fields each source's columns are read from.",
    ),
    "snapshots": (["source", "number"], "The crawls of every source: when, and what each changed."),
    "sightings": (["artwork_id"], "In which crawl each work was first seen, and last changed."),
    "rejects": (["source", "subject"], "Records that fit no contract, and why."),
}
_OF_MUSEUMS = ("artworks", "artists", "image_links", "rejects")
_IDS = {"artworks": "artwork_id", "artists": "artist_id", "image_links": "image_id"}


@stage(
    *(
        spec(f"catalog/{noun}", _DEPS, description, code_version="3", kinds={"python", "parquet"})
        for noun, (_, description) in _TABLES.items()
    ),
    checks=[
        blocking("unique_ids", f"catalog/{noun}", f"{name} identifies a row")
        for noun, name in _IDS.items()
    ],
)
def catalog(lake: dg.ResourceParam[Lake]) -> Results:
    """Bring the sources into one shape."""
    import pyarrow as pa

    from storage import schemas

    work = Work(lake)
    parts = [
        _of(lake, museum)
        for name, museum in MUSEUMS.items()
        if all(
            lake.has(f"raw/{name}_{noun}") for noun, about in museum.nouns.items() if not about.of
        )
    ]
    tables = {
        noun: pa.concat_tables(
            [getattr(part, noun).cast(getattr(schemas, noun.upper())) for part in parts]
        )
        for noun in _OF_MUSEUMS
    }
    tables["sources"] = schemas.table(
        schemas.SOURCES, [_said(museum) for museum in MUSEUMS.values()]
    )
    tables["fields"] = schemas.table(schemas.FIELDS, list(_fields()))
    tables["snapshots"] = schemas.table(schemas.SNAPSHOTS, list(_crawls(lake)))
    tables["sightings"] = _sightings(lake, tables["artworks"])
    twice = []
    for noun, name in _IDS.items():
        tables[noun], refused = _first_of_each(tables[noun], noun, name)
        twice += refused
    tables["rejects"] = pa.concat_tables([tables["rejects"], schemas.table(schemas.REJECTS, twice)])
    told = _works(tables["artworks"])
    for noun, (sort_by, _) in _TABLES.items():
        yield work.table(
            f"catalog/{noun}",
            tables[noun],
            sort_by,
            checks=[_unique(tables[noun], noun)] if noun in _IDS else [],
            metadata=told,
        )


def _of(lake: Lake, museum: Museum) -> Catalog:
    """What a museum lists now, and the works it has withdrawn, without their pictures."""
    import pyarrow as pa

    from scrapers.withdrawn import withdrawn

    raw = {noun: _raw(lake, museum, noun) for noun in museum.nouns}
    listed = museum.catalog(raw)
    tombstones = _tombstones(lake, museum.name)
    if not tombstones:
        return listed
    works, people = withdrawn(museum, tombstones, raw, listed)
    return dataclasses.replace(
        listed,
        artworks=pa.concat_tables([listed.artworks, works]),
        artists=pa.concat_tables([listed.artists, people]),
    )


def _raw(lake: Lake, museum: Museum, noun: str) -> "pa.Table":
    """A museum's own table; empty where an earlier version of artlake did not take it in yet."""
    key = f"raw/{museum.name}_{noun}"
    if lake.has(key):
        return lake.read(key)
    return text_table([*museum.nouns[noun].columns, "source_row"], [])


def _tombstones(lake: Lake, name: str) -> list[dict[str, Any]]:
    key = snapshots_key(name)
    if not lake.has(key):
        return []
    with lake.connect([key]) as connection:
        rows = connection.sql(
            f"""
            select withdrawn_in, last_rows from snapshots_{name} where withdrawn_in is not null
            order by split_part(withdrawn_in, '-', -1)::int, noun, record_id
            """
        )
        return [
            {"withdrawn_in": when, "last_rows": last_rows} for when, last_rows in rows.fetchall()
        ]


def _said(museum: Museum) -> dict[str, Any]:
    """What a source says of itself, as a row of schemas.SOURCES."""
    return {
        "source": museum.name,
        "museum": museum.title,
        "licence": museum.licence,
        "images_may_be_shown": museum.shows_images,
    }


def _fields() -> Iterator[dict[str, str]]:
    """Rows of schemas.FIELDS, as the museums' own modules declare them."""
    for museum in MUSEUMS.values():
        for noun, columns in museum.fields.items():
            for column, field in columns.items():
                yield {"source": museum.name, "noun": noun, "column": column, "field": field}


def _crawls(lake: Lake) -> Iterator[dict[str, Any]]:
    """Rows of schemas.SNAPSHOTS, from the manifests of the museums' snapshots."""
    from storage import snapshots

    for name, museum in MUSEUMS.items():
        for taken in snapshots.listed(lake, name):
            counts = taken.facts["counts"][museum.works]
            yield {
                "snapshot": taken.name,
                "source": name,
                "number": taken.number,
                "taken_at": taken.at,
                "works": counts["records"],
                **{change: counts[change] for change in ("added", "changed", "withdrawn")},
            }


def _sightings(lake: Lake, artworks: "pa.Table") -> "pa.Table":
    """Rows of schemas.SIGHTINGS. A record is an artwork's where both come from one row of the source."""
    import pyarrow as pa

    from storage import schemas
    from storage.sql import identifier

    found = [schemas.SIGHTINGS.empty_table()]
    for name, museum in MUSEUMS.items():
        key, raw = snapshots_key(name), f"raw/{name}_{museum.works}"
        if not (lake.has(key) and lake.has(raw)):
            continue
        with lake.connect([key, raw]) as connection:
            connection.register("artworks", artworks)
            sql = f"""
                with records as (
                    select {identifier(museum.nouns[museum.works].key)} as record_id, source_row from {raw.replace("/", "_")}
                    union all
                    select record_id, last_rows::json ->> '$.{museum.works}[0].source_row'
                    from snapshots_{name}
                    where noun = $1 and withdrawn_in is not null
                )

                select artwork_id, first(first_seen order by record_id) as first_seen,
                    first(changes[-1].snapshot order by record_id) as changed_in
                from snapshots_{name}
                join records using (record_id)
                join artworks using (source_row)
                where noun = $1 and artworks.source = $2
                group by artwork_id
            """
            rows = connection.sql(sql, params=[museum.works, name]).to_arrow_table()
            found.append(rows.cast(schemas.SIGHTINGS))
    return pa.concat_tables(found)


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
            refused.append(reject("catalog", source, key, "duplicate_id", detail))
        seen.add(key)
    return table.filter(pa.array(first, pa.bool_())), refused


def _works(artworks: "pa.Table") -> dict[str, int]:
    """Works that each source lists now, and those it has withdrawn, as metadata for the UI."""
    columns = artworks["source"].to_pylist(), artworks["withdrawn_in"].to_pylist()
    told = Counter(
        f"works of {source}" + (", withdrawn" if withdrawn_in else "")
        for source, withdrawn_in in zip(*columns, strict=True)
    )
    return dict(sorted(told.items()))


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
