"""What must stay on one side of a split: pictures of one work, one object or one album; and who made them.

What belongs here: joining works by what is known of them. A group is a connected component of:

- duplicates: a picture of each is in one duplicate group, or in one set of look-alikes that nobody has
  confirmed or refused; all pictures of a work count, not only its first;
- object: accession numbers that differ only behind their last number (`49.7.25a`, `49.7.25b recto`), or
  a record that says it is `part_of` another;
- album: accession numbers of three numbers or more that differ only in the last one (a gift, a portfolio, a
  sketchbook), and besides one title, one `(from …)` in the title, or one known maker with one date and one
  medium as written.

The album's number alone would join gifts. Measured on 2,461 objects of the MET, of which 1,829 have a number: it
joins 1,026 objects, 64 of them one bequest by many painters; the number and the maker 406, among them 17 works by
Degas; the rule above 290 in 78 albums, of which the largest (36, 27 and 22) are sketchbooks. The rule of objects
joins 38 in 17.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa

from imaging.duplicates.groups import components
from models.labels import term

RULES = ("duplicates", "object", "album")
# Numbers parted by dots; what follows names a part, a side or a leaf of the object.
_NUMBER = re.compile(r"\d+(?:\.\d+)+")
_FROM = re.compile(r"\(from [^)]*\)", re.IGNORECASE)


def groups(
    artworks: pa.Table, pictures: pa.Table, makers: Mapping[str, str]
) -> tuple[pa.Table, dict[str, int]]:
    """`artwork_id`, `group_id` of every artwork, and how many links each rule gave.

    artworks: ARTWORKS. pictures: `image_id` (`<artwork_id>#<position>`) and `set_id`: duplicate groups and
    sets of look-alikes alike, a picture in as many as it is in. makers: artwork_id → key, see `makers`.
    group_id is the smallest artwork_id of the group.
    """
    rows = artworks.sort_by("artwork_id").select(
        ["artwork_id", "source", "accession_number", "title", "date_text", "medium", "misc"]
    )
    works = rows.to_pylist()
    ids = [work["artwork_id"] for work in works]
    keys: dict[str, Iterable[tuple[str, object]]] = {
        "duplicates": (
            (image_id.rpartition("#")[0], set_id)
            for image_id, set_id in zip(
                pictures["image_id"].to_pylist(), pictures["set_id"].to_pylist(), strict=True
            )
        ),
        "object": (pair for work in works for pair in _objects(work)),
        "album": (pair for work in works for pair in _albums(work, makers.get(work["artwork_id"]))),
    }
    place = {artwork_id: number for number, artwork_id in enumerate(ids)}
    links: dict[str, list[tuple[int, int]]] = {rule: _links(keys[rule], place) for rule in RULES}
    ends = np.array([pair for rule in RULES for pair in links[rule]], np.int64).reshape(-1, 2)
    first, _ = components(len(ids), ends[:, 0], ends[:, 1])
    made = pa.table(
        {
            "artwork_id": pa.array(ids, pa.string()),
            "group_id": pa.array([ids[number] for number in first], pa.string()),
        }
    )
    return made, {rule: len(links[rule]) for rule in RULES}


def makers(artworks: pa.Table, artists: pa.Table, unknown: Iterable[str] = ()) -> dict[str, str]:
    """artwork_id → key of its first maker, the same for one person in all sources.

    artists: ARTISTS; records are one person where the `term` of their name, their ULAN number or their
    Wikidata item agree. unknown: names of nobody (anonymous); their works have no maker.
    """
    rows = (
        artists.sort_by("artist_id").select(["artist_id", "name", "ulan", "wikidata"]).to_pylist()
    )
    place = {row["artist_id"]: number for number, row in enumerate(rows)}
    same = _links(
        (
            (row["artist_id"], (kind, value))
            for row in rows
            for kind, value in (
                ("name", term(row["name"])),
                ("ulan", row["ulan"]),
                ("wikidata", row["wikidata"]),
            )
            if value
        ),
        place,
    )
    ends = np.array(same, np.int64).reshape(-1, 2)
    first, _ = components(len(rows), ends[:, 0], ends[:, 1])
    named = {row["artist_id"]: term(rows[first[n]]["name"]) for n, row in enumerate(rows)}
    nobody = {term(name) for name in unknown}
    named = {artist_id: key for artist_id, key in named.items() if key not in nobody}
    return {
        artwork_id: named[links[0]["artist_id"]]
        for artwork_id, links in zip(
            artworks["artwork_id"].to_pylist(), artworks["artists"].to_pylist(), strict=True
        )
        if links and named.get(links[0]["artist_id"])
    }


def _links(pairs: Iterable[tuple[str, object]], place: Mapping[str, int]) -> list[tuple[int, int]]:
    """Each member of a key linked to the first of it."""
    members = defaultdict(set)
    for name, key in pairs:
        if name in place:
            members[key].add(place[name])
    return [
        (min(found), other) for found in members.values() for other in sorted(found - {min(found)})
    ]


def _objects(work: Mapping[str, str | None]) -> Iterable[tuple[str, object]]:
    artwork_id, number = work["artwork_id"] or "", _NUMBER.match(work["accession_number"] or "")
    if number:
        yield artwork_id, (work["source"], number[0])
    for whole in json.loads(work["misc"] or "{}").get("part_of", ()):
        yield artwork_id, whole["artwork_id"]
        yield whole["artwork_id"], whole["artwork_id"]


def _albums(work: Mapping[str, str | None], maker: str | None) -> Iterable[tuple[str, object]]:
    artwork_id, number = work["artwork_id"] or "", _NUMBER.match(work["accession_number"] or "")
    if not number or number[0].count(".") < 2:
        return
    stem = (work["source"], number[0].rpartition(".")[0])
    if title := term(work["title"] or ""):
        yield artwork_id, (stem, "title", title)
    if marked := _FROM.search(work["title"] or ""):
        yield artwork_id, (stem, "from", term(marked[0]))
    if maker and work["medium"]:
        yield (
            artwork_id,
            (stem, "maker", maker, term(work["date_text"] or ""), term(work["medium"])),
        )
