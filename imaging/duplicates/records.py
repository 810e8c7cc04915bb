"""What two museum records say about whether their pictures can show the same work.

What belongs here: rules over catalogue fields, by the conventions of museum cataloguing; no pixels.
"""

import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

RECORDS = pa.schema(
    [
        ("image_id", pa.string()),
        ("artwork_id", pa.string()),
        ("source", pa.string()),
        ("accession_number", pa.string()),
        ("title", pa.string()),
        ("artist_text", pa.string()),
        ("date_text", pa.string()),
        ("begin_year", pa.int32()),
        ("end_year", pa.int32()),
        ("classification", pa.string()),
        ("medium", pa.string()),
        ("position", pa.int16()),
    ]
)
RECTO_VERSO, EDITION, PENDANT, OTHER_PHOTOGRAPH = (
    "recto_verso",
    "edition",
    "pendant",
    "other_photograph",
)
_SIDE = re.compile(r"\b(recto|verso)\b", re.IGNORECASE)
_STATE = re.compile(r"\b(state|edition|impression|reprint|(?:counter)?proof)\b", re.IGNORECASE)
_PAIRED = re.compile(r"\b(pendant|companion piece|pair of|one of a pair)\b", re.IGNORECASE)
# 1975.1.12a and 1975.1.12b, or 49.55.8a, b: parts of one accession.
_PART = re.compile(r"^(?P<object>.*\d)\s*(?P<part>[a-z](?:\s*[,–-]\s*[a-z])*)$", re.IGNORECASE)
# Works of which many equal ones are made from one matrix, negative or mould.
_MULTIPLE = re.compile(
    r"\b(prints?|photographs?|engravings?|etchings?|lithographs?|woodcuts?|woodblock|aquatints?"
    r"|mezzotints?|medals?|plaquettes?|coins?|posters?|ephemera|books?|bronzes?)\b",
    re.IGNORECASE,
)

Record = Mapping[str, Any]


def one_object(a: Record, b: Record) -> bool:
    """Whether both pictures are filed under the same artwork."""
    return a["artwork_id"] is not None and a["artwork_id"] == b["artwork_id"]


def two_objects(a: Record, b: Record) -> bool:
    """Whether one museum has given the two different accession numbers: it knows them to be two."""
    numbers = _plain(a["accession_number"]), _plain(b["accession_number"])
    return a["source"] == b["source"] and all(numbers) and numbers[0] != numbers[1]


def relation(a: Record, b: Record) -> tuple[str, str] | None:
    """How the records relate two pictures that are not the same, with the reason in words; or None."""
    sides = [_side(record) for record in (a, b)]
    if set(sides) == {"recto", "verso"} and _object(a) == _object(b):
        return RECTO_VERSO, "the records call one recto and the other verso"
    if one_object(a, b):
        return OTHER_PHOTOGRAPH, f"both are filed under {a['artwork_id']}"
    same_artist = _plain(a["artist_text"]) == _plain(b["artist_text"])
    same_title = _plain(a["title"]) == _plain(b["title"]) != ""
    if not same_artist or a["source"] != b["source"]:
        return None
    if all(_PAIRED.search(record["title"] or "") for record in (a, b)):
        return PENDANT, "the titles call each one of a pair"
    if _part(a) and _part(b) and _object(a) == _object(b) != "":
        return PENDANT, (
            f"{a['accession_number']} and {b['accession_number']} are parts of one accession"
        )
    multiple = all(_is_multiple(record) for record in (a, b))
    if multiple and _plain(a["artist_text"]) and (same_title or _one_state(a, b)):
        return EDITION, f"equal title and artist in {a['classification'] or a['medium']}"
    return None


def _plain(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def _side(record: Record) -> str | None:
    for field in ("title", "accession_number"):
        found = _SIDE.search(record[field] or "")
        if found:
            return found[1].casefold()
    return None


def _object(record: Record) -> str:
    """The accession number without its part and its side."""
    number = _SIDE.sub("", record["accession_number"] or "").strip(" ,()")
    part = _PART.match(number)
    return _plain(part["object"] if part else number)


def _part(record: Record) -> str | None:
    part = _PART.match(record["accession_number"] or "")
    return part["part"] if part else None


def _is_multiple(record: Record) -> bool:
    return any(_MULTIPLE.search(record[name] or "") for name in ("classification", "medium"))


def _one_state(a: Record, b: Record) -> bool:
    """Titles that are equal but for what they say of states and editions in brackets."""
    bare = [_plain(re.sub(r"\([^)]*\)", "", record["title"] or "")) for record in (a, b)]
    return bare[0] == bare[1] != "" and any(_STATE.search(it["title"] or "") for it in (a, b))
