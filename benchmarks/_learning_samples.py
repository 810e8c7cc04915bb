"""The real pictures of $ARTLAKE_SAMPLES/images as training sets, made by the lake's own parts, without a crawl.

The 6,360 files are 5,856 works: 2,461 objects of the MET, which teach departments, 2,626 pictures of WikiArt,
which teach style, genre and artist, and 769 of `best`, artists alone. Works that the manifest files under one
`dup_group`, that people judged to be one file or one work (natural_pairs.csv), that look alike at the lake's own
limit unless people judged them different, or that are one object or album, stay together. `best` names movements
of artists, not of works, so that styles are WikiArt's alone.

`python -m benchmarks._learning_samples` makes the folder and says what is in it.
"""

import csv
import os
import sys
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks._pictures import CACHE
from storage import Lake, schemas

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = CACHE / "learning"
_SAME = ("same_file", "same_work")
_SOURCES = (
    {"source": "met", "museum": "The Metropolitan Museum of Art", "licence": "CC0-1.0", "images_may_be_shown": True},
    {"source": "wikiart", "museum": "WikiArt", "licence": "unknown", "images_may_be_shown": False},
    {"source": "best", "museum": "Best artworks", "licence": "unknown", "images_may_be_shown": False},
)  # fmt: skip
_UNKNOWN = {
    "catalog/fields": schemas.FIELDS,
    "catalog/snapshots": schemas.SNAPSHOTS,
    "catalog/sightings": schemas.SIGHTINGS,
    "images/measures": schemas.MEASURES,
    "duplicates/pairs": schemas.PAIRS,
    "duplicates/similar": schemas.SIMILAR_SETS,
    "duplicates/groups": schemas.GROUPS,
    "duplicates/keepers": schemas.KEEPERS,
    "predictions/departments": schemas.PREDICTIONS,
    "predictions/styles": schemas.PREDICTIONS,
    "predictions/genres": schemas.PREDICTIONS,
    "predictions/artists": schemas.PREDICTIONS,
    "predictions/outliers": schemas.OUTLIERS,
    "similarity/neighbours": schemas.NEIGHBOURS,
    "images/rejects": schemas.REJECTS,
    "crops/proposals": schemas.CROPS,
}

Row = dict[str, str]


@dataclass(frozen=True)
class Samples:
    """Tables of storage.schemas, and what was left out.

    store: root of the derivatives' paths. told: by attribute the report of `models.examples`, and what else there
    is to say of groups and splits.
    """

    store: Path
    artworks: "pa.Table"
    artists: "pa.Table"
    derivatives: "pa.Table"
    features: "pa.Table"
    examples: "pa.Table"
    splits: "pa.Table"
    told: dict[str, Any]


def samples(folder: Path = FOLDER, *, artists_of: str = "wikiart") -> Samples:
    """Derivatives, features, examples and splits of the samples; a picture is worked on once for a folder.

    folder: where they are kept. artists_of: `wikiart` or `best`, whose artists are the attribute artist.
    Raises SystemExit where ARTLAKE_SAMPLES names no samples.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from models import labels, related
    from models.examples import examples
    from models.splits import schemes

    home = _home()
    rows = _rows(home)
    artworks, artists = _catalog(rows)
    derivatives, features = _pictures(home, rows, folder)
    known = set(features["sha256"].to_pylist())
    pictures = pa.table(
        {
            "artwork_id": [name for name, row in rows.items() if row["sha256"] in known],
            "sha256": [row["sha256"] for row in rows.values() if row["sha256"] in known],
        }
    )
    maps = labels.read_all()
    makers = related.makers(artworks, artists, maps["artist"].drops(artists["name"].to_pylist()))
    groups, links = related.groups(artworks, _sets(home, rows, features), makers)
    sizes = Counter(groups["group_id"].to_pylist())
    told: dict[str, Any] = {
        "works that do not decode": len(rows) - len(pictures),
        "links": links,
        "groups": len(sizes),
        "largest groups": [size for _, size in sizes.most_common(5)],
    }
    taught = []
    for attribute, known_map in maps.items():
        source = {"department": "met", "artist": artists_of}.get(attribute, "wikiart")
        own = replace(known_map, sources=(source,))
        made, report = examples(artworks, pictures, groups, own, artists=artists, makers=makers)
        taught.append(made)
        told[attribute] = asdict(report)
    whole = pa.concat_tables(taught)
    split, told["schemes left out"] = schemes(whole, maps, _official(home, rows))
    derivatives = derivatives.filter(pc.is_in(derivatives["sha256"], value_set=whole["sha256"]))
    store = folder / "store"
    return Samples(store, artworks, artists, derivatives, features, whole, split, told)


def lake_of(folder: Path = FOLDER) -> Lake:
    """The samples as a lake, `folder`/lake, with all that training and its report read; predictions are none yet.

    One that is there already is written anew but for its models, so that what was trained stays.
    """
    import pyarrow as pa

    from warehouse.star import STAR, build

    made = samples(folder)
    lake = Lake.open(folder / "lake", "samples")
    if not lake.images.root.exists():
        lake.images.root.parent.mkdir(parents=True, exist_ok=True)
        lake.images.root.symlink_to(made.store.resolve())
    known: dict[str, pa.Table] = {
        "catalog/artworks": made.artworks,
        "catalog/artists": made.artists,
        "catalog/sources": schemas.table(schemas.SOURCES, [*_SOURCES]),
        "images/originals": _originals(made),
        "duplicates/primary": _primary(made),
        "images/derivatives": made.derivatives,
        "embeddings/features": made.features,
        "training/examples": made.examples,
        "training/splits": made.splits,
    }
    empty = {key: schema.empty_table() for key, schema in _UNKNOWN.items()}
    for key, table in {**empty, **known}.items():
        plain = [one.name for one in table.schema if not pa.types.is_nested(one.type)]
        lake.write(key, table, plain[:2])
    for table in STAR:
        build(lake, table)
    return lake


def _originals(made: Samples) -> "pa.Table":
    """ORIGINALS of the pictures that teach; their bytes stay with the samples."""
    rows = {
        row["artwork_id"]: {
            "image_id": f"{row['artwork_id']}#0",
            "artwork_id": row["artwork_id"],
            "source": row["artwork_id"].partition(":")[0],
            "url": row["artwork_id"],
            "sha256": row["sha256"],
            "path": row["artwork_id"],
            "bytes": 0,
            "media_type": "image/jpeg",
        }
        for row in made.examples.to_pylist()
    }
    return schemas.table(schemas.ORIGINALS, list(rows.values()))


def _primary(made: Samples) -> "pa.Table":
    """PRIMARY: each work has one picture."""
    places = {row["sha256"]: row["path"] for row in made.derivatives.to_pylist()}
    rows = {
        row["artwork_id"]: {
            "artwork_id": row["artwork_id"],
            "image_id": f"{row['artwork_id']}#0",
            "sha256": row["sha256"],
            "path": places[row["sha256"]],
            "group_id": f"{row['artwork_id']}#0",
        }
        for row in made.examples.to_pylist()
    }
    return schemas.table(schemas.PRIMARY, list(rows.values()))


def _home() -> Path:
    named = os.environ.get("ARTLAKE_SAMPLES")
    if not named:
        raise SystemExit("ARTLAKE_SAMPLES names no folder of real samples.")
    return Path(named).resolve()


def _rows(home: Path) -> dict[str, Row]:
    """artwork_id → its row of the manifest; of a file filed several times the row that says most."""
    found: dict[str, Row] = {}
    with (home / "images" / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            name = _id(row)
            if name not in found or sum(map(bool, row.values())) > sum(
                map(bool, found[name].values())
            ):
                found[name] = row
    return dict(sorted(found.items()))


def _id(row: Row) -> str:
    path = Path(row["file"])
    # One picture may lie in two folders, under two styles: it is two works, as it would be in a lake.
    own = "/".join(path.with_suffix("").parts[1:])
    return f"{path.parts[0]}:{row['met_object_id'] or own}"


def _catalog(rows: dict[str, Row]) -> tuple["pa.Table", "pa.Table"]:
    """ARTWORKS and ARTISTS of the manifest."""
    from models.labels import term

    works, people = [], {}
    for name, row in rows.items():
        source, _, source_id = name.partition(":")
        artist_id = f"{source}:{term(row['artist'])}"
        if row["artist"]:
            people[artist_id] = {
                "artist_id": artist_id,
                "source": source,
                "source_id": term(row["artist"]),
                "name": row["artist"],
                "source_row": "manifest.csv",
            }
        works.append(
            {
                "artwork_id": name,
                "source": source,
                "source_id": source_id,
                "artists": [{"artist_id": artist_id, "role": None, "position": 0}]
                if row["artist"]
                else [],
                "begin_year": _year(row["begin_year"]),
                "end_year": _year(row["end_year"]),
                "licence": row["rights"],
                "source_row": f"manifest.csv#{row['file']}",
                "date_text": row["object_date"] or None,
                **{
                    column: row[column].replace("_", " ") or None
                    for column in (
                        "title",
                        "medium",
                        "classification",
                        "department",
                        "culture",
                        "style",
                        "genre",
                        "accession_number",
                    )
                },
            }
        )
    artists = [people[name] for name in sorted(people)]
    return schemas.table(schemas.ARTWORKS, works), schemas.table(schemas.ARTISTS, artists)


def _year(text: str) -> int | None:
    return int(float(text)) if text else None


def _pictures(home: Path, rows: dict[str, Row], folder: Path) -> tuple["pa.Table", "pa.Table"]:
    """DERIVATIVES and FEATURES of every file, kept below `folder`."""
    import pyarrow as pa

    from imaging import kernel
    from imaging.versions import MEASURE
    from models.features import Embed, features_table
    from storage import map_files

    store = folder / "store"
    paths = {row["sha256"]: str(home / "images" / row["file"]) for row in rows.values()}
    files = pa.table({"sha256": sorted(paths), "path": [paths[name] for name in sorted(paths)]})
    measured = map_files(
        kernel.Measure(store),
        files,
        folder / "memo" / "measures",
        key="sha256",
        version=MEASURE,
        label="samples: decode",
    )
    derivatives = kernel.derivatives(measured).sort_by("sha256")
    embed = Embed(store)
    found = map_files(
        embed,
        derivatives.select(["sha256", "path"]),
        folder / "memo" / "features",
        key="sha256",
        version=embed.version,
        label="samples: features",
        workers=0,
    )
    return derivatives, features_table(found).sort_by("sha256")


def _sets(home: Path, rows: dict[str, Row], features: "pa.Table") -> "pa.Table":
    """`image_id`, `set_id`: what the manifest, people and the lake's own limit find alike."""
    import numpy as np
    import pyarrow as pa

    from imaging.duplicates.candidates import NEAREST
    from imaging.duplicates.cosine import pairs_above, unit
    from imaging.duplicates.similar import LEAST
    from models.features import matrix

    ids = {row["file"]: name for name, row in rows.items()}
    sha256s = sorted(features["sha256"].to_pylist())
    of_sha = {row["sha256"]: name for name, row in rows.items()}
    members = [(name, f"dup_group {row['dup_group']}") for name, row in rows.items()]
    members += [(name, f"file {row['sha256']}") for name, row in rows.items()]
    refused = set()
    with (home / "images" / "natural_pairs.csv").open(newline="", encoding="utf-8") as lines:
        for number, row in enumerate(csv.DictReader(lines)):
            pair = tuple(ids[row[end]] for end in ("file_a", "file_b") if row[end] in ids)
            if row["label"] in _SAME:
                members += [(name, f"pair {number}") for name in pair]
            elif row["label"] == "different_work":
                refused.add(frozenset(pair))
    i, j, _ = pairs_above(unit(np.asarray(matrix(features, sha256s))), LEAST, NEAREST)
    for a, b in zip(i, j, strict=True):
        pair = tuple(of_sha[sha256s[at]] for at in (a, b))
        if frozenset(pair) not in refused:
            members += [(name, f"alike {a} {b}") for name in pair]
    return pa.table(
        {
            "image_id": [f"{name}#0" for name, _ in members],
            "set_id": [set_id for _, set_id in members],
        }
    )


def _official(home: Path, rows: dict[str, Row]) -> dict[str, dict[str, str]]:
    from models import artgan

    paths = {name: row["source_path"] for name, row in rows.items() if name.startswith("wikiart:")}
    return artgan.matched(artgan.sides(home / "wikiart_labels"), paths)


def main() -> None:
    """Make the folder and print what is in it."""
    made = samples(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
    for name, value in made.told.items():
        print(f"{name}: {value}")
    counted = made.examples.join(made.splits, ["attribute", "artwork_id"])
    counts = counted.group_by(["attribute", "scheme", "split", "label"]).aggregate(
        [("sha256", "count")]
    )
    for row in counts.sort_by(
        [(name, "ascending") for name in counts.column_names[:4]]
    ).to_pylist():
        print("\t".join(map(str, row.values())))


if __name__ == "__main__":
    main()
