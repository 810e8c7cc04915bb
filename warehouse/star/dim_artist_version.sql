-- grain: one row an artist and time in which the same was known of it (a slowly changing dimension of type 2)
--
-- The table reads its own last state: what dim_artist says anew closes a version and opens the next. A version
-- holds from the day of the newest crawl of the artist's sources; what changes without a newer crawl (better
-- rules, not other sources) is put right in the version that holds. An artist that no source has any more has
-- its last version closed at the newest crawl of all; one that comes back has a new version. To join objects
-- with what was known on a day: artist_key, and the day between valid_from and valid_to.
--
-- artist_version_key | bigint | what is told of the artist, as dim_artist names it; the same words told again later have the same key
-- artist_key | bigint, key | the artist; a key that dim_artist has no longer stays here
-- version | integer, key, 1.. | 1 for what was known first
-- valid_from | date | first day on which it was known; 0001-01-01 where no crawl says when
-- valid_to | date, null | first day on which it no longer held; empty for what holds now
-- is_current | boolean | whether it holds now
-- name | varchar, from artists.name | name in reading order
-- sort_name | varchar, null, from artists.sort_name | name as catalogues sort it
-- aliases | varchar[], from artists.aliases | every other name
-- begin_year | integer, null, unit year, from artists.begin_year | year of birth or first activity; before Christ is negative
-- end_year | integer, null, unit year, from artists.end_year | year of death or last activity; before Christ is negative
-- life_text | varchar, null, from artists.life_text | life dates and places as a source writes them
-- birth_place | varchar, null, from artists.birth_place | place of birth
-- death_place | varchar, null, from artists.death_place | place of death
-- nationality | varchar, null, from artists.nationality | nationality as a source writes it
-- gender | varchar, null, from artists.gender | gender, where a source states one
-- ulan | varchar, null, from artists.ulan | Getty ULAN number
-- wikidata | varchar, null, from artists.wikidata | Wikidata item, Q…
-- changed | varchar[] | the attributes that changed since the version before; empty for the first, and for an artist that came back as it was
-- check: an artist has one version that holds now at most | select artist_key, count(*) as times from star_dim_artist_version where is_current group by all having count(*) > 1
-- check: what holds now is what dim_artist says | select artist_key, artist_version_key from star_dim_artist anti join (from star_dim_artist_version where is_current) as held using (artist_key, artist_version_key)
-- check: a version that holds now has no end, every other one has | select artist_key, version, valid_to from star_dim_artist_version where is_current <> (valid_to is null)
-- check: no version ends before it begins | select artist_key, version, valid_from, valid_to from star_dim_artist_version where valid_to < valid_from
with crawls as (
    select source, max(cast(crawled_at(taken_at) as date)) as day
    from catalog_snapshots
    group by source
),

seen as (
    select artist_key, max(day) as day
    from (select artist_key, unnest(sources) as source from star_dim_artist)
    join crawls using (source)
    group by artist_key
),

present as (
    select artists.*, coalesce(seen.day, date '0001-01-01') as day
    from star_dim_artist as artists
    left join seen using (artist_key)
),

newest as (
    from star_dim_artist_version
    qualify version = max(version) over (partition by artist_key)
),

-- Artists of whom something else is told than the table holds. Without a newer crawl the version is mended.
told_anew as (
    select
        present.*,
        coalesce(newest.version, 0) as last_version,
        coalesce(newest.is_current and day <= newest.valid_from, false) as mends,
        case when mends then newest.valid_from else greatest(day, newest.valid_to) end as valid_from
    from present
    left join newest using (artist_key)
    where newest.is_current is not true or newest.artist_version_key <> present.artist_version_key
)

select
    held.artist_version_key,
    held.artist_key,
    held.version,
    held.valid_from,
    case
        when not held.is_current then held.valid_to
        when told_anew.artist_key is not null then told_anew.valid_from
        when present.artist_key is null then greatest(held.valid_from, (select max(day) from crawls))
    end as valid_to,
    held.is_current and told_anew.artist_key is null and present.artist_key is not null as is_current,
    held.name, held.sort_name, held.aliases, held.begin_year, held.end_year, held.life_text,
    held.birth_place, held.death_place, held.nationality, held.gender, held.ulan, held.wikidata,
    held.changed
from star_dim_artist_version as held
left join present using (artist_key)
left join told_anew using (artist_key)
where not coalesce(told_anew.mends and held.version = told_anew.last_version, false)
union all
select
    now.artist_version_key,
    now.artist_key,
    now.last_version + if(now.mends, 0, 1),
    now.valid_from,
    null,
    true,
    now.name, now.sort_name, now.aliases, now.begin_year, now.end_year, now.life_text,
    now.birth_place, now.death_place, now.nationality, now.gender, now.ulan, now.wikidata,
    if(before.version is null, [], list_filter(
        [
            if(differ(now.name, before.name), 'name', null),
            if(differ(now.sort_name, before.sort_name), 'sort_name', null),
            if(differ(now.aliases, before.aliases), 'aliases', null),
            if(differ(now.begin_year, before.begin_year), 'begin_year', null),
            if(differ(now.end_year, before.end_year), 'end_year', null),
            if(differ(now.life_text, before.life_text), 'life_text', null),
            if(differ(now.birth_place, before.birth_place), 'birth_place', null),
            if(differ(now.death_place, before.death_place), 'death_place', null),
            if(differ(now.nationality, before.nationality), 'nationality', null),
            if(differ(now.gender, before.gender), 'gender', null),
            if(differ(now.ulan, before.ulan), 'ulan', null),
            if(differ(now.wikidata, before.wikidata), 'wikidata', null)
        ],
        lambda attribute: attribute is not null
    ))
from told_anew as now
left join star_dim_artist_version as before
    on before.artist_key = now.artist_key and before.version = now.last_version - if(now.mends, 1, 0)
