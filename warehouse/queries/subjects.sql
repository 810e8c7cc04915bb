-- Which subjects do the sources see most often?
-- topic: works
-- chart: bars y=term x=objects
-- note: An object counts for each of its terms; weighted has it by shares, which add up to the objects that have terms.
select
    term,
    count(distinct artwork_key) as objects,
    round(sum(weight), 2) as weighted,
    count(distinct fact_artwork.museum_key) as museums
from bridge_artwork_term
join dim_term using (term_key)
join fact_artwork using (artwork_key)
where withdrawn_in is null and term_key > 0
group by term_key, term
order by objects desc, term, term_key
