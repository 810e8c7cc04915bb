"""How the National Gallery of Art would write planned works: rows of its tables."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator

from sandbox.collection import Row
from sandbox.people import KINDS, Person
from sandbox.works import Work

TABLES = {
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
    "object_associations": "parentobjectid childobjectid relationship",
    "constituents_altnames": (
        "altnameid constituentid lastname displayname forwarddisplayname nametype"
    ),
}


def identifier(work: Work) -> str:
    """The work's objectid."""
    return str(770_001 + work.number)


def address(work: Work) -> str:
    """The IIIF address of the work's picture."""
    picture_id = uuid.uuid5(uuid.NAMESPACE_URL, f"artlake-sandbox/{work.number}")
    return f"https://api.nga.gov/iiif/{picture_id}"


def rows(work: Work, picture: bytes | None) -> Iterator[tuple[str, Row]]:
    """(table, row) of everything the tables say of a work; `picture` is its file, if any."""
    kind, object_id = KINDS[work.kind], identifier(work)
    url = address(work)
    text, begin, end = work.date
    height, width = work.size_cm
    maker = work.makers[0][0] if work.makers else None
    yield _row("objects", {
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
    })  # fmt: skip
    for order, (person, prefix) in enumerate(work.makers, start=1):
        yield _row("objects_constituents", {
            "objectid": object_id, "constituentid": str(660_000 + person.number),
            "displayorder": str(order), "roletype": "artist", "role": "painter", "prefix": prefix,
        })  # fmt: skip
    yield _row("objects_constituents", {
        "objectid": object_id, "constituentid": "660000", "displayorder": "9",
        "roletype": "donor", "role": "donor",
    })  # fmt: skip
    terms = [
        ("Style", kind.style),
        ("School", maker.nationality if maker else ""),
        ("Theme", kind.genre),
    ]
    for step, (term_type, term) in enumerate(terms):
        if term:
            yield _row("objects_terms", {
                "termid": str(work.number * 10 + step), "objectid": object_id,
                "termtype": term_type, "term": term,
                "visualbrowserstyle": term if term_type == "Style" and work.number % 3 else "",
                "visualbrowsertheme": term if term_type == "Theme" else "",
            })  # fmt: skip
    for direction, size in (("height", height), ("width", width)):
        yield _row("objects_dimensions", {
            "objectid": object_id, "element": "overall", "dimensiontype": direction,
            "dimension": f"{size:.10f}", "unitname": "centimeters",
        })  # fmt: skip
    if work.picture != "none":
        across, down = _pixels(picture)
        yield _row("published_images", {
            "uuid": url.rpartition("/")[2], "iiifurl": url,
            "iiifthumburl": f"{url}/full/!200,200/0/default.jpg",
            "viewtype": "primary", "sequence": "0.0", "width": str(across), "height": str(down),
            "maxpixels": "" if work.public else "640", "openaccess": "1" if work.public else "0",
            "created": "2019-03-01 10:00:00-05", "modified": "2026-01-02 10:00:00-05",
            "depictstmsobjectid": object_id, "assistivetext": "",
        })  # fmt: skip


def people(works: list[Work], shared: set[Person]) -> list[Row]:
    """Rows of `constituents`: the makers of the works, and a donor."""
    makers = {p for w in works if w.museum == "nga" for p, _ in w.makers}
    rows = [{
        "constituentid": "660000", "preferreddisplayname": "Sandbox Foundation",
        "forwarddisplayname": "Sandbox Foundation", "lastname": "Sandbox Foundation",
        "artistofngaobject": "0", "constituenttype": "corporate",
    }]  # fmt: skip
    rows += [{
        "constituentid": str(660_000 + p.number), "ulanid": p.ulan if p in shared else "",
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"nga/person/{p.number}")),
        "preferreddisplayname": p.sort_name, "forwarddisplayname": p.name, "lastname": p.family,
        "displaydate": f"{p.nationality}, {p.birth} - {p.death}", "artistofngaobject": "1",
        "beginyear": str(p.birth), "endyear": str(p.death), "nationality": p.nationality,
        "visualbrowsernationality": p.nationality, "constituenttype": "individual",
        "wikidataid": f"Q{999_900_000 + p.number}" if p in shared else "",
    } for p in sorted(makers, key=lambda p: p.number)]  # fmt: skip
    return [_row("constituents", row)[1] for row in rows]


def associations(objects: list[Row]) -> list[Row]:
    """Rows of `object_associations`: every tenth object is a part of the one before it.

    The part's own `parentid` is set to say the same, as it does in the real data.
    """
    rows = []
    for number, (parent, part) in enumerate(zip(objects[::10], objects[1::10], strict=False)):
        part["parentid"] = parent["objectid"]
        rows.append({
            "parentobjectid": parent["objectid"], "childobjectid": part["objectid"],
            "relationship": "separable" if number % 2 else "inseparable",
        })  # fmt: skip
    return rows


def other_names(people: list[Row]) -> list[Row]:
    """Rows of `constituents_altnames`: everybody's preferred name, now and then a variant or a spouse."""
    rows: list[Row] = []
    for number, person in enumerate(people):
        name, family = person["preferreddisplayname"], person["lastname"]
        said = [("Preferred Name", name)]
        if number % 3 == 1:
            said.append(("Variant", f"{name} the Elder"))
        if number % 7 == 1:
            said.append(("Spouse", f"{family}, Maria"))
        rows += [{
            "altnameid": str(500_000 + 10 * number + step), "constituentid": person["constituentid"],
            "lastname": family, "displayname": text, "forwarddisplayname": "", "nametype": kind,
        } for step, (kind, text) in enumerate(said)]  # fmt: skip
    return rows


def _row(table: str, values: dict[str, str]) -> tuple[str, Row]:
    return table, {column: values.get(column, "") for column in TABLES[table].split()}


def _pixels(body: bytes | None) -> tuple[int, int]:
    """Width and height out of a JPEG's frame header, 800 x 600 where there is no readable file."""
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
