-- Which artists have the most objects, over all museums, counting a shared object by its share?
select
    artist_key,
    name as artist,
    dim_artist.begin_year,
    dim_artist.end_year,
    round(sum(weight), 2) as objects,
    count(distinct museum_key) as museums
from bridge_artwork_artist
join dim_artist using (artist_key)
join fact_artwork on fact_artwork.artwork_key = bridge_artwork_artist.artwork_key
where artist_key <> 0
group by all
order by objects desc, artist, artist_key
