"""The rules of the house that a machine can check."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests._readme import readme_commands

ROOT = Path(__file__).resolve().parent.parent

# Room → the rooms it may import.
MAY_IMPORT = {
    "storage": set(),
    "sandbox": set(),
    "scrapers": {"storage"},
    "imaging": {"storage"},
    "warehouse": {"storage"},
    "models": {"storage", "imaging", "warehouse"},
    "reports": {"storage", "warehouse"},
    "assets": {"storage", "scrapers", "imaging", "warehouse", "models", "reports"},
    "pipelines": {
        "storage", "sandbox", "scrapers", "imaging", "warehouse", "models", "reports", "assets",
    },
}  # fmt: skip
HEAVY = {
    "torch", "faiss", "scrapy", "pandas", "matplotlib", "transformers", "timm", "sklearn", "altair",
    "vl_convert", "marimo", "optuna", "tensorboard", "captum", "cleanlab", "onnx", "onnxruntime",
    "openvino", "typst", "torchvision",
}  # fmt: skip
# They define what torch calls; whoever needs them imports them inside a function.
MAY_IMPORT_TORCH = {"models/networks.py", "models/small_cnn.py", "models/trainer/"}
KNOW_DAGSTER = {"assets", "pipelines"}


def modules(room: str) -> list[Path]:
    found = (ROOT / room).rglob("*.py")
    return sorted(path for path in found if ".venv" not in path.parts)  # the peers' environment


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_its_row_names(room: str) -> None:
    assert modules(room), f"{room} holds no module"
    for path in modules(room):
        rooms = imported(ast.parse(path.read_text())) & set(MAY_IMPORT)
        assert rooms <= MAY_IMPORT[room] | {room}, f"{path.relative_to(ROOT)} imports {rooms}"


@pytest.mark.parametrize("room", set(MAY_IMPORT) - KNOW_DAGSTER)
def test_rooms_know_nothing_of_dagster(room: str) -> None:
    for path in modules(room):
        names = imported(ast.parse(path.read_text()))
        assert not names & {"dagster", "dagster_pipes"}, path.relative_to(ROOT)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_every_module_opens_by_saying_what_belongs_in_it(room: str) -> None:
    silent = [path for path in modules(room) if not ast.get_docstring(ast.parse(path.read_text()))]
    assert not silent


def test_the_definitions_load_nothing_heavy() -> None:
    code = "import sys, pipelines.definitions; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not HEAVY & set(loaded)


def imported_at_once(tree: ast.Module) -> set[str]:
    """What importing a module imports: not what its functions do, nor what only a type checker sees."""
    names: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        names |= imported(node) if isinstance(node, ast.Import | ast.ImportFrom) else set()
        waiting += ast.iter_child_nodes(node)
    return names


def test_only_modules_that_define_networks_import_torch_at_their_top() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in modules("models")
        if "torch" in imported_at_once(ast.parse(path.read_text()))
    }
    strange = {name for name in found if not name.startswith(tuple(MAY_IMPORT_TORCH))}
    assert not strange | (found & {"models/trainer/__init__.py"})
    assert "models/networks.py" in found  # it sees them


def test_what_a_function_or_a_type_checker_imports_is_not_imported_at_once() -> None:
    code = """
if TYPE_CHECKING:
    import a
else:
    import b
try:
    from c.d import e
except ImportError:
    pass
class F:
    import g
    def h(self): import i
"""
    assert imported_at_once(ast.parse(code)) == {"b", "c", "g"}


def test_both_declarations_of_the_code_location_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    (entry,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    module = entry["python_module"]
    assert module["module_name"] == project["code_location_target_module"]
    assert module["location_name"] == project["code_location_name"]
    assert module["working_directory"] == "."


def lock() -> dict[str, tuple[str, list[str]]]:
    """Locked name → (version, who asked for it)."""
    found: dict[str, tuple[str, list[str]]] = {}
    text = (ROOT / "requirements.lock").read_text()
    for block in re.split(r"\n(?=[a-z0-9])", text):
        pin = re.match(r"([A-Za-z0-9_.-]+)==([^ ;\\]+)", block)
        if pin:
            via = re.findall(r"#\s+(?:via )?([A-Za-z0-9_.:() /-]+)$", block, re.MULTILINE)
            found[canonicalize_name(pin[1])] = (pin[2], via)
            assert "--hash=sha256:" in block, f"{pin[1]} has no hash"
    return found


def test_the_lock_agrees_with_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {
        canonicalize_name(Requirement(text).name): Requirement(text)
        for text in [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    }
    locked = lock()
    for name, requirement in wanted.items():
        version, via = locked[name]
        assert requirement.specifier.contains(version), f"{requirement}, but {version} is locked"
        assert any("artlake" in who for who in via), f"{name} is locked, but not for artlake"
    direct = {name for name, (_, via) in locked.items() if any("artlake" in who for who in via)}
    assert direct == set(wanted), "run `make lock`"


def test_the_lock_holds_no_index_address() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text()


def test_the_makefile_pins_the_locked_uv() -> None:
    pinned = re.search(r"UV_VERSION := (\S+)", (ROOT / "Makefile").read_text())
    assert pinned is not None and lock()["uv"][0] == pinned[1]


def test_every_dependency_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    silent = [
        line for line in text.splitlines() if re.match(r'^    "[a-z0-9-]+[<>=~\[].*",\s*$', line)
    ]
    assert not silent


def test_every_setting_is_in_the_example() -> None:
    from pipelines.settings import Settings

    example = (ROOT / ".env.example").read_text()
    missing = [name for name in Settings.model_fields if f"ARTLAKE_{name.upper()}=" not in example]
    assert not missing


def tree() -> str:
    """Every module of every room with the first line of its docstring."""
    lines = []
    for room in [*MAY_IMPORT, "benchmarks"]:
        for path in modules(room):
            opening = (ast.get_docstring(ast.parse(path.read_text())) or "").splitlines()[0]
            lines.append(f"{path.relative_to(ROOT).as_posix():32} {opening}")
    return "\n".join(lines)


def test_the_readme_shows_the_tree() -> None:
    file = ROOT / "README.md"
    text = file.read_text()
    before, marker, rest = text.partition("modules' docstrings -->\n")
    shown, end, after = rest.partition("<!-- /tree -->")
    assert marker and end
    wanted = f"```\n{tree()}\n```\n"
    if os.environ.get("UPDATE_SNAPSHOT"):
        file.write_text(before + marker + wanted + end + after)
    else:
        assert shown == wanted, "UPDATE_SNAPSHOT=1 make test ARGS=tests/test_house.py"


def test_every_make_target_of_the_readme_exists() -> None:
    listed = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for line in readme_commands():
        if line.startswith("make "):
            assert re.search(rf"^  {line.split()[1]} ", listed, re.MULTILINE), line


@pytest.mark.parametrize(
    "line", [line for line in readme_commands() if "./artlake" in line], ids=str
)
def test_every_command_of_the_readme_has_help(line: str) -> None:
    words = line[line.index("./artlake") :].split()
    command = [word for word in words[1:2] if not word.startswith("-")]
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not command or "Examples" in done.stdout
