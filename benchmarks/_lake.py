"""A lake of made-up records, as large and as uneven as the MET, the NGA and the Web Gallery together.

Every value is drawn by a hash of the row's number, so a size always gives the same lake. At 700,000
artworks: 120,000 records of artists, 1.2 million pictures, 400,000 tags, 2 predictions and 10 look-alikes
an artwork. Hashes and colours of pictures that the star does not read are left empty, so that copying
the lake, which the star is measured against, is not made to look slow.
"""

import hashlib
import os
from typing import TYPE_CHECKING

from benchmarks._pictures import CACHE
from storage import Lake, schemas
from storage.sql import identifier

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

FULL = 700_000
# source, name, its share of the artworks, of the records of artists, how many of its works another museum has
_MUSEUMS = (
    ("met", "Metropolitan Museum of Art", 0.700, 0.71, 0.03),
    ("nga", "National Gallery of Art", 0.207, 0.18, 0.06),
    ("tate", "Tate", 0.014, 0.06, 0.0),
    ("wga", "Web Gallery of Art", 0.079, 0.05, 0.40),
)

_MACROS = """
create macro u(n, salt) as (hash(cast(n as bigint) * 64 + salt) >> 11) / 9007199254740992.0;
-- A number below `size`; the larger the skew, the more often a small one.
create macro pick(n, salt, size, skew) as cast(floor(size * pow(u(n, salt), skew)) as bigint);
create macro of(list, n, salt, skew) as list[pick(n, salt, len(list), skew) + 1];
create macro syllable(n) as ['ba','ce','di','fo','gu','ha','je','ki','lo','mu','na','pe','ri','so','tu',
    'va','we','xi','yo','zu','bran','chel','dorn','feld','grun','hof','jan','kel','lund','mar'][n % 30 + 1];
create macro word(n) as syllable(n) || syllable(n // 30 + 7) || if(n >= 900, syllable(n // 900), '');
create macro name(n) as upper(left(word(n), 1)) || substr(word(n), 2);
create macro title_of(t) as concat_ws(' ',
    of(['Portrait of', 'View of', 'Study for', 'The', 'Madonna of', 'Bowl with', 'Plate', 'Saint'], t, 1, 1.5),
    name(pick(t, 2, 8000, 2)), if(u(t, 3) < 0.5, of(['and', 'at', 'with the', 'near'], t, 4, 1)
    || ' ' || word(pick(t, 5, 8000, 2)), null), if(u(t, 6) < 0.2, word(pick(t, 7, 8000, 1)), null));
create macro medium_of(m) as
    of(['Oil', 'Albumen silver print', 'Graphite', 'Watercolor', 'Engraving', 'Silk', 'Bronze', 'Etching',
        'Ceramic', 'Pen and ink', 'Tempera', 'Marble', 'Silver', 'Lithograph'], m, 1, 1.3)
    || if(u(m, 2) < 0.7, ' on ' || of(['canvas', 'paper', 'panel', 'laid paper', 'copper', 'wood'], m, 3, 1.5), '')
    || if(m > 60, ', ' || word(pick(m, 4, 900, 2)), '') || if(m > 4000, ' and ' || word(m), '');
create macro person_name(p) as case
    when p % 33 = 5 then of(['Anonymous', 'French 19th Century', 'Unknown', 'Dutch 17th Century'], p, 1, 1)
    else name(pick(p, 2, 4000, 2)) || if(u(p, 3) < 0.1, ' van', '') || ' ' || name(pick(p, 4, 25000, 1.5)) end;
create macro birth(p) as cast(if(u(p, 5) < 0.8 and p % 33 <> 5, 1400 + pick(p, 6, 560, 0.6), null) as integer);
create macro death(p) as cast(if(u(p, 7) < 0.9, birth(p) + 20 + pick(p, 8, 65, 0.8), null) as integer);
"""

_WORKS = """
create table museums as
select
    *, coalesce(lag(next_work) over (order by next_work), 0) as first_work,
    coalesce(lag(next_artist) over (order by next_artist), 0) as first_artist
from (
    select
        *, cast($works * sum(share) over (order by source) as bigint) as next_work,
        cast($artists * sum(artist_share) over (order by source) as bigint) as next_artist
    from (values {museums}) as listed (source, museum, share, artist_share, shared)
);

-- A person has a record at several museums: the MET's are the persons, a part of the others' too.
create table people as
with records as (
    select source, number, unnest(range(next_artist - first_artist)) as k, next_artist - first_artist as records
    from (select *, row_number() over (order by source) as number from museums)
),
met as (select max(records) as most from records where source = 'met')
select
    source, k, source || ':' || (1000 + k) as artist_id,
    case
        when source = 'met' then k
        when source = 'nga' and k % 5 < 2 and k * 3 < most then k * 3
        when source = 'wga' and k % 2 = 0 and k * 15 < most then k * 15
        else number * 1000000 + k
    end as person
from records, met;

create table works as
select
    n, source, k, next_artist - first_artist as artists,
    source || ':' || case source when 'wga' then 'a/' || word(k % 5000) || '/' || k else cast(k as varchar) end
        as artwork_id,
    is_shared, s, if(is_shared, s + 1000000007, pick(n, 1, $works // 2, 1.4)) as t,
    if(is_shared, pick(s, 22, least($artists // 50, 2000), 2), null) as shared_person,
    case when u(n, 11) < 0.92 then 1400 + pick(if(is_shared, s, n), 12, 600, 0.7) end as made,
    case
        when u(n, 2) < 0.3 then 0 when u(n, 2) < 0.72 then 1 else 2 + pick(n, 3, 9, 2)
    end as pictures
from (
    select
        museums.*, n, n - first_work as k, u(n, 20) < shared as is_shared, pick(n, 21, $works // 30, 1) as s
    from range($works) as numbers (n) join museums on n >= first_work and n < next_work
);
"""

_ARTISTS = """
select
    artist_id, source, cast(1000 + k as varchar) as source_id, source_id || '.csv#1' as source_row,
    if(source = 'wga', upper(split_part(person_name(person), ' ', -1)) || ', ' || split_part(person_name(person), ' ', 1),
        person_name(person)) as name,
    split_part(name, ' ', -1) || ', ' || split_part(name, ' ', 1) as sort_name,
    case when source = 'nga' then list_transform(range(pick(k, 40, 5, 2)), lambda i: name || ' ' || word(k + i)) end as aliases,
    birth(person) as begin_year, death(person) as end_year, begin_year || '–' || end_year as life_text,
    case when source = 'wga' then name(pick(person, 41, 300, 2)) end as birth_place,
    of(['French', 'American', 'Dutch', 'Italian', 'British', 'German', 'Japanese'], person, 42, 1.4) as nationality,
    if(source in ('met', 'tate') and u(person, 43) < 0.2, 'Female', null) as gender,
    case when source in ('met', 'nga') and u(person, 44) < 0.55 then cast(500000000 + person as varchar) end as ulan,
    case when source in ('met', 'nga') and u(person, 45) < 0.45 then 'Q' || (person + 1000) end as wikidata
from people
"""

_ARTWORKS = """
with linked as (
    select
        works.*,
        case when is_shared then 1 when source = 'met' and u(n, 30) < 0.43 then 0 when u(n, 31) < 0.87 then 1
            else 2 + pick(n, 32, 4, 2) end as links,
        case when is_shared then shared_person * case source when 'met' then 30 when 'nga' then 10 else 2 end
            else pick(n, 33, artists, 3) end as record
    from works
)
select
    artwork_id, source, split_part(artwork_id, ':', 2) as source_id, title_of(t) as title,
    case when links > 0 then list_transform(range(links), lambda i: {
        'artist_id': source || ':' || (1000 + if(i = 0, record, pick(n + i, 34, artists, 3))),
        'role': if(i = 0 and u(n, 35) < 0.93, 'Artist', of(['After', 'Publisher', 'Printer', 'Attributed to', 'Workshop of'], n + i, 36, 1)),
        'position': i::smallint}) end as artists,
    if(links > 0, name(record), null) as artist_text,
    if(u(n, 13) < 0.5, 'ca. ', '') || made as date_text, made as begin_year, made + pick(n, 14, 50, 3) as end_year,
    if(made is null, 'unknown', of(['year', 'about', 'range', 'decade', 'century'], n, 15, 1.3)) as date_precision,
    if(u(n, 16) < 0.97, medium_of(pick(n, 17, 40000, 3)), null) as medium,
    if(source = 'wga', of(['oil', 'fresco', 'tempera', 'marble', 'engraving'], n, 19, 1.5), null) as technique,
    if(source = 'wga' or u(n, 18) < 0.85, name(pick(n, 23, 1000, 4)), null) as classification,
    case source when 'met' then 'Department of ' || name(pick(n, 24, 19, 1.5)) when 'nga' then 'DCG-' || name(pick(n, 24, 8, 2)) end as department,
    if(source = 'met' and u(n, 25) < 0.45, name(pick(n, 26, 5000, 3)), null) as culture,
    case when source in ('nga', 'wga') then of(['Dutch', 'Italian', 'French', 'Flemish', 'German'], n, 27, 1) end as school,
    if(source = 'nga' and u(n, 28) < 0.3, name(pick(n, 29, 60, 2)), null) as style,
    if(source = 'wga', of(['religious', 'portrait', 'landscape', 'mythological', 'still-life'], n, 37, 1.2), null) as genre,
    if(source = 'met' and u(n, 38) < 0.2, name(pick(n, 39, 1500, 2)) || ' period', null) as period,
    if(source = 'met' and u(n, 40) < 0.25, name(pick(n, 41, 5000, 2)), null) as place,
    if(source = 'wga', 'Museum of ' || name(pick(n, 42, 2000, 2)), museum) as repository,
    if(u(n, 43) < 0.7, round(5 + 200 * pow(u(n, 44), 2), 1), null) as height_cm, if(u(n, 43) < 0.7, round(5 + 200 * pow(u(n, 45), 2), 1), null) as width_cm,
    'Overall: ' || height_cm || ' × ' || width_cm || ' cm' as dimensions_text,
    if(source = 'wga', null, (1880 + pick(n, 46, 140, 1)) || '.' || k) as accession_number,
    if(source = 'wga', null, 'Gift of ' || name(pick(n, 47, 20000, 2)) || ', ' || (1880 + pick(n, 46, 140, 1))) as credit_line,
    if(source = 'wga', null, 1880 + pick(n, 46, 140, 1)) as acquired_year,
    if(u(n, 48) < 0.2, array_to_string(list_transform(range(30), lambda i: word(pick(n + i, 49, 8000, 1.5))), ' '), null) as notes,
    case when u(n, 50) < 0.25 then list_distinct(list_transform(range(1 + pick(n, 51, 5, 2)), lambda i: name(pick(n + i, 52, 1200, 2.5)))) end as tags,
    if(source = 'wga', null, u(n, 53) < 0.6) as is_public_domain,
    if(source = 'wga', 'educational and personal use only, no redistribution', 'CC0') as licence,
    'https://www.' || source || '.example/collection/search/' || k as object_url,
    '{"objectName": "' || word(k % 3000) || '", "metadataDate": "2026-01-01T04:00:00.117Z", "isHighlight": false, "rightsAndReproduction": "'
        || word(pick(n, 54, 900, 2)) || '", "portfolio": "' || name(pick(n, 55, 9000, 1)) || '", "geographyType": "Made in", "tagsAat": ["http://vocab.getty.edu/aat/' || pick(n, 56, 90000, 2) || '"]}' as misc,
    'https://www.' || source || '.example/api/objects/' || k as source_row,
    if(u(n, 57) < 0.004, source || '-3', null) as withdrawn_in
from linked join museums using (source)
"""

# Pictures: their number, the object's shared work where another museum may show it too.
_PICTURES = """
create table pictures as
select
    artwork_id || '#' || position as image_id, artwork_id, source, position, n * 16 + position as i,
    sha256(artwork_id || '#' || position) as sha256,
    if(is_shared and position = 0 and u(n, 4) < 0.7, s, null) as shows
from (select *, unnest(range(pictures)) as position from works);

create table grouped as
select image_id, min(image_id) over one as group_id, count(*) over one as group_size
from pictures window one as (partition by coalesce(shows, -1 - i));
"""

_TABLES: dict[str, tuple["pa.Schema", tuple[str, ...], str]] = {
    "catalog/artworks": (schemas.ARTWORKS, ("artwork_id",), _ARTWORKS),
    "catalog/artists": (schemas.ARTISTS, ("artist_id",), _ARTISTS),
    "catalog/sources": (
        schemas.SOURCES,
        ("source",),
        "select source, museum, 'CC0' as licence, source <> 'wga' as images_may_be_shown from museums",
    ),
    "catalog/fields": (
        schemas.FIELDS,
        ("source", "noun", "column"),
        "select source, 'artworks' as noun, 'title' as \"column\", 'title' as field from museums",
    ),
    "catalog/snapshots": (
        schemas.SNAPSHOTS,
        ("snapshot",),
        "select source || '-' || number as snapshot, source, number, '2026-0' || (5 + number) || '-01T03:00:00+00:00' as taken_at,"
        " next_work - first_work as works, if(number = 1, works, 500) as added, if(number = 1, 0, 3000) as changed, 100 as withdrawn"
        " from museums, range(1, 4) as counted (number)",
    ),
    "catalog/sightings": (
        schemas.SIGHTINGS,
        ("artwork_id",),
        "select artwork_id, source || if(u(n, 58) < 0.97, '-1', '-2') as first_seen,"
        " if(u(n, 59) < 0.02, source || '-3', null) as changed_in from works",
    ),
    "images/originals": (
        schemas.ORIGINALS,
        ("image_id",),
        "select image_id, artwork_id, source, 'https://images.' || source || '.example/full/' || i || '.jpg' as url, sha256,"
        " 'original/' || left(sha256, 2) || '/' || sha256 || '.jpg' as path, 100000 + pick(i, 1, 5000000, 2) as bytes, 'image/jpeg' as media_type from pictures",
    ),
    "images/measures": (
        schemas.MEASURES,
        ("sha256",),
        "select sha256, 400 + pick(i, 2, 4000, 1) as width, 400 + pick(i, 3, 4000, 1) as height, 'RGB' as mode, 'JPEG' as format, 1 as frames,"
        " hash(i) as phash, hash(i + 1) as ahash, hash(i + 2) as dhash_h, hash(i + 3) as dhash_v, list_transform(range(8), lambda x: 0) as phash_turned,"
        " [] as frame_hashes, 500 * u(i, 4) as sharpness, 300 * u(i, 5) as sharpness_full, 5 * u(i, 6) as noise, u(i, 7) as brightness,"
        " u(i, 8) as contrast, u(i, 9) / 9 as clipped_dark, u(i, 10) / 9 as clipped_bright, 80 * u(i, 11) as colourfulness, 8 * u(i, 12) as entropy,"
        " [{'rgb': format('#{:06x}', pick(i, 13, 16777216, 1)), 'share': 0.3 + u(i, 14) / 2}] as colours, if(u(i, 15) < 0.2, u(i, 16) / 9, 0) as border_left,"
        " 0 as border_top, 0 as border_right, 0 as border_bottom, u(i, 17) < 0.05 as has_chart, 75 as jpeg_quality,"
        " if(u(i, 18) < 0.3, '2019-05-31T14:03:22.510', null) as taken_at, if(u(i, 18) < 0.3, 'Phase One IQ3 ' || pick(i, 19, 9, 1), null) as camera"
        " from pictures where u(i, 20) < 0.998",
    ),
    "images/derivatives": (
        schemas.DERIVATIVES,
        ("sha256",),
        "select sha256, 'derivative/' || left(sha256, 2) || '/' || sha256 || '.jpg' as path, 256 as width, 320 as height, sha256 as content"
        " from pictures where u(i, 20) < 0.998",
    ),
    "duplicates/groups": (schemas.GROUPS, ("image_id",), "from grouped"),
    "duplicates/keepers": (
        schemas.KEEPERS,
        ("image_id",),
        "select image_id, group_id, row_number() over (partition by group_id order by image_id desc) as rank, rank = 1 as is_keeper,"
        " if(is_keeper, 'better than the next by 0.9 points: 1.9× the pixels', 'worse than the keeper by 0.9 points') as reason"
        " from grouped where group_size > 1",
    ),
    "duplicates/pairs": (
        schemas.PAIRS,
        ("image_a", "image_b"),
        "select group_id as image_a, image_id as image_b, 'same_work' as kind, true as confirmed, 'hash' as proposed_by,"
        " 0.9 as likeness, 'one picture, by structure' as evidence from grouped where image_id <> group_id"
        " union all by name select image_id as image_a, image_id || '0' as image_b, 'different_work' as kind, false as confirmed,"
        " 'hash' as proposed_by, 0.2 as likeness, 'the structure differs' as evidence from pictures where u(i, 21) < 0.05",
    ),
    "duplicates/similar": (
        schemas.SIMILAR_SETS,
        ("image_id",),
        "select image_id, min(image_id) over one as set_id, count(*) over one as set_size, set_id as nearest, 0.93 as cosine"
        " from pictures where u(i, 22) < 0.05 window one as (partition by i // 400) qualify set_size > 1",
    ),
    "predictions/departments": (
        schemas.PREDICTIONS,
        ("artwork_id", "rank"),
        "select artwork_id, 'department' as attribute, 1 as rank, 'Department of ' || name(pick(n, 5, 19, 1.5)) as label,"
        " 0.3 + 0.7 * u(n, 6) as probability, 'tf_efficientnet_lite0+head:0123abcd' as model from works",
    ),
    "predictions/styles": (
        schemas.PREDICTIONS,
        ("artwork_id", "rank"),
        "select artwork_id, 'style' as attribute, 1 as rank, name(pick(n, 7, 60, 2)) as label,"
        " 0.3 + 0.7 * u(n, 8) as probability, 'tf_efficientnet_lite0+head:4567cdef' as model from works",
    ),
    **{
        f"predictions/{attribute}s": (
            schemas.PREDICTIONS,
            ("artwork_id", "rank"),
            f"select artwork_id, '{attribute}' as attribute, 1 as rank, name(pick(n, {salt}, {labels}, 2)) as label,"
            f" 0.3 + 0.7 * u(n, {salt + 1}) as probability, 'tf_efficientnet_lite0+head:89abcdef' as model"
            " from works where u(n, 66) < 0.1",
        )
        for attribute, salt, labels in (("genre", 62, 10), ("artist", 64, 300))
    },
    "training/examples": (
        schemas.EXAMPLES,
        ("attribute", "artwork_id"),
        "select 'style' as attribute, artwork_id, artwork_id as sha256, name(pick(n, 7, 60, 2)) as label,"
        " artwork_id as group_id, 'style of ' || source as provenance, label as as_written from works where u(n, 67) < 0.05",
    ),
    "predictions/outliers": (
        schemas.OUTLIERS,
        ("attribute", "rank", "artwork_id"),
        "select artwork_id, 'department' as attribute, u(n, 9) as uncertainty, u(n, 10) as centroid_distance,"
        " row_number() over (order by hash(n), n) as rank, 'the model agrees, at ' || pick(n, 9, 100, 1) || '%; further than '"
        " || pick(n, 10, 100, 1) || '% of all' as reason from works where u(n, 60) < 0.5",
    ),
    "similarity/neighbours": (
        schemas.NEIGHBOURS,
        ("artwork_id", "rank"),
        "with asked as (select artwork_id, unnest(range(1, 11)) as rank, pick(n * 16 + rank, 61, $works, 1) as n from works)"
        " select asked.artwork_id, rank, works.artwork_id as neighbour_id, 1 - rank / 20 as cosine from asked join works using (n)",
    ),
}


KEYS = tuple(_TABLES)


def lake(works: int = FULL) -> Lake:
    """The made-up lake of `works` artworks from the benchmarks' cache, made first when it is not there."""
    place = CACHE / f"lake-{works}-{_version()}"
    if not place.exists():
        part = place.with_name(f"{place.name}.{os.getpid()}.part")
        _make(Lake.open(part, "made up"), works)
        part.rename(place)
    return Lake.open(place)


def _version() -> str:
    """Changes with whatever decides what the lake holds."""
    tables = [
        (key, [(field.name, str(field.type)) for field in schema], sort_by, sql)
        for key, (schema, sort_by, sql) in _TABLES.items()
    ]
    said = repr((_MUSEUMS, _MACROS, _WORKS, _PICTURES, tables))
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def _make(lake: Lake, works: int) -> None:
    connection = lake.connect()
    connection.execute(_MACROS)
    museums = ", ".join(map(repr, _MUSEUMS))
    numbers = {"$works": str(works), "$artists": str(works * 120 // 700)}

    def filled(sql: str) -> str:
        for name, value in numbers.items():
            sql = sql.replace(name, value)
        return sql

    connection.execute(filled(_WORKS.format(museums=museums)))
    connection.execute(_PICTURES)
    for key, (schema, sort_by, sql) in _TABLES.items():
        lake.write_query(key, connection, conforming(connection, schema, filled(sql)), sort_by)


def conforming(connection: "duckdb.DuckDBPyConnection", schema: "pa.Schema", sql: str) -> str:
    """The query with the columns of the schema, cast to their types; what it lacks is null.

    Raises ValueError when it lacks a column that must be filled, or has one that the schema does not know.
    """
    connection.register("wanted", schema.empty_table())
    types = {name: kind for name, kind, *_ in connection.sql("describe wanted").fetchall()}
    given = set(connection.sql(sql).columns)
    missing = {field.name for field in schema if not field.nullable} - given
    if missing or given - set(types):
        raise ValueError(f"missing {sorted(missing)}, unknown {sorted(given - set(types))}")
    columns = [
        f"cast({identifier(name) if name in given else 'null'} as {kind}) as {identifier(name)}"
        for name, kind in types.items()
    ]
    return f"select {', '.join(columns)} from ({sql})"
