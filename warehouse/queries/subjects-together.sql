-- Which of the twenty most frequent subjects go together on one object?
-- topic: works
-- chart: heat x=other y=term colour=objects
-- note: Lift is how many times more often than by chance: 1 says nothing. Chance is reckoned among the objects that have any subject.
with given as (
    select distinct term_key, artwork_key
    from bridge_artwork_term
    join fact_artwork using (artwork_key)
    where withdrawn_in is null and term_key > 0
),

frequent as (
    select term_key, term, count(*) as times
    from given
    join dim_term using (term_key)
    group by all
    order by times desc, term, term_key
    limit 20
),

links as (
    select term_key, term, times, artwork_key
    from given
    join frequent using (term_key)
)

select
    links.term,
    other.term as other,
    count(*) as objects,
    round(
        count(*) * (select count(distinct artwork_key) from given) / (links.times * other.times), 2
    ) as lift
from links
join links as other using (artwork_key)
where links.term_key <> other.term_key
group by links.term, other.term, links.times, other.times
order by objects desc, links.term, other
