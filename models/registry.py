"""The registry: every trained model as a versioned folder, and which of them is asked for an attribute.

What belongs here: registering, listing, promoting and rolling back. When one model may follow another is
models.promotion. A version (`<registry>/<name>/<version>/`, models.versions) is named by its content and
never changes. What is in use is the last word of `history.jsonl`, one line an event, only ever appended to and
replaced as a whole: a process killed at any time leaves the models in use that were.
"""

import getpass
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.promotion import Gate, compare, gate
from models.versions import MANIFEST, RegistryError, Version, check, write
from storage.files import write_text
from storage.locks import held

# Who asks the registry needs these of models.versions and models.promotion, too.
__all__ = [
    "RegistryError", "Version", "compare", "find", "history", "in_use",
    "promote", "promoted", "register", "rollback", "versions",
]  # fmt: skip

_HISTORY = "history.jsonl"
# Nobody holds the registry for longer than a file is written in.
WAIT_S = 30.0


def register(
    root: Path,
    config: Mapping[str, Any],
    metrics: Mapping[str, Any],
    outputs: pa.Table,
    held_out: pa.Table,
    weights: Path,
) -> Path:
    """Keep a model below the registry `root` and return its folder; the same model is kept once.

    config: as `Version.config`, with `name` and `kind` (network or head); format is added. metrics:
    attribute → summary. outputs, held_out: OUTPUTS tables, of the one the test side is kept, of the other
    (out of fold, or of validation) the rest. weights: the safetensors file. How long training took does not
    make another model. Nothing is promoted. Raises RegistryError where such a version is there and was changed.
    """
    with _locked(root, f"registering {config['name']}"):
        folder, new = write(root / config["name"], config, metrics, outputs, held_out, weights)
        if new:
            _append(root, [{"event": "registered", "model": Version(folder).id}])
    return folder


def versions(root: Path, name: str | None = None) -> list[Version]:
    """Every version, or those of one name, in the order in which they were registered."""
    told = [line["model"] for line in history(root) if line["event"] == "registered"]
    place = {model: number for number, model in enumerate(told)}
    found = [Version(path.parent) for path in root.glob(f"{name or '*'}/*/{MANIFEST}")]
    return sorted(found, key=lambda one: (place.get(one.id, len(place)), one.id))


def find(root: Path, model: str) -> Version:
    """The version that `name@version` names (its first digits will do), or a name's newest, whole.

    Raises RegistryError when there is none, or several begin so.
    """
    name, _, start = model.partition("@")
    fitting = [one for one in versions(root, name) if one.folder.name.startswith(start)]
    if not fitting:
        known = ", ".join(one.id for one in versions(root)) or "none: `artlake run` makes the first"
        raise RegistryError(f"There is no model {model} in {root}. There are: {known}.")
    if start and len(fitting) > 1:
        raise RegistryError(f"{model} may be {' or '.join(one.id for one in fitting)}; say more.")
    check(fitting[-1].folder)
    return fitting[-1]


def history(root: Path) -> list[dict[str, Any]]:
    """Every event, oldest first: event, at, by, model, and of promotions attribute, from and why."""
    try:
        text = (root / _HISTORY).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.splitlines()]


def promoted(root: Path, attribute: str) -> Path | None:
    """The folder of the model that is asked for the attribute, whole; None when none was promoted.

    Raises RegistryError when it was changed or is gone.
    """
    held_up = _stack(root, attribute)
    return check(_folder(root, held_up[-1])) if held_up else None


def in_use(root: Path) -> dict[str, str]:
    """Attribute → `name@version` of the model that is asked for it."""
    attributes = sorted({line["attribute"] for line in history(root) if "attribute" in line})
    return {attribute: _stack(root, attribute)[-1] for attribute in attributes}


def promote(
    root: Path,
    name: str,
    version: str,
    force_reason: str | None = None,
    *,
    attributes: Sequence[str] | None = None,
    by: str | None = None,
    allowed: Gate = gate,
) -> list[str]:
    """Ask this model from now on for the attributes (all that it tells); return those that changed.

    Refused where `allowed` refuses (models.promotion: it is worse, or cannot be compared with the one in use),
    unless a reason is given, which history keeps. Nothing changes then. Raises RegistryError.
    """
    new = find(root, f"{name}@{version}")
    wanted = list(attributes or new.config["attributes"])
    for attribute in wanted:
        if attribute not in new.config["attributes"]:
            raise RegistryError(f"{new.id} does not tell the {attribute}.")
    while True:
        asked, lines = in_use(root), []
        for attribute in wanted:  # comparing takes seconds: nobody waits for it at the lock
            before = asked.get(attribute)
            if before == new.id:
                continue
            why = force_reason or (
                allowed(new, find(root, before), attribute) if before else "the first one"
            )
            line = {"event": "promoted", "attribute": attribute, "model": new.id, "from": before}
            lines.append({**line, "why": why, "by": by})
        with _locked(root, f"promoting {new.id}"):
            now = in_use(root)
            if all(now.get(attribute) == asked.get(attribute) for attribute in wanted):
                _append(root, lines)
                return [str(line["attribute"]) for line in lines]


def rollback(root: Path, attribute: str, why: str = "", *, by: str | None = None) -> str:
    """Ask the model again that was asked before the one of today; return its id.

    Raises RegistryError when there was none, or it is no longer whole.
    """
    with _locked(root, f"rolling {attribute} back"):
        told = _stack(root, attribute)
        if len(told) < 2:
            raise RegistryError(
                f"There is no model to roll {attribute} back to: "
                + (f"{told[-1]} is the first one promoted." if told else "none was promoted.")
            )
        before = told[-2]
        check(_folder(root, before))
        line = {"event": "rolled back", "attribute": attribute, "model": before, "from": told[-1]}
        _append(root, [{**line, "why": why, "by": by}])
    return before


def _folder(root: Path, model: str) -> Path:
    name, _, version = model.partition("@")
    return root / name / version


def _stack(root: Path, attribute: str) -> list[str]:
    """The models asked for the attribute, the one in use last; a roll back takes one away."""
    told: list[str] = []
    for line in history(root):
        if line.get("attribute") == attribute:
            if line["event"] == "promoted":
                told.append(line["model"])
            else:
                told.pop()
    return told


def _locked(root: Path, what: str) -> Any:
    return held(root / ".lock", what, wait_s=WAIT_S)


def _append(root: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Add the lines, all or none of them; only under the lock."""
    if lines:
        file = root / _HISTORY
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        write_text(file, before + "".join(_lines(lines)))


def _lines(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    for line in lines:
        whole = {**line, "at": at, "by": line.get("by") or getpass.getuser()}
        yield json.dumps(whole, sort_keys=True, ensure_ascii=False) + "\n"
