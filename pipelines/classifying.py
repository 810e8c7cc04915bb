"""`artlake classify`: what the models in use say of any pictures, and which of it may stand without a person.

What belongs here: from files to rows, and a table for the terminal. What models say is `models.serving`.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.folders import REGISTRY
from pipelines.helptext import command
from pipelines.overlays import draw
from pipelines.own_pictures import files_below, reduced
from storage import Lake
from storage.errors import MendableError
from storage.files import printable

if TYPE_CHECKING:
    from models.groupings import Grouping
    from models.registry import Version

HEADER = (
    "file", "attribute", "label", "probability", "decision", "why", "model", "overlay", "error",
)  # fmt: skip
ROUTED, FOR_A_PERSON = "routed", "for a human"
_SHOWN = 40


class ClassifyError(MendableError):
    """Nothing can be classified; the message says why and what to do."""


def classify(
    lake: Lake,
    paths: Sequence[Path],
    *,
    model: str | None = None,
    grouping: Path | None = None,
    overlays: Path | None = None,
) -> list[dict[str, Any]]:
    """A row of HEADER for each picture and attribute, in the order of `files_below`.

    model: instead of those in use. grouping: a YAML that adds labels up, routed from
    a threshold of its own, chosen on what was held out. overlays: a folder for pictures of
    where the model looked for its label. why: what `decision` rests on. A picture that cannot be read is one row with its error. Raises ClassifyError
    where no model is in use.
    """
    asked = models_of(lake, model)
    groups = _grouping(grouping, asked)
    files = list(files_below(paths))
    if not files:
        raise ClassifyError(
            f"There is no picture in {', '.join(printable(path) for path in paths)}. Name pictures, or "
            "a folder that holds some."
        )
    with tempfile.TemporaryDirectory(prefix="artlake-classify-") as folder:
        store = Path(folder)
        small, errors = reduced(files, store)
        said: dict[Path, list[dict[str, Any]]] = {path: [] for path in files}
        for version, attributes in asked.items():
            for path, row in _asked(version, attributes, files, small, store, groups):
                said[path].append(row)
        if overlays is not None:
            draw(asked, said, small, store, overlays)
    rows = []
    for path in files:
        failed = {"error": errors[path]} if path in errors else {}
        rows += [{"file": printable(path), **row} for row in said[path] or [failed]]
    return [{name: row.get(name, "") for name in HEADER} for row in rows]


def show(rows: Sequence[dict[str, Any]], console: Console) -> None:
    """Print the rows, as far as a person reads them, and how many were decided."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    for name in ("file", "attribute", "label", "probability", "decision", "why"):
        table.add_column(
            name, overflow="fold", justify="right" if name == "probability" else "left"
        )
    for row in rows[:_SHOWN]:
        if row["error"]:
            table.add_row(escape(row["file"]), "", f"[red]{escape(row['error'])}[/red]")
        else:
            colour = "green" if row["decision"] == ROUTED else "yellow"
            table.add_row(
                escape(row["file"]),
                row["attribute"],
                escape(row["label"]),
                f"{row['probability']:.3f}",
                f"[{colour}]{row['decision']}[/]",
                row["why"],
            )
    console.print(table)
    if len(rows) > _SHOWN:
        console.print(f"… and {len(rows) - _SHOWN:,} more; --csv writes them all.")
    told = [row for row in rows if not row["error"]]
    for attribute in dict.fromkeys(row["attribute"] for row in told):
        own = [row["decision"] for row in told if row["attribute"] == attribute]
        console.print(
            f"{attribute}: {own.count(ROUTED):,} of {len(own):,} routed, {own.count(FOR_A_PERSON):,} for a human"
        )
    if broken := len(rows) - len(told):
        console.print(f"[yellow]{broken:,} could not be read.[/yellow]")


def models_of(lake: Lake, model: str | None) -> dict["Version", list[str]]:
    """The models to ask, each with the attributes it is asked for. Raises ClassifyError where there is none."""
    from models import registry
    from models.registry import Version

    root = lake.file(REGISTRY)
    if model is not None:
        version = registry.find(root, model)
        return {version: list(version.config["attributes"])}
    asked: dict[Version, list[str]] = {}
    for attribute in registry.in_use(root):
        folder = registry.promoted(root, attribute)
        assert folder is not None  # in_use named it
        asked.setdefault(Version(folder), []).append(attribute)
    if not asked:
        raise ClassifyError(
            f"No model is in use in {lake.root}. `{command()} run` makes heads for what its works are labelled "
            f"with (`./artlake demo` on a museum in a box), `{command()} train department` a network."
        )
    return asked


def _asked(
    version: "Version",
    attributes: Sequence[str],
    files: Sequence[Path],
    small: dict[Path, tuple[str, str]],
    store: Path,
    groups: "Grouping | None",
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """What one model says of each picture that could be read."""
    import pyarrow as pa

    from models import outputs, serving
    from storage import map_files

    if not small:
        return
    sha256s, places = zip(*sorted(set(small.values())), strict=True)
    pictures = pa.table({"sha256": list(sha256s), "path": list(places)})
    kernel, made_by = serving.kernel(version, store)
    made = map_files(
        kernel,
        pictures,
        store / "memo" / version.folder.name,
        key="sha256",
        version=made_by,
        label=version.id,
        workers=0,
    )
    for attribute in attributes:
        found = serving.logits(version, made, attribute)
        place = {sha256: row for row, sha256 in enumerate(found["sha256"].to_pylist())}
        likely = serving.probabilities(version, found, attribute)
        labels = version.config["labels"][attribute]
        threshold = version.config["threshold"][attribute]
        told, names = likely, labels
        if groups is not None and groups.attribute == attribute:
            told, names = groups.sums(likely, labels), groups.groups
            held = outputs.arrays(version.held_out(attribute), labels, attribute)
            threshold = groups.threshold(held, version.config["temperature"][attribute])
        for file in files:
            if file not in small:
                continue
            row = place[small[file][0]]
            best = int(told[row].argmax())
            decision, why = _decided(float(told[row][best]), threshold)
            yield (
                file,
                {
                    "attribute": attribute,
                    "label": names[best],
                    "probability": round(float(told[row][best]), 6),
                    "decision": decision,
                    "why": why,
                    "model": serving.signature(version),
                    "looked_for": labels[int(likely[row].argmax())],
                },
            )


def _decided(probability: float, threshold: float | None) -> tuple[str, str]:
    """Whether the answer may stand without a person, and what that rests on."""
    if threshold is None:
        return FOR_A_PERSON, "no threshold was proven: see the model's card"
    if probability >= threshold:
        return ROUTED, f"{probability:.3f} reaches {threshold:.3f}"
    digits = next(
        (n for n in range(3, 17) if f"{probability:.{n}f}" != f"{threshold:.{n}f}"), 17
    )  # two that look alike would be no reason
    return FOR_A_PERSON, f"{probability:.{digits}f} is under {threshold:.{digits}f}"


def _grouping(file: Path | None, asked: "dict[Version, list[str]]") -> "Grouping | None":
    if file is None:
        return None
    from models.groupings import read

    grouping = read(file)
    for version, attributes in asked.items():
        if grouping.attribute in attributes:
            grouping.places(version.config["labels"][grouping.attribute])
            return grouping
    raise ClassifyError(
        f"{file} groups the {grouping.attribute}, which no model that is asked tells. Promote one that does, "
        "or name it with --model."
    )
