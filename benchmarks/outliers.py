"""What do the measures of oddness find of outliers planted among real pictures?

On the MET photographs of $ARTLAKE_SAMPLES, which teach departments: labels swapped, pictures damaged, departments
filed elsewhere, and photographs of other things (the public sets of near-duplicates) filed under departments.
`--model FOLDER`, a registered network: the same on its own features and on frozen ones, its test pictures alone.
AUROC, and the false positive rate at 95 % recall, of every measure; no figure is a time.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._harness import report
from benchmarks._learning_samples import samples

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from PIL.Image import Image

    from models.planted import Planted

_QUICK = 300  # pictures
_SIDE = 256


def main() -> None:
    """Plant, measure, judge; write benchmarks/results/outliers.json."""
    import numpy as np
    import pyarrow.compute as pc

    from models import networks, outputs, planted
    from models.features import Backbone
    from models.outliers import embedder

    parser = argparse.ArgumentParser(description="What do the measures of oddness find?")
    parser.add_argument("--quick", action="store_true", help="a small size, to see that it works")
    parser.add_argument("--model", type=Path, help="folder of a registered network")
    given = parser.parse_args()
    made = samples()
    examples = made.examples.filter(pc.equal(made.examples["attribute"], "department"))
    spaces: dict[str, Callable[[Image], np.ndarray]] = {"frozen": Backbone()}
    if given.model:
        said = outputs.read(given.model / "outputs.parquet")
        tested = said["sha256"].combine_chunks()
        examples = examples.filter(pc.is_in(examples["sha256"], value_set=tested))
        spaces["fine_tuned"] = embedder(networks.of_folder(given.model))
    if given.quick:
        examples = examples.take(np.random.default_rng(0).permutation(len(examples))[:_QUICK])
    figures: dict[str, float] = {}
    sizes: dict[str, int | str] = {"pictures": len(examples)}
    for space, embed in spaces.items():
        for kind, one in _planted(made.store, made.derivatives, examples, embed).items():
            told = planted.report(one)
            sizes[f"planted, {kind}"] = told["planted"]
            for name, judged in told["measures"].items():
                figures[f"{space}, {kind}, {name}, auroc"] = judged["auroc"]
                figures[f"{space}, {kind}, {name}, fpr95"] = judged["fpr_at_95_recall"]
            if kind == "label swapped":
                named = planted.label_issues_found(one)
                for name in ("precision", "recall"):
                    figures[f"{space}, label issues, {name}"] = float(named[name] or 0)
    report("outliers", figures, peers=("cleanlab", "scikit-learn", "faiss-cpu"), sizes=sizes)


def _planted(
    store: Path,
    derivatives: "pa.Table",
    examples: "pa.Table",
    embed: "Callable[[Image], np.ndarray]",
) -> "dict[str, Planted]":
    import numpy as np

    from models import planted
    from models.features import read_picture

    labels = tuple(sorted(set(examples["label"].to_pylist())))
    targets = np.array([labels.index(name) for name in examples["label"].to_pylist()])
    groups = np.array(examples["group_id"].to_pylist())
    path = {row["sha256"]: store / row["path"] for row in derivatives.to_pylist()}
    sha256s = examples["sha256"].to_pylist()

    def opened(row: int) -> "Image":
        return read_picture(path[sha256s[row]].read_bytes())

    vectors = np.array([embed(opened(row)) for row in range(len(sha256s))])
    found = planted.experiments(vectors, targets, groups, labels, opened, embed)
    others = np.array([embed(one) for one in _photographs()])
    return {**found, "photographs": planted.strangers(vectors, targets, groups, others)}


def _photographs() -> "list[Image]":
    """The pictures of the public sets of near-duplicates that decode, as small as a derivative."""
    from PIL import Image

    from imaging.decode import decode
    from imaging.errors import DecodeError

    found = []
    for path in sorted(Path(os.environ["ARTLAKE_SAMPLES"], "dups").rglob("*")):
        try:
            found.append(Image.fromarray(decode(path, side=_SIDE).rgb))
        except (DecodeError, OSError):
            continue  # text, folders and the broken file that belongs to the sets
    return found


if __name__ == "__main__":
    main()
