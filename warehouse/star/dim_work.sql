-- grain: one row a work, however many museums describe it, with two rows for what has none
-- sort: identity
--
-- "How many Rembrandts do we have" counts works: an object that a museum and a gallery of reproductions
-- both describe, or that a museum lists twice, is one. Two kinds of evidence join objects:
--
-- Pictures: the duplicates stage confirmed that pictures of both show the same (never by a variant: an
-- edition, pendant or detail). Within one source the title or the accession number must be the same too.
-- Two impressions of one print look alike and are two objects: pictures that only show the same work, not
-- the same photograph, join prints, photographs and casts of two keepers never.
-- Records of two sources: the same artist and years that overlap; and no two keepers, for what one museum
-- keeps another cannot. Besides: the same title (a set of two words or more; borne once by the artist in
-- either source, and sizes not 10 % apart) or both sizes within 2 %. Sizes with another title count only
-- where the keeper is the same and no second object of the artist has them.
--
-- Each object keeps its strongest link to each other source. A chain that still leads to two objects of
-- one source is cut back to the links that are the strongest at both ends.
-- Confidence is that of the weakest link. Pictures 0.98: of 254 natural pairs that the duplicates stage
-- confirmed unseen 253 were of one work, Wilson's lower bound. The rest are conventions: 0.005 more each for
-- the same artist and the same title; 0.95 keeper, title and sizes; 0.9 keeper and title; 0.85 title and
-- sizes; 0.8 keeper and sizes; 0.7 title alone (of 174 titles that artists share between real rows of a
-- gallery and one museum's records, 138 hang in that museum by the gallery's own word); 1 a single object.
--
-- work_key | bigint, key | work in the other tables; the artwork_key of its first object; 0 and -1 are no works
-- title | varchar, null, from artworks.title | title, as the keeper of the object writes it where that is known, else the first source
-- artist_key | bigint, -> dim_artist | the artist that the same record names first
-- begin_year | integer, null, unit year, from artworks.begin_year | first possible year of making, as that record has it
-- end_year | integer, null, unit year, from artworks.end_year | last possible year of making, as that record has it
-- objects | bigint, 0.., unit objects | objects that sources list now as this work
-- museums | varchar[] | who describes it
-- images | bigint, 0.., unit images | images of its objects in the lake
-- confidence | double, 0..1 | how sure it is that its objects are one work, by its weakest link
-- evidence | varchar | why they are one work, in words
-- artwork_ids | varchar[] | the objects that were joined, in the alphabet's order
-- identity | varchar, unique | what the key was made from: the first of them
-- check: every object is in one work | select artwork_id, count(work_key) as works from catalog_artworks left join (select work_key, unnest(artwork_ids) as artwork_id from star_dim_work) as members using (artwork_id) group by artwork_id having count(work_key) <> 1
with recursive artists as (
    from star_dim_artist
),

makers as (
    select artist_id, artist_key, sources from records_of('artists') join artists using (artist_key)
),

-- Whose house a repository is: its name begins with that of a source ("House of Art, Town" with "The House of
-- Art"). Any other is a keeper by its own name, and a private collection is nobody's in particular.
houses as (
    select repository, house_name(repository) as house from (select distinct repository from catalog_artworks)
),

keepers as (
    select
        repository,
        case when not regexp_matches(house, '\b(private|unknown)\b') then coalesce(min(source), house) end as keeper
    from houses
    left join star_dim_museum on museum_key > 0 and starts_with(house || ' ', house_name(museum) || ' ')
    group by repository, house
),

-- Whether the artist named first made the object, not what it was made after.
hands as (
    select role, role_kind(role) not in ('after', 'copy', 'manner', 'printer', 'publisher', 'related') as is_maker
    from (select distinct coalesce(artists[1].role, '') as role from catalog_artworks)
),

objects as (
    select
        artwork_id,
        artworks.source,
        title,
        accession_number,
        coalesce(artist_key, 0) as artist_key,
        len(makers.sources) > 1 and is_maker as may_match,
        begin_year,
        end_year,
        case when date_doubt(begin_year, end_year) is null then coalesce(begin_year, end_year) end as earliest,
        case when date_doubt(begin_year, end_year) is null then coalesce(end_year, begin_year) end as latest,
        case when height_cm > 0 and width_cm > 0 then height_cm end as height,
        case when height_cm > 0 and width_cm > 0 then width_cm end as width,
        keeper,
        regexp_matches(
            lower(concat_ws(' ', classification, technique, medium)),
            '\b(prints?|photographs?|negatives?|engravings?|etchings?|drypoints?|lithographs?|woodcuts?|woodblock|aquatints?|mezzotints?|screenprints?|silver prints?|albumen|medals?|plaquettes?|coins?|posters?|books?|bronzes?)\b'
        ) as is_multiple,
        withdrawn_in
    from catalog_artworks as artworks
    left join makers on makers.artist_id = artists[1].artist_id
    left join keepers using (repository)
    left join hands on hands.role = coalesce(artists[1].role, '')
),

-- Evidence of pictures, between sources.
shown as (
    select distinct
        least(one.artwork_id, other.artwork_id) as one_id,
        greatest(one.artwork_id, other.artwork_id) as other_id,
        kind
    from duplicates_pairs
    join images_originals as one on one.image_id = image_a
    join images_originals as other on other.image_id = image_b
    where confirmed and kind in ('same_file', 'same_image', 'same_work') and one.source <> other.source
),

by_pictures as (
    select
        one_id,
        other_id,
        coalesce(one.artist_key = other.artist_key and one.artist_key <> 0, false) as artist_agrees,
        coalesce(plain_name(one.title) = plain_name(other.title), false) as title_agrees,
        0.98 + if(artist_agrees, 0.005, 0) + if(title_agrees, 0.005, 0) as confidence,
        concat_ws(', ', 'the pictures show the same', if(artist_agrees, 'same artist', null), if(title_agrees, 'same title', null)) as evidence
    from shown
    join objects as one on one.artwork_id = one_id
    join objects as other on other.artwork_id = other_id
    where kind <> 'same_work' or not (one.is_multiple and other.is_multiple) or one.keeper = other.keeper
),

-- Evidence of records: only artists whom several sources know can have counterparts.
named as (
    select * exclude (title), nullif(array_to_string(title_words(title), ' '), '') as words
    from objects
    where may_match and earliest is not null
),

records as (
    select *, contains(words, ' ') and count(*) over (partition by source, artist_key, words) = 1 as is_telling
    from named
),

-- A pair has at least one object that its source does not keep itself.
described as (
    from records where coalesce(keeper, '') <> source
),

candidates as (
    select described as one, records as other
    from described
    join records on records.artist_key = described.artist_key and records.words = described.words
    where described.is_telling and records.is_telling
    union all
    -- Two sizes that differ by less than 2 % lie in the same step of 2 % or in neighbouring ones.
    select one, records as other
    from (
        select described as one, size_step(height) + unnest([-1, 0, 1]) as high from described
    ) as sized
    join records on records.artist_key = one.artist_key and size_step(records.height) = high
    where abs(size_step(records.width) - size_step(one.width)) <= 1
),

fits as (
    select distinct
        least(one.artwork_id, other.artwork_id) as one_id,
        greatest(one.artwork_id, other.artwork_id) as other_id,
        coalesce(one.keeper = other.keeper, false) as keeper_agrees,
        coalesce(one.words = other.words, false) as title_agrees,
        coalesce(apart(one.height, other.height) <= 0.02 and apart(one.width, other.width) <= 0.02, false) as sizes_agree,
        title_agrees and one.is_telling and other.is_telling as title_tells
    from candidates
    where one.source <> other.source
        and (one.keeper = other.keeper or one.keeper is null or other.keeper is null)
        and one.earliest <= other.latest and other.earliest <= one.latest
        and (keeper_agrees or not (one.is_multiple and other.is_multiple))
        and coalesce(apart(one.height, other.height) <= 0.1 and apart(one.width, other.width) <= 0.1, true)
        and (title_tells or sizes_agree and (title_agrees or keeper_agrees))
),

-- What no telling title joins must be the only one that fits, seen from either object.
by_records as (
    select
        one_id,
        other_id,
        case
            when keeper_agrees and title_agrees then if(sizes_agree, 0.95, 0.9)
            when title_agrees then if(sizes_agree, 0.85, 0.7)
            else 0.8
        end as confidence,
        concat_ws(
            ', ', 'same artist', if(title_agrees, 'same title', null), if(sizes_agree, 'same sizes', null),
            'years that fit', if(keeper_agrees, 'same keeper', null)
        ) as evidence
    from fits
    qualify title_tells or (
        count(*) over (partition by one_id, source_of(other_id)) = 1
        and count(*) over (partition by other_id, source_of(one_id)) = 1
    )
),

-- Within a source: first pictures of one group, and the accession number or the title the same.
pictured as (
    select
        artwork_id, objects.source, group_id, is_multiple,
        term(accession_number) as accession,
        plain_name(title) as title
    from images_originals
    join duplicates_groups using (image_id)
    join objects using (artwork_id)
    where group_size > 1 and ends_with(image_id, '#0')
),

units as (
    select
        artwork_id,
        least(
            artwork_id,
            case when accession is not null then min(artwork_id) over (partition by source, group_id, accession) end,
            case when title is not null and not is_multiple
                then min(artwork_id) over (partition by source, group_id, title, is_multiple) end
        ) as unit
    from pictured
),

linked as (
    select
        coalesce(one.unit, one_id) as one_unit,
        coalesce(other.unit, other_id) as other_unit,
        max(confidence) as confidence,
        string_agg(distinct evidence, '; ' order by evidence) as evidence
    from (
        select one_id, other_id, confidence, evidence from by_pictures
        union all
        select one_id, other_id, confidence, evidence from by_records
    )
    left join units as one on one.artwork_id = one_id
    left join units as other on other.artwork_id = other_id
    group by all
),

-- One object of a source has at most one counterpart in another; seen from both ends.
paired as (
    select *, source_of(unit) as source, source_of(other_unit) as other_source
    from (
        select one_unit as unit, other_unit, confidence, evidence from linked
        union all
        select other_unit, one_unit, confidence, evidence from linked
    )
    qualify row_number() over (partition by unit, other_source order by confidence desc, other_unit) = 1
        and row_number() over (partition by other_unit, source order by confidence desc, unit) = 1
),

reached as (
    select unit, unit as other_unit from paired
    union
    select reached.unit, paired.other_unit
    from reached
    join paired on paired.unit = reached.other_unit
),

groups as (
    select
        unit,
        min(other_unit) as first_unit,
        count(*) > count(distinct source_of(other_unit)) as is_torn
    from reached
    group by unit
),

kept as (
    select unit, if(is_torn, least(unit, other_unit), first_unit) as first_unit, confidence, evidence
    from paired
    join groups using (unit)
    qualify not is_torn or (
        row_number() over (partition by unit order by confidence desc, other_unit) = 1
        and row_number() over (partition by other_unit order by confidence desc, unit) = 1
    )
),

-- The units that make a work, and every object of a unit.
joined as (
    select distinct unit, first_unit from kept
),

members as (
    select artwork_id, unit, coalesce(first_unit, unit) as first_unit
    from units
    left join joined using (unit)
    union all
    select unit, unit, first_unit
    from joined
    where unit not in (select artwork_id from units)
),

why as (
    select
        first_unit,
        min(confidence) as confidence,
        string_agg(distinct evidence, '; ' order by evidence) as evidence
    from (
        select first_unit, confidence, evidence from kept
        union all
        select first_unit, 0.98, 'one source, the pictures show the same, same title or accession number'
        from members
        where artwork_id <> unit
    )
    group by first_unit
),

images as (
    select artwork_id, count(*) as images from images_originals group by artwork_id
),

described_objects as (
    select
        artwork_id, title, artist_key, begin_year, end_year, museum,
        coalesce(images, 0) as images,
        withdrawn_in is null as is_listed,
        coalesce(keeper = source, false) as is_kept_here,
        first_unit
    from objects
    join star_dim_museum using (source)
    left join images using (artwork_id)
    left join members using (artwork_id)
),

several as (
    select
        first(
            {title: title, artist_key: artist_key, begin_year: begin_year, end_year: end_year}
            order by is_kept_here desc, artwork_id
        ) as record,
        cast(count_if(is_listed) as bigint) as objects,
        list_sort(list(distinct museum)) as museums,
        sum(images) as images,
        list_sort(list(artwork_id)) as artwork_ids,
        first_unit
    from described_objects
    where first_unit is not null
    group by first_unit
)

select
    surrogate(artwork_id) as work_key,
    title, artist_key, begin_year, end_year,
    cast(is_listed as bigint) as objects,
    [museum] as museums,
    images,
    1.0::double as confidence,
    'a single object' as evidence,
    [artwork_id] as artwork_ids,
    artwork_id as identity
from described_objects
where first_unit is null
union all
select
    surrogate(artwork_ids[1]),
    record.title, record.artist_key, record.begin_year, record.end_year,
    objects, museums, cast(images as bigint),
    coalesce(confidence, 1.0)::double, coalesce(evidence, 'a single object'),
    artwork_ids, artwork_ids[1]
from several
left join why using (first_unit)
union all
select 0, 'unknown', 0, null, null, 0, [], 0, 1.0, 'no work', [], 'unknown'
union all
select -1, 'not applicable', 0, null, null, 0, [], 0, 1.0, 'no work', [], 'not applicable'
