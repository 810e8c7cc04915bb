"""How well this lake's duplicates are found: measured on variants of its own pictures, made for the purpose."""

import dagster as dg

from assets.stage import Results, Work, preview, spec, stage
from imaging.versions import COMPARE, MEASURE
from storage import Lake

_BASES = 8  # 184 files, some 1,500 comparisons: half a minute of one core
_SIDE = 512  # pixels of a base's shorter side: room for every edit at a quarter of a scan's time


@stage(
    spec(
        "duplicates/evaluation",
        ["images/originals", "duplicates/groups"],
        "Of each kind of variant the share that finds its base, on variants of the lake's own pictures.",
        code_version=f"1-{MEASURE}-{COMPARE}",
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
    _, found = scores.find(scores.pictures(paths, folder), folder)
    labels = scores.truth(files)
    score, by_kind = scores.group_score(found, labels), scores.by_kind(files, found)
    facts = {
        "bases": len(bases),
        "variants": files.num_rows - len(bases),
        "group F1": round(score.f1, 3),
        "group precision": round(score.precision, 3),
        "group recall": round(score.recall, 3),
    }
    if bases:
        low, high = scores.group_interval(found, labels)
        facts["group F1, 95 % interval"] = f"{low:.3f}–{high:.3f}"
        facts["by kind"] = dg.MetadataValue.md(preview(by_kind, by_kind.num_rows))
    yield work.table("duplicates/evaluation", by_kind, ["kind"], metadata=facts)


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
