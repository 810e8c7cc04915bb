"""NGA tables in the contract of the lake, by SQL: objects left-joined to all that may be missing."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from scrapers.dates import parse_years
from scrapers.museum import Catalog, fields_read
from scrapers.people import parse_life
from scrapers.places import parse_keeper
from storage.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# Longest sides: one that serves learning and looking, and the most the IIIF server gives.
_WANTED_PX, _LARGEST_PX = 1024, 4096
_TERM = "objects_terms.term (termtype {})"
_SIZE = "objects_dimensions.dimension (dimensiontype {}, unitname centimeters)"
_NAMES = "constituents.forwarddisplayname / constituents.preferreddisplayname"
_ADDRESS = "published_images.iiifurl + published_images.width + published_images.height"
FIELDS = {
    "artworks": {
        "artwork_id": "objects.objectid", "source": '"nga"', "source_id": "objects.objectid",
        "title": "objects.title",
        "artists": "objects_constituents.constituentid (roletype artist) + objects_constituents.role"
                   " + objects_constituents.prefix + objects_constituents.suffix"
                   " + objects_constituents.displayorder",
        "artist_text": "objects.attribution", "date_text": "objects.displaydate",
        "begin_year": "objects.beginyear", "end_year": "objects.endyear",
        "date_precision": "objects.displaydate", "medium": "objects.medium", "technique": _TERM.format("Technique"),
        "classification": "objects.classification", "department": "objects.departmentabbr",
        "school": _TERM.format("School"),
        "style": f"objects_terms.visualbrowserstyle / {_TERM.format('Style')}",
        "place": _TERM.format("Place Executed"),
        "repository": '"National Gallery of Art, Washington"',
        "repository_city": '"Washington"',
        "dimensions_text": "objects.dimensions", "height_cm": _SIZE.format("height"),
        "width_cm": _SIZE.format("width"),
        "accession_number": "objects.accessionnum", "credit_line": "objects.creditline",
        "acquired_year": "objects.accessionnum",
        "notes": "objects.inscription + objects.markings + objects.provenancetext",
        "tags": _TERM.format("Theme or Keyword"),
        "is_public_domain": "published_images.openaccess", "licence": '"CC0-1.0"',
        "object_url": "objects.objectid", "misc": "*", "source_row": "objects.source_row",
    },
    "artists": {
        "artist_id": "constituents.constituentid", "source": '"nga"',
        "source_id": "constituents.constituentid", "name": _NAMES,
        "sort_name": "constituents.preferreddisplayname",
        "aliases": "constituents_altnames.forwarddisplayname / constituents_altnames.displayname",
        "life_text": "constituents.displaydate", "begin_year": "constituents.beginyear",
        "end_year": "constituents.endyear", "birth_place": "constituents.displaydate",
        "death_place": "constituents.displaydate", "nationality": "constituents.nationality",
        "ulan": "constituents.ulanid", "wikidata": "constituents.wikidataid", "misc": "*",
        "source_row": "constituents.source_row",
    },
    "image_links": {
        "image_id": "published_images.depictstmsobjectid",
        "artwork_id": "published_images.depictstmsobjectid", "source": '"nga"',
        "url": f"{_ADDRESS} + published_images.maxpixels", "original_url": _ADDRESS,
        "position": "published_images.viewtype + published_images.sequence",
        "may_fetch": "published_images.openaccess", "licence": "published_images.openaccess",
    },
}  # fmt: skip
# Years stay in `misc` too: without words of a date they are the artist's, and no column has them.
_OBJECT_USED = fields_read(FIELDS, "objects") - {"beginyear", "endyear"}
_ARTIST_USED = fields_read(FIELDS, "constituents")
# Kinds of names that are the artist's own. The others (a spouse, a group) name somebody else.
_OWN_NAMES = (
    "Preferred Name", "Variant", "Variant Index Name", "Full Name", "Married Name", "Maiden Name",
    "Nickname/Pseudonym", "Original Name", "Birth Name", "Unicode Display Name",
)  # fmt: skip
_TERMS_USED = ("Style", "School", "Theme", "Keyword", "Place Executed", "Technique")
# Column → the column with words that say it, and who reads them.
_WORDED: dict[str, tuple[str, Callable[[str | None], str | None]]] = {
    "date_precision": ("date_text", lambda text: parse_years(text)[2]),
    "repository_city": ("repository", lambda text: parse_keeper(text).city),
    "birth_place": ("life_text", lambda text: parse_life(text).birth_place),
    "death_place": ("life_text", lambda text: parse_life(text).death_place),
}
# What other tables say of an object or an artist and no column has; key in `misc` → SQL.
_OBJECT_MORE = {"part_of": "wholes.part_of", "parts": "parts.parts", "terms": "other_terms.terms"}
_ARTIST_MORE = {"other_names": "other_names.names"}

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
       string_agg(distinct nullif(term, ''), '; ' order by nullif(term, ''))
           filter (termtype = 'Technique') as technique,
       list(distinct term order by term)
           filter (termtype in ('Theme', 'Keyword') and term <> '') as tags,
       string_agg(distinct nullif(term, ''), '; ' order by nullif(term, ''))
           filter (termtype = 'Place Executed') as place
from objects_terms group by objectid;
create temp view other_terms as
select objectid, map_from_entries(list({'k': termtype, 'v': said} order by termtype)) as terms
from (select objectid, termtype, list(distinct term order by term) as said from objects_terms
      where termtype not in {terms_used} and term <> '' group by objectid, termtype)
group by objectid;
create temp view wholes as
select childobjectid as objectid,
       list({'artwork_id': 'nga:' || parentobjectid, 'relationship': relationship}
            order by parentobjectid, relationship) as part_of
from object_associations where parentobjectid <> '' group by childobjectid;
create temp view parts as
select parentobjectid as objectid,
       list({'artwork_id': 'nga:' || childobjectid, 'relationship': relationship}
            order by childobjectid, relationship) as parts
from object_associations where parentobjectid <> '' group by parentobjectid;
create temp view names as
select constituentid, nametype, displayname, nametype in {own_names} as own,
       coalesce(nullif(forwarddisplayname, ''),
                case when lastname <> '' and starts_with(displayname, lastname || ', ')
                          and not contains(substr(displayname, length(lastname) + 3), ', ')
                     then substr(displayname, length(lastname) + 3) || ' ' || lastname end,
                nullif(displayname, '')) as name
from constituents_altnames where displayname <> '' or forwarddisplayname <> '';
create temp view aliases as
select n.constituentid, list(distinct n.name order by n.name) as aliases
from names n join constituents c using (constituentid)
where n.own and n.name not in (coalesce(c.forwarddisplayname, ''), coalesce(c.preferreddisplayname, ''))
      and coalesce(n.displayname, '') not in ('', coalesce(c.preferreddisplayname, ''))
group by n.constituentid;
create temp view other_names as
select constituentid, map_from_entries(list({'k': kind, 'v': said} order by kind)) as names
from (select constituentid, coalesce(nametype, '') as kind, list(distinct name order by name) as said
      from names where not coalesce(own, false) group by constituentid, coalesce(nametype, ''))
group by constituentid;
create temp view sizes as
select objectid,
       arg_min(try_cast(dimension as double), (element <> 'overall', element, dimension))
           filter (dimensiontype = 'height') as height_cm,
       arg_min(try_cast(dimension as double), (element <> 'overall', element, dimension))
           filter (dimensiontype = 'width') as width_cm
from objects_dimensions where unitname = 'centimeters' group by objectid;
create temp view pictures as
select i.uuid, i.iiifurl, i.openaccess, i.depictstmsobjectid, i.source_row, o.objectid,
       row_number() over (partition by o.objectid
           order by i.viewtype <> 'primary', try_cast(i.sequence as double), i.uuid) - 1 as position,
       greatest(try_cast(i.width as int), try_cast(i.height as int)) as longest,
       least(longest, try_cast(i.maxpixels as int), {largest}) as largest,
       least(largest, {wanted}) as side
from published_images i left join objects o on i.depictstmsobjectid = o.objectid;
"""

_ARTWORKS = r"""
select 'nga:' || o.objectid as artwork_id, 'nga' as source, o.objectid as source_id,
       nullif(o.title, '') as title, coalesce(people.artists, []) as artists,
       nullif(o.attribution, '') as artist_text, nullif(o.displaydate, '') as date_text,
       case when o.displaydate <> '' then try_cast(o.beginyear as int) end as begin_year,
       case when o.displaydate <> '' then try_cast(o.endyear as int) end as end_year,
       nullif(o.medium, '') as medium, terms.technique,
       nullif(o.classification, '') as classification,
       nullif(o.departmentabbr, '') as department, null as culture, terms.school, terms.style,
       null as genre, null as period, terms.place,
       'National Gallery of Art, Washington' as repository,
       nullif(o.dimensions, '') as dimensions_text, sizes.height_cm, sizes.width_cm,
       nullif(o.accessionnum, '') as accession_number, nullif(o.creditline, '') as credit_line,
       -- "1937.1.1": the first number is the year of acquisition
       try_cast(regexp_extract(o.accessionnum, '^(1[89]\d\d|20\d\d)\.', 1) as int) as acquired_year,
       nullif(concat_ws(chr(10), 'Inscription: ' || nullif(o.inscription, ''),
                        'Markings: ' || nullif(o.markings, ''),
                        'Provenance: ' || nullif(o.provenancetext, '')), '') as notes,
       coalesce(terms.tags, []) as tags, shown.open_image as is_public_domain,
       'CC0-1.0' as licence,
       'https://www.nga.gov/artworks/' || o.objectid as object_url,
       {misc} as misc, o.source_row
from objects o left join people on people.objectid = o.objectid
     left join terms on terms.objectid = o.objectid
     left join other_terms on other_terms.objectid = o.objectid
     left join wholes on wholes.objectid = o.objectid
     left join parts on parts.objectid = o.objectid
     left join sizes on sizes.objectid = o.objectid
     left join (select objectid, case when bool_or(openaccess = '1') then true end as open_image
                from pictures group by objectid) shown on shown.objectid = o.objectid
order by o.objectid
"""

_ARTISTS = """
select 'nga:' || c.constituentid as artist_id, 'nga' as source, c.constituentid as source_id,
       coalesce(nullif(c.forwarddisplayname, ''), nullif(c.preferreddisplayname, ''),
                'constituent ' || c.constituentid) as name,
       nullif(c.preferreddisplayname, '') as sort_name, coalesce(aliases.aliases, []) as aliases,
       nullif(c.displaydate, '') as life_text, try_cast(c.beginyear as int) as begin_year,
       try_cast(c.endyear as int) as end_year, nullif(c.nationality, '') as nationality,
       null as gender, nullif(c.ulanid, '') as ulan, nullif(c.wikidataid, '') as wikidata,
       {misc} as misc, c.source_row
from constituents c left join aliases on aliases.constituentid = c.constituentid
     left join other_names on other_names.constituentid = c.constituentid
where c.constituentid in (select constituentid from artist_links)
order by c.constituentid
"""

_LINKS = """
select 'nga:' || objectid || '#' || position as image_id, 'nga:' || objectid as artwork_id,
       'nga' as source, iiifurl || '/full/!' || side || ',' || side || '/0/default.jpg' as url,
       case when longest > side and largest > side then
            iiifurl || '/full/!' || largest || ',' || largest || '/0/default.jpg' end as original_url,
       position, coalesce(openaccess = '1', false) as may_fetch,
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
union all
select 'catalog', 'nga', source_row, 'no_object',
       'parent ' || coalesce(parentobjectid, '') || ' and part ' || childobjectid || ' have no row'
from object_associations
where childobjectid not in (select objectid from objects)
      and coalesce(parentobjectid, '') not in (select objectid from objects)
order by subject
"""


def catalog(raw: Mapping[str, "pa.Table"]) -> Catalog:
    """Objects with their artists, styles, schools, sizes and pictures; nothing dropped unsaid."""
    import duckdb

    from storage import schemas

    with duckdb.connect() as connection:
        for noun, table in raw.items():
            connection.register(noun, table)
        prepare = _PREPARE
        for name, value in {
            "largest": _LARGEST_PX, "wanted": _WANTED_PX,
            "own_names": _OWN_NAMES, "terms_used": _TERMS_USED,
        }.items():  # fmt: skip
            prepare = prepare.replace(f"{{{name}}}", str(value))
        connection.execute(prepare)
        objects = _rest("o", raw["objects"], _OBJECT_USED)
        people = _rest("c", raw["constituents"], _ARTIST_USED)
        artworks = _ARTWORKS.replace("{misc}", _misc(objects | _OBJECT_MORE))
        artists = _ARTISTS.replace("{misc}", _misc(people | _ARTIST_MORE))
        return Catalog(
            _fitting(connection, artworks, schemas.ARTWORKS),
            _fitting(connection, artists, schemas.ARTISTS),
            _fitting(connection, _LINKS, schemas.IMAGE_LINKS),
            _fitting(connection, _REJECTS, schemas.REJECTS),
        )


def _fitting(connection: "duckdb.DuckDBPyConnection", sql: str, schema: "pa.Schema") -> "pa.Table":
    """The rows of a query in a contract, with what words of dates and lives say; else null."""
    import pyarrow as pa

    rows: pa.Table = connection.sql(sql).to_arrow_table()
    for column, (text, read) in _WORDED.items():
        if column in schema.names and text in rows.column_names:
            said = pa.array(map(read, rows[text].to_pylist()), pa.string())
            rows = rows.append_column(column, said)
    for name in schema.names:
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(len(rows), schema.field(name).type))
    return rows.select(schema.names).cast(schema)


def _rest(alias: str, table: "pa.Table", used: frozenset[str]) -> dict[str, str]:
    """Column → SQL of what it says, for those that have no column of their own in the contract."""
    rest = sorted(set(table.column_names) - set(used))
    return {name: f"nullif({alias}.{identifier(name)}, '')" for name in rest}


def _misc(said: Mapping[str, str]) -> str:
    """SQL for a JSON object of name → SQL, in the order of the names; null when nothing is said."""
    pairs = ", ".join(f"{literal(name)}, {sql}" for name, sql in sorted(said.items()))
    # merging onto an empty object drops what is null
    return f"nullif(json_merge_patch('{{}}', json_object({pairs}))::varchar, '{{}}')"
