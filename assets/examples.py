"""Training sets: which pictures teach, with which label, and on which side of each split they stand."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.stage import Results, Work, blocking, preview, spec, stage
from models.labels import read_all
from storage import Lake
from storage.files import replacing, write_bytes

if TYPE_CHECKING:
    import pyarrow as pa

ATTRIBUTES = tuple(read_all())  # a head and predictions each: what models/labels/*.yaml name
_INPUTS = [
    "catalog/artworks",
    "catalog/artists",
    "catalog/image_links",
    "duplicates/pairs",
    "duplicates/groups",
    "duplicates/similar",
    "duplicates/primary",
    "embeddings/features",
    "training/corrections",
]
_MANIFESTS = "training/manifests"
_LEAKAGE = "training/leakage"
_LEAKS = ("test", "groups_on_two_sides", "artists_on_two_sides", "near_duplicates", "tested")


@stage(
    spec(
        "training/examples",
        _INPUTS,
        "Pictures with the labels to learn, after label maps and corrections, and where each is from.",
        code_version="3",
        kinds={"parquet"},
    ),
    spec(
        "training/splits",
        _INPUTS,
        "Train, validation and test under each scheme; what belongs together never stands on two sides.",
        code_version="3",
        kinds={"scikitlearn", "parquet"},
    ),
    checks=[
        blocking(
            "no_group_on_two_sides",
            "training/splits",
            "works of one group (duplicates, object, album) are on one side of each scheme but the naive",
        ),
        dg.AssetCheckSpec(
            "every_attribute_is_split",
            asset=dg.AssetKey(["training", "splits"]),
            description="no attribute is left out because a label of it cannot be on every side",
        ),
    ],
)
def examples(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    samples: dg.ResourceParam[Path | None],
) -> Results:
    """Collect labels and split them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from models import related
    from models.examples import TooFewExamplesError
    from models.examples import examples as collect
    from models.leakage import torn_groups
    from models.splits import schemes
    from storage import schemas

    work, maps = Work(lake), read_all()
    artworks, artists = lake.read("catalog/artworks"), lake.read("catalog/artists")
    nobody = maps["artist"].drops(artists["name"].to_pylist())
    makers = related.makers(artworks, artists, nobody)
    groups, links = related.groups(artworks, _alike(lake), makers)
    pictures, corrections = embedded_pictures(lake), lake.read("training/corrections")
    told: dict[str, Any] = {f"links by {rule}": count for rule, count in links.items()}
    labelled = [schemas.EXAMPLES.empty_table()]
    for attribute, labels in maps.items():
        try:
            found, report = collect(
                artworks,
                pictures,
                groups,
                labels,
                artists=artists,
                makers=makers,
                corrections=corrections,
            )
        except TooFewExamplesError as error:
            context.log.warning(str(error))
            told[attribute] = str(error)
            continue
        told[f"{attribute}: labels too rare"] = str(report.dropped_labels or "none")
        told[f"{attribute}: labels dropped by the map"] = str(report.dropped_by_map or "none")
        told[f"{attribute}: groups with two labels"] = report.conflicts
        told[f"{attribute}: labels corrected"] = report.corrected
        labelled.append(found)
    whole = pa.concat_tables(labelled)
    splits, left_out = schemes(whole, maps, _official(lake, samples))
    for why in left_out.values():
        context.log.warning(why)
    # What cannot be split can be neither taught nor judged: behind this it is as if it had no labels.
    split = pc.unique(splits["attribute"])
    unsplit = sorted(set(whole["attribute"].to_pylist()) - set(split.to_pylist()))
    told |= {name: why for name, why in left_out.items() if name.startswith("grouped: ")}
    whole = whole.filter(pc.is_in(whole["attribute"], value_set=split))
    torn = torn_groups(whole, splits)
    yield work.table("training/examples", whole, ["attribute", "artwork_id"], metadata=told)
    yield work.table(
        "training/splits",
        splits,
        ["attribute", "scheme", "artwork_id"],
        checks=[
            dg.AssetCheckResult(
                check_name="no_group_on_two_sides", passed=not torn, metadata={"torn": torn}
            ),
            dg.AssetCheckResult(
                check_name="every_attribute_is_split",
                passed=not unsplit,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"left out": ", ".join(unsplit) or "none"},
            ),
        ],
        metadata={f"left out: {name}": why for name, why in left_out.items()},
    )


@stage(
    spec(
        _LEAKAGE,
        ["training/examples", "training/splits", "embeddings/features"],
        "What stands on two sides of each split, and what the naive split would have claimed.",
        code_version="1",
        kinds={"scikitlearn"},
    ),
    pool="compute",
)
def leakage(lake: dg.ResourceParam[Lake]) -> Results:
    """Count what leaks, and ask the same probe under each scheme."""
    import pyarrow as pa

    from models.folders import to_json
    from models.leakage import report

    found = report(
        lake.read("training/examples"),
        lake.read("training/splits"),
        lake.read("embeddings/features"),
    )
    path = lake.file(f"{_LEAKAGE}.json")
    write_bytes(path, to_json({"attributes": found}))
    rows = [
        {
            "attribute": attribute,
            "scheme": scheme,
            **{name: figures[name] for name in _LEAKS},
            "probe": "{value:.3f} [{low:.3f}, {high:.3f}]".format(**figures["probe"])
            if figures["probe"]
            else None,
        }
        for attribute, by_scheme in found.items()
        for scheme, figures in by_scheme.items()
    ]
    shown = preview(pa.Table.from_pylist(rows), len(rows)) if rows else "nothing to learn"
    yield Work(lake).file(_LEAKAGE, path, metadata={"leaks": dg.MetadataValue.md(shown)})


@stage(
    spec(
        _MANIFESTS,
        ["training/examples", "training/splits", "images/derivatives"],
        "Every labelled picture with its sides, its label and where that is from, as Parquet and JSON.",
        code_version="1",
        kinds={"parquet", "json"},
    )
)
def manifests(lake: dg.ResourceParam[Lake]) -> Results:
    """Write one manifest an attribute for people and programs outside the lake."""
    import pyarrow.parquet as pq

    from models.folders import to_json
    from models.manifests import manifest, summary

    folder = lake.file(_MANIFESTS)
    taught, splits = lake.read("training/examples"), lake.read("training/splits")
    derivatives = lake.read("images/derivatives")
    versions = {}
    for attribute in ATTRIBUTES:
        table = manifest(taught, splits, derivatives, attribute)
        with replacing(folder / f"{attribute}.parquet") as path:
            pq.write_table(table, path)
        told = summary(table, attribute)
        write_bytes(folder / f"{attribute}.json", to_json(told | {"pictures": table.to_pylist()}))
        versions[attribute] = told
    write_bytes(folder / "manifests.json", to_json(versions))
    yield Work(lake).file(
        _MANIFESTS,
        folder,
        version=_version(folder),
        metadata={name: dg.MetadataValue.json(told) for name, told in versions.items()},
    )


def embedded_pictures(lake: Lake) -> "pa.Table":
    """Primary pictures that have features: artwork_id, sha256, group_id, path."""
    with lake.connect(["duplicates/primary", "embeddings/features"]) as connection:
        return connection.sql(
            """
            select artwork_id, sha256, group_id, path from duplicates_primary
            semi join embeddings_features using (sha256) order by artwork_id
            """
        ).to_arrow_table()


def _version(folder: Path) -> str:
    """The content of all manifests."""
    from models.folders import version_of

    return version_of({path.name: path.read_bytes() for path in sorted(folder.glob("*.*"))})


def _alike(lake: Lake) -> "pa.Table":
    """`image_id`, `set_id`: duplicate groups, sets of look-alikes, and proposals refused by a hair's breadth."""
    tables = ["duplicates/groups", "duplicates/similar", "duplicates/pairs"]
    with lake.connect(tables) as connection:
        return connection.sql(
            """
            select image_id, 'group ' || group_id as set_id from duplicates_groups
            union all
            select image_id, 'similar ' || set_id from duplicates_similar
            union all
            select unnest([image_a, image_b]), 'pair ' || image_a || ' ' || image_b
            from duplicates_pairs where not confirmed and kind <> 'different_work'
            """
        ).to_arrow_table()


def _official(lake: Lake, samples: Path | None) -> dict[str, dict[str, str]]:
    """ArtGAN's sides of works that its own lists brought, or whose picture the samples' lists name."""
    from models import artgan

    said = lake.read("catalog/artworks", ["artwork_id", "misc"]).to_pylist()
    found = artgan.told({row["artwork_id"]: json.loads(row["misc"] or "{}") for row in said})
    if samples is None or not (samples / "wikiart_labels").is_dir():
        return found
    links = lake.read("catalog/image_links", ["artwork_id", "url"]).to_pylist()
    lists = artgan.sides(samples / "wikiart_labels")
    by_path = artgan.matched(lists, {row["artwork_id"]: row["url"] for row in links})
    return {name: by_path.get(name, {}) | found.get(name, {}) for name in artgan.ATTRIBUTES}
