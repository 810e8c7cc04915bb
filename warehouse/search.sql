-- The search index of the published file: an inverted index over titles, artists and notes, in plain tables.
--
-- A text is cut into words: runs of letters, marks and digits, in lower case and without accents ("Köln" is found
-- by "koln"). Writing without spaces between words is one long word to it. Words are not reduced to stems.
--
-- Ranked by BM25 over weighted fields (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
-- Beyond", 2009, sections 3.5 and 3.6, in the form in which a word of a field counts as often as the field weighs):
-- a word counts 3 in a title, 2 in an artist's names, 1 in notes, which are terms, culture, classification, notes.
create macro search_words(text) as regexp_extract_all(lower(text), '[\p{L}\p{M}\p{N}]+\*?');

create macro search_plain(word) as
    translate(strip_accents(replace(replace(replace(word, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe')), 'øłđı*', 'oldi');

create table search_document as
select cast(row_number() over (order by artwork_id) as integer) as document, artwork_key
from fact_artwork
where withdrawn_in is null
order by document;

create temp table listed as
select document, title, artist_text, notes, artist_key, culture_key, classification_key
from fact_artwork
join search_document using (artwork_key);

-- Names and terms are cut into words once each, not once an object; a name that comes back among its aliases
-- counts once.
create temp table tokens as
with artist_words as (
    select artist_key, list_distinct(search_words(name || ' ' || array_to_string(aliases, ' '))) as said
    from dim_artist
    where artist_key > 0
),

term_words as (select term_key, search_words(term) as said from dim_term where term_key > 0),
culture_words as (select culture_key, search_words(culture) as said from dim_culture where culture_key > 0),
classification_words as (
    select classification_key, search_words(classification) as said from dim_classification where classification_key > 0
),

texts as (
    select document, 3 as weight, search_words(title) as said from listed where title is not null
    union all
    select document, 2, list_distinct(search_words(artist_text)) from listed where artist_key <= 0 and artist_text is not null
    union all
    select document, 2, said
    from (select distinct artwork_key, artist_key from bridge_artwork_artist)
    join artist_words using (artist_key)
    join search_document using (artwork_key)
    union all
    select document, 1, said
    from bridge_artwork_term join term_words using (term_key) join search_document using (artwork_key)
    union all
    select document, 1, said from listed join culture_words using (culture_key)
    union all
    select document, 1, said from listed join classification_words using (classification_key)
    union all
    select document, 1, search_words(notes) from listed where notes is not null
)

select document, weight, unnest(said) as token from texts;

create temp table vocabulary as
select token, search_plain(token) as word, cast(dense_rank() over (order by search_plain(token)) as integer) as word_id
from (select distinct token from tokens);

create temp table counts as
select word_id, document, cast(sum(weight) as integer) as times
from tokens
join vocabulary using (token)
group by all;

create temp table lengths as
select document, sum(times) as length
from counts
group by document;

create table search_word as
select word_id, word, works
from (select word_id, cast(count(*) as integer) as works from counts group by word_id)
join (select distinct word_id, word from vocabulary) using (word_id)
order by word_id;

create table search_posting as
select
    word_id,
    document,
    cast(round(1000 * ln(1 + ((select count(*) from search_document) - works + 0.5) / (works + 0.5))
        * times * (1.2 + 1)
        / (times + 1.2 * (1 - 0.75 + 0.75 * length / (select sum(length) / (select count(*) from search_document) from lengths)))) as integer) as score
from counts
join search_word using (word_id)
join lengths using (document)
order by word_id, document;

drop table listed;
drop table tokens;
drop table vocabulary;
drop table counts;
drop table lengths;

-- `from search('rembrandt portr*')`: objects that have any of the words, best first, `most` of them; a word with
-- a star stands for all that begin so. In a file attached beside another one, `use` it first.
create macro search(query, most := 100) as table
with asked as (select distinct unnest(search_words(query)) as said),

meant as (
    select word_id
    from asked
    join search_word on word = search_plain(said)
    where not ends_with(said, '*')
    union
    select word_id
    from asked
    join search_word on starts_with(word, search_plain(said))
    where ends_with(said, '*')
),

best as (
    select document, sum(score) as score
    from search_posting
    join meant using (word_id)
    group by document
    order by score desc, document
    limit most
)

select artwork_id, title, if(artist_key > 0, dim_artist.name, artist_text) as artist, museum, score / 1000 as score
from best
join search_document using (document)
join fact_artwork using (artwork_key)
join dim_museum using (museum_key)
left join dim_artist using (artist_key)
order by best.score desc, document;

comment on macro table search is
    'from search(''rembrandt portr*''): listed objects with any of the words, the best first, 100 or as many as `most := 500` says; a star stands for any ending';
