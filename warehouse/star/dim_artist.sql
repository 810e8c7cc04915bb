-- grain: one row a person or workshop, joined from the records of all sources, one for unknown and one for not applicable
--
-- What is known now; dim_artist_version has what was known when. Two records are one artist when they share a
-- ULAN number, a Wikidata item, or a name with life years that fit. Names are compared as sets of words
-- (accents, case, punctuation and order aside: "AACHEN, Hans von" is "Hans von Aachen"), aliases too. Years
-- fit when they are the same; between two museums also when birth and death lie within two years, or births
-- are the same and a death is not told, if the name has two words or more. A name alone or of nobody ("French
-- 19th Century") never joins, initials are not guessed, and names join nothing where they would lead to two
-- ULAN numbers or two Wikidata items.
--
-- artist_key | bigint, key | artist in the other tables; 0 is "unknown": nobody is named, or the source has no record of who is; -1 is "not applicable": the source names nobody for any of its objects
-- artist_version_key | bigint, unique | the version of dim_artist_version that holds now
-- name | varchar, from artists.name | name in reading order, as a record with a ULAN number writes it, else as most records do
-- sort_name | varchar, null, from artists.sort_name | name as catalogues sort it
-- aliases | varchar[], from artists.name + artists.aliases | every other name that the records give
-- begin_year | integer, null, unit year, from artists.begin_year | year of birth or first activity; before Christ is negative
-- end_year | integer, null, unit year, from artists.end_year | year of death or last activity; before Christ is negative
-- life_text | varchar, null, from artists.life_text | life dates and places as a source writes them
-- birth_place | varchar, null, from artists.birth_place | place of birth, as a source's life dates name it
-- death_place | varchar, null, from artists.death_place | place of death, as a source's life dates name it
-- nationality | varchar, null, from artists.nationality | nationality as a source writes it
-- gender | varchar, null, from artists.gender | gender, where a source states one
-- ulan | varchar, null, from artists.ulan | Getty ULAN number
-- wikidata | varchar, null, from artists.wikidata | Wikidata item, Q…
-- sources | varchar[], from artists.source | sources that have a record of the artist
-- artist_ids | varchar[], from artists.artist_id | the records that were joined, as catalog/artists names them
-- evidence | varchar | why the records are one artist, in words
-- doubt | varchar, null, in dies before birth / name and years fit two numbered artists / the records of one ULAN number differ in name and years / the records name two Wikidata items / the records disagree on the life years | what a person should look at
-- identity | varchar, unique | what the key was made from: a ULAN number, a Wikidata item, a name with years, or the record
with recursive records as (
    select
        artist_id, source, name, sort_name, aliases, begin_year, end_year, life_text,
        birth_place, death_place, nationality, gender,
        nullif(trim(ulan), '') as ulan,
        nullif(trim(wikidata), '') as wikidata,
        -- "French 19th Century" and "Anonymous" are names of nobody; they never say who is who.
        regexp_matches(plain_name(name), '\b(anonymous|unknown|unidentified|century)\b') as is_nobody,
        case when not is_nobody then plain_name(name) || '|' || begin_year || '|' || end_year end as name_and_years
    from catalog_artists
),

-- A Wikidata item that stands for exactly one ULAN number leads to it.
wikidata_to_ulan as (
    select wikidata, min(ulan) as ulan
    from records
    where wikidata is not null and ulan is not null
    group by wikidata
    having count(distinct ulan) = 1
),

-- What a record is by itself: its number, else its name with its years, else itself.
numbered as (
    select
        records.*,
        case
            when records.ulan is not null then 'ulan:' || records.ulan
            when wikidata_to_ulan.ulan is not null then 'ulan:' || wikidata_to_ulan.ulan
            when records.wikidata is not null then 'wikidata:' || records.wikidata
            when name_and_years is not null then 'name:' || name_and_years
            else 'record:' || artist_id
        end as node,
        case
            when records.ulan is not null then 'same ULAN number'
            when records.wikidata is not null then 'same Wikidata item'
            else 'same name and life years'
        end as node_evidence
    from records
    left join wikidata_to_ulan using (wikidata)
),

spellings as (
    select distinct node, artist_id, source, begin_year, end_year, is_alias, name_words(spelling) as words
    from (
        select *, name as spelling, false as is_alias from numbered
        union all
        select *, unnest(aliases) as spelling, true as is_alias from numbered
    )
    where begin_year is not null and not is_nobody
),

-- Two records with a name in common whose years fit, and why they may be one.
fits as (
    select
        one.node, one.artist_id, other.node as other_node,
        case
            when one.begin_year = other.begin_year and one.end_year = other.end_year then 'life years'
            when one.source = other.source or len(one.words) < 2 then null
            when abs(one.begin_year - other.begin_year) <= 2 and abs(one.end_year - other.end_year) <= 2
                then 'life years within two years'
            when one.begin_year = other.begin_year and (one.end_year is null or other.end_year is null)
                then 'year of birth'
        end as years_fit,
        one.is_alias or other.is_alias as by_alias
    from spellings as one
    join spellings as other on one.words = other.words and one.node <> other.node
    where years_fit is not null
),

links as (
    select distinct node, other_node from fits
),

-- Every node with all it leads to, over any number of links; such groups are small.
reached as (
    select distinct node, node as other_node from numbered
    union
    select reached.node, links.other_node
    from reached
    join links on links.node = reached.other_node
),

nodes as (
    select
        node, node like 'ulan:%' as has_ulan, count(wikidata) > 0 as has_item, count(*) > 1 as is_shared
    from numbered
    group by node
),

groups as (
    select
        reached.node,
        first(other_node order by other_node not like 'ulan:%', other_node not like 'wikidata:%', other_node) as identity,
        count_if(has_ulan) > 1 or count_if(has_item) > 1 as is_torn
    from reached
    join nodes on nodes.node = reached.other_node
    group by reached.node
),

fit_evidence as (
    select
        artist_id,
        min('same ' || if(by_alias, 'name or alias', 'name') || if(years_fit = 'life years', ' and ', ', ') || years_fit) as evidence
    from fits
    group by artist_id
),

identified as (
    select
        numbered.* exclude (node, node_evidence),
        is_torn and not has_ulan as is_torn,
        case
            when not is_torn then groups.identity
            when node like 'name:%' then 'record:' || artist_id
            else node
        end as identity,
        case
            when is_torn and not has_ulan and not has_item
                then ['kept apart: two numbered artists share this name and these years']
            else list_filter(
                [if(is_shared, node_evidence, null), if(is_torn, null, fit_evidence.evidence)],
                lambda said: said is not null
            )
        end as evidence
    from numbered
    join groups using (node)
    join nodes using (node)
    left join fit_evidence using (artist_id)
),

names as (
    select identity, first(name order by has_number desc, records desc, name) as name
    from (
        select identity, name, ulan is not null as has_number, count(*) as records
        from identified
        group by all
    )
    group by identity
),

given_names as (
    select identity, name as alias from identified
    union
    select identity, unnest(aliases) from identified
),

other_names as (
    select given_names.identity, list_sort(list(distinct alias)) as aliases
    from given_names
    join names on names.identity = given_names.identity and names.name <> alias
    group by given_names.identity
),

joined as (
    select
        identity,
        first(sort_name order by artist_id) filter (where sort_name is not null) as sort_name,
        first(begin_year order by artist_id) filter (where begin_year is not null) as begin_year,
        first(end_year order by artist_id) filter (where end_year is not null) as end_year,
        first(life_text order by artist_id) filter (where life_text is not null) as life_text,
        first(birth_place order by artist_id) filter (where birth_place is not null) as birth_place,
        first(death_place order by artist_id) filter (where death_place is not null) as death_place,
        first(nationality order by artist_id) filter (where nationality is not null) as nationality,
        first(gender order by artist_id) filter (where gender is not null) as gender,
        min(ulan) as ulan,
        min(wikidata) as wikidata,
        list_sort(list(distinct source)) as sources,
        list_sort(list(distinct artist_id)) as artist_ids,
        array_to_string(list_sort(list_distinct(flatten(list(evidence)))), '; ') as evidence,
        bool_or(is_torn) as is_torn,
        count(distinct wikidata) > 1 as items_differ,
        count(distinct begin_year) > 1 or count(distinct end_year) > 1 as years_differ
    from identified
    group by identity
),

-- One ULAN number on records with no word of their names in common and more than ten years between their lives.
claims as (
    select identity, list(concat_ws(' ', name, array_to_string(aliases, ' '))) as spellings
    from identified
    where ulan is not null
    group by identity
    having max(begin_year) - min(begin_year) > 10 or max(end_year) - min(end_year) > 10
),

strangers as (
    select identity
    from claims
    where list_reduce(
        list_transform(spellings, lambda spelling: name_words(spelling)),
        lambda one, other: list_intersect(one, other)
    ) = []
),

artists as (
    select
        surrogate(identity) as artist_key,
        names.name,
        coalesce(other_names.aliases, []) as aliases,
        joined.* replace (if(evidence = '', 'a single record', evidence) as evidence),
        case
            when joined.end_year < joined.begin_year then 'dies before birth'
            when is_torn then 'name and years fit two numbered artists'
            when strangers.identity is not null then 'the records of one ULAN number differ in name and years'
            when items_differ then 'the records name two Wikidata items'
            when years_differ then 'the records disagree on the life years'
        end as doubt
    from joined
    join names using (identity)
    left join other_names using (identity)
    left join strangers using (identity)
)

-- The key of a version is made of all that is told of the artist: other words are another version.
select
    artist_key,
    surrogate(identity || cast(row(
        name, sort_name, aliases, begin_year, end_year, life_text, birth_place, death_place, nationality, gender, ulan, wikidata
    ) as varchar)) as artist_version_key,
    name, sort_name, aliases, begin_year, end_year, life_text, birth_place, death_place, nationality, gender, ulan, wikidata,
    sources, artist_ids, evidence, doubt, identity
from artists
union all
values
    (0, 0, 'unknown', null, [], null, null, null, null, null, null, null, null, null, [], [], 'no artist is named', null, 'unknown'),
    (-1, -1, 'not applicable', null, [], null, null, null, null, null, null, null, null, null, [], [], 'the source names no artists', null, 'not applicable')
