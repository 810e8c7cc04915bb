-- grain: one row an artist of an object, in the source's order; an object that names nobody has one row, of the artist "unknown" or "not applicable"
-- partition: museum_key
--
-- The weights of an object add up to 1: sum(weight) counts objects however many artists made each. All that a
-- source names have the same share, printers and publishers too; role_kind tells them apart.
--
-- museum_key | bigint, key, -> dim_museum | who describes the object
-- artwork_key | bigint, key, -> fact_artwork | the object
-- position | integer, key, 1.. | 1 for the first artist named
-- artist_key | bigint, -> dim_artist | the artist; 0 where nobody is named or the source has no record of the artist
-- artist_id | varchar, null, from artworks.artists | the source's record of the artist
-- role | varchar, null, from artworks.artists | what the artist did, as the source writes it: Artist, After, Printer…
-- role_kind | varchar, null, in artist / attributed / workshop / circle / follower / manner / after / copy / printer / publisher / maker / related / other | the role in one word: artist where the source names somebody without a role; related for former attributions; empty where nobody is named
-- weight | double, 0..1 | the share of the object that counts for this artist
-- check: the weights of an object add up to 1 | select artwork_key, sum(weight) as weights from star_bridge_artwork_artist group by artwork_key having abs(sum(weight) - 1) > 1e-9
-- check: every object has a row | select artwork_key from star_fact_artwork anti join star_bridge_artwork_artist using (artwork_key)
with objects as (
    select
        museum_key,
        surrogate(artwork_id) as artwork_key,
        if(len(artists) > 0, artists, [null]) as named,
        list_contains(describes, 'artists') as applies
    from catalog_artworks
    join star_dim_museum using (source)
),

links as (
    select
        museum_key,
        artwork_key,
        cast(generate_subscripts(named, 1) as integer) as position,
        unnest(named) as link,
        1.0::double / len(named) as weight,
        applies
    from objects
),

artists as (
    from star_dim_artist
),

roles as (
    select role, role_kind(role) as role_kind from (select distinct link.role as role from links)
)

select
    museum_key,
    artwork_key,
    position,
    key_or(artist_key, applies or link is not null) as artist_key,
    link.artist_id as artist_id,
    link.role as role,
    if(link is null, null, coalesce(role_kind, 'artist')) as role_kind,
    weight
from links
left join records_of('artists') as records on records.artist_id = link.artist_id
left join roles on roles.role = link.role
