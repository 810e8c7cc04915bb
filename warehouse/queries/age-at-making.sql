-- How old were artists when they made the objects, and how many are dated outside their lives?
-- topic: artists
-- chart: columns x=age y=objects x_title="age of the artist in years"
-- note: By the middle of the possible years, for objects by the artist's own hand with both dates known; sources give the first year of activity where they know no birth. An object of several makers counts for each by its share.
with made as (
    select
        weight,
        (work.begin_year + work.end_year) / 2 - artist.begin_year as age,
        work.end_year < artist.begin_year as unborn,
        work.begin_year > artist.end_year as dead
    from bridge_artwork_artist
    join dim_artist as artist using (artist_key)
    join fact_artwork as work using (artwork_key)
    where withdrawn_in is null
        and date_doubt is null
        and role_kind in ('artist', 'maker')
        and work.begin_year is not null
        and work.end_year is not null
        and artist.begin_year <= artist.end_year
),

aged as (
    select
        weight,
        case
            when unborn then -1
            when dead then 1000
            else greatest(0, floor(age / 10)::integer * 10)
        end as decade
    from made
)

select
    case decade
        when -1 then 'before birth'
        when 1000 then 'after death'
        else decade || '–' || (decade + 9)
    end as age,
    round(sum(weight), 2) as objects
from aged
group by decade
order by decade
