"""What the Web Gallery of Art mistypes, and how each mistake is mended: one table of rules.

Raw rows keep what the gallery wrote; the catalog applies these. `misc` of an artwork holds the rules
that fired (`mended`) and the words as they stood (`written`), so each rule's count is one query:
`select unnest(json_extract_string(misc, '$.mended[*]')) rule, count(*) from artworks group by 1`.
"""

import re
from functools import lru_cache
from typing import NamedTuple

_ALL = frozenset({"AUTHOR", "BORN-DIED", "TITLE", "DATE", "TECHNIQUE", "LOCATION"})
_TECHNIQUE = frozenset({"TECHNIQUE"})


class Rule(NamedTuple):
    """`pattern` in one of `columns` becomes `replacement`; `example` is one the gallery wrote."""

    name: str
    columns: frozenset[str]
    pattern: re.Pattern[str]
    replacement: str
    example: str


def _rule(name: str, columns: frozenset[str], pattern: str, to: str, example: str) -> Rule:
    return Rule(name, columns, re.compile(pattern), to, example)


def _typo(pattern: str, to: str, example: str) -> Rule:
    return _rule("misspelt_word", _TECHNIQUE, pattern, to, example)


# Applied from top to bottom. Left alone: "Cornelisz." and "Gerritsz.", which end in their point.
RULES = (
    _rule("stray_space", _ALL, r"\s\s+|[^\S ]", " ", "Oil on canvas,  68 x 95 cm"),
    _rule("stray_space", _ALL, r"^ | $| (?=,)", "", "Oil on canvas , 68 x 95 cm"),
    _rule("doubled_comma", _ALL, r",(?: ?,)+", ",", "Oil on canvas,, 68 x 95 cm"),
    _rule("edge_comma", _ALL, r"^[,; ]+|(?<![,; ])[,; ]+$", "", "Quaratesi Polyptych: St Nicholas of Bari,"),
    _rule("brace", _ALL, r"\(([^(){}]*)\}", r"(\1)", "Portrait of a Man in Armour (known as Gaston de Foix}"),
    _rule("comma_for_point", frozenset({"DATE"}), r"\bc\s*,\s*(?=\d)", "c. ", "c, 1500"),
    _rule("point_before_size", _TECHNIQUE, r" ?[.;] (?=\d[\d.]*\s*[x×])", ", ", "Oil on canvas. 180 x 227 cm"),
    _rule("trailing_point", _TECHNIQUE, r"(?<!\bcm)\.$", "", "Oil on panel."),
    _rule("sign_for_nothing", _TECHNIQUE, r"^[/?.-]+$", "", "/"),
    _typo(r"\b(?:canas|canvasl|canvass|canvs|convas)\b", "canvas", "Oil on canvasl"),
    _typo(r"\b(?:paanel|panrl|pane)\b", "panel", "Poplar panrl"),
    _typo(r"(?<=\bon )ood\b", "wood", "Oil on ood"),
    _typo(r"\bpapeer\b", "paper", "Pastel on three sheets of blue papeer mounted on canvas"),
    _typo(r"\bcardbord\b", "cardboard", "Oil on paper on cardbord"),
    _typo(r"\bmonted\b", "mounted", "Paper monted on canvas"),
    _typo(r"\b(?:tansferred|tranferred)\b", "transferred", "Tempera on canvas tranferred from wood"),
    _typo(r"\bminatures\b", "miniatures", "Tempera on parchment (minatures)"),
    _typo(r"\bPasatel\b", "Pastel", "Pasatel on canvas"),
    _typo(r"^(?:Oi|Oik|OIl)\b", "Oil", "Oik on canvas"),
    _typo(r"^Oil (?:n|an|on on) (?=canvas|wood)", "Oil on ", "Oil n canvas"),
    _typo(r"\boan\b", "on", "Tempera oan pine panel"),
)  # fmt: skip
_BY_COLUMN = {column: tuple(rule for rule in RULES if column in rule.columns) for column in _ALL}


@lru_cache(maxsize=1 << 14)  # "Oil on canvas" stands on every second work
def mend(column: str, text: str) -> tuple[str, tuple[str, ...]]:
    """The text as it was meant, and the names of the rules that fired."""
    fired = []
    for rule in _BY_COLUMN.get(column, ()):
        mended = rule.pattern.sub(rule.replacement, text)
        if mended != text:
            text = mended
            fired.append(rule.name)
    return text, tuple(fired)
