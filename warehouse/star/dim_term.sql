-- grain: one row a subject term of an object; one for unknown and one for not applicable
--
-- term_key | bigint, key | term in the other tables; 0 is "unknown": the source gives the object none; -1 is "not applicable": it gives none of its objects any
-- term | varchar, from artworks.tags | subject term, in its most frequent spelling
-- objects | bigint, 0.., unit objects | objects that have it, without withdrawn ones
with tagged as (
    select
        tags,
        list_transform(tags, lambda tag: term(tag)) as terms,
        list_contains(describes, 'tags') as applies,
        withdrawn_in
    from catalog_artworks
    join star_dim_museum using (source)
),

said as (
    select unnest(terms_of(tags, terms)) as text, applies, withdrawn_in from tagged
)

select key as term_key, text as term, objects
from terms('said')
