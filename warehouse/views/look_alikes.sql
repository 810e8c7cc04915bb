-- grain: one row an object and one of its look-alikes
--
-- artwork_id | varchar | the object asked about
-- title | varchar | its title
-- museum | varchar | who describes it
-- rank | smallint | 1 for the nearest
-- looks_like | varchar | the object that looks like it
-- its_title | varchar | the title of that object
-- its_artist | varchar | the artist whom that object names first
-- its_museum | varchar | who describes that object
-- cosine | float | cosine similarity of the two pictures' embeddings
-- same_work | boolean | whether both are known to be one work
select
    asked.artwork_id,
    asked.title,
    asking.museum,
    fact_similar.rank,
    found.artwork_id as looks_like,
    found.title as its_title,
    dim_artist.name as its_artist,
    keeping.museum as its_museum,
    fact_similar.cosine,
    asked.work_key = found.work_key as same_work
from fact_similar
join fact_artwork as asked on asked.artwork_key = fact_similar.artwork_key
join fact_artwork as found on found.artwork_key = fact_similar.neighbour_key
join dim_museum as asking on asking.museum_key = asked.museum_key
join dim_museum as keeping on keeping.museum_key = found.museum_key
join dim_artist on dim_artist.artist_key = found.artist_key
