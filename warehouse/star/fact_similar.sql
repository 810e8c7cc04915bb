-- grain: one row an object and one of its look-alikes
-- sort: museum_key, artwork_key, rank
-- partition: museum_key
--
-- Rows about objects that the catalogue no longer has, on either side, are left out here, so that ranks may
-- have gaps; the table of neighbours has them.
--
-- museum_key | bigint, key, -> dim_museum | who describes the object asked about
-- artwork_key | bigint, key, -> fact_artwork | the object asked about
-- rank | smallint, key, 1.., from neighbours.rank | 1 for the nearest
-- neighbour_key | bigint, -> fact_artwork | an object that looks like it
-- cosine | float, -1.001..1.001, from neighbours.cosine | cosine similarity of the two pictures' embeddings
with artworks as (
    select artwork_id, artwork_key, museum_key from star_fact_artwork
)

select
    asked.museum_key,
    asked.artwork_key,
    rank,
    found.artwork_key as neighbour_key,
    cosine
from similarity_neighbours as neighbours
join artworks as asked on asked.artwork_id = neighbours.artwork_id
join artworks as found on found.artwork_id = neighbour_id
