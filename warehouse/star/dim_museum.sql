-- grain: one row a source of records (a museum, a web gallery, a folder), one for unknown and one for not applicable
--
-- museum_key | bigint, key | source in the other tables; 0 is the row "unknown", -1 "not applicable"
-- source | varchar, from artworks.source | short code of the source, as in artwork_id
-- museum | varchar, from sources.museum | name of the museum or gallery; the code itself for a source without a known name
-- images_may_be_shown | boolean, from sources.images_may_be_shown | whether its pictures may appear in reports and pages; false where nothing says so
-- licences | varchar[], from artworks.licence | licences its records carry
-- describes | varchar[] | what at least one of its records says of an object, by the columns of catalog/artworks; of anything else its objects have the row "not applicable"
-- objects | bigint, 0.., unit objects | objects it describes, without withdrawn ones
with sources as (
    select
        source,
        list_sort(list(distinct licence)) as licences,
        list_filter(
            [
                if(bool_or(len(artists) > 0), 'artists', null),
                if(bool_or(begin_year is not null or end_year is not null), 'begin_year', null),
                if(bool_or(trim(classification) <> ''), 'classification', null),
                if(bool_or(trim(culture) <> ''), 'culture', null),
                if(bool_or(trim(department) <> ''), 'department', null),
                if(bool_or(trim(genre) <> ''), 'genre', null),
                if(bool_or(trim(licence) <> ''), 'licence', null),
                if(bool_or(trim(medium) <> ''), 'medium', null),
                if(bool_or(first_place(place) is not null), 'place', null),
                if(bool_or(trim(school) <> ''), 'school', null),
                if(bool_or(trim(style) <> ''), 'style', null),
                if(bool_or(len(tags) > 0), 'tags', null),
                if(bool_or(trim(technique) <> ''), 'technique', null)
            ],
            lambda said: said is not null
        ) as describes,
        count(*) filter (withdrawn_in is null) as objects
    from catalog_artworks
    group by source
)

select
    surrogate(source) as museum_key,
    source,
    coalesce(museum, source) as museum,
    coalesce(images_may_be_shown, false) as images_may_be_shown,
    licences,
    describes,
    objects
from sources
left join catalog_sources using (source)
union all
values (0, 'unknown', 'unknown', false, [], [], 0), (-1, 'not applicable', 'not applicable', false, [], [], 0)
