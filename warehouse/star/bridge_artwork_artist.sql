-- grain: one row an artist of an object, in the source's order; an object that names nobody has one row with the unknown artist
-- sort: artwork_id, position
--
-- The weights of an object add up to 1: sum(weight) counts objects however many artists made each.
--
-- artwork_key | bigint, -> fact_artwork | the object
-- artwork_id | varchar, key | the object, as `<source>:<source_id>`
-- position | integer, key, 1.. | 1 for the first artist named
-- artist_key | bigint, -> dim_artist | the artist; 0 where nobody is named or the source has no record of the artist
-- artist_id | varchar, null | the source's record of the artist
-- role | varchar, null | what the artist did, as the source writes it: Artist, After, Printer…
-- weight | double, 0..1 | the share of the object that counts for this artist
-- check: the weights of an object add up to 1 | select artwork_id, sum(weight) as weights from star_bridge_artwork_artist group by artwork_id having abs(sum(weight) - 1) > 1e-9
-- check: every object has an artist row | select artwork_id from catalog_artworks anti join star_bridge_artwork_artist using (artwork_id)
with links as (
    select artwork_id, link, ordinal
    from catalog_artworks
    left join unnest(artists) with ordinality as listed (link, ordinal) on true
),

records as (
    select artist_key, unnest(artist_ids) as artist_id from star_dim_artist
)

select
    surrogate(artwork_id) as artwork_key,
    artwork_id,
    cast(coalesce(ordinal, 1) as integer) as position,
    coalesce(records.artist_key, 0) as artist_key,
    link.artist_id as artist_id,
    link.role as role,
    1.0::double / count(*) over (partition by artwork_id) as weight
from links
left join records on records.artist_id = link.artist_id
