-- Words that every table of the star uses alike; each connection that builds the star gets them first.

-- A surrogate key: the same text gives the same key in every run and on every machine (63 bits of
-- its MD5; 0 stands for "unknown": no text is known to give it, and a contract would tell).
create or replace temp macro surrogate(text) as
    cast(md5_number_lower(text) >> 1 as bigint);

-- How two spellings of one term are recognised: case, outer and doubled spaces do not count.
create or replace temp macro term(text) as
    -- Few texts have such spaces, and looking costs a fifth of replacing.
    nullif(lower(trim(if(regexp_matches(text, '\s\s|[^\S ]'), regexp_replace(text, '\s+', ' ', 'g'), text))), '');

-- Any key that may be missing: else 0, "unknown", where the source could have said it (`applies`, from
-- dim_museum.describes), and -1, "not applicable", where it describes none of its works that way.
create or replace temp macro key_or(key, applies) as
    coalesce(key, if(applies, 0, -1));

-- The key of a text's term in its dimension, null where it says nothing; a text that says only "unknown" is the
-- row of that name.
create or replace temp macro said_key(text) as
    if(term(text) = 'unknown', 0, surrogate(term(text)));

create or replace temp macro term_key(text, applies) as
    key_or(said_key(text), applies);

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

-- The first place that a text names: "London, England; Paris" is "London, England".
create or replace temp macro first_place(text) as
    nullif(trim(regexp_extract(text, '[^;|\n]*')), '');

-- Whether a licence lets everybody use what it stands on for any purpose, at most naming the source or
-- sharing alike (as the Open Definition has it). What is not recognised is not open.
create or replace temp macro is_open_licence(text) as
    regexp_matches(lower(text), '\b(cc-?0|cc zero|pdm|public domain|cc[ -]by|creative commons (zero|attribution)|odc-by|odbl|ogl)\b|creativecommons\.org/(publicdomain|licenses/by)')
    and not regexp_matches(lower(text), '\b(nc|nd)\b|non-?commercial|no-?\s?deriv|\bnot (in the )?public domain');

-- The key of a museum's department; a museum's name for "unknown" is the row of that name.
create or replace temp macro department_key(source, department, applies) as
    if(term(department) = 'unknown', 0, key_or(surrogate(source || ':' || term(department)), applies));

-- The key of the half-century a work belongs to.
create or replace temp macro period_key(begin_year, end_year, applies) as
    key_or(surrogate('half-century ' || half_century(begin_year, end_year)), applies);

-- When a crawl was, in UTC, from the text that the snapshots keep.
create or replace temp macro crawled_at(taken_at) as
    make_timestamp(epoch_us(cast(taken_at as timestamptz)));

-- The subject terms of an object, each once in its first spelling; [null] where there are none. `terms` is
-- list_transform(tags, lambda tag: term(tag)), made once beforehand.
create or replace temp macro terms_of(tags, terms) as
    coalesce(nullif(list_filter(
        tags,
        lambda tag, position: terms[position] is not null and list_position(terms, terms[position]) = position
    ), []), [null]);

-- Whether two values differ, one of them or both missing included.
create or replace temp macro differ(one, other) as
    one is distinct from other;

-- What somebody did for an object, out of the words of a source: the first kind whose words are there.
-- Relations (Getty CDWA, "Attribution Qualifier") go before trades: "probably engraved by" is attributed.
create or replace temp macro role_kind(role) as
    case
        when regexp_matches(role, '(?i)\bformer') then 'related'
        when regexp_matches(role, '(?i)\bcop(?:y|ies) (?:after|of)\b') then 'copy'
        when regexp_matches(role, '(?i)\bafter\b|\bbased on\b') then 'after'
        when regexp_matches(role, '(?i)\b(?:printer|printed|proofing|processor)\b') then 'printer'
        when regexp_matches(role, '(?i)\b(?:workshop|atelier|assistant)\b|\bstudio (?:of|assistant)\b|\b(?:and|his|her) studio\b') then 'workshop'
        when regexp_matches(role, '(?i)\bcircle\b|\bschool of\b') then 'circle'
        when regexp_matches(role, '(?i)\bfollowers?\b') then 'follower'
        when regexp_matches(role, '(?i)\b(?:manner|style) of\b|\bimitator\b|\bforger\b') then 'manner'
        when regexp_matches(role, '(?i)\brelated\b') then 'related'
        when regexp_matches(role, '(?i)\bat[tr]+\w*|\battd\b|\bprobably\b|\bpossibly\b|\bperhaps\b|\?') then 'attributed'
        when regexp_matches(role, '(?i)\bpublish|\bedit(?:or|ed|ion)\b') then 'publisher'
        when regexp_matches(role, '(?i)\b(?:artist|painter|sculptor|\w*engraver|etcher|draughts\w+|drafts\w+|designer|designed|architect|photographer|printmaker|lithographer|illustrator|ceramist|medalist|author|calligrapher|illuminator|aquatinter|miniatur\w+|painted|engraved|etched|drawn|carved|sculpted|with others)\b') then 'artist'
        when regexp_matches(role, '(?i)(?:maker|smith|wright|binder|setter)\b|\b(?:made|manufact\w+|factory|foundry|founder|caster|cast|weaver|woven|carver|decorator|enamell?er|modell?er|jewell?er|armou?rer|quilter|gilder|gilded|technician|collaborator|studio|firm|executed|finished)\b') then 'maker'
        else 'other'
    end;

-- The materials, supports and techniques that media in words name: "Oil on canvas; carved frame" is oil, a
-- material, canvas, a support, and "carved frame"; (text, position, material, role) for each text of the
-- relation that `media` names. Pieces stand between ";", ",", "and", "with"…; what comes after "on", "mounted
-- on", "transferred from"… is a support; what is not understood is a material in its own words. In small
-- letters and British spelling, since sources write one word in two ways.
create or replace temp macro materials_of(media) as table
    with phrases as (
        select
            text,
            regexp_split_to_array(
                regexp_replace(
                    regexp_replace(
                        replace(replace(term(text), 'gray', 'grey'), 'color', 'colour'),
                        '\s*\(\?\)|\b(?:case|dial|movement|interior|exterior|base|lid|mounts?|frame|obverse|reverse|recto|verso) ?:', '', 'g'
                    ),
                    ',?\s*\b(?:(?:transferred|mounted|laid(?: down)?|pasted|glued|adhered|backed) (?:on|onto|to|from|as|with)|on|onto) ',
                    ';@', 'g'
                ),
                '[;,:]|\bwith\b|\bover\b'
            ) as phrases
        from query_table(media)
        where text is not null
    ),

    pieces as (
        select
            text,
            flatten(list_transform(phrases, lambda phrase: list_transform(
                regexp_split_to_array(phrase, '\band\b|&|/'),
                lambda piece: {
                    'material': term(regexp_replace(trim(piece, ' @.'), '^(?:(?:the|an?|partly|probably|possibly|traces of) )+', '')),
                    'is_support': starts_with(trim(phrase), '@')
                }
            ))) as pieces
        from phrases
    ),

    named as (
        select
            text,
            position,
            piece.material,
            case
                when piece.is_support then 'support'
                when regexp_matches(piece.material, '^(?:.* )?(?:panel|canvas|boards?|card|cardboard|scrolls?|handscroll|screens?|album leaf|album leaves)$') then 'support'
                when regexp_matches(piece.material, '\b(?:prints?|etching|engraving|\w*lithograph\w*|\w*aquatint\w*|drypoint|mezzotint|woodcut|linocut|screenprint|monotype|\w*gravure|\w+otype|embroidery|lace|collage|intarsia|marquetry|filigree|granulation|fresco|grisaille|state (?:of|before))\b') then 'technique'
                when regexp_matches(piece.material, '^(?:(?:[\w-]{3,}ed|inlaid|cast|gilt|cut|set|blown|woven|wrought)(?: (?:in|under|by|through|from|as|at) .*)?|pen|brush|gilding|polychromy|hand-colouring|(?:in )?relief)$') then 'technique'
                else 'material'
            end as role
        from (select text, unnest(pieces) as piece, generate_subscripts(pieces, 1) as position from pieces)
        where not regexp_matches(piece.material, '^[\s\p{P}]*(?:no medium available|not available|unknown)?[\s\p{P}]*$')
    )

    select
        text,
        cast(row_number() over (partition by text order by min(named.position)) as integer) as position,
        material,
        first(role order by named.position) as role
    from named
    group by text, material;

-- The terms that a column of the catalog has, each with its key and in the spelling of most objects, and the
-- rows "unknown" and "not applicable". `said` names a relation of a row an object: text, applies, withdrawn_in.
create or replace temp macro terms(said) as table
    with texts as (
        select trim(text) as spelling, applies, count(*) filter (withdrawn_in is null) as objects
        from query_table(said)
        group by all
    ),

    spellings as (
        select term_key(spelling, applies) as key, spelling, objects from texts
        union all
        values (0, null, 0), (-1, null, 0)
    )

    select
        key,
        case key
            when 0 then 'unknown'
            when -1 then 'not applicable'
            else first(spelling order by objects desc, spelling)
        end as text,
        cast(sum(objects) as bigint) as objects
    from spellings
    group by key;

-- The words of a title, each once and in the alphabet's order, without articles.
create or replace temp macro title_words(text) as
    list_filter(name_words(text), lambda word: word not in ('a', 'an'));

-- How two spellings of a museum's name are recognised.
create or replace temp macro house_name(text) as
    regexp_replace(plain_name(text), '^the ', '');

-- By which share of the larger two sizes differ.
create or replace temp macro apart(one, other) as
    abs(one - other) / greatest(one, other);

-- Sizes in steps of 2 %: two that differ by less lie in the same step or in neighbouring ones.
create or replace temp macro size_step(size) as
    cast(floor(ln(size) / ln(1.02)) as integer);

-- The source that an id begins with.
create or replace temp macro source_of(id) as
    split_part(id, ':', 1);

-- A text as a part of a citation: 300 characters at most, without the stop at its end; null where it says nothing.
create or replace temp macro cited(text) as
    case
        when regexp_full_match(text, '(?i)\s*(unknown|undated|n\.d\.)( artist| maker)?\s*') then null
        when length(text) > 300 then trim(left(text, 299) || '…', ' .,;')
        -- Few texts have anything to trim, and trimming costs three times as much as looking.
        when regexp_matches(text, '^[ .,;]|[ .,;]$') then nullif(trim(text, ' .,;'), '')
        else nullif(text, '')
    end;

-- Sizes in words: "80.3 × 67.3 cm", height before width.
create or replace temp macro in_cm(height, width) as
    case when height > 0 and width > 0 then format('{:g} × {:g} cm', height, width) end;

-- The artist whom each source's record is of: (artist_id, artist_key), one row a record even where a source
-- has one twice, so that no join makes two rows of one. `artists` names a relation: artist_key, artist_ids.
create or replace temp macro records_of(artists) as table
    select artist_id, min(artist_key) as artist_key
    from (select artist_key, unnest(artist_ids) as artist_id from query_table(artists))
    group by artist_id;
