"""What no module of the package does: run text as code, read pickles, start programs. No linter is trusted here."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).parent.parent
PACKAGE = REPO / "personagen"
MODULES = frozenset(
    "pickle _pickle dill cloudpickle joblib marshal shelve subprocess pty code codeop ctypes multiprocessing".split()
)
CALLS = frozenset({"eval", "exec", "compile", "__import__", "breakpoint"})
METHODS = frozenset(
    """
    yaml.load yaml.load_all yaml.unsafe_load yaml.unsafe_load_all yaml.full_load yaml.full_load_all os.system os.popen
    os.execv os.execve os.execvp os.spawnv os.fork os.posix_spawn asyncio.create_subprocess_exec
    asyncio.create_subprocess_shell builtins.eval builtins.exec tempfile.mktemp
    """.split()
)
LOADS = frozenset({"np.load", "numpy.load"})


def faults(source: str) -> Iterator[str]:
    """Each thing of the above in ``source``, with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            named = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Attribute):
            named = [ast.unparse(node)]
        elif isinstance(node, ast.Name):
            named = [node.id] if node.id in CALLS else []
        elif isinstance(node, ast.Call):
            keywords = {word.arg: ast.unparse(word.value) for word in node.keywords}
            named = ["allow_pickle"] if keywords.get("allow_pickle", "False") != "False" else []
            named += ["shell"] if keywords.get("shell", "False") != "False" else []
            named += (
                [ast.unparse(node.func)] if ast.unparse(node.func) in LOADS and "allow_pickle" not in keywords else []
            )
            yield from (f"{node.lineno} {name}" for name in named)
            continue
        else:
            continue
        for name in named:
            if name in CALLS | METHODS or name.partition(".")[0] in MODULES:
                yield f"{getattr(node, 'lineno', 0)} {name}"


def test_the_package_runs_no_text_reads_no_pickle_and_starts_no_program():
    found = [f"{path.name}:{fault}" for path in PACKAGE.rglob("*.py") for fault in faults(path.read_text("utf-8"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("import pickle", "1 pickle"),
        ("from pickle import loads", "1 pickle"),
        ("def f(x):\n    return eval(x)", "2 eval"),
        ("run = exec", "1 exec"),
        ("import yaml\nyaml.load(x, Loader=yaml.Loader)", "2 yaml.load"),
        ("from yaml import unsafe_load", "1 yaml.unsafe_load"),
        ("import numpy as np\nnp.load(f)", "2 np.load"),
        ("np.load(f, allow_pickle=True)", "1 allow_pickle"),
        ("import os\nos.system(x)", "2 os.system"),
        ("import asyncio\nasyncio.create_subprocess_shell(x)", "2 asyncio.create_subprocess_shell"),
        ("run(x, shell=True)", "1 shell"),
    ],
)
def test_a_way_to_run_what_is_read_is_reported(code: str, fault: str):
    assert fault in list(faults(code))


def test_numpy_may_load_arrays_alone():
    assert not list(faults("np.load(f, allow_pickle=False)"))


@pytest.mark.parametrize(
    ("code", "rule"), [("import pickle", "TID251"), ("import marshal", "TID251"), ("eval(x)", "S307")]
)
def test_the_linter_refuses_it_too(tmp_path: Path, code: str, rule: str):
    command = [sys.executable, "-m", "ruff", "check", "--config", REPO / "pyproject.toml", "--no-cache"]
    file = tmp_path / "m.py"
    file.write_text(f"{code}\n")
    assert rule in subprocess.run([*command, file], capture_output=True, text=True, check=False).stdout


HOSTILE = "open('owned', 'w').write(__name__)\n"


@pytest.mark.slow
@pytest.mark.parametrize("start", [["-m", "personagen"], ["-c", "import sys; from personagen.cli import main; main()"]])
def test_files_of_the_working_folder_are_not_taken_for_modules(tmp_path: Path, start: list[str]):
    for name in ("json", "random", "click", "rich", "orjson", "jinja2", "yaml", "pydantic", "asyncio", "logging"):
        (tmp_path / f"{name}.py").write_text(HOSTILE)
    command = [sys.executable, *(["-P"] if "-c" in start else []), *start]
    env = {"PYTHONPATH": str(REPO), "PATH": "/usr/bin:/bin"}
    for words in (["--help"], ["prompts", "check"], ["expand", "--target", "2", "--personalities", "2", "--quiet"]):
        done = subprocess.run([*command, *words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert not (tmp_path / "owned").exists()
