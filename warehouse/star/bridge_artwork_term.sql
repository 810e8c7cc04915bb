-- grain: one row a subject term of an object, in the source's order; an object without any has one row, of the term "unknown" or "not applicable"
-- partition: museum_key
--
-- The weights of an object add up to 1: sum(weight) counts objects however many terms each has.
--
-- museum_key | bigint, key, -> dim_museum | who describes the object
-- artwork_key | bigint, key, -> fact_artwork | the object
-- position | integer, key, 1.. | 1 for the first term
-- term_key | bigint, -> dim_term, from artworks.tags | the term
-- weight | double, 0..1 | the share of the object that counts for the term
-- check: the weights of an object add up to 1 | select artwork_key, sum(weight) as weights from star_bridge_artwork_term group by artwork_key having abs(sum(weight) - 1) > 1e-9
-- check: every object has a row | select artwork_key from star_fact_artwork anti join star_bridge_artwork_term using (artwork_key)
-- check: a term stands once in an object | select artwork_key, term_key, count(*) as times from star_bridge_artwork_term group by all having count(*) > 1
with tagged as (
    select
        museum_key,
        artwork_id,
        tags,
        list_transform(tags, lambda tag: term(tag)) as terms,
        list_contains(describes, 'tags') as applies
    from catalog_artworks
    join star_dim_museum using (source)
),

objects as (
    select museum_key, surrogate(artwork_id) as artwork_key, terms_of(tags, terms) as texts, applies from tagged
),

links as (
    select
        museum_key,
        artwork_key,
        unnest(texts) as text,
        generate_subscripts(texts, 1) as position,
        1.0::double / len(texts) as weight,
        applies
    from objects
),

keys as (
    select text, applies, term_key(text, applies) as term_key from (select distinct text, applies from links)
)

select museum_key, artwork_key, cast(position as integer) as position, term_key, weight
from links
join keys on keys.text is not distinct from links.text and keys.applies = links.applies
