-- From which nations come the makers of the objects?
-- topic: artists
-- chart: bars y=nationality x=objects
-- note: Nationalities are as a source writes them. An object of several makers counts for each by its share, so the column adds up to objects.
select
    nationality,
    round(sum(weight), 2) as objects,
    count(distinct artist_key) as artists
from bridge_artwork_artist
join dim_artist using (artist_key)
join fact_artwork using (artwork_key)
where withdrawn_in is null and nationality is not null
group by nationality
order by objects desc, nationality
