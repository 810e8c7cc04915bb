-- grain: one row a person or workshop, joined from the records of all sources, and one for unknown
--
-- Two records are one artist when they share a ULAN number, a Wikidata item, or the same name (accents,
-- case and punctuation aside) with the same life years. A name that two numbered artists share with the
-- same years decides nothing, and a name without years never joins.
--
-- artist_key | bigint, key | artist in the other tables; 0 is the row "unknown"
-- name | varchar | name in reading order, as a record with a ULAN number writes it, else as most records do
-- sort_name | varchar, null | name as catalogues sort it
-- aliases | varchar[] | every other name that the records give
-- begin_year | integer, null, unit year | year of birth or first activity; before Christ is negative
-- end_year | integer, null, unit year | year of death or last activity; before Christ is negative
-- life_text | varchar, null | life dates and places as a source writes them
-- nationality | varchar, null | nationality as a source writes it
-- gender | varchar, null | gender, where a source states one
-- ulan | varchar, null | Getty ULAN number
-- wikidata | varchar, null | Wikidata item, Q…
-- sources | varchar[] | sources that have a record of the artist
-- artist_ids | varchar[] | the records that were joined, as catalog/artists names them
-- evidence | varchar | why the records are one artist, in words
-- doubt | varchar, null, in dies before birth / the records disagree on the life years | what a person should look at
-- identity | varchar, unique | what the key was made from: a ULAN number, a Wikidata item, a name with years, or the record
with records as (
    select
        artist_id, source, name, sort_name, aliases, begin_year, end_year, life_text,
        nationality, gender,
        nullif(trim(ulan), '') as ulan,
        nullif(trim(wikidata), '') as wikidata,
        plain_name(name) || '|' || begin_year || '|' || end_year as name_and_years
    from catalog_artists
),

-- A Wikidata item or a name that stands for exactly one ULAN number leads to it.
wikidata_to_ulan as (
    select wikidata, min(ulan) as ulan
    from records
    where wikidata is not null and ulan is not null
    group by wikidata
    having count(distinct ulan) = 1
),

numbered as (
    select
        records.*,
        case
            when records.ulan is not null then 'ulan:' || records.ulan
            when wikidata_to_ulan.ulan is not null then 'ulan:' || wikidata_to_ulan.ulan
            when records.wikidata is not null then 'wikidata:' || records.wikidata
        end as number,
        case
            when records.ulan is not null then 'same ULAN number'
            when records.wikidata is not null then 'same Wikidata item'
        end as number_evidence
    from records
    left join wikidata_to_ulan using (wikidata)
),

name_to_number as (
    select name_and_years, min(number) as number, count(distinct number) as numbers
    from numbered
    where name_and_years is not null
    group by name_and_years
),

-- A number decides; then the name with its years, where it leads to one number at most.
identified as (
    select
        numbered.* exclude (number, number_evidence),
        case
            when numbered.number is not null then numbered.number
            when name_to_number.numbers = 1 then name_to_number.number
            when name_to_number.numbers = 0 then 'name:' || numbered.name_and_years
            else 'record:' || numbered.artist_id
        end as identity,
        case
            when numbered.number is not null then numbered.number_evidence
            when name_to_number.numbers in (0, 1) then 'same name and life years'
            when name_to_number.numbers > 1 then 'kept apart: two numbered artists share this name and these years'
            else 'no number, and no name with life years to compare'
        end as evidence
    from numbered
    left join name_to_number using (name_and_years)
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
        first(nationality order by artist_id) filter (where nationality is not null) as nationality,
        first(gender order by artist_id) filter (where gender is not null) as gender,
        min(ulan) as ulan,
        min(wikidata) as wikidata,
        list_sort(list(distinct source)) as sources,
        list_sort(list(artist_id)) as artist_ids,
        string_agg(distinct evidence, '; ' order by evidence) as evidence,
        count(*) as records,
        count(distinct begin_year) > 1 or count(distinct end_year) > 1 as years_differ
    from identified
    group by identity
)

select
    surrogate(identity) as artist_key,
    names.name,
    joined.sort_name,
    coalesce(other_names.aliases, []) as aliases,
    joined.begin_year,
    joined.end_year,
    joined.life_text,
    joined.nationality,
    joined.gender,
    joined.ulan,
    joined.wikidata,
    joined.sources,
    joined.artist_ids,
    if(records = 1, 'a single record', evidence) as evidence,
    case
        when joined.end_year < joined.begin_year then 'dies before birth'
        when years_differ then 'the records disagree on the life years'
    end as doubt,
    identity
from joined
join names using (identity)
left join other_names using (identity)
union all
select 0, 'unknown', null, [], null, null, null, null, null, null, null, [], [], 'no artist is named', null, 'unknown'
