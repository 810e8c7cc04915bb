"""The contract of every table that crosses rooms: columns, types and what they mean.

One schema a table; the name is the key. A field's meaning is its metadata (`meaning(field)`), so that
the data dictionary is generated and never drifts. Tables read by one room alone are that room's own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa


def _schema(
    *columns: tuple[str, pa.DataType, str] | tuple[str, pa.DataType, str, bool],
) -> pa.Schema:
    return pa.schema(
        [
            pa.field(
                column[0], column[1], nullable=len(column) == 3, metadata={"meaning": column[2]}
            )
            for column in columns
        ]
    )


def meaning(field: pa.Field) -> str:
    """The sentence that says what a column holds."""
    return (field.metadata or {}).get(b"meaning", b"").decode()


def table(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table of that schema.

    Raises ValueError naming the row and field when a value does not fit.
    """
    try:
        made = pa.Table.from_pylist(list(rows), schema=schema)
        made.validate()
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ValueError(_first_misfit(schema, rows) or str(error)) from error
    for field in schema:
        if not field.nullable and made[field.name].null_count:
            row = made[field.name].is_null().index(True).as_py()
            raise ValueError(f"row {row}: {field.name} is empty, and must not be: {rows[row]}")
    return made


def _first_misfit(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> str | None:
    for number, row in enumerate(rows):
        for field in schema:
            try:
                pa.array([row.get(field.name)], type=field.type)
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                return f"row {number}: {field.name} does not fit {field.type}: {error}"
    return None


_REQUIRED = False
_ARTIST_LINK = pa.struct(
    [("artist_id", pa.string()), ("role", pa.string()), ("position", pa.int16())]
)

ARTWORKS = _schema(
    ("artwork_id", pa.string(), "`<source>:<source_id>`, stable for ever", _REQUIRED),
    ("source", pa.string(), "which museum or folder the record comes from", _REQUIRED),
    ("source_id", pa.string(), "the source's own identifier of the object", _REQUIRED),
    ("title", pa.string(), "title as the source writes it"),
    ("artists", pa.list_(_ARTIST_LINK), "artists in the source's order, with their roles"),
    ("artist_text", pa.string(), "the artist line as the source writes it"),
    ("date_text", pa.string(), "date as the source writes it"),
    ("begin_year", pa.int32(), "first possible year of making; before Christ is negative"),
    ("end_year", pa.int32(), "last possible year of making; before Christ is negative"),
    (
        "date_precision",
        pa.string(),
        "how exact the words of the date are: year, range, decade, about, open, century or unknown",
    ),
    ("medium", pa.string(), "materials and technique as written"),
    (
        "technique",
        pa.string(),
        "how it was made, where the source names that apart from the medium",
    ),
    ("classification", pa.string(), "kind of object: Paintings, Prints, Swords…"),
    ("department", pa.string(), "the museum's department"),
    ("culture", pa.string(), "culture or people the object comes from"),
    ("school", pa.string(), "school of art: Dutch, Italian…"),
    ("style", pa.string(), "style or movement"),
    ("genre", pa.string(), "subject kind: portrait, landscape…"),
    ("period", pa.string(), "named period or dynasty"),
    ("place", pa.string(), "where it was made or found"),
    ("repository", pa.string(), "who keeps the object"),
    ("repository_city", pa.string(), "the city its keeper is in"),
    ("dimensions_text", pa.string(), "sizes as written"),
    ("height_cm", pa.float64(), "height of the whole object in centimetres"),
    ("width_cm", pa.float64(), "width of the whole object in centimetres"),
    ("accession_number", pa.string(), "the museum's inventory number"),
    ("credit_line", pa.string(), "how the museum wants the object credited"),
    (
        "acquired_year",
        pa.int32(),
        "year in which it entered the collection, as the source or its accession number says",
    ),
    ("notes", pa.string(), "what the source tells of it in sentences: description, inscription…"),
    ("tags", pa.list_(pa.string()), "subject terms of the source"),
    ("is_public_domain", pa.bool_(), "the source says the work is in the public domain"),
    ("licence", pa.string(), "licence of the record and, where open, of its images", _REQUIRED),
    ("object_url", pa.string(), "the object's page at the source"),
    ("misc", pa.string(), "everything the source says that has no column here, as JSON"),
    ("source_row", pa.string(), "address of the row: a URL, or file#row", _REQUIRED),
    ("withdrawn_in", pa.string(), "the snapshot in which the source lists it no longer"),
)

ARTISTS = _schema(
    ("artist_id", pa.string(), "`<source>:<source_id>`, stable for ever", _REQUIRED),
    ("source", pa.string(), "which museum or folder the record comes from", _REQUIRED),
    (
        "source_id",
        pa.string(),
        "the source's own identifier of the artist, or its normalised name",
        _REQUIRED,
    ),
    ("name", pa.string(), "name in reading order, as the source writes it", _REQUIRED),
    ("sort_name", pa.string(), "name as catalogues sort it"),
    ("aliases", pa.list_(pa.string()), "other names the source gives"),
    ("life_text", pa.string(), "life dates and places as written"),
    ("begin_year", pa.int32(), "year of birth or first activity"),
    ("end_year", pa.int32(), "year of death or last activity"),
    ("birth_place", pa.string(), "place of birth, as the life dates name it"),
    ("death_place", pa.string(), "place of death, as the life dates name it"),
    ("nationality", pa.string(), "nationality as written"),
    ("gender", pa.string(), "gender, where the source states one"),
    ("ulan", pa.string(), "Getty ULAN number"),
    ("wikidata", pa.string(), "Wikidata item, Q…"),
    ("misc", pa.string(), "everything else the source says, as JSON"),
    ("source_row", pa.string(), "address of the row: a URL, or file#row", _REQUIRED),
)

IMAGE_LINKS = _schema(
    ("image_id", pa.string(), "`<artwork_id>#<position>`", _REQUIRED),
    ("artwork_id", pa.string(), "the artwork the picture shows", _REQUIRED),
    ("source", pa.string(), "which museum or folder the link comes from", _REQUIRED),
    ("url", pa.string(), "address of the picture (http, https or file)", _REQUIRED),
    ("original_url", pa.string(), "address of a larger file, where there is one"),
    ("position", pa.int16(), "0 for the primary picture, then the source's order", _REQUIRED),
    ("may_fetch", pa.bool_(), "the source's rights allow a download for this use", _REQUIRED),
    ("licence", pa.string(), "licence of the picture", _REQUIRED),
)

SOURCES = _schema(
    ("source", pa.string(), "short code of the source, as in artwork_id", _REQUIRED),
    ("museum", pa.string(), "name of the museum, gallery or collection", _REQUIRED),
    ("licence", pa.string(), "licence of its records", _REQUIRED),
    (
        "images_may_be_shown",
        pa.bool_(),
        "whether its pictures may appear on pages and slides",
        _REQUIRED,
    ),
)

FIELDS = _schema(
    ("source", pa.string(), "short code of the source, as in artwork_id", _REQUIRED),
    ("noun", pa.string(), "the lake's table: artworks or artists", _REQUIRED),
    ("column", pa.string(), "its column", _REQUIRED),
    ("field", pa.string(), "the source's own field or fields it is read from", _REQUIRED),
)

SNAPSHOTS = _schema(
    ("snapshot", pa.string(), "name of the snapshot: met-3", _REQUIRED),
    ("source", pa.string(), "museum or folder that was crawled", _REQUIRED),
    ("number", pa.int32(), "1 for the first of the source", _REQUIRED),
    ("taken_at", pa.string(), "when it was taken: 2026-10-01T03:12:45+00:00", _REQUIRED),
    ("works", pa.int64(), "artworks the source listed then", _REQUIRED),
    ("added", pa.int64(), "artworks that the snapshot before did not have", _REQUIRED),
    ("changed", pa.int64(), "artworks with other values than in the snapshot before", _REQUIRED),
    ("withdrawn", pa.int64(), "artworks that the source listed no longer", _REQUIRED),
)

SIGHTINGS = _schema(
    ("artwork_id", pa.string(), "`<source>:<source_id>`", _REQUIRED),
    ("first_seen", pa.string(), "the first snapshot that has it", _REQUIRED),
    ("changed_in", pa.string(), "the last snapshot in which its record had changed"),
)

HISTORY = _schema(
    ("source", pa.string(), "museum or folder the record comes from", _REQUIRED),
    ("noun", pa.string(), "the source's table whose record it is", _REQUIRED),
    ("record_id", pa.string(), "what names the record in that table", _REQUIRED),
    ("first_seen", pa.string(), "the first snapshot that has it", _REQUIRED),
    ("last_seen", pa.string(), "the last snapshot that has it", _REQUIRED),
    ("withdrawn_in", pa.string(), "the snapshot in which the source lists it no longer"),
    (
        "changes",
        pa.list_(pa.struct([("snapshot", pa.string()), ("fields", pa.list_(pa.string()))])),
        "the snapshots in which it had changed, and the fields that had",
        _REQUIRED,
    ),
    (
        "last_rows",
        pa.string(),
        "of records not there now: their rows as last seen, as JSON by table",
    ),
)

REJECTS = _schema(
    ("stage", pa.string(), "the stage that refused it", _REQUIRED),
    ("source", pa.string(), "museum or folder it came from", _REQUIRED),
    ("subject", pa.string(), "the record, address or file that was refused", _REQUIRED),
    ("reason", pa.string(), "short code of the reason, the same for the same fault", _REQUIRED),
    ("detail", pa.string(), "what exactly was wrong"),
)

ORIGINALS = _schema(
    ("image_id", pa.string(), "the image link this file answers", _REQUIRED),
    ("artwork_id", pa.string(), "the artwork the picture shows", _REQUIRED),
    ("source", pa.string(), "museum or folder it came from", _REQUIRED),
    ("url", pa.string(), "address it was fetched from", _REQUIRED),
    ("sha256", pa.string(), "content of the file, and its name in the store", _REQUIRED),
    ("path", pa.string(), "file below the image store", _REQUIRED),
    ("bytes", pa.int64(), "size of the file", _REQUIRED),
    ("media_type", pa.string(), "what the bytes are, by their first bytes", _REQUIRED),
)

FRAME_HASHES = pa.struct(
    [
        ("frame", pa.string()),
        ("phash", pa.uint64()),
        ("dhash_h", pa.uint64()),
        ("dhash_v", pa.uint64()),
    ]
)
COLOUR = pa.struct([("rgb", pa.string()), ("share", pa.float32())])

MEASURES = _schema(
    ("sha256", pa.string(), "content of the original", _REQUIRED),
    (
        "width",
        pa.int32(),
        "pixels across, as it should be seen (EXIF orientation applied)",
        _REQUIRED,
    ),
    ("height", pa.int32(), "pixels down, as it should be seen", _REQUIRED),
    ("mode", pa.string(), "colour mode of the file as Pillow names it", _REQUIRED),
    ("format", pa.string(), "file format as Pillow names it", _REQUIRED),
    (
        "frames",
        pa.int32(),
        "frames of an animation, 1 for a still; the first is measured",
        _REQUIRED,
    ),
    (
        "phash",
        pa.uint64(),
        "64-bit perceptual hash, imagehash.phash's bits, first bit highest",
        _REQUIRED,
    ),
    ("ahash", pa.uint64(), "64-bit average hash (imagehash.average_hash)", _REQUIRED),
    ("dhash_h", pa.uint64(), "64-bit difference hash along rows (imagehash.dhash)", _REQUIRED),
    (
        "dhash_v",
        pa.uint64(),
        "64-bit difference hash along columns (imagehash.dhash_vertical)",
        _REQUIRED,
    ),
    (
        "phash_turned",
        pa.list_(pa.uint64(), 8),
        "phash of the picture turned counter-clockwise by 0, 90, 180, 270 degrees, then of its mirror image",
        _REQUIRED,
    ),
    (
        "frame_hashes",
        pa.list_(FRAME_HASHES),
        "hashes of parts: 95 and 90 % of the middle; without 7, 12 and 18 % all around; without 8 % of "
        "one side; and without its plain border, if it has one",
        _REQUIRED,
    ),
    ("whash", pa.uint64(), "64-bit wavelet hash (imagehash.whash), where asked for"),
    ("crop_hashes", pa.list_(pa.uint64()), "crop-resistant segment hashes, where asked for"),
    ("sharpness", pa.float32(), "variance of the Laplacian of the 256-px grey picture", _REQUIRED),
    (
        "sharpness_full",
        pa.float32(),
        "variance of the Laplacian at full resolution, the 90th percentile of its tiles",
        _REQUIRED,
    ),
    ("noise", pa.float32(), "standard deviation of noise in grey levels, Immerkær 1996", _REQUIRED),
    ("brightness", pa.float32(), "mean luma, 0–1", _REQUIRED),
    ("contrast", pa.float32(), "standard deviation of luma, 0–1, of the 256-px picture", _REQUIRED),
    (
        "clipped_dark",
        pa.float32(),
        "share of the 256-px picture at the black end, luma below 4 of 255",
        _REQUIRED,
    ),
    (
        "clipped_bright",
        pa.float32(),
        "share of the 256-px picture at the white end, luma above 251",
        _REQUIRED,
    ),
    ("colourfulness", pa.float32(), "Hasler and Süsstrunk 2003, 0 for grey", _REQUIRED),
    ("entropy", pa.float32(), "Shannon entropy of luma in bits, 0–8", _REQUIRED),
    (
        "colours",
        pa.list_(COLOUR),
        "up to five dominant colours as #rrggbb with their share, the largest first",
        _REQUIRED,
    ),
    ("border_left", pa.float32(), "plain border, as a share of the width", _REQUIRED),
    ("border_top", pa.float32(), "plain border, as a share of the height", _REQUIRED),
    ("border_right", pa.float32(), "plain border, as a share of the width", _REQUIRED),
    ("border_bottom", pa.float32(), "plain border, as a share of the height", _REQUIRED),
    ("has_chart", pa.bool_(), "a colour chart or grey scale lies beside the object", _REQUIRED),
    ("jpeg_quality", pa.int16(), "quality 1–100 that its quantisation tables tell; none but JPEGs"),
    ("taken_at", pa.string(), "EXIF time of capture with sub-seconds: 2024-05-31T14:03:22.510"),
    ("edited_at", pa.string(), "EXIF or XMP time of the last edit, in the same form"),
    ("camera", pa.string(), "EXIF make, model and serial number of the camera"),
    ("icc", pa.string(), "name of the embedded colour profile"),
    ("rating", pa.int8(), "embedded xmp:Rating: 0–5, -1 for rejected"),
)

DERIVATIVES = _schema(
    ("sha256", pa.string(), "content of the original", _REQUIRED),
    (
        "path",
        pa.string(),
        "JPEG below the image store, shorter side 256 px at most, sRGB",
        _REQUIRED,
    ),
    ("width", pa.int32(), "pixels across", _REQUIRED),
    ("height", pa.int32(), "pixels down", _REQUIRED),
    (
        "content",
        pa.string(),
        "sha256 of the derivative itself: what is made of it is kept by this",
        _REQUIRED,
    ),
)

DECISIONS = _schema(
    (
        "number",
        pa.int32(),
        "line of the decisions file: a later one wins over an earlier",
        _REQUIRED,
    ),
    ("image_a", pa.string(), "a picture; for keep_this the one to keep", _REQUIRED),
    ("image_b", pa.string(), "the other picture", _REQUIRED),
    ("verdict", pa.string(), "not_duplicate, keep_both or keep_this", _REQUIRED),
)

PAIRS = _schema(
    ("image_a", pa.string(), "the smaller image_id", _REQUIRED),
    ("image_b", pa.string(), "the larger image_id", _REQUIRED),
    (
        "kind",
        pa.string(),
        "same_file, same_image, same_work, variant, or different_work for a refused proposal",
        _REQUIRED,
    ),
    (
        "relation",
        pa.string(),
        "how the two differ: grey_of_colour, detail, framed, mirrored, turned, recto_verso, edition, "
        "pendant, other_photograph; empty where nothing is known",
    ),
    ("confirmed", pa.bool_(), "whether the pair joins a group", _REQUIRED),
    ("proposed_by", pa.string(), "file, derivative, hash, embedding, record or person", _REQUIRED),
    ("phash_distance", pa.int16(), "differing bits of the perceptual hashes in the matched frame"),
    ("dhash_distance", pa.int16(), "differing bits of both difference hashes in that frame"),
    ("frame", pa.string(), "the frames and turn in which the hashes matched"),
    ("likeness", pa.float32(), "correlation of structure after alignment, -1 to 1"),
    ("cosine", pa.float32(), "cosine similarity of the embeddings, where they were given"),
    ("evidence", pa.string(), "why it was confirmed or refused, in words", _REQUIRED),
)

SIMILAR_SETS = _schema(
    (
        "image_id",
        pa.string(),
        "a picture that looks like another without being confirmed",
        _REQUIRED,
    ),
    ("set_id", pa.string(), "the smallest image_id of its set", _REQUIRED),
    ("set_size", pa.int32(), "pictures in the set", _REQUIRED),
    ("nearest", pa.string(), "the picture of the set it looks most like", _REQUIRED),
    ("cosine", pa.float32(), "cosine similarity to that one", _REQUIRED),
)

GROUPS = _schema(
    (
        "image_id",
        pa.string(),
        "a picture; one that has no duplicate is a group of its own",
        _REQUIRED,
    ),
    ("group_id", pa.string(), "the smallest image_id of its group", _REQUIRED),
    ("group_size", pa.int32(), "pictures in the group", _REQUIRED),
)

KEEPERS = _schema(
    ("image_id", pa.string(), "a picture of a group of two or more", _REQUIRED),
    ("group_id", pa.string(), "its group", _REQUIRED),
    ("is_keeper", pa.bool_(), "whether it is the one to keep", _REQUIRED),
    ("rank", pa.int16(), "1 for the keeper, then by quality", _REQUIRED),
    ("reason", pa.string(), "why it ranks there, in words", _REQUIRED),
)

PRIMARY = _schema(
    ("artwork_id", pa.string(), "an artwork with at least one picture that decodes", _REQUIRED),
    ("image_id", pa.string(), "its first such picture in the source's order", _REQUIRED),
    ("sha256", pa.string(), "content of that picture", _REQUIRED),
    ("path", pa.string(), "its derivative below the image store", _REQUIRED),
    ("group_id", pa.string(), "duplicate group of that picture", _REQUIRED),
)

CROPS = _schema(
    ("sha256", pa.string(), "content of the original", _REQUIRED),
    ("ratio", pa.string(), "wanted width:height", _REQUIRED),
    ("rank", pa.int16(), "1 for the best proposal", _REQUIRED),
    ("left", pa.float32(), "left edge, as a share of the width as seen", _REQUIRED),
    ("top", pa.float32(), "top edge, as a share of the height as seen", _REQUIRED),
    ("right", pa.float32(), "right edge, as a share of the width as seen", _REQUIRED),
    ("bottom", pa.float32(), "bottom edge, as a share of the height as seen", _REQUIRED),
    ("proposer", pa.string(), "what proposed it: saliency, faces or smartcrop", _REQUIRED),
    (
        "confidence",
        pa.float32(),
        "share of the picture's importance inside, 0–1; a thing that is cut counts the square of its share",
        _REQUIRED,
    ),
)

FEATURES = _schema(
    ("sha256", pa.string(), "content of the original", _REQUIRED),
    ("vector", pa.list_(pa.float32(), 1280), "pooled features, not normalised", _REQUIRED),
    ("model", pa.string(), "fingerprint of architecture, weights and input", _REQUIRED),
)

PREDICTIONS = _schema(
    ("artwork_id", pa.string(), "the artwork, judged by its primary picture", _REQUIRED),
    ("attribute", pa.string(), "what is predicted: department, style, genre, artist", _REQUIRED),
    ("rank", pa.int16(), "1 for the most likely label", _REQUIRED),
    ("label", pa.string(), "predicted label", _REQUIRED),
    ("probability", pa.float32(), "calibrated probability, 0–1", _REQUIRED),
    ("model", pa.string(), "fingerprint of the model that said it", _REQUIRED),
)

OUTLIERS = _schema(
    ("artwork_id", pa.string(), "the artwork, judged by its primary picture", _REQUIRED),
    ("attribute", pa.string(), "the attribute whose model was asked", _REQUIRED),
    ("uncertainty", pa.float32(), "1 − highest softmax probability", _REQUIRED),
    (
        "centroid_distance",
        pa.float32(),
        "cosine distance to the centroid of its own label",
        _REQUIRED,
    ),
    ("rank", pa.int32(), "1 for the oddest", _REQUIRED),
    ("reason", pa.string(), "why it stands out, in words", _REQUIRED),
    ("entropy", pa.float32(), "entropy of the softmax probabilities, in nats"),
    ("energy", pa.float32(), "negative logsumexp of the logits (Liu et al. 2020); higher is odder"),
    (
        "mahalanobis",
        pa.float32(),
        "distance to the mean of its own label under one covariance, features of length one",
    ),
    (
        "knn_distance",
        pa.float32(),
        "distance to the 10th nearest picture of other folds, features of length one",
    ),
    ("label_issue", pa.bool_(), "whether the label itself is likely to be wrong"),
    ("suggested_label", pa.string(), "the label that fits better, where the own one is doubted"),
    ("suggested_probability", pa.float32(), "its calibrated probability, 0–1"),
)

NEIGHBOURS = _schema(
    ("artwork_id", pa.string(), "the artwork asked about", _REQUIRED),
    ("rank", pa.int16(), "1 for the nearest", _REQUIRED),
    (
        "neighbour_id",
        pa.string(),
        "an artwork that looks like it (never of its own duplicate group)",
        _REQUIRED,
    ),
    ("cosine", pa.float32(), "cosine similarity of the embeddings", _REQUIRED),
)

PROJECTION = _schema(
    ("artwork_id", pa.string(), "the artwork", _REQUIRED),
    ("x", pa.float32(), "first coordinate on the map", _REQUIRED),
    ("y", pa.float32(), "second coordinate on the map", _REQUIRED),
)

CORRECTIONS = _schema(
    ("artwork_id", pa.string(), "the artwork whose label was wrong or missing", _REQUIRED),
    ("attribute", pa.string(), "which label: department, style, genre, artist", _REQUIRED),
    (
        "label",
        pa.string(),
        "the label that a person accepted; it wins over the written one",
        _REQUIRED,
    ),
    ("accepted_by", pa.string(), "who accepted it", _REQUIRED),
    ("accepted_on", pa.string(), "the day it was accepted: 2026-10-01", _REQUIRED),
)

EXAMPLES = _schema(
    ("attribute", pa.string(), "what is learned: department, style, genre, artist", _REQUIRED),
    ("artwork_id", pa.string(), "the artwork", _REQUIRED),
    ("sha256", pa.string(), "its primary picture", _REQUIRED),
    ("label", pa.string(), "the class to learn, after corrections and the label map", _REQUIRED),
    (
        "group_id",
        pa.string(),
        "smallest artwork_id of its duplicates, look-alikes, object and album: never on two sides",
        _REQUIRED,
    ),
    ("artist", pa.string(), "key of its maker, for artist-disjoint splits; empty where unknown"),
    (
        "provenance",
        pa.string(),
        "where the label is from: `department of met`, `correction of 2026-10-01 by ada`",
        _REQUIRED,
    ),
    ("as_written", pa.string(), "what the source says; empty where only a correction has a label"),
)

SPLITS = _schema(
    ("attribute", pa.string(), "what is learned", _REQUIRED),
    ("artwork_id", pa.string(), "the artwork", _REQUIRED),
    ("split", pa.string(), "train, validation or test", _REQUIRED),
    (
        "scheme",
        pa.string(),
        "grouped, artist_disjoint, official, or naive, which is kept to show what leaks",
        _REQUIRED,
    ),
)
