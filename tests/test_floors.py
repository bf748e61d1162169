"""The house plan as a test: imports go down only, never round, and the lower floors are pure."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "personagen"

# A file or a folder of the package, with its floor: a module imports only from lower floors and from its own folder.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "notebook"}),
    frozenset({"records", "options"}),
    frozenset({"call", "tree", "plugins", "ratings"}),
    frozenset({"prompts"}),
    frozenset({"readers"}),
    frozenset({"personas"}),
    frozenset({"metrics", "gates", "offline"}),
    frozenset({"pairs", "trajectories", "where"}),
    frozenset({"exporters"}),
    frozenset({"store"}),
    frozenset({"llm"}),
    frozenset({"encoders", "splits"}),
    frozenset({"agents"}),
    frozenset({"runs"}),
    frozenset({"hub"}),
    frozenset({"train", "reports"}),
    frozenset({"flows"}),
    frozenset({"env"}),
    frozenset({"inspect_task"}),
    frozenset({"cli"}),
    frozenset({"api", "publishing"}),
    frozenset({"__init__", "__main__"}),
)
# Below ``llm`` there is no I/O, no async and no printing, except in these.
IMPURE = frozenset({"plugins", "prompts", "readers", "offline", "store"}) | {
    f"personas.{name}"
    for name in (
        "seeds",
        "reading",
        "topics",
        "lexicon",
        "language",
        "population_file",
    )  # the last read packaged tables
}
PURE_BELOW = next(number for number, units in enumerate(FLOORS) if "llm" in units)

IMPURE_MODULES = frozenset(
    """
    aiohttp asyncio builtins concurrent ctypes datetime fcntl glob gzip http httpx importlib io litellm logging mmap
    multiprocessing openai anthropic os pathlib pickle requests secrets select shutil signal socket sqlite3 subprocess
    sys tempfile threading time urllib uuid zipfile
    """.split()
)
IMPURE_NAMES = frozenset({"print", "input", "open", "eval", "exec", "compile", "breakpoint", "__import__"})
IMPURE_METHODS = frozenset({"read_text", "read_bytes", "write_text", "write_bytes", "open", "mkdir", "unlink", "touch"})


@cache
def _parsed(source: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(source)))


def walk(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a file's syntax tree. The copies that faults are planted in share most of their text."""
    return _parsed(path.read_text(encoding="utf-8"))


def modules(package: Path) -> dict[str, Path]:
    """Every module by its name below the package: ``gates.repeats``; a folder's ``__init__`` is ``gates``."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        found[name] = path
    return found


def imports(package: Path, name: str, path: Path, known: dict[str, Path]) -> Iterator[tuple[str, int]]:
    """The modules of the package that ``path`` imports, anywhere in it, with the line."""
    here = [package.name, *name.split(".")]
    depth = len(here) if path.name == "__init__.py" and name != "__init__" else len(here) - 1
    for node in walk(path):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: depth - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            inside = [f"{source}.{alias.name}" for alias in node.names]
            targets = [t if t.removeprefix(f"{package.name}.") in known else source for t in inside]
        else:
            continue
        for target in targets:
            if target == package.name or target.startswith(f"{package.name}."):
                yield target.removeprefix(package.name).lstrip(".") or "__init__", node.lineno


def floor_of(name: str) -> int | None:
    unit = name.partition(".")[0]
    return next((number for number, units in enumerate(FLOORS) if unit in units), None)


def wrong_imports(package: Path) -> list[str]:
    """Imports that do not go to a lower floor, nor to the same folder of the same floor."""
    known = modules(package)
    wrong = [f"{name}: has no floor; give it one in FLOORS" for name in known if floor_of(name) is None]
    for name, path in known.items():
        for target, line in imports(package, name, path, known):
            own, other = floor_of(name), floor_of(target)
            if own is None or other is None or other < own:
                continue
            if other > own or _folder(name, known) != _folder(target, known):
                wrong.append(f"{name}:{line} (floor {own}) imports {target} (floor {other})")
    return wrong


def _folder(name: str, known: dict[str, Path]) -> str:
    path = known.get(name)
    in_a_folder = "." in name or (path is not None and path.name == "__init__.py" and name != "__init__")
    return name.partition(".")[0] if in_a_folder else ""


def cycles(package: Path) -> list[str]:
    """Modules that import themselves by way of others."""
    known = modules(package)
    graph = {name: {t for t, _ in imports(package, name, path, known)} for name, path in known.items()}
    done: set[str] = set()
    found = []

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            found.append(" -> ".join([*trail[trail.index(name) :], name]))
        elif name not in done:
            for target in sorted(graph.get(name, ())):
                visit(target, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())
    return found


def impurities(package: Path) -> list[str]:
    """I/O, async, clocks and printing on the pure floors."""
    found = []
    for name, path in modules(package).items():
        floor = floor_of(name)
        if floor is None or floor >= PURE_BELOW or IMPURE & {name, name.partition(".")[0]}:
            continue
        for node in walk(path):
            what = _impure(node)
            if what:
                found.append(f"{name}:{getattr(node, 'lineno', 0)} {what}")
    return found


def _impure(node: ast.AST) -> str | None:
    if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await):
        return "is async"
    if isinstance(node, ast.Import):
        return next((f"imports {a.name}" for a in node.names if a.name.partition(".")[0] in IMPURE_MODULES), None)
    if isinstance(node, ast.ImportFrom):
        return f"imports {node.module}" if (node.module or "").partition(".")[0] in IMPURE_MODULES else None
    if isinstance(node, ast.Name) and node.id in IMPURE_NAMES:
        return f"uses {node.id}"
    if isinstance(node, ast.Attribute) and node.attr in IMPURE_METHODS:
        return f"calls .{node.attr}"
    return None


def global_randomness(package: Path) -> list[str]:
    """Draws that do not come from a ``Random`` of one's own: they would hang on what was drawn before."""
    found = []
    for name, path in modules(package).items():
        nodes = walk(path)
        here = {alias.asname or alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        for node in nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                drawn = node.value.id == "random" and "random" in here and node.attr != "Random"
            elif isinstance(node, ast.ImportFrom):
                drawn = node.module == "random" and any(alias.name != "Random" for alias in node.names)
            else:
                continue
            if drawn:
                found.append(f"{name}:{node.lineno} draws from the global generator")
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package, to plant a fault in."""
    return Path(shutil.copytree(PACKAGE, tmp_path / "personagen", ignore=shutil.ignore_patterns("__pycache__")))


def plant(package: Path, module: str, code: str) -> None:
    path = package / module
    path.parent.mkdir(exist_ok=True)
    path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + f"\n{code}\n", encoding="utf-8")


def test_imports_go_to_a_lower_floor_or_stay_in_the_folder():
    faults = wrong_imports(PACKAGE)
    assert not faults, "\n".join(faults)


def test_no_module_imports_itself_by_way_of_others():
    faults = cycles(PACKAGE)
    assert not faults, "\n".join(faults)


def test_the_lower_floors_do_no_io_no_async_and_no_printing():
    faults = impurities(PACKAGE)
    assert not faults, "\n".join(faults)


def test_nothing_draws_from_the_global_random_generator():
    faults = global_randomness(PACKAGE)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("module", "code", "said"),
    [
        ("errors.py", "from personagen.records import Record", "errors:"),
        ("errors.py", "from personagen import records", "errors:"),
        ("errors.py", "import personagen.records", "errors:"),
        ("errors.py", "from .records import Record", "errors:"),
        ("gates/repeats.py", "from ..agents import judge", "gates.repeats:"),
        ("gates/repeats.py", "def f():\n    from personagen.flows import simulate", "gates.repeats:"),
        ("gates/repeats.py", "from personagen.metrics import x", "gates.repeats:"),
        ("tree.py", "from personagen.gates import PAIR_GATES", "tree:"),
        ("novelty.py", "", "novelty: has no floor"),
    ],
)
def test_an_import_that_goes_up_or_sideways_is_reported(copy: Path, module: str, code: str, said: str):
    plant(copy, "metrics/__init__.py", "x = 1")
    before = wrong_imports(copy)
    plant(copy, module, code)
    new = [fault for fault in wrong_imports(copy) if fault not in before]
    assert len(new) == 1
    assert new[0].startswith(said)


def test_an_import_within_the_folder_or_downwards_is_not_reported(copy: Path):
    before = wrong_imports(copy)
    plant(copy, "gates/repeats.py", "from personagen.gates.role import role\nfrom personagen.tree import turn")
    plant(copy, "tree.py", "from personagen.records import Usage")
    assert wrong_imports(copy) == before


def test_a_cycle_is_reported(copy: Path):
    before = cycles(copy)
    plant(copy, "gates/repeats.py", "from personagen.gates.role import role")
    assert cycles(copy) == before
    plant(copy, "gates/role.py", "def f():\n    from personagen.gates.repeats import repeats")
    new = [fault for fault in cycles(copy) if fault not in before]
    assert new
    assert all("gates.role" in fault and "gates.repeats" in fault for fault in new)


@pytest.mark.parametrize(
    "code",
    [
        "import os",
        "import os.path",
        "from pathlib import Path",
        "from urllib.request import urlopen",
        "def f():\n    import socket",
        "async def f(): ...",
        "print('x')",
        "open('x')",
        "def f(path): return path.read_text()",
        "from time import time",
    ],
)
def test_an_impurity_is_reported_with_its_line(copy: Path, code: str):
    before = impurities(copy)
    plant(copy, "tree.py", code)
    new = [fault for fault in impurities(copy) if fault not in before]
    assert new
    assert all(fault.startswith("tree:") for fault in new)


@pytest.mark.parametrize("code", ["import random\nrandom.shuffle([])", "from random import choice"])
def test_a_global_draw_is_reported(copy: Path, code: str):
    before = global_randomness(copy)
    plant(copy, "llm/__init__.py", code)
    assert len(global_randomness(copy)) == len(before) + 1
