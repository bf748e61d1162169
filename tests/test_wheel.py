"""The wheel: what is in it, what is not, and that it works without the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

REPO = Path(__file__).parent.parent
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "personagen", "personagen_env.py", "prompts", "seeds", "tests")


def built(repo: Path, folder: Path) -> Path:
    """The wheel of ``repo``, built without a network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def wheel_faults(wheel: Path, repo: Path) -> list[str]:
    """Files that are missing, differ from the repository's, or have no business in a wheel."""
    wanted = {
        f"personagen/data/{p.relative_to(repo)}": p for d in ("prompts", "seeds") for p in (repo / d).rglob("*.*")
    }
    wanted |= {
        str(p.relative_to(repo)): p
        for p in (repo / "personagen").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    wanted["personagen_env.py"] = repo / "personagen_env.py"
    with ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    info = next(name for name in held if name.endswith(".dist-info/METADATA")).rpartition("/")[0]
    found = [f"{name} is missing" for name in wanted if name not in held]
    found += [f"{name} is not the repository's" for name, p in wanted.items() if held.get(name, b"") != p.read_bytes()]
    found += [f"{info}/licenses/LICENSE is missing"] if f"{info}/licenses/LICENSE" not in held else []
    found += [f"{name} does not belong in it" for name in held if name not in wanted and not name.startswith(info)]
    return sorted(set(found))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(REPO, tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository's sources, to plant a fault in."""
    for name in SOURCES:
        source, target = REPO / name, tmp_path / "repo" / name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return tmp_path / "repo"


def test_the_wheel_holds_the_package_the_prompts_the_seeds_and_nothing_else(wheel: Path):
    faults = wheel_faults(wheel, REPO)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "name",
    [
        "personagen/data/prompts/judge/prefer.md",
        "personagen/data/prompts/author/profiles.md",
        "personagen/data/seeds/profiles.jsonl",
        "personagen/data/seeds/personalities.jsonl",
        "personagen/data/seeds/evaluation.jsonl",
        "personagen/data/seeds/README.md",
        "personagen/py.typed",
    ],
)
def test_the_wheel_holds(wheel: Path, name: str):
    with ZipFile(wheel) as archive:
        assert name in archive.namelist()


def test_no_file_of_the_wheel_runs_when_python_starts(wheel: Path):
    with ZipFile(wheel) as archive:
        assert [
            name for name in archive.namelist() if name.endswith((".pth", "sitecustomize.py", "usercustomize.py"))
        ] == []


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment with the wheel and nothing else installed; what it needs is found on PYTHONPATH."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder)
    python = folder / "bin" / "python"
    ours = [sys.executable, "-m", "pip", "--python", python, "install"]
    command = ours if find_spec("pip") else ["uv", "pip", "install", "--python", python]  # as the Makefile has it
    subprocess.run([*command, "--quiet", "--no-index", "--no-deps", wheel], check=True, capture_output=True)
    return folder


# What runs a console script as the shell does, and says at the end what was loaded and which sockets were touched.
WATCHED = """
import json, runpy, sys
sockets = []
sys.addaudithook(lambda event, args: sockets.append(event) if event.startswith("socket.") else None)
sys.argv = sys.argv[1:]
sys.path.pop(0)
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    import personagen
    told = {"modules": sorted(sys.modules), "sockets": sockets, "from": personagen.__file__}
    print(json.dumps(told), file=sys.stderr)
"""
HEAVY = {"litellm", "openai", "anthropic", "torch", "datasets", "numpy", "aiohttp", "jinja2", "sentence_transformers"}


def watched(environment: Path, *words: str) -> dict[str, Any]:
    """What the installed command did."""
    command = [environment / "bin" / "python", "-c", WATCHED, environment / "bin" / "personagen", *words]
    env = {**os.environ, "PYTHONPATH": sysconfig.get_path("purelib")}
    done = subprocess.run(command, env=env, cwd=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stderr.splitlines()[-1])


def test_a_clean_installation_has_no_file_that_runs_when_python_starts(installed: Path):
    assert [path.name for path in installed.rglob("*") if path.suffix == ".pth" or "customize" in path.name] == []


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("simulate", "--help")])
def test_help_opens_no_socket_and_loads_no_sdk(installed: Path, words: tuple[str, ...]):
    done = watched(installed, *words)
    assert Path(done["from"]).is_relative_to(installed)
    assert done["sockets"] == []
    assert HEAVY & {name.partition(".")[0] for name in done["modules"]} == set()


def test_what_is_loaded_and_touched_is_seen(installed: Path, tmp_path: Path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(installed / "bin" / "python")
    script = "import numpy, socket\nsocket.socket().close()\nimport personagen\n"
    (tmp_path / "bin" / "personagen").write_text(script)
    done = watched(tmp_path, "--help")
    assert "numpy" in done["modules"]
    assert "socket.__new__" in done["sockets"]


def test_prompts_that_are_left_out_are_reported(copy: Path, tmp_path: Path):
    project = copy / "pyproject.toml"
    project.write_text(project.read_text().replace('"prompts" = "personagen/data/prompts"\n', ""))
    faults = wheel_faults(built(copy, tmp_path / "out"), copy)
    assert "personagen/data/prompts/judge/prefer.md is missing" in faults


def test_tests_that_slip_in_are_reported(copy: Path, tmp_path: Path):
    project = copy / "pyproject.toml"
    project.write_text(project.read_text().replace('packages = ["personagen"]', 'packages = ["personagen", "tests"]'))
    assert "tests/test_wheel.py does not belong in it" in wheel_faults(built(copy, tmp_path / "out"), copy)


def test_a_path_file_that_slips_in_is_reported(copy: Path, tmp_path: Path):
    (copy / "start.pth").write_text("import os\n")
    project = copy / "pyproject.toml"
    project.write_text(project.read_text().replace('"seeds" = ', '"start.pth" = "start.pth"\n"seeds" = '))
    assert "start.pth does not belong in it" in wheel_faults(built(copy, tmp_path / "out"), copy)


def test_the_unpacked_wheel_makes_a_dataset_in_an_empty_folder(wheel: Path, tmp_path: Path):
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "work").mkdir()

    def run(*args: str) -> str:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "personagen", *args],
            cwd=tmp_path / "work",
            env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = "import personagen; print(personagen.__file__)"
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    found = subprocess.run([sys.executable, "-P", "-c", where], env=env, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()).is_relative_to(tmp_path)
    run("expand", "--target", "5", "--out", "pool", "--quiet")
    run(
        "simulate",
        "--personas",
        "pool/personas.jsonl",
        "--conversations",
        "2",
        "--turns",
        "2",
        "--out",
        "run",
        "--quiet",
    )
    run("export", "run", "--format", "trl", "--out", "pairs.jsonl", "--quiet")
    assert (tmp_path / "work" / "pairs.jsonl").read_bytes().count(b"\n") >= 1
