"""A small lake with hand-made rows, among them those that break warehouses and pages.

Two museums, a gallery whose pictures may not be shown, and a folder; Rembrandt in three spellings, BC
dates, impossible years, empty records, a 40,000-character title, emoji and right-to-left text, an
object without a picture, a picture without an object, an undecodable file.
"""

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
from PIL import Image, ImageDraw

from storage import Lake, schemas
from storage.files import sha256_file

LONG_TITLE = "A very long title " * 2223
MODEL = "tf_efficientnet_lite0+head:0123abcd"

MUSEUMS = {
    "met": "The Metropolitan Museum of Art",
    "nga": "National Gallery of Art",
    "wga": "Web Gallery of Art",
    "folder": "Folder of pictures",
}

ARTISTS: list[dict[str, Any]] = [
    {"artist_id": "met:1", "name": "Rembrandt (Rembrandt van Rijn)", "begin_year": 1606, "end_year": 1669, "ulan": "500011051", "wikidata": "Q5598", "nationality": "Dutch", "birth_place": "Leiden", "death_place": "Amsterdam"},
    {"artist_id": "nga:1822", "name": "Rembrandt van Rijn", "begin_year": 1606, "end_year": 1669, "ulan": "500011051", "aliases": ["Rembrandt Harmensz. van Rijn"]},
    {"artist_id": "wga:rembrandt", "name": "Rembrandt Van Rijn", "begin_year": 1606, "end_year": 1669, "birth_place": "Leyden"},
    {"artist_id": "folder:r", "name": "R. van Rijn", "wikidata": "Q5598"},
    {"artist_id": "met:2", "name": "Hans Müller", "begin_year": 1500, "end_year": 1560},
    {"artist_id": "wga:muller", "name": "Hans Muller", "begin_year": 1500, "end_year": 1560},
    {"artist_id": "met:3", "name": "Jan Smit", "begin_year": 1600, "end_year": 1650, "ulan": "1"},
    {"artist_id": "nga:3", "name": "Jan Smit", "begin_year": 1600, "end_year": 1650, "ulan": "2"},
    {"artist_id": "wga:smit", "name": "Jan Smit", "begin_year": 1600, "end_year": 1650},
    {"artist_id": "met:4", "name": "Anonymous"},
    {"artist_id": "nga:4", "name": "Anonymous"},
    {"artist_id": "met:5", "name": "Backwards", "begin_year": 1700, "end_year": 1650},
    {"artist_id": "met:6", "name": "ناصر 🎨", "begin_year": 1900, "end_year": 1980},
]  # fmt: skip

ARTWORKS: list[dict[str, Any]] = [
    {"artwork_id": "met:10", "title": "Self-Portrait", "artists": [("met:1", "Artist")], "date_text": "1660", "begin_year": 1660, "end_year": 1660, "date_precision": "year", "medium": "Oil on canvas", "classification": "Paintings", "department": "European Paintings", "school": "Dutch", "style": "Baroque", "height_cm": 80.3, "width_cm": 67.3, "is_public_domain": True, "tags": ["Portraits", "Men"], "credit_line": "Bequest of Benjamin Altman, 1913"},
    {"artwork_id": "met:11", "title": "Vessel 🏺 with ibexes", "date_text": "ca. 3500–3300 B.C.", "begin_year": -3500, "end_year": -3300, "date_precision": "about", "medium": "Ceramic", "classification": "Ceramics", "department": "Ancient Near Eastern Art", "culture": "Iran", "is_public_domain": True},
    {"artwork_id": "met:12", "title": LONG_TITLE, "artists": [("met:2", "Artist"), ("met:3", "Printer"), ("met:1", "After")], "begin_year": 1550, "end_year": 1540, "medium": "oil  on canvas ", "department": "european paintings"},
    {"artwork_id": "met:13"},
    {"artwork_id": "met:14", "title": "لوحة", "artists": [("met:6", None)], "begin_year": 99999, "end_year": 99999, "department": "Islamic Art", "style": "baroque"},
    {"artwork_id": "met:15", "title": "The Last Year <b>before</b> & the first", "artists": [("met:999", "Artist")], "begin_year": -1, "end_year": 1, "department": "Greek and Roman Art"},
    {"artwork_id": "nga:20", "title": "Self-Portrait", "artists": [("nga:1822", "artist")], "begin_year": 1659, "end_year": 1659, "medium": "oil on canvas", "classification": "Painting", "department": "European Paintings", "school": "Dutch", "style": "Baroque"},
    {"artwork_id": "nga:21", "title": "Landscape with a Mill", "artists": [("nga:3", "artist"), ("nga:4", "related artist")], "begin_year": 1601, "end_year": 1650, "school": "Dutch"},
    {"artwork_id": "wga:a/rembrandt/1", "title": "Self-Portrait", "artists": [("wga:rembrandt", "Artist")], "begin_year": 1660, "end_year": 1660, "school": "Dutch", "licence": "educational and personal use only, no redistribution"},
    {"artwork_id": "folder:cat.jpg", "title": None, "licence": "unknown"},
]  # fmt: skip

FIELDS = [
    {"source": "met", "noun": "artworks", "column": "title", "field": "title"},
    {"source": "met", "noun": "artists", "column": "ulan", "field": "constituentULAN_URL"},
    {"source": "nga", "noun": "artworks", "column": "title", "field": "objects.title"},
]
SNAPSHOTS = [
    {"snapshot": "met-1", "source": "met", "number": 1, "taken_at": "2026-09-01T03:00:00+00:00",
     "works": 5, "added": 5, "changed": 0, "withdrawn": 0},
    {"snapshot": "met-2", "source": "met", "number": 2, "taken_at": "2026-10-01T03:00:00+00:00",
     "works": 6, "added": 1, "changed": 1, "withdrawn": 0},
    {"snapshot": "nga-1", "source": "nga", "number": 1, "taken_at": "2026-10-02T12:30:00+00:00",
     "works": 2, "added": 2, "changed": 0, "withdrawn": 0},
]  # fmt: skip
SIGHTINGS = [
    {"artwork_id": "met:10", "first_seen": "met-1", "changed_in": "met-2"},
    {"artwork_id": "met:11", "first_seen": "met-1", "changed_in": None},
    {"artwork_id": "met:14", "first_seen": "met-2", "changed_in": None},
    {"artwork_id": "nga:20", "first_seen": "nga-1", "changed_in": None},
]

PICTURES = [
    ("met:10#0", "umber"), ("met:11#0", "ochre"), ("met:12#0", "sepia"), ("met:12#1", "olive"),
    ("met:14#0", "teal"), ("nga:20#0", "umber 2"), ("nga:21#0", "green"), ("wga:a/rembrandt/1#0", "umber 3"),
    ("folder:cat.jpg#0", "grey"), ("gone:1#0", "gone"), ("met:15#0", "broken"),
]  # fmt: skip
GROUP = ("met:10#0", "nga:20#0", "wga:a/rembrandt/1#0")
BROKEN = "met:15#0"


def make(root: Path, *, predictions: bool = True, pictures: bool = True) -> Lake:
    """Write the small lake below `root`."""
    lake = Lake.open(root, "hand-made")
    write(lake, "catalog/artworks", schemas.ARTWORKS, [_artwork(row) for row in ARTWORKS])
    write(lake, "catalog/artists", schemas.ARTISTS, [_sourced(row, "artist_id") for row in ARTISTS])
    sources = [
        {"source": source, "museum": name, "licence": "CC0", "images_may_be_shown": source != "wga"}
        for source, name in MUSEUMS.items()
    ]
    write(lake, "catalog/sources", schemas.SOURCES, sources)
    write(lake, "catalog/fields", schemas.FIELDS, FIELDS)
    write(lake, "catalog/snapshots", schemas.SNAPSHOTS, SNAPSHOTS)
    write(lake, "catalog/sightings", schemas.SIGHTINGS, SIGHTINGS)
    originals, measures, derivatives = [], [], []
    for image_id, name in PICTURES if pictures else []:
        original, measure, derivative = _picture(lake, image_id, name)
        originals.append(original)
        if image_id != BROKEN:
            measures.append(measure)
            derivatives.append(derivative)
    write(lake, "images/originals", schemas.ORIGINALS, originals)
    write(lake, "images/measures", schemas.MEASURES, measures)
    write(lake, "images/derivatives", schemas.DERIVATIVES, derivatives)
    _write_duplicates(lake, [row["image_id"] for row in originals if row["image_id"] != BROKEN])
    _write_learned(lake, predictions)
    _write_rejects_and_crops(lake, measures)
    return lake


def write(lake: Lake, key: str, schema: pa.Schema, rows: list[dict[str, Any]]) -> None:
    """Write rows that fit `schema` under `key`, sorted by its first column."""
    lake.write(key, schemas.table(schema, rows), [schema.names[0]])


def _sourced(row: dict[str, Any], key: str) -> dict[str, Any]:
    source, _, source_id = row[key].partition(":")
    return {"source": source, "source_id": source_id, "source_row": f"{source}.csv#1"} | row


def _artwork(row: dict[str, Any]) -> dict[str, Any]:
    artists = [
        {"artist_id": artist_id, "role": role, "position": position}
        for position, (artist_id, role) in enumerate(row.get("artists", []))
    ]
    return {"licence": "CC0"} | _sourced(row, "artwork_id") | {"artists": artists or None}


def _picture(lake: Lake, image_id: str, name: str) -> tuple[dict[str, Any], ...]:
    artwork_id = image_id.split("#", maxsplit=1)[0]
    picture = Image.new("RGB", (256, 320), (sum(map(ord, name)) % 200, 120, 90))
    ImageDraw.Draw(picture).ellipse((40, 60, 216, 260), fill=(230, 210, 170))
    ImageDraw.Draw(picture).text((90, 150), name, fill=(20, 20, 20))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG")
    sha256, path = lake.images.add_bytes(buffer.getvalue(), ".jpg")
    derivative = lake.images.path(sha256, "derivative", ".jpg")
    derivative.parent.mkdir(parents=True, exist_ok=True)
    picture.save(derivative, "JPEG")
    original = {
        "image_id": image_id, "artwork_id": artwork_id, "source": artwork_id.split(":")[0],
        "url": f"https://museum.example/{name}.jpg", "sha256": sha256,
        "path": lake.images.relative(path), "bytes": len(buffer.getvalue()), "media_type": "image/jpeg",
    }  # fmt: skip
    measure = {
        "sha256": sha256, "width": 2560, "height": 3200, "mode": "RGB", "format": "JPEG", "frames": 1,
        "phash": 2**63 + 5, "ahash": 3, "dhash_h": 1, "dhash_v": 2, "phash_turned": [2**63 + 5] * 8,
        "frame_hashes": [], "sharpness": 120.5, "sharpness_full": 90.0, "noise": 2.0, "brightness": 0.5,
        "contrast": 0.2, "clipped_dark": 0.0, "clipped_bright": 0.01, "colourfulness": 30.0, "entropy": 6.5,
        "colours": [{"rgb": "#e6d2aa", "share": 0.6}], "border_left": 0.0, "border_top": 0.0,
        "border_right": 0.0, "border_bottom": 0.0, "has_chart": False, "jpeg_quality": 75,
    }  # fmt: skip
    small = {
        "sha256": sha256, "path": lake.images.relative(derivative), "width": 256, "height": 320,
        "content": sha256_file(derivative),
    }  # fmt: skip
    return original, measure, small


def _write_duplicates(lake: Lake, image_ids: list[str]) -> None:
    grouped = [image_id for image_id in GROUP if image_id in image_ids]
    groups = [
        {"image_id": image_id, "group_id": grouped[0], "group_size": len(grouped)}
        if image_id in grouped
        else {"image_id": image_id, "group_id": image_id, "group_size": 1}
        for image_id in image_ids
    ]
    keepers = [
        {"image_id": image_id, "group_id": grouped[0], "is_keeper": rank == 1, "rank": rank,
         "reason": "most pixels" if rank == 1 else "fewer pixels than the keeper"}
        for rank, image_id in enumerate(grouped, 1)
    ]  # fmt: skip
    pairs = [
        {"image_a": grouped[0], "image_b": other, "kind": "same_work", "confirmed": True,
         "proposed_by": "hash", "likeness": 0.9, "evidence": "one picture, by structure"}
        for other in grouped[1:]
    ]  # fmt: skip
    write(lake, "duplicates/pairs", schemas.PAIRS, pairs)
    write(lake, "duplicates/similar", schemas.SIMILAR_SETS, [])
    write(lake, "duplicates/groups", schemas.GROUPS, groups)
    write(lake, "duplicates/keepers", schemas.KEEPERS, keepers)


def _write_learned(lake: Lake, filled: bool) -> None:
    def guesses(attribute: str, labels: dict[str, tuple[str, float]]) -> list[dict[str, Any]]:
        rows = []
        for artwork_id, (label, probability) in labels.items():
            shared = {"artwork_id": artwork_id, "attribute": attribute, "model": MODEL}
            rows.append(shared | {"rank": 1, "label": label, "probability": probability})
            rows.append(shared | {"rank": 2, "label": "other", "probability": 1 - probability})
        return rows if filled else []

    departments = {"met:10": ("European Paintings", 0.97), "met:11": ("European Paintings", 0.55),
                   "gone:1": ("Islamic Art", 0.5), "nga:21": ("European Paintings", 0.8)}  # fmt: skip
    write(lake, "predictions/departments", schemas.PREDICTIONS, guesses("department", departments))
    write(
        lake,
        "predictions/styles",
        schemas.PREDICTIONS,
        guesses("style", {"met:10": ("baroque", 0.7)}),
    )
    write(lake, "predictions/genres", schemas.PREDICTIONS, [])
    write(lake, "predictions/artists", schemas.PREDICTIONS, [])
    write(lake, "training/examples", schemas.EXAMPLES, [])
    oddest = [{"artwork_id": "met:11", "attribute": "department", "uncertainty": 0.45,
               "centroid_distance": 0.8, "rank": 1, "reason": "far from its department's centre"}]  # fmt: skip
    write(lake, "predictions/outliers", schemas.OUTLIERS, oddest if filled else [])
    pairs = [("met:10", "met:12"), ("met:10", "met:14"), ("met:10", "wga:a/rembrandt/1"),
             ("nga:20", "met:14"), ("nga:21", "met:11")]  # fmt: skip
    ranks: dict[str, int] = {}
    neighbours = []
    for asked, neighbour in pairs if filled else []:
        ranks[asked] = ranks.get(asked, 0) + 1
        neighbours.append({"artwork_id": asked, "rank": ranks[asked], "neighbour_id": neighbour,
                           "cosine": 1 - 0.1 * ranks[asked]})  # fmt: skip
    write(lake, "similarity/neighbours", schemas.NEIGHBOURS, neighbours)


def _write_rejects_and_crops(lake: Lake, measures: list[dict[str, Any]]) -> None:
    broken = {"stage": "images", "source": "met", "subject": BROKEN, "reason": "truncated",
              "detail": "the file ends in the middle of a scan"}  # fmt: skip
    write(lake, "images/rejects", schemas.REJECTS, [broken])
    crops = [
        {"sha256": measure["sha256"], "ratio": "1:1", "rank": 1, "left": 0.0, "top": 0.1,
         "right": 1.0, "bottom": 0.9, "proposer": "saliency", "confidence": 0.93}
        for measure in measures
    ]  # fmt: skip
    write(lake, "crops/proposals", schemas.CROPS, crops)
