"""How well duplicates are found, beside other tools on the same files: variants of known bases, and real pairs.

Half of the bases is unseen: every threshold, the peers' too, is chosen on the other half, and every figure comes
from the unseen one. `group_f1`: pairwise F1 of our groups on all kinds of variants, without embeddings;
`group_f1_edits` without art's own kinds, `group_f1_16` without these, mirrored and turned ones.
`pair_precision`: of confirmed pairs (few pairs of a group are compared: recall is the group's).
`group_f1_with_embeddings`: the same as `group_f1`, with vectors of the project's own backbone.
`best_peer_group_f1`: the best peer at its best threshold on all kinds, `best_peer_group_f1_16` on the 16 of the
peers' own field; `<peer>_default_f1` at its default. `recall_<kind>`: share of variants that stand in the group of
their base (for a detail: outside of it). `known_sets_f1`: public sets of edits. `natural_pairs_same_work`: share
of real pairs found, cross-fitted, `natural_pairs_different_work`: look-alikes let through, of 23.
`incremental_ratio`: seconds for all files when all but 1 % were done before, against the seconds of those.
`--full` adds the same from end to end for 100,000 files, with the growth of peak memory against 10,000.
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks._harness import report
from benchmarks._pictures import CACHE, bases, many
from benchmarks.peers import env
from imaging.duplicates import evaluation, variants

PEERS = (
    "imagehash_phash",
    "imagededup_phash",
    "imagededup_cnn",
    "fastdup",
    "cleanvision",
    "czkawka",
)
KINDS = {
    "": tuple(variants.VARIANTS),
    "_edits": tuple(variants.EDITS),
    "_16": tuple(kind for kind in variants.EDITS if kind not in ("flip", "rot90")),
}
Groups = dict[str, str]


def ours(files: list[str], folder: str, work: str) -> dict[str, Any]:
    """The product's own way over files of `folder`; its groups, seconds, and memory."""
    started = time.perf_counter()
    images = evaluation.pictures({name: Path(folder, name) for name in files}, Path(work))
    pairs, groups = evaluation.find(images, Path(work))
    return {
        "groups": groups,
        "confirmed": [
            (row["image_a"], row["image_b"])
            for row in pairs.filter(pairs["confirmed"]).select(["image_a", "image_b"]).to_pylist()
        ],
        "seconds": time.perf_counter() - started,
        "peak_mb": _peak_mb(),
    }


def embedded(files: list[str], folder: str, work: str) -> dict[str, Any]:
    """The same with vectors, over what `ours` has measured."""
    from models.features import Embed
    from storage import map_files

    images = evaluation.pictures({name: Path(folder, name) for name in files}, Path(work))
    kernel = Embed(Path(work))
    rows = images.select(["sha256", "derivative"]).rename_columns(["sha256", "path"])
    vectors = map_files(
        kernel, rows, Path(work, "memo", "vectors"), key="sha256", version=kernel.version,
        label="embed", workers=0,
    )  # fmt: skip
    _, groups = evaluation.find(images, Path(work), vectors.select(["sha256", "vector"]))
    return {"groups": groups}


def peers(files: pa.Table, folder: Path) -> tuple[dict[str, float], dict[str, str]]:
    """Figures of the peers, and which setting of which gave the best ones."""
    figures, best, notes = {}, {"": 0.0, "_16": 0.0}, {}
    for peer in PEERS:
        with tempfile.TemporaryDirectory() as place:
            out = Path(place, "pairs.json")
            try:
                told = env.ask(env.HERE / "find_groups.py", peer, folder, out)
            except env.PeerError as error:
                notes[f"{peer} left out"] = str(error).rpartition(": ")[2]
                print(f"{peer} is left out: {error}", file=sys.stderr)
                continue
            groups = {
                name: _joined(pairs, files) for name, pairs in json.loads(out.read_text()).items()
            }
        figures[f"{peer}_default_f1"] = _f1(files, groups[told["default"]], KINDS[""], unseen=True)
        figures[f"{peer}_seconds"] = told["seconds"]
        for which, most in list(best.items()):
            tuned = {
                name: _f1(files, it, KINDS[which], unseen=False) for name, it in groups.items()
            }
            chosen = max(tuned, key=lambda name: tuned[name])
            figures[f"{peer}_f1{which}"] = _f1(files, groups[chosen], KINDS[which], unseen=True)
            if figures[f"{peer}_f1{which}"] > most:
                best[which] = figures[f"{peer}_f1{which}"]
                notes[f"best peer{which}"] = f"{peer} {chosen}"
    return {f"best_peer_group_f1{which}": best[which] for which in best} | figures, notes


def natural() -> dict[str, float]:
    """Figures of the pairs labelled by eye; none without the samples."""
    samples = os.environ.get("ARTLAKE_SAMPLES")
    if not samples:
        return {}
    from imaging.duplicates.natural import cross_fit, measure

    compared, images, records = measure(Path(samples).resolve(), CACHE / "natural")
    found = cross_fit(compared, images, records, seed=0)
    return {
        "natural_pairs_same_work": found["same_work_found"],
        "natural_pairs_different_work": found["different_work_through"],
    }


def known_sets() -> dict[str, float]:
    """Group F1 on the public sets of edits; none without the samples."""
    samples = os.environ.get("ARTLAKE_SAMPLES")
    if not samples:
        return {}
    from imaging.duplicates import known_sets as public

    folder = Path(samples).resolve() / "dups"
    rows = public.known_sets(folder).to_pylist()
    with tempfile.TemporaryDirectory() as work:
        groups = _alone(ours, [row["file"] for row in rows], str(folder), work)["groups"]
    labels = {row["file"]: row["label"] for row in rows if row["file"] in groups}
    score = evaluation.group_score(groups, labels)
    return {"known_sets_f1": score.f1, "known_sets_precision": score.precision}


def full() -> dict[str, float]:
    """100,000 files from end to end, 1 % of them new the second time."""
    folder, files = many(100_000)
    few, figures = files[:10_000], {}
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        small = _alone(ours, few, str(folder), one)
        first, whole = _twice(files, folder, two)
    labels = {name: name.partition("-")[0] for name in files}
    figures["full_seconds"] = first["seconds"]
    figures["full_peak_mb"] = first["peak_mb"]
    figures["full_rss_growth"] = first["peak_mb"] / small["peak_mb"]
    figures["full_incremental_ratio"] = whole["seconds"] / first["seconds"]
    figures["full_group_f1"] = evaluation.group_score(whole["groups"], labels).f1
    return figures


def _twice(files: list[str], folder: Path, work: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """All but every hundredth file, then all."""
    before = [name for number, name in enumerate(files) if number % 100 != 99]
    return _alone(ours, before, str(folder), work), _alone(ours, files, str(folder), work)


def _f1(
    files: pa.Table, groups: Mapping[str, str], kinds: tuple[str, ...], *, unseen: bool
) -> float:
    return evaluation.group_score(groups, _labels(files, kinds, unseen=unseen)).f1


def _labels(files: pa.Table, kinds: tuple[str, ...], *, unseen: bool) -> dict[str, str]:
    rows = [
        row
        for row in files.to_pylist()
        if row["kind"] in (variants.ORIGINAL, *kinds)
        and evaluation.is_unseen(row["base"]) == unseen
    ]
    return evaluation.truth(pa.Table.from_pylist(rows, schema=files.schema))


def _joined(pairs: list[list[str]], files: pa.Table) -> Groups:
    """Connected components of a peer's pairs of file names."""
    from imaging.duplicates.groups import components

    names = files["file"].to_pylist()
    place = {name: number for number, name in enumerate(names)}
    ends = np.array([[place[a], place[b]] for a, b in pairs], dtype=np.int64).reshape(-1, 2)
    group, _ = components(len(names), ends[:, 0], ends[:, 1])
    return {name: str(number) for name, number in zip(names, group.tolist(), strict=True)}


def _alone(work: Callable[..., dict[str, Any]], *what: Any) -> dict[str, Any]:
    """Do one thing in a fresh process, so that its memory and imports are its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *what).result()


def _peak_mb() -> float:
    """The most memory that this process or one of its workers held."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    sides = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(side).ru_maxrss for side in sides) / unit


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small size, to see that it works")
    parser.add_argument("--full", action="store_true", help="100,000 files too (an hour)")
    parser.add_argument("--bases", type=Path, help="a folder of pictures of different works")
    options = parser.parse_args()
    found = bases(options.bases, 4 if options.quick else 72)
    written = variants.write(found, CACHE / "duplicates")
    folder = CACHE / "duplicates" / Path(written["file"][0].as_py()).parent
    names = pa.array([Path(name).name for name in written["file"].to_pylist()])
    files = written.set_column(0, "file", names)
    with tempfile.TemporaryDirectory() as work:
        first, whole = _twice(names.to_pylist(), folder, work)
        vectors = _alone(embedded, names.to_pylist(), str(folder), work)
    unseen = files.filter(pa.array([evaluation.is_unseen(it) for it in files["base"].to_pylist()]))
    figures = {
        f"group_f1{which}": _f1(files, whole["groups"], kinds, unseen=True)
        for which, kinds in KINDS.items()
    }
    labels = _labels(files, KINDS[""], unseen=True)
    figures["group_f1_low"], figures["group_f1_high"] = evaluation.group_interval(
        whole["groups"], labels
    )
    figures["group_precision"] = evaluation.group_score(whole["groups"], labels).precision
    figures["pair_precision"] = evaluation.pair_score(
        [pair for pair in whole["confirmed"] if labels.keys() >= set(pair)], labels
    ).precision
    figures["group_f1_with_embeddings"] = _f1(files, vectors["groups"], KINDS[""], unseen=True)
    for row in evaluation.by_kind(unseen, whole["groups"]).to_pylist():
        figures[f"recall_{row['kind']}"] = row["right"]
    figures["files_per_s"] = len(names) / first["seconds"]
    figures["peak_mb"] = first["peak_mb"]
    figures["incremental_ratio"] = whole["seconds"] / first["seconds"]
    figures |= known_sets() | natural()
    with tempfile.TemporaryDirectory(
        dir=CACHE
    ) as corpus:  # only this run's files: the cache may hold more
        for name in names.to_pylist():
            os.link(folder / name, Path(corpus, name))
        peer_figures, notes = peers(files, Path(corpus))
    figures |= peer_figures
    if options.full:
        figures |= full()
    sizes = {"bases": len(found), "files": len(names), "unseen files": unseen.num_rows}
    report("duplicates", figures, sizes=sizes | notes | env.versions())


if __name__ == "__main__":
    main()
