-- Words that every table of the star uses alike; each connection that builds the star gets them first.

-- A surrogate key: the same text gives the same key in every run and on every machine (63 bits of
-- its MD5; 0 stands for "unknown": no text is known to give it, and a contract would tell).
create or replace temp macro surrogate(text) as
    cast(md5_number_lower(text) >> 1 as bigint);

-- How two spellings of one term are recognised: case, outer and doubled spaces do not count.
create or replace temp macro term(text) as
    nullif(lower(trim(regexp_replace(text, '\s+', ' ', 'g'))), '');

-- The key of a term in its dimension; 0 where the source says nothing.
create or replace temp macro term_key(text) as
    coalesce(surrogate(term(text)), 0);

-- How two spellings of one person's name are recognised: accents and punctuation do not count either.
create or replace temp macro plain_name(text) as
    nullif(trim(regexp_replace(lower(strip_accents(text)), '[^\p{L}\p{N}]+', ' ', 'g')), '');

-- The words of a person's name, each once and in the alphabet's order, whatever order a source writes them in.
create or replace temp macro name_words(text) as
    list_sort(list_distinct(list_filter(string_split(plain_name(text), ' '), lambda word: word <> 'the')));

-- Why a pair of years cannot be used, or null. The bounds are wide on purpose: the oldest worked
-- stones in museums are put at some 700,000 years before Christ.
create or replace temp macro date_doubt(begin_year, end_year) as
    case
        when begin_year > end_year then 'begins after it ends'
        when begin_year < -1000000 or end_year < -1000000 then 'too early to be a year'
        when begin_year > 2100 or end_year > 2100 then 'too late to be a year'
    end;

-- The half-century a work belongs to, by the middle of its possible years: its first year, counted
-- with a year 0 (astronomers' way: 0 is 1 BC, -1 is 2 BC). 1601 stands for 1601–1650.
create or replace temp macro half_century(begin_year, end_year) as
    case when date_doubt(begin_year, end_year) is null then cast(
        floor((
            (coalesce(begin_year, end_year) + if(coalesce(begin_year, end_year) < 0, 1, 0)
            + coalesce(end_year, begin_year) + if(coalesce(end_year, begin_year) < 0, 1, 0)) / 2 - 1
        ) / 50) * 50 + 1 as integer)
    end;

-- The calendar year of an astronomers' year, negative before Christ.
create or replace temp macro calendar_year(astronomical) as
    if(astronomical < 1, astronomical - 1, astronomical);
