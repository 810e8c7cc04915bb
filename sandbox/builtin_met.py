"""How the MET would write a planned work of the built-in collection."""

from __future__ import annotations

from typing import Any

from sandbox.people import KINDS, Person
from sandbox.works import Work

_SHORT = {
    "European Paintings": "ep", "Asian Art": "as", "Arms and Armor": "aa", "Photographs": "ph",
    "Drawings and Prints": "dp", "Musical Instruments": "mi", "The American Wing": "ad",
}  # fmt: skip
_SUBJECTS = {
    "river": ("Rivers", "Boats"), "garden": ("Gardens", "Flowers"), "still_life": ("Fruit",),
    "portrait": ("Portraits",), "gold_panel": ("Saints",), "ink_scroll": ("Mountains",),
    "engraving": ("Ruins",), "photograph": ("Landscapes",), "arms": ("Swords",),
}  # fmt: skip
_EMPTY_MET = (
    "period dynasty reign portfolio geographyType city state county country region subregion locale "
    "locus excavation river linkResource objectWikidata_URL GalleryNumber"
)


_BY_CULTURE = ("ink_scroll", "arms", "instrument", "quilt")
_CULTURES = {"Japanese": "Japan", "Chinese": "China", "American": "American"} | {
    n: n for n in ("German", "Italian", "French")
}
_WOMEN = {
    "Aleida",
    "Clara",
    "Mathilde",
    "Barbara",
    "Honor",
    "Margarethe",
    "Ilse",
    "Lena",
    "Lydia",
    "Prudence",
}


def identifier(work: Work) -> int:
    """The work's objectID."""
    return 990_001 + work.number * 3


def address(work: Work) -> str:
    """Where the work's full-size picture lies; some names hold spaces."""
    stem = f"SB{work.number:05d}" if work.number % 9 else f"SB {work.number:05d} recto"
    return f"https://images.metmuseum.org/CRDImages/{_SHORT[KINDS[work.kind].department]}/original/{stem}.jpg"


def record(work: Work, shared: set[Person]) -> dict[str, Any]:
    """The 57 fields of a work, in the shapes the API gives them."""
    kind, object_id = KINDS[work.kind], identifier(work)
    shown = work.picture != "none"
    original = address(work)
    small = original.replace("/original/", "/web-large/")
    first, prefix = work.makers[0] if work.makers else (None, "")
    ulan, wikidata = _links(first, shared) if first else ("", "")
    gender = "Female" if first and first.given in _WOMEN else ""
    text, begin, end = work.date
    height, width = work.size_cm
    subjects = _SUBJECTS.get(work.kind)
    fields: dict[str, Any] = {
        "objectID": object_id,
        "isHighlight": work.number % 20 == 0,
        "accessionNumber": f"{1901 + work.number % 97}.{work.number % 40 + 1}",
        "accessionYear": str(1901 + work.number % 97),
        "isPublicDomain": work.public,
        "primaryImage": original if shown else "",
        "primaryImageSmall": small if shown else "",
        "additionalImages": [],
        "constituents": [
            {
                "constituentID": 880_000 + person.number, "role": "Artist",
                "name": f"{how} {person.name}".strip(),
                "constituentULAN_URL": _links(person, shared)[0],
                "constituentWikidata_URL": _links(person, shared)[1],
                "gender": "Female" if person.given in _WOMEN else "",
            }
            for person, how in work.makers
        ] or None,
        "department": kind.department,
        "objectName": kind.object_name,
        "title": work.title,
        "culture": _CULTURES.get(first.nationality if first else "", "") if work.kind in _BY_CULTURE else "",
        "artistRole": "|".join(["Artist"] * len(work.makers[:1])),
        "artistPrefix": prefix,
        "artistDisplayName": first.name if first else "",
        "artistDisplayBio": f"{first.nationality}, {first.born_in} {first.birth}–{first.death} {first.died_in}" if first else "",
        "artistSuffix": "",
        "artistAlphaSort": first.sort_name if first else "",
        "artistNationality": first.nationality if first else "",
        "artistBeginDate": str(first.birth) if first else "",
        "artistEndDate": str(first.death) if first else "",
        "artistGender": gender,
        "artistWikidata_URL": wikidata,
        "artistULAN_URL": ulan,
        "objectDate": text,
        "objectBeginDate": begin,
        "objectEndDate": end,
        "medium": kind.medium,
        "dimensions": f"{height / 2.54:.1f} × {width / 2.54:.1f} in. ({height} × {width} cm)",
        "measurements": [
            {"elementName": "Overall", "elementDescription": None,
             "elementMeasurements": {"Height": height, "Width": width}}
        ] if work.number % 11 else None,
        "creditLine": f"Sandbox Fund, {1901 + work.number % 97}",
        "classification": kind.classification,
        "rightsAndReproduction": "" if work.public else "© The artist's estate (invented)",
        "metadataDate": f"2026-01-{work.number % 27 + 1:02d}T04:{work.number % 60:02d}:00.117Z",
        "repository": "Metropolitan Museum of Art, New York, NY",
        "objectURL": f"https://www.metmuseum.org/art/collection/search/{object_id}",
        "tags": [
            {"term": term, "AAT_URL": "", "Wikidata_URL": ""} for term in subjects
        ] if subjects else None,
        "isTimelineWork": work.number % 25 == 0,
    }  # fmt: skip
    fields |= dict.fromkeys(_EMPTY_MET.split(), "")
    if work.kind in _BY_CULTURE and not first:
        fields["culture"] = "Iranian, Luristan" if begin < 0 else "European"
    return fields


def _links(person: Person, shared: set[Person]) -> tuple[str, str]:
    if person not in shared:
        return "", ""
    return (
        f"http://vocab.getty.edu/page/ulan/{person.ulan}",
        f"https://www.wikidata.org/wiki/Q{999_900_000 + person.number}",
    )
