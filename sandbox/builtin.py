"""The built-in collection: planned works written as the three museums would write them.

What belongs here: a work → its record, rows and addresses. What does not: the plan itself
(`sandbox.works`), the pages around the rows (`sandbox.wga`) or HTTP.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from pathlib import Path
from typing import Any

from sandbox import easel
from sandbox.collection import DEPARTMENTS, Row, WgaArtist
from sandbox.people import KINDS, Person
from sandbox.works import Work, plan

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


class Builtin:
    """About `works` synthetic works, painted into `cache` on the first start."""

    name = "builtin"
    details: dict[str, int]

    def __init__(self, seed: int, works: int, cache: Path) -> None:
        self.works = plan(seed, works)
        self.folder = easel.cache_folder(cache, seed, works)
        easel.prepare(self.works, seed, self.folder)
        self.departments = [{"departmentId": k, "displayName": v} for k, v in DEPARTMENTS.items()]
        self.recorded: dict[int, bytes] = {}
        homes: dict[Person, set[str]] = {}
        for work in self.works:
            for person, _ in work.makers:
                homes.setdefault(person, set()).add(work.museum)
        self._shared = {person for person, museums in homes.items() if len(museums) > 1}
        self._files: dict[str, Work] = {}
        self._refs: dict[int, dict[str, str]] = {}
        self.met: dict[int, dict[str, Any]] = {}
        self.wga_rows: list[Row] = []
        self._nga: dict[str, list[Row]] = {name: [] for name in NGA_TABLES}
        for work in self.works:
            {"met": self._add_met, "wga": self._add_wga, "nga": self._add_nga}[work.museum](work)
        self._add_nga_people()
        self.wga_artists = self._wga_list()
        # a loan that went home between the list and the visit
        self.listed_only = {max(self.met) + 1}
        self.counts = {
            "met": len(self.met), "wga": len(self.wga_rows), "nga": len(self._nga["objects"])
        }  # fmt: skip
        self.details = {"pictures": sum(w.seen for w in self.works)}

    def wga_catalogue(self) -> bytes | None:
        """None: the catalogue is written from the rows."""
        return None

    def nga_rows(self, table: str) -> list[Row] | None:
        """Rows of one of the six tables."""
        return self._nga.get(table)

    def nga_file(self, table: str) -> bytes | None:
        """None: no table is served as it lies."""
        return None

    def picture(self, address: str) -> bytes | None:
        """The painted file behind a full-size address."""
        work = self._files.get(address)
        return easel.file_of(self.folder, work).read_bytes() if work else None

    def truth(self) -> dict[str, Any]:
        """Planted duplicate pairs by kind, corrupt files, missing pictures, works in copyright."""
        ref = self._refs
        return {
            "duplicates": [
                {"kind": w.how, "a": ref[w.original], "b": ref[w.number]}
                for w in self.works if w.picture == "copy"
            ],
            "corrupt": [
                {**ref[w.number], "fault": w.picture}
                for w in self.works if w.picture in ("zero", "truncated", "html")
            ],
            "missing": [
                {**ref[w.number], "why": "no address" if w.picture == "none" else "404"}
                for w in self.works if w.picture in ("none", "gone")
            ],
            "not_public": [ref[w.number] for w in self.works if not w.public],
        }  # fmt: skip

    def _register(self, work: Work, identifier: str, address: str) -> None:
        """Remember where the work's picture answers, and how the truth calls the work."""
        self._refs[work.number] = {
            "museum": work.museum, "id": identifier,
            "picture": address if work.picture != "none" else "",
        }  # fmt: skip
        if work.picture not in ("none", "gone"):
            self._files[address] = work

    def _person_urls(self, person: Person) -> tuple[str, str]:
        if person not in self._shared:
            return "", ""
        return (
            f"http://vocab.getty.edu/page/ulan/{person.ulan}",
            f"https://www.wikidata.org/wiki/Q{999_900_000 + person.number}",
        )

    def _add_met(self, work: Work) -> None:
        kind, object_id = KINDS[work.kind], 990_001 + work.number * 3
        stem = f"SB{work.number:05d}" if work.number % 9 else f"SB {work.number:05d} recto"
        base = f"https://images.metmuseum.org/CRDImages/{_SHORT[kind.department]}"
        shown = work.picture != "none"
        original, small = (f"{base}/{size}/{stem}.jpg" for size in ("original", "web-large"))
        self._register(work, str(object_id), original)
        first, prefix = work.makers[0] if work.makers else (None, "")
        ulan, wikidata = self._person_urls(first) if first else ("", "")
        gender = "Female" if first and first.given in _WOMEN else ""
        text, begin, end = work.date
        height, width = work.size_cm
        subjects = _SUBJECTS.get(work.kind)
        record: dict[str, Any] = {
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
                    "constituentULAN_URL": self._person_urls(person)[0],
                    "constituentWikidata_URL": self._person_urls(person)[1],
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
        record |= dict.fromkeys(_EMPTY_MET.split(), "")
        if work.kind in _BY_CULTURE and not first:
            record["culture"] = "Iranian, Luristan" if begin < 0 else "European"
        self.met[object_id] = record

    def _add_wga(self, work: Work) -> None:
        person = work.makers[0][0]
        part = ("1early/", "2late/")[work.number % 2] if person.number % 7 == 1 else ""
        path = f"{_folder(person)}/{part}{_slug(work.title)[:8]}{work.number}"
        address = f"https://www.wga.hu/html/{path}.html"
        self._register(work, address, f"https://www.wga.hu/art/{path}.jpg")
        text, begin, end = work.date
        if begin != end and text.startswith("ca."):
            text = f"c{'.,'[work.number % 5 == 0]} {begin + 5}"
        elif begin != end:
            text = f"{begin}-{end % 100 if begin // 100 == end // 100 else end}"
        height, width = work.size_cm
        start = (person.birth + 25) // 50 * 50 + 1
        self.wga_rows.append({
            "AUTHOR": _wga_name(person),
            "BORN-DIED": f"(b. {person.birth}, {person.born_in}, d. {person.death}, {person.died_in})",
            # a curly apostrophe has a byte in cp1252 and none in latin-1
            "TITLE": f"{work.title} (the artist’s second version)" if work.number % 13 == 0 else work.title,
            "DATE": text,
            "TECHNIQUE": f"{KINDS[work.kind].medium}, {height:g} x {width:g} cm",
            "LOCATION": "Private collection" if work.number % 6 == 0 else f"Museum of {person.died_in}",
            "URL": address,
            "FORM": KINDS[work.kind].form,
            "TYPE": KINDS[work.kind].genre,
            "SCHOOL": person.nationality if person.nationality in _SCHOOLS else "Other",
            "TIMEFRAME": f"{start}-{start + 49}",
        })  # fmt: skip

    def _wga_list(self) -> list[WgaArtist]:
        people = sorted(
            {w.makers[0][0] for w in self.works if w.museum == "wga"}, key=lambda p: p.family
        )
        artists = [
            WgaArtist(
                _wga_name(p),
                f"(b. {p.birth}, {p.born_in}, d. {p.death}, {p.died_in})",
                _PERIODS[p.kinds[0]],
                f"{p.nationality} painter ({p.died_in})",
                _folder(p),
                aliases=(f"{p.family.upper()[:-1]}US, {p.given}",) if index % 5 == 2 else (),
                framed=index == 3,
            )
            for index, p in enumerate(people)
        ]
        double = artists[0]  # two names, one address
        return [
            *artists,
            WgaArtist(double.name.split(",")[0] + ", the Younger", double.life, double.period, double.profession, double.folder),
            WgaArtist("ZWISCHENAU, Benno von", "(b. 1501, Wien, d. 1560, Wien)", "Mannerism", "German painter (Wien)", "z/zwischen", moved=True),
        ]  # fmt: skip

    def _add_nga(self, work: Work) -> None:
        kind, object_id = KINDS[work.kind], str(770_001 + work.number)
        picture_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"artlake-sandbox/{work.number}"))
        address = f"https://api.nga.gov/iiif/{picture_id}"
        self._register(work, object_id, address)
        text, begin, end = work.date
        height, width = work.size_cm
        maker = work.makers[0][0] if work.makers else None
        self._nga["objects"].append(_row("objects", {
            "objectid": object_id, "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"nga/{object_id}")),
            "accessioned": "1", "accessionnum": f"{1940 + work.number % 70}.{work.number % 9 + 1}.{work.number % 30 + 1}",
            "title": f"_{work.title}_" if work.number % 17 == 0 else work.title,
            "displaydate": "" if work.number % 19 == 0 else text.replace("BCE", "B.C."),
            "beginyear": str(begin), "endyear": str(end), "medium": kind.medium.lower(),
            "dimensions": f"overall: {height} x {width} cm ({height / 2.54:.1f} x {width / 2.54:.1f} in.)",
            "inscription": "lower left, signed:\nthe artist's name;\nlower right: a date" if work.number % 4 == 0 else "",
            "attributioninverted": maker.sort_name if maker else "Anonymous Artist",
            "attribution": maker.name if maker else "Anonymous Artist",
            "provenancetext": "Sandbox Collection;\r\n<i>by descent</i>\u206e to the museum." if work.number % 5 == 0 else "",
            "creditline": "Gift of the Sandbox Foundation", "classification": kind.classification.rstrip("s"),
            "visualbrowserclassification": kind.classification.rstrip("s").lower(),
            "isvirtual": "1" if work.picture == "gone" else "0", "departmentabbr": "DFP",
            "lastdetectedmodification": f"2026-01-{work.number % 27 + 1:02d} 05:00:00.000",
        }))  # fmt: skip
        for order, (person, prefix) in enumerate(work.makers, start=1):
            self._nga["objects_constituents"].append(_row("objects_constituents", {
                "objectid": object_id, "constituentid": str(660_000 + person.number),
                "displayorder": str(order), "roletype": "artist", "role": "painter", "prefix": prefix,
            }))  # fmt: skip
        self._nga["objects_constituents"].append(_row("objects_constituents", {
            "objectid": object_id, "constituentid": "660000", "displayorder": "9",
            "roletype": "donor", "role": "donor",
        }))  # fmt: skip
        terms = [
            ("Style", kind.style),
            ("School", maker.nationality if maker else ""),
            ("Theme", kind.genre),
        ]
        for step, (term_type, term) in enumerate(terms):
            if term:
                self._nga["objects_terms"].append(_row("objects_terms", {
                    "termid": str(work.number * 10 + step), "objectid": object_id,
                    "termtype": term_type, "term": term,
                    "visualbrowserstyle": term if term_type == "Style" and work.number % 3 else "",
                    "visualbrowsertheme": term if term_type == "Theme" else "",
                }))  # fmt: skip
        for direction, size in (("height", height), ("width", width)):
            self._nga["objects_dimensions"].append(_row("objects_dimensions", {
                "objectid": object_id, "element": "overall", "dimensiontype": direction,
                "dimension": f"{size:.10f}", "unitname": "centimeters",
            }))  # fmt: skip
        if work.picture != "none":
            across, down = _pixels(self.picture(address))
            self._nga["published_images"].append(_row("published_images", {
                "uuid": picture_id, "iiifurl": address,
                "iiifthumburl": f"{address}/full/!200,200/0/default.jpg",
                "viewtype": "primary", "sequence": "0.0", "width": str(across), "height": str(down),
                "maxpixels": "" if work.public else "640", "openaccess": "1" if work.public else "0",
                "created": "2019-03-01 10:00:00-05", "modified": "2026-01-02 10:00:00-05",
                "depictstmsobjectid": object_id, "assistivetext": "",
            }))  # fmt: skip

    def _add_nga_people(self) -> None:
        makers = {p for w in self.works if w.museum == "nga" for p, _ in w.makers}
        rows = [{
            "constituentid": "660000", "preferreddisplayname": "Sandbox Foundation",
            "forwarddisplayname": "Sandbox Foundation", "lastname": "Sandbox Foundation",
            "artistofngaobject": "0", "constituenttype": "corporate",
        }]  # fmt: skip
        rows += [{
            "constituentid": str(660_000 + p.number), "ulanid": p.ulan if p in self._shared else "",
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"nga/person/{p.number}")),
            "preferreddisplayname": p.sort_name, "forwarddisplayname": p.name, "lastname": p.family,
            "displaydate": f"{p.nationality}, {p.birth} - {p.death}", "artistofngaobject": "1",
            "beginyear": str(p.birth), "endyear": str(p.death), "nationality": p.nationality,
            "visualbrowsernationality": p.nationality, "constituenttype": "individual",
            "wikidataid": f"Q{999_900_000 + p.number}" if p in self._shared else "",
        } for p in sorted(makers, key=lambda p: p.number)]  # fmt: skip
        self._nga["constituents"] = [_row("constituents", row) for row in rows]


NGA_TABLES = {
    "objects": (
        "objectid uuid accessioned accessionnum locationid title displaydate beginyear endyear "
        "visualbrowsertimespan medium dimensions inscription markings attributioninverted "
        "attribution provenancetext creditline classification subclassification "
        "visualbrowserclassification parentid isvirtual departmentabbr portfolio series volume "
        "watermarks lastdetectedmodification wikidataid customprinturl"
    ),
    "objects_constituents": (
        "objectid constituentid displayorder roletype role prefix suffix displaydate beginyear "
        "endyear country zipcode"
    ),
    "constituents": (
        "constituentid uuid ulanid preferreddisplayname forwarddisplayname lastname displaydate "
        "artistofngaobject beginyear endyear visualbrowsertimespan nationality "
        "visualbrowsernationality constituenttype wikidataid"
    ),
    "published_images": (
        "uuid iiifurl iiifthumburl viewtype sequence width height maxpixels openaccess created "
        "modified depictstmsobjectid assistivetext"
    ),
    "objects_terms": "termid objectid termtype term visualbrowsertheme visualbrowserstyle",
    "objects_dimensions": "objectid element dimensiontype dimension unitname",
}

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
_SCHOOLS = {"Dutch", "Flemish", "French", "Italian", "German", "British", "Russian", "American"}
_PERIODS = {
    "river": "Baroque", "still_life": "Baroque", "portrait": "Northern Renaissance",
    "gold_panel": "Medieval", "garden": "Impressionism", "engraving": "Baroque",
}  # fmt: skip


def _row(table: str, values: dict[str, str]) -> Row:
    return {column: values.get(column, "") for column in NGA_TABLES[table].split()}


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]", "", plain)


def _folder(person: Person) -> str:
    name = _slug(person.family)
    return f"{name[0]}/{name[:8]}"


def _wga_name(person: Person) -> str:
    particle, _, rest = person.family.rpartition(" ")
    return f"{rest.upper()}, {person.given}" + (f" {particle}" if particle else "")


def _pixels(body: bytes | None) -> tuple[int, int]:
    """Width and height out of a JPEG's frame header, 800 x 600 where there is no readable file."""
    import struct

    position = 2
    while body and position + 9 < len(body):
        marker, length = (
            body[position + 1],
            struct.unpack(">H", body[position + 2 : position + 4])[0],
        )
        if 0xC0 <= marker <= 0xC3:
            down, across = struct.unpack(">HH", body[position + 5 : position + 9])
            return across, down
        position += 2 + length
    return 800, 600
