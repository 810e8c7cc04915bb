-- grain: one row an object and one of its look-alikes
-- sort: artwork_id, rank
-- rows: similarity_neighbours
--
-- artwork_key | bigint, -> fact_artwork or 0 | the object asked about; 0 where the catalogue no longer has it
-- artwork_id | varchar, key | the object asked about
-- rank | smallint, key, 1.. | 1 for the nearest
-- neighbour_key | bigint, -> fact_artwork or 0 | an object that looks like it
-- neighbour_id | varchar | the same, as `<source>:<source_id>`
-- cosine | float, -1.001..1.001 | cosine similarity of the two pictures' embeddings
with known as (
    select distinct artwork_id from catalog_artworks
)

select
    if(asked.artwork_id is null, 0, surrogate(neighbours.artwork_id)) as artwork_key,
    neighbours.artwork_id,
    neighbours.rank,
    if(found.artwork_id is null, 0, surrogate(neighbours.neighbour_id)) as neighbour_key,
    neighbours.neighbour_id,
    neighbours.cosine
from similarity_neighbours as neighbours
left join known as asked on asked.artwork_id = neighbours.artwork_id
left join known as found on found.artwork_id = neighbours.neighbour_id
