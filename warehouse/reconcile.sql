-- From the lake's tables to the star: what each source has, by kind of row. (source, what, side, reason, rows);
-- reasons stand before the side "star" and say what is between it and the side "lake"; rows that the star adds
-- count below zero.
insert into ledger
with objects as (
    select
        source,
        if(withdrawn_in is null, 'objects', 'withdrawn objects') as what,
        coalesce(len(artists), 0) as artists,
        list_transform(tags, lambda tag: term(tag)) as terms,
        coalesce(len(tags), 0) as tags,
        coalesce(len(list_distinct(list_filter(terms, lambda said: said is not null))), 0) as distinct_terms,
        len(list_filter(coalesce(terms, []), lambda said: said is null)) as blank_terms
    from catalog_artworks
),

in_star as (
    select source, artwork_key, withdrawn_in
    from star_fact_artwork
    join star_dim_museum using (museum_key)
),

refused as (
    select subject, min(reason) as reason from images_download_rejects group by subject
),

-- An address is refused in the size that was asked for.
links as (
    select
        links.source,
        originals.image_id is not null as is_fetched,
        coalesce(refused.reason, larger.reason) as reason
    from catalog_image_links as links
    left join images_originals as originals using (image_id)
    left join refused on refused.subject = links.url
    left join refused as larger on larger.subject = links.original_url
),

guesses as (
    select 'predictions' as what, artwork_id, null as neighbour_id from predictions_departments
    union all
    select 'predictions', artwork_id, null from predictions_styles
    union all
    select 'predictions', artwork_id, null from predictions_genres
    union all
    select 'predictions', artwork_id, null from predictions_artists
    union all
    select 'outliers', artwork_id, null from predictions_outliers
    union all
    select 'look-alikes', artwork_id, neighbour_id from similarity_neighbours
),

known as (
    select artwork_id from catalog_artworks
),

placed as (
    select
        what, source_of(artwork_id) as source,
        artwork_id not in (from known) or coalesce(neighbour_id not in (from known), false) as is_gone
    from guesses
)

select source, what, 'lake' as side, null as reason, count(*) as rows from objects group by all
union all
select source, if(withdrawn_in is null, 'objects', 'withdrawn objects'), 'star', null, count(*) from in_star group by all
union all
select source, 'objects and their works', 'lake', null, count(*) from objects group by all
union all
select source_of(artwork_id), 'objects and their works', 'star', null, count(*)
from (select unnest(artwork_ids) as artwork_id from star_dim_work)
group by all
union all
select source, 'artists', 'lake', null, count(*) from catalog_artists group by all
union all
select source_of(artist_id), 'artists', 'star', null, count(*)
from (select unnest(artist_ids) as artist_id from star_dim_artist)
group by all
union all
select source, 'artists of objects', 'lake', null, sum(artists) from objects group by all
union all
select source, 'artists of objects', 'before the star', 'objects that name nobody have a row too', -count(*)
from objects where artists = 0 group by all
union all
select source, 'artists of objects', 'star', null, count(*)
from star_bridge_artwork_artist join star_dim_museum using (museum_key) group by all
union all
select source, 'terms of objects', 'lake', null, sum(tags) from objects group by all
union all
select source, 'terms of objects', 'before the star', 'empty', sum(blank_terms) from objects group by all
union all
select source, 'terms of objects', 'before the star', 'again in another spelling', sum(tags - blank_terms - distinct_terms)
from objects group by all
union all
select source, 'terms of objects', 'before the star', 'objects without a term have a row too', -count(*)
from objects where distinct_terms = 0 group by all
union all
select source, 'terms of objects', 'star', null, count(*)
from star_bridge_artwork_term join star_dim_museum using (museum_key) group by all
union all
select source, 'objects and their materials', 'lake', null, count(*) from objects group by all
union all
select source, 'objects and their materials', 'star', null, count(distinct artwork_key)
from star_bridge_artwork_material join star_dim_museum using (museum_key) group by all
union all
select source, 'pictures', 'lake', null, count(*) from links group by all
union all
select source, 'pictures', 'before the star', 'not fetched: ' || reason, count(*)
from links where not is_fetched and reason is not null group by all
union all
select source, 'pictures', 'before the star', 'fetched, and their address is listed no longer', -count(*)
from images_originals anti join catalog_image_links using (image_id) group by all
union all
select source_of(image_id), 'pictures', 'star', null, count(*) from star_fact_image group by all
union all
select source, what, 'lake', null, count(*) from placed group by all
union all
select source, what, 'before the star', 'about objects that the catalogue no longer has', count(*)
from placed where is_gone group by all
union all
select source, what, 'star', null, count(*)
from (
    select museum_key, 'predictions' as what from star_fact_prediction
    union all
    select museum_key, 'outliers' from star_fact_outlier
    union all
    select museum_key, 'look-alikes' from star_fact_similar
)
join star_dim_museum using (museum_key)
group by all
;

-- Rows that should be in the star and are not there at all count as none.
insert into ledger select distinct source, what, 'star', null, 0 from ledger;
