"""Duplicates stage: which pictures are the same, why, and which one to keep. No file is touched."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.source import DECISIONS, DECISIONS_FILE
from assets.stage import Results, Work, blocking, picture, spec, stage
from imaging.versions import COMPARE
from scrapers import MUSEUMS
from storage import Lake

if TYPE_CHECKING:
    import pyarrow as pa

_INPUTS = [
    "images/originals",
    "images/measures",
    "images/derivatives",
    "embeddings/features",
    "catalog/artworks",
    "duplicates/decisions",
]
_PAIRS_SHOWN = 6
_REFUSED_SHOWN = 3
_VERSION = f"duplicates-3-of-{COMPARE}"


@stage(
    spec(
        "duplicates/decisions",
        [DECISIONS],
        "What people decided about pairs; it wins over every rule, for ever.",
        code_version="1",
        kinds={"parquet"},
    )
)
def decisions(lake: dg.ResourceParam[Lake]) -> Results:
    """Read the append-only decisions."""
    from imaging.duplicates.decisions import read

    yield Work(lake).table("duplicates/decisions", read(lake.file(DECISIONS_FILE)), ["number"])


@stage(
    spec(
        "duplicates/pairs",
        _INPUTS,
        "Proposed pairs with their evidence; only confirmed ones join groups.",
        code_version=_VERSION,
        kinds={"python", "parquet"},
    ),
    spec(
        "duplicates/groups",
        _INPUTS,
        "Every picture with the group of pictures that show the same.",
        code_version=_VERSION,
        kinds={"python", "parquet"},
    ),
    spec(
        "duplicates/similar",
        _INPUTS,
        "Sets of pictures that look alike without being confirmed as the same: to be reviewed.",
        code_version=_VERSION,
        kinds={"python", "parquet"},
    ),
    spec(
        "duplicates/keepers",
        _INPUTS,
        "In each group the picture to keep, and why.",
        code_version=_VERSION,
        kinds={"python", "parquet"},
    ),
    spec(
        "duplicates/primary",
        _INPUTS,
        "The one picture by which an artwork is judged, with its duplicate group.",
        code_version=_VERSION,
        kinds={"duckdb", "parquet"},
    ),
    checks=[
        blocking(
            "every_picture_in_one_group",
            "duplicates/groups",
            "each decoded picture stands in exactly one group",
        )
    ],
    pool="compute",
)
def pairs(lake: dg.ResourceParam[Lake]) -> Results:
    """Propose by hashes and embeddings, confirm by pixels and records, join, and rank."""
    from imaging.duplicates.groups import find_groups
    from imaging.duplicates.keepers import rank_keepers
    from imaging.duplicates.pairs import find_pairs
    from imaging.duplicates.similar import similar_sets

    work = Work(lake)
    pictures = _pictures(lake)
    decided = lake.read("duplicates/decisions")
    vectors = lake.read("embeddings/features", ["sha256", "vector"])
    found = find_pairs(
        pictures,
        decided,
        lake.images.root,
        records=_records(lake),
        vectors=vectors,
        memo=lake.file("duplicates/memo"),
    )
    groups = find_groups(pictures["image_id"], found)
    similar = similar_sets(pictures, vectors, found)
    keepers = rank_keepers(groups, pictures, decided, sources_order=tuple(MUSEUMS))
    yield work.table(
        "duplicates/pairs",
        found,
        ["image_a", "image_b"],
        metadata=_shown(found, pictures, lake),
    )
    whole = groups.num_rows == pictures.num_rows == len(groups["image_id"].unique())
    yield work.table(
        "duplicates/groups",
        groups,
        ["image_id"],
        checks=[
            dg.AssetCheckResult(
                check_name="every_picture_in_one_group",
                passed=whole,
                metadata={"pictures": pictures.num_rows, "rows": groups.num_rows},
            )
        ],
    )
    yield work.table("duplicates/similar", similar, ["set_id", "image_id"])
    yield work.table("duplicates/keepers", keepers, ["group_id", "rank", "image_id"])
    yield work.table("duplicates/primary", _primary(pictures, groups), ["artwork_id"])


def _pictures(lake: Lake) -> "pa.Table":
    """One row a picture that decoded: its link, its file and its measures."""
    with lake.connect(["images/originals", "images/measures", "images/derivatives"]) as connection:
        return connection.sql(
            """
            select original.image_id, original.artwork_id, original.source, original.bytes,
                   measure.*, derivative.path as derivative, derivative.content
            from images_originals original
            join images_measures measure using (sha256)
            join images_derivatives derivative using (sha256)
            order by image_id
            """
        ).to_arrow_table()


def _records(lake: Lake) -> "pa.Table":
    """What the catalog says of each picture; one whose record is withdrawn keeps its last words."""
    with lake.connect(["images/originals", "catalog/artworks"]) as connection:
        return connection.sql(
            """
            select image_id, artwork_id, original.source, accession_number, title, artist_text, date_text,
                   begin_year, end_year, classification, medium,
                   try_cast(regexp_extract(image_id, '#(\\d+)$', 1) as smallint) as position
            from images_originals original
            join catalog_artworks using (artwork_id)
            order by image_id
            """
        ).to_arrow_table()


def _shown(found: "pa.Table", pictures: "pa.Table", lake: Lake) -> dict[str, Any]:
    """How many pairs of each kind and relation, and some of them side by side, refused ones last."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from imaging.sheets import pair_sheet

    counts = Counter(found["kind"].to_pylist())
    relations = Counter(relation or "none" for relation in found["relation"].to_pylist())
    sure = found.filter(found["confirmed"])
    refused = found.filter(pc.invert(found["confirmed"])).sort_by([("likeness", "descending")])
    rows = sure.slice(0, _PAIRS_SHOWN).to_pylist() + refused.slice(0, _REFUSED_SHOWN).to_pylist()
    named = pa.array([row[end] for row in rows for end in ("image_a", "image_b")], pa.string())
    seen = pictures.filter(pc.is_in(pictures["image_id"], value_set=named))
    paths = dict(zip(seen["image_id"].to_pylist(), seen["derivative"].to_pylist(), strict=True))
    shown = [
        (
            (lake.images.root / paths[row["image_a"]], row["image_a"]),
            (lake.images.root / paths[row["image_b"]], row["image_b"]),
            f"{row['kind'].replace('_', ' ')}: {row['evidence']}",
        )
        for row in rows
    ]
    sheet = pair_sheet(shown) if shown else None
    return {
        "confirmed": sure.num_rows,
        "kinds": dict(sorted(counts.items())),
        "relations": dict(sorted(relations.items())),
        **({"side by side": picture(sheet.data, sheet.media_type)} if sheet else {}),
    }


def _primary(pictures: "pa.Table", groups: "pa.Table") -> "pa.Table":
    """The first picture of each artwork, in the source's order, that decodes."""
    import duckdb

    from storage import schemas

    connection = duckdb.connect()
    connection.register("pictures", pictures)
    connection.register("groups", groups)
    return (
        connection.sql(
            """
            select artwork_id, image_id, sha256, derivative as path, group_id
            from pictures join groups using (image_id)
            qualify row_number() over (
                partition by artwork_id
                order by cast(regexp_extract(image_id, '#(\\d+)$', 1) as int), image_id
            ) = 1
            """
        )
        .to_arrow_table()
        .cast(schemas.PRIMARY)
    )
