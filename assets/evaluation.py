"""How well duplicates are found: on variants made of the lake's own pictures, and on sets labelled by people."""

from pathlib import Path
from typing import Any

import dagster as dg

from assets.stage import Results, Work, preview, spec, stage
from imaging.versions import COMPARE, MEASURE
from storage import Lake

_BASES = 8  # 184 files, some 600 comparisons: eight seconds of one core
_SIDE = 512  # pixels of a base's shorter side: room for every edit at a quarter of a scan's time


@stage(
    spec(
        "duplicates/evaluation",
        ["images/originals", "duplicates/groups"],
        "Of each kind of variant the share that finds its base, on variants of the lake's own pictures.",
        code_version=f"2-{MEASURE}-{COMPARE}",
        kinds={"python", "parquet"},
    ),
    pool="compute",
)
def evaluation(lake: dg.ResourceParam[Lake]) -> Results:
    """Make the variants, find their duplicates as the lake's are found, and count."""
    from imaging.duplicates import evaluation as scores
    from imaging.duplicates.variants import write

    work, folder = Work(lake), lake.file("images/memo/evaluation")
    bases = [lake.images.root / path for path in _bases(lake)]
    files = write(bases, folder / "variants", side=_SIDE)
    paths = {name: folder / "variants" / name for name in files["file"].to_pylist()}
    pairs, found = scores.find(scores.pictures(paths, folder), folder)
    labels = scores.truth(files)
    sure = pairs.filter(pairs["confirmed"]).select(["image_a", "image_b"]).to_pylist()
    of_pairs = scores.pair_score([(row["image_a"], row["image_b"]) for row in sure], labels)
    score, by_kind = scores.group_score(found, labels), scores.by_kind(files, found)
    facts = {
        "bases": len(bases),
        "variants": files.num_rows - len(bases),
        "pair precision": round(of_pairs.precision, 3),
        "group F1": round(score.f1, 3),
        "group precision": round(score.precision, 3),
        "group recall": round(score.recall, 3),
    }
    if bases:
        low, high = scores.group_interval(found, labels)
        facts["group F1, 95 % interval"] = f"{low:.3f}–{high:.3f}"
        facts["by kind"] = dg.MetadataValue.md(preview(by_kind, by_kind.num_rows))
    yield work.table("duplicates/evaluation", by_kind, ["kind"], metadata=facts)


@stage(
    spec(
        "duplicates/labelled",
        [],
        "The same rules on public sets and on real museum pairs judged by eye; empty without ARTLAKE_SAMPLES.",
        code_version=f"1-{MEASURE}-{COMPARE}",
        kinds={"python", "parquet"},
    ),
    pool="compute",
)
def labelled(lake: dg.ResourceParam[Lake], samples: dg.ResourceParam[Path | None]) -> Results:
    """Count on the samples what people have labelled, limits being chosen on one half and counted on the other."""
    import pyarrow as pa

    rows: list[dict[str, Any]] = []
    if samples is not None:
        work = lake.file("images/memo/labelled")
        rows = _natural(samples, work) + _known(samples, work)
    table = pa.Table.from_pylist(
        rows,
        schema=pa.schema(
            [
                pa.field("set", pa.string(), nullable=False),
                pa.field("figure", pa.string(), nullable=False),
                pa.field("value", pa.float64(), nullable=False),
                pa.field("count", pa.int32(), nullable=False),
            ]
        ),
    )
    yield Work(lake).table("duplicates/labelled", table, ["set", "figure"])


def _natural(samples: Path, work: Path) -> list[dict[str, Any]]:
    from imaging.duplicates.natural import cross_fit, measure

    compared, images, records = measure(samples, work)
    count = {
        label: compared["label"].to_pylist().count(label)
        for label in ("same_work", "different_work")
    }
    rows = []
    for name, known in (("pixels alone", None), ("with records", records)):
        found = cross_fit(compared, images, known, seed=0)
        figures = (
            ("same work found, share", found["same_work_found"], "same_work"),
            ("look-alikes let through", found["different_work_through"], "different_work"),
        )
        rows += [
            {
                "set": f"natural pairs, {name}",
                "figure": figure,
                "value": value,
                "count": count[label],
            }
            for figure, value, label in figures
        ]
    return rows


def _known(samples: Path, work: Path) -> list[dict[str, Any]]:
    from imaging.duplicates import evaluation as scores
    from imaging.duplicates.known_sets import known_sets

    folder = samples / "dups"
    truth = known_sets(folder)
    images = scores.pictures({name: folder / name for name in truth["file"].to_pylist()}, work)
    _, found = scores.find(images, work)
    rows = []
    for name in sorted(set(truth["set"].to_pylist())):
        labels = {
            row["file"]: row["label"]
            for row in truth.to_pylist()
            if row["set"] == name and row["file"] in found
        }
        score = scores.group_score(found, labels)
        for figure in ("precision", "recall", "f1"):
            value = getattr(score, figure)
            rows.append(
                {"set": name, "figure": f"group {figure}", "value": value, "count": len(labels)}
            )
    return rows


def _bases(lake: Lake) -> list[str]:
    """A handful of the lake's originals, the same until the lake's pictures change.

    One a duplicate group: two pictures of one work would be found, and counted as wrong.
    """
    with lake.connect(["images/originals", "duplicates/groups"]) as connection:
        rows = connection.execute(
            """
            select arg_min(path, sha256), min(sha256) as smallest
            from images_originals join duplicates_groups using (image_id)
            group by group_id
            order by smallest
            limit ?
            """,
            [_BASES],
        ).fetchall()
    return [path for path, _ in rows]
