"""The figures and pictures that pages and slides show, gathered once from the lake."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage import Lake

if TYPE_CHECKING:
    import duckdb

KEYS = (
    *("star/dim_museum", "star/dim_department", "star/dim_style", "star/dim_school"),
    *("star/dim_classification", "star/dim_period", "star/dim_artist", "star/fact_artwork"),
    *("star/fact_image", "star/fact_prediction", "star/fact_similar", "images/derivatives"),
)
CROPS_KEY = "crops/proposals"
_TOP = 12
_GROUPS_SHOWN, _IMAGES_A_GROUP = 6, 4
_QUERIES_SHOWN, _LOOKALIKES = 5, 5
_CROPS_SHOWN = 6

# Column of the completeness table → what counts as said.
_SAID = {
    "title": "title is not null",
    "artist": "artist_key > 0",
    "date": "period_key > 0",
    "medium": "medium_key > 0",
    "classification": "classification_key > 0",
    "department": "department_key > 0",
    "style": "style_key > 0",
    "school": "school_key > 0",
    "size": "height_cm is not null",
    "picture": "image_count > 0",
}

Row = dict[str, Any]


@dataclass(frozen=True)
class Collection:
    """What the lake holds, as plain lists.

    A picture is a row with image_id, artwork_id, title, museum, path (derivative below the image store,
    None where there is none) and may_show (False where its source forbids republishing).
    """

    totals: Row
    museums: list[Row]
    terms: dict[str, list[Row]]
    periods: list[Row]
    megapixels: list[float]
    completeness: list[Row]
    duplicates: list[list[Row]]
    rejects: list[Row]
    crops: list[Row]
    lookalikes: list[list[Row]]

    @property
    def hidden(self) -> int:
        """Pictures that the page would show and may not."""
        groups = [*self.duplicates, *self.lookalikes, self.crops]
        return len({p["image_id"] for group in groups for p in group if not p["may_show"]})


def gather(lake: Lake, rejects: Sequence[str]) -> Collection:
    """Read everything the page and the slides show; `rejects` names the tables of refusals.

    Raises storage.LakeError when the star has not been made; crops and rejects are optional.
    """
    with lake.connect(KEYS) as connection:
        connection.execute(PICTURES)
        refused = _rejects(lake, connection, rejects)
        return Collection(
            totals=_totals(connection) | {"rejects": sum(row["count"] for row in refused)},
            museums=_rows(connection, _MUSEUMS),
            terms={name: _terms(connection, name) for name in ("department", "style", "school")},
            periods=_rows(connection, _PERIODS),
            megapixels=[row["megapixels"] for row in _rows(connection, _MEGAPIXELS)],
            completeness=_completeness(connection),
            duplicates=_grouped(_rows(connection, _DUPLICATES), "duplicate_group"),
            rejects=refused,
            crops=_crops(lake, connection),
            lookalikes=_grouped(_rows(connection, _LOOKALIKE), "asked"),
        )


def _rows(connection: "duckdb.DuckDBPyConnection", sql: str) -> list[Row]:
    return connection.sql(sql).to_arrow_table().to_pylist()


def _totals(connection: "duckdb.DuckDBPyConnection") -> Row:
    return _rows(connection, _TOTALS)[0]


def _terms(connection: "duckdb.DuckDBPyConnection", name: str) -> list[Row]:
    """The commonest terms; departments are told apart by their museum."""
    detail = "dim_museum.museum" if name == "department" else "null"
    return _rows(
        connection,
        f"""
        select {name} as term, {detail} as detail, count(*) as objects
        from star_fact_artwork
        join star_dim_{name} using ({name}_key)
        join star_dim_museum as dim_museum
            on dim_museum.museum_key = star_fact_artwork.museum_key
        where {name}_key > 0 and withdrawn_in is null
        group by all order by objects desc, term, detail limit {_TOP}
        """,
    )


def _completeness(connection: "duckdb.DuckDBPyConnection") -> list[Row]:
    shares = ", ".join(f"avg(({said})::int) as {name}" for name, said in _SAID.items())
    return _rows(
        connection,
        f"""
        select museum, count(*) as objects, {shares}
        from star_fact_artwork join star_dim_museum using (museum_key)
        where withdrawn_in is null
        group by museum order by objects desc, museum
        """,
    )


def _rejects(lake: Lake, connection: "duckdb.DuckDBPyConnection", keys: Sequence[str]) -> list[Row]:
    """Rejects of every stage, counted by reason with one example each."""
    names = [key for key in keys if lake.has(key)]
    for key in names:
        lake.view(connection, key, f"rejects {key}")
    if not names:
        return []
    everything = " union all by name ".join(f'from "rejects {key}"' for key in names)
    return _rows(
        connection,
        f"""
        select stage, source, reason, count(*) as count,
            min(subject) as example, arg_min(detail, subject) as detail
        from ({everything})
        group by stage, source, reason order by count desc, stage, source, reason
        """,
    )


def _crops(lake: Lake, connection: "duckdb.DuckDBPyConnection") -> list[Row]:
    if not lake.has(CROPS_KEY):
        return []
    lake.view(connection, CROPS_KEY, "proposals")
    return _rows(connection, _CROPPED)


def _grouped(rows: list[Row], name: str) -> list[list[Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[name], []).append(row)
    return list(groups.values())


PICTURES = """
create temp view pictures as
select
    image_id,
    fact_image.artwork_id,
    fact_image.artwork_key,
    coalesce(title, fact_image.artwork_id) as title,
    museum,
    images_derivatives.path,
    sha256,
    is_primary,
    duplicate_group,
    group_size,
    is_keeper,
    keeper_reason,
    images_may_be_shown as may_show
from star_fact_image as fact_image
join star_dim_museum using (museum_key)
left join images_derivatives using (sha256)
left join star_fact_artwork as fact_artwork using (artwork_key)
"""

_TOTALS = """
select
    (select count(*) from star_fact_artwork where withdrawn_in is null) as objects,
    (select count(*) from star_dim_museum where museum_key > 0) as museums,
    (select count(*) from star_dim_artist where artist_key > 0) as artists,
    (select count(*) from star_dim_artist where len(artist_ids) > 1) as artists_joined,
    (select count(*) from star_fact_image) as images,
    (select count(*) from star_fact_image where width is not null) as readable_images,
    (select coalesce(sum(bytes), 0)::bigint from star_fact_image) as bytes,
    (select count(*) from star_fact_artwork where image_count > 0) as pictured_objects,
    (select count(distinct duplicate_group) from star_fact_image where group_size > 1)
        as duplicate_groups,
    (select count(*) from star_fact_image where not is_keeper) as redundant_images,
    (select count(*) from star_fact_artwork where period_key > 0
        and withdrawn_in is null) as dated_objects,
    (select count(*) from star_fact_artwork where date_doubt is not null
        and withdrawn_in is null) as doubtful_dates,
    (select count(*) from star_fact_prediction where rank = 1) as predictions,
    (select count(*) from star_fact_prediction where rank = 1 and not agrees) as disagreements,
    (select count(distinct artwork_key) from star_fact_similar) as works_with_lookalikes
"""

_MUSEUMS = """
select museum, objects, licences, images_may_be_shown,
    coalesce(images.images, 0) as images, coalesce(images.readable, 0) as readable
from star_dim_museum
left join (
    select museum_key, count(*) as images, count(width) as readable
    from star_fact_image group by museum_key
) as images using (museum_key)
where museum_key > 0
order by objects desc, museum
"""

_PERIODS = """
select period, dim_period.begin_year, count(*) as objects
from star_fact_artwork join star_dim_period as dim_period using (period_key)
where period_key > 0 and withdrawn_in is null group by all order by dim_period.begin_year
"""

_MEGAPIXELS = """
select megapixels from star_fact_image where megapixels is not null order by image_id
"""

# Groups across museums first, then the largest: the ones most worth looking at.
_DUPLICATES = f"""
select pictures.*
from pictures
join (
    select duplicate_group from pictures where group_size > 1
    group by duplicate_group
    order by count(distinct museum) desc, count(*) desc, duplicate_group
    limit {_GROUPS_SHOWN}
) using (duplicate_group)
qualify row_number() over (
    partition by duplicate_group order by is_keeper desc, image_id
) <= {_IMAGES_A_GROUP}
order by duplicate_group, is_keeper desc, image_id
"""

# One work asked about a duplicate group, spread over the collection by a stable order of its hash.
_LOOKALIKE = f"""
with shown as (
    select * from pictures where is_primary and path is not null and may_show
),

asked as (
    select shown.artwork_key, shown.artwork_id
    from shown
    join star_fact_similar as nearest using (artwork_key)
    join shown as other on other.artwork_key = nearest.neighbour_key
    where nearest.rank <= {_LOOKALIKES}
    group by shown.artwork_key, shown.artwork_id, shown.sha256, shown.duplicate_group
    qualify row_number() over (
        partition by shown.duplicate_group order by shown.artwork_id
    ) = 1
    order by count(*) desc, shown.sha256
    limit {_QUERIES_SHOWN}
)

select pictures.*, asked, rank, cosine
from (
    select artwork_id as asked, artwork_key, 0 as rank, null as cosine from asked
    union all
    select asked.artwork_id, neighbour_key, rank, cosine
    from star_fact_similar join asked using (artwork_key)
    where rank <= {_LOOKALIKES}
)
join pictures using (artwork_key)
where is_primary
order by asked, rank
"""

_CROPPED = f"""
select pictures.*, ratio, "left", top, "right", bottom, confidence
from proposals
join pictures using (sha256)
where rank = 1 and path is not null and may_show and is_keeper
qualify row_number() over (partition by sha256 order by ratio, image_id) = 1
order by sha256
limit {_CROPS_SHOWN}
"""
