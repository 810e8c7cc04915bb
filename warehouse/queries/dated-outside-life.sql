-- Which objects are dated before the birth or after the death of the artist who is said to have made them?
-- topic: artists
-- chart: none, a list to be read and mended object by object
-- note: Only the artist's own hand counts: a print after a painter may well be younger. A few years after a death can be a casting or a printing.
select
    if(work.end_year < artist.begin_year, 'before birth', 'after death') as dated,
    greatest(artist.begin_year - work.end_year, work.begin_year - artist.end_year) as years_off,
    name as artist,
    artist.begin_year as born,
    artist.end_year as died,
    title,
    date_text,
    museum,
    artwork_id
from bridge_artwork_artist
join dim_artist as artist using (artist_key)
join fact_artwork as work using (artwork_key)
join dim_museum on dim_museum.museum_key = work.museum_key
where withdrawn_in is null
    and date_doubt is null
    and role_kind in ('artist', 'maker')
    and artist.begin_year <= artist.end_year
    and (work.end_year < artist.begin_year or work.begin_year > artist.end_year)
order by years_off desc, artwork_id, position
