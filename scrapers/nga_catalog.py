"""NGA tables in the contract of the lake, by SQL: objects left-joined to all that may be missing."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from scrapers.museum import Catalog

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# A picture of this size serves learning and looking; the server caps the longest side at 4096.
_WANTED_PX, _LARGEST_PX = 1024, 4096
_OBJECT_USED = (
    "objectid", "accessionnum", "title", "displaydate", "medium", "dimensions", "attribution",
    "creditline", "classification", "departmentabbr", "source_row",
)  # fmt: skip
_ARTIST_USED = (
    "constituentid", "ulanid", "preferreddisplayname", "forwarddisplayname", "displaydate",
    "beginyear", "endyear", "nationality", "wikidataid", "source_row",
)  # fmt: skip

_PREPARE = """
create temp view artist_links as
select oc.objectid, oc.constituentid, nullif(concat_ws(' ', nullif(oc.prefix, ''),
           nullif(oc.role, ''), nullif(oc.suffix, '')), '') as role, oc.source_row,
       c.constituentid is not null as known,
       row_number() over (partition by oc.objectid, c.constituentid is not null
                          order by try_cast(oc.displayorder as int), oc.constituentid, oc.source_row)
           - 1 as position
from objects_constituents oc left join constituents c using (constituentid)
where oc.roletype = 'artist';
create temp view people as
select objectid, list({'artist_id': 'nga:' || constituentid, 'role': role,
                       'position': position::smallint} order by position) as artists
from artist_links where known group by objectid;
create temp view terms as
select objectid,
       string_agg(distinct coalesce(nullif(visualbrowserstyle, ''), nullif(term, '')), '; '
                  order by coalesce(nullif(visualbrowserstyle, ''), nullif(term, '')))
           filter (termtype = 'Style') as style,
       string_agg(distinct nullif(term, ''), '; ' order by nullif(term, ''))
           filter (termtype = 'School') as school,
       list(distinct term order by term)
           filter (termtype in ('Theme', 'Keyword') and term <> '') as tags,
       string_agg(distinct nullif(term, ''), '; ' order by nullif(term, ''))
           filter (termtype = 'Place Executed') as place
from objects_terms group by objectid;
create temp view sizes as
select objectid,
       arg_min(try_cast(dimension as double), (element <> 'overall', element, dimension))
           filter (dimensiontype = 'height') as height_cm,
       arg_min(try_cast(dimension as double), (element <> 'overall', element, dimension))
           filter (dimensiontype = 'width') as width_cm
from objects_dimensions where unitname = 'centimeters' group by objectid;
create temp view pictures as
select i.*, o.objectid,
       row_number() over (partition by o.objectid
           order by viewtype <> 'primary', try_cast(sequence as int), i.uuid) - 1 as position,
       least(greatest(try_cast(width as int), try_cast(height as int)),
             try_cast(nullif(maxpixels, '') as int), {largest}, {wanted}) as side
from published_images i left join objects o on i.depictstmsobjectid = o.objectid;
"""

_ARTWORKS = """
select 'nga:' || o.objectid as artwork_id, 'nga' as source, o.objectid as source_id,
       nullif(title, '') as title, coalesce(artists, []) as artists,
       nullif(attribution, '') as artist_text, nullif(displaydate, '') as date_text,
       case when displaydate <> '' then try_cast(beginyear as int) end as begin_year,
       case when displaydate <> '' then try_cast(endyear as int) end as end_year,
       nullif(medium, '') as medium, nullif(classification, '') as classification,
       nullif(departmentabbr, '') as department, null as culture, school, style, null as genre,
       null as period, place, 'National Gallery of Art, Washington' as repository,
       nullif(dimensions, '') as dimensions_text, height_cm, width_cm,
       nullif(accessionnum, '') as accession_number, nullif(creditline, '') as credit_line,
       coalesce(tags, []) as tags, open_image as is_public_domain,
       'CC0-1.0' as licence,
       'https://www.nga.gov/artworks/' || o.objectid as object_url,
       {misc} as misc, o.source_row
from objects o left join people using (objectid) left join terms using (objectid)
     left join sizes using (objectid)
     left join (select objectid, case when bool_or(openaccess = '1') then true end as open_image
                from pictures group by objectid) using (objectid)
order by o.objectid
"""

_ARTISTS = """
select 'nga:' || constituentid as artist_id, 'nga' as source, constituentid as source_id,
       coalesce(nullif(forwarddisplayname, ''), nullif(preferreddisplayname, ''),
                'constituent ' || constituentid) as name,
       nullif(preferreddisplayname, '') as sort_name, [] as aliases,
       nullif(displaydate, '') as life_text, try_cast(beginyear as int) as begin_year,
       try_cast(endyear as int) as end_year, nullif(nationality, '') as nationality,
       null as gender, nullif(ulanid, '') as ulan, nullif(wikidataid, '') as wikidata,
       {misc} as misc, source_row
from constituents c
where constituentid in (select constituentid from artist_links)
order by constituentid
"""

_LINKS = """
select 'nga:' || objectid || '#' || position as image_id, 'nga:' || objectid as artwork_id,
       'nga' as source, iiifurl || '/full/!' || side || ',' || side || '/0/default.jpg' as url,
       null as original_url, position, coalesce(openaccess = '1', false) as may_fetch,
       case openaccess when '1' then 'CC0-1.0' when '0' then 'in copyright'
                       else 'unknown' end as licence
from pictures where objectid is not null and iiifurl <> '' and side > 0
order by image_id
"""

_REJECTS = """
select 'catalog' as stage, 'nga' as source, source_row as subject,
       case when objectid is null then 'no_object' else 'no_image_address' end as reason,
       'image ' || uuid || ' of object ' || depictstmsobjectid as detail
from pictures where objectid is null or iiifurl = '' or side is null or side <= 0
union all
select 'catalog', 'nga', source_row, 'no_constituent',
       'object ' || objectid || ' names constituent ' || constituentid || ', which has no row'
from artist_links where not known
order by subject
"""


def catalog(raw: Mapping[str, "pa.Table"]) -> Catalog:
    """Objects with their artists, styles, schools, sizes and pictures; nothing dropped unsaid."""
    import duckdb

    from storage import schemas

    with duckdb.connect() as connection:
        for noun, table in raw.items():
            connection.register(noun, table)
        prepare = _PREPARE.replace("{largest}", str(_LARGEST_PX))
        connection.execute(prepare.replace("{wanted}", str(_WANTED_PX)))
        artworks = _ARTWORKS.replace("{misc}", _misc("o", raw["objects"], _OBJECT_USED))
        artists = _ARTISTS.replace("{misc}", _misc("c", raw["constituents"], _ARTIST_USED))
        return Catalog(
            _fitting(connection, artworks, schemas.ARTWORKS),
            _fitting(connection, artists, schemas.ARTISTS),
            _fitting(connection, _LINKS, schemas.IMAGE_LINKS),
            _fitting(connection, _REJECTS, schemas.REJECTS),
        )


def _fitting(connection: "duckdb.DuckDBPyConnection", sql: str, schema: "pa.Schema") -> "pa.Table":
    rows: pa.Table = connection.sql(sql).to_arrow_table()
    return rows.select(schema.names).cast(schema)


def _misc(alias: str, table: "pa.Table", used: Iterable[str]) -> str:
    """SQL for everything a row says that has no column, as JSON with sorted keys."""
    rest = sorted(set(table.column_names) - set(used))
    pairs = ", ".join(f"{{'k': '{name}', 'v': {alias}.\"{name}\"}}" for name in rest)
    said = f"list_filter([{pairs}], lambda x: x.v is not null and x.v <> '')"
    return f"case when len({said}) > 0 then to_json(map_from_entries({said}))::varchar end"
