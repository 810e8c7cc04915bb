"""How an asset is declared and how it says what it made: the same way in every stage."""

import base64
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from storage import Lake, Written, map_files
from storage.files import sha256_file

OWNER = "team:artlake"
_PREVIEW_ROWS = 5
_PREVIEW_COLUMNS = 8
_PREVIEW_WIDTH = 40

# Fires when an asset is missing, its code changed or an input has other data; never on equal data.
# `since_last_handled` and the guards keep one change from being requested twice.
WHEN_CHANGED = (
    (
        dg.AutomationCondition.missing()
        | dg.AutomationCondition.code_version_changed()
        | dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed())
    ).since_last_handled()  # type: ignore[misc]
    & ~dg.AutomationCondition.in_progress()
    & ~dg.AutomationCondition.any_deps_missing()
    & ~dg.AutomationCondition.any_deps_in_progress()
    & dg.AutomationCondition.all_deps_blocking_checks_passed()
)

if TYPE_CHECKING:
    import pyarrow as pa

    from storage.memo import Kernel

Results = Iterator[dg.MaterializeResult]


def spec(
    key: str,
    deps: Sequence[str],
    description: str,
    *,
    code_version: str,
    kinds: set[str],
    partitions: dg.PartitionsDefinition | None = None,
) -> dg.AssetSpec:
    """Declare the asset `key` ("stage/noun"); its group is its stage."""
    return dg.AssetSpec(
        key=key.split("/"),
        deps=[dg.AssetKey(dep.split("/")) for dep in deps],
        description=description,
        group_name=key.split("/", maxsplit=1)[0],
        code_version=code_version,
        kinds=kinds,
        owners=[OWNER],
        automation_condition=WHEN_CHANGED,
        partitions_def=partitions,
    )


def stage(
    *specs: dg.AssetSpec,
    checks: Sequence[dg.AssetCheckSpec] = (),
    pool: str | None = None,
) -> Callable[..., dg.AssetsDefinition]:
    """Make one step of the decorated function, which yields a `MaterializeResult` for each spec."""
    name = "__".join(specs[0].key.path)
    return dg.multi_asset(name=name, specs=list(specs), check_specs=list(checks), pool=pool)


def blocking(name: str, key: str, description: str) -> dg.AssetCheckSpec:
    """Declare a check that keeps everything behind `key` from running when it fails."""
    return dg.AssetCheckSpec(
        name, asset=dg.AssetKey(key.split("/")), description=description, blocking=True
    )


class Work:
    """One execution of a stage: writes its tables and turns them into results with metadata."""

    def __init__(self, lake: Lake):
        self.lake = lake
        self._started = time.perf_counter()

    def table(
        self,
        key: str,
        table: "pa.Table",
        sort_by: Sequence[str],
        *,
        partition: str | None = None,
        checks: Sequence[dg.AssetCheckResult] = (),
        metadata: Mapping[str, Any] | None = None,
    ) -> dg.MaterializeResult:
        """Write the table of `key` and say so."""
        written = self.lake.write(key, table, sort_by, partition=partition)
        return self.written(key, written, table, checks=checks, metadata=metadata)

    def written(
        self,
        key: str,
        written: Written,
        table: "pa.Table | None" = None,
        *,
        checks: Sequence[dg.AssetCheckResult] = (),
        metadata: Mapping[str, Any] | None = None,
    ) -> dg.MaterializeResult:
        """Say what was written under `key`; `table` gives the preview."""
        facts: dict[str, Any] = {"dagster/row_count": written.rows, "changed": written.changed}
        if table is not None and table.num_rows:
            facts["preview"] = dg.MetadataValue.md(preview(table))
        return self._result(key, written.path, written.version, facts, checks, metadata)

    def file(
        self,
        key: str,
        path: Path,
        *,
        version: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> dg.MaterializeResult:
        """Say what was written when it is no table: a page, a model, the published file."""
        return self._result(key, path, version or sha256_file(path), {}, (), metadata)

    def _result(
        self,
        key: str,
        path: Path,
        version: str,
        facts: dict[str, Any],
        checks: Sequence[dg.AssetCheckResult],
        metadata: Mapping[str, Any] | None,
    ) -> dg.MaterializeResult:
        return dg.MaterializeResult(
            asset_key=dg.AssetKey(key.split("/")),
            data_version=dg.DataVersion(version),
            check_results=list(checks),
            metadata={
                **facts,
                "path": dg.MetadataValue.path(path),
                "seconds": round(time.perf_counter() - self._started, 2),
                **(metadata or {}),
            },
        )


def of_derivatives(
    lake: Lake,
    kernel: "Kernel",
    memo: str,
    *,
    version: str,
    label: str,
    workers: int | None = None,
    batch_size: int = 64,
) -> "pa.Table":
    """The kernel's result for every original's derivative, in the order of `images/derivatives`.

    Rows are kept by the derivative's own content: measuring originals anew works none of them again.

    Raises dg.Failure when a derivative could not be worked on: we made it, so that is the machine's fault.
    """
    import pyarrow.compute as pc

    derivatives = lake.read("images/derivatives")
    contents = derivatives.select(["content", "path"]).rename_columns(["sha256", "path"])
    result = map_files(
        kernel,
        contents,
        lake.file(memo),
        key="sha256",
        version=version,
        label=label,
        batch_size=batch_size,
        workers=workers,
    )
    refuse_failed(result, memo)
    rows = result.take(pc.index_in(derivatives["content"], value_set=result["sha256"]))
    return rows.set_column(rows.column_names.index("sha256"), "sha256", derivatives["sha256"])


def refuse_failed(result: "pa.Table", memo: str) -> None:
    """Stop when a derivative could not be worked on, naming the first and the reason."""
    failed = result.filter(result["error"].is_valid())
    if failed.num_rows:
        first = failed.to_pylist()[0]
        raise dg.Failure(
            f"{failed.num_rows} derivatives could not be read, first {first['sha256']}: {first['error']}. "
            f"Restore the image store from a backup, or remove the folders images/memo and {memo} "
            "from the lake and materialize images/measures again."
        )


def preview(table: "pa.Table", rows: int = _PREVIEW_ROWS) -> str:
    """The first rows as a Markdown table of the columns that people read; long values are cut."""
    filled = [name for name in table.column_names if table[name].null_count < table.num_rows]
    read = [name for name in filled if not name.endswith(("_key", "sha256"))]
    shown = (read or filled)[:_PREVIEW_COLUMNS]
    lines = [" | ".join(shown), " | ".join("---" for _ in shown)]
    for row in table.slice(0, rows).select(shown).to_pylist():
        lines.append(" | ".join(_cell(row[name]) for name in shown))
    return "\n".join(lines)


def _cell(value: Any) -> str:
    text = "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= _PREVIEW_WIDTH else text[: _PREVIEW_WIDTH - 1] + "…"


def picture(data: bytes, media_type: str = "image/png") -> dg.MarkdownMetadataValue:
    """A picture that the UI shows inline on the asset's page."""
    return dg.MetadataValue.md(f"![](data:{media_type};base64,{base64.b64encode(data).decode()})")
