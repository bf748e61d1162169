"""House rules that are neither imports nor packaging: sizes, help texts, locked requirements, the Makefile."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

REPO = Path(__file__).parent.parent
MAX_FILE = 300
MAX_FUNCTION = 60


def too_long(root: Path) -> list[str]:
    """Files over 300 lines and functions over 60."""
    found = []
    for path in sorted(p for folder in ("personagen", "tests", "benchmarks") for p in (root / folder).rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        where, lines = path.relative_to(root), source.count("\n")
        if lines > MAX_FILE:
            found.append(f"{where} has {lines} lines")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                if length > MAX_FUNCTION:
                    found.append(f"{where}:{node.lineno} {node.name} has {length} lines")
    return found


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group, with the words that lead to it."""
    if path:
        yield path, command
    if isinstance(command, click.Group):
        for name, below in sorted(command.commands.items()):
            yield from commands(below, (*path, name))


def help_faults(main: click.Group) -> list[str]:
    """Commands without help or without an example, options without help, examples with options that do not exist."""
    found = []
    known = dict(commands(main))
    for path, command in known.items():
        name = " ".join(path)
        if not command.help:
            found.append(f"{name}: no help")
        options = [p for p in command.params if isinstance(p, click.Option)]
        found += [f"{name}: {option.opts[0]} has no help" for option in options if not option.help]
        examples = _examples(command)
        mine = [words for words in examples if tuple(words[: len(path)]) == path]
        if not mine and not isinstance(command, click.Group):
            found.append(f"{name}: no example")
        taken = {opt for option in options for opt in (*option.opts, *option.secondary_opts)} | {"--help"}
        for words in mine:
            wrong = [w for w in words if w.startswith("--") and w.partition("=")[0] not in taken]
            if wrong and not isinstance(command, click.Group):
                found.append(f"{name}: the example uses {', '.join(wrong)}")
    return found


def _examples(command: click.Command) -> list[list[str]]:
    text = f"{command.help or ''}\n{command.epilog or ''}"
    lines = re.findall(r"^\s*\$?\s*personagen ([a-z].*)$", text, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


MALICIOUS = ("litellm==1.82.7", "litellm==1.82.8")  # March 2026: they sent out keys, from a .pth file at every start


def lock_faults(root: Path) -> list[str]:
    """Pins without a hash, addresses, and direct dependencies that are not locked."""
    found = []
    pins = {}
    for name in ("main", "dev", "train", "env"):
        text = (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]
        found += [f"{name}.txt: {e.splitlines()[0]} has no hash" for e in entries if "--hash=sha256:" not in e]
        found += [f"{name}.txt: {line}" for line in text.splitlines() if re.search(r"://|^-|@ |[\s=]/", line)]
        pins[name] = {entry.partition(" ")[0].partition("==")[0] for entry in entries}
        found += [f"{name}.txt: {bad} is malicious" for bad in MALICIOUS if f"{bad} " in text]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[^a-z0-9-]", dependency)[0] for dependency in project["dependencies"]}
    for name, locked in pins.items():
        found += [f"{name}.txt: {missing} is not locked" for missing in sorted(wanted - locked)]
    found += [f"dev.txt: {missing} stands in main.txt only" for missing in sorted(pins["main"] - pins["dev"])]
    return found


def test_files_and_functions_stay_short():
    faults = too_long(REPO)
    assert not faults, "\n".join(faults)


def test_a_file_of_301_lines_and_a_function_of_61_are_reported(tmp_path: Path):
    (tmp_path / "personagen").mkdir()
    (tmp_path / "personagen" / "long.py").write_text("x = 1\n" * 301)
    (tmp_path / "personagen" / "fine.py").write_text("x = 1\n" * 300)
    (tmp_path / "personagen" / "deep.py").write_text(
        "def short():\n" + "    x = 1\n" * 59 + "async def deep():\n" + "    x = 1\n" * 60
    )
    assert too_long(tmp_path) == ["personagen/deep.py:61 deep has 61 lines", "personagen/long.py has 301 lines"]


def test_every_command_has_help_with_an_example_that_its_options_allow():
    from personagen import cli

    main = click.Group("personagen", cli.commands())
    assert len(list(commands(main))) >= 6
    faults = help_faults(main)
    assert not faults, "\n".join(faults)


def test_a_command_without_help_an_example_or_an_options_help_is_reported():
    group = click.Group("personagen")
    bare = click.Command("bare", params=[click.Option(["--depth"])])
    wrong = click.Command("wrong", help="Does it.", epilog="\b\nExamples:\n  personagen wrong --dept 3  # deep")
    fine = click.Command("fine", help="Does it.\n\n\b\n  personagen fine --help")
    group.add_command(click.Group("nested", help="More.", commands={"bare": bare}))
    group.add_command(wrong)
    group.add_command(fine)
    assert help_faults(group) == [
        "nested bare: no help",
        "nested bare: --depth has no help",
        "nested bare: no example",
        "wrong: the example uses --dept",
    ]


def test_requirements_are_hashed_complete_and_name_no_address():
    faults = lock_faults(REPO)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("novel==1.0", "main.txt: novel==1.0 has no hash"),
        ("--index-url https://mirror.example/simple", "main.txt: --index-url https://mirror.example/simple"),
        ("#    uv pip compile -o /home/me/main.txt", "main.txt: #    uv pip compile -o /home/me/main.txt"),
        ("novel==1.0 \\\n    --hash=sha256:00", "dev.txt: novel stands in main.txt only"),
        ("litellm==1.82.8 \\\n    --hash=sha256:00", "main.txt: litellm==1.82.8 is malicious"),
    ],
)
def test_a_fault_in_the_requirements_is_reported(tmp_path: Path, line: str, said: str):
    shutil.copytree(REPO / "requirements", tmp_path / "requirements")
    shutil.copy(REPO / "pyproject.toml", tmp_path)
    with (tmp_path / "requirements" / "main.txt").open("a") as file:
        file.write(f"{line}\n")
    assert said in lock_faults(tmp_path)


def test_a_dependency_that_is_not_locked_is_reported(tmp_path: Path):
    shutil.copytree(REPO / "requirements", tmp_path / "requirements")
    project = (REPO / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(project.replace("dependencies = [", 'dependencies = ["novel>=1",', 1))
    assert "main.txt: novel is not locked" in lock_faults(tmp_path)


def made(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    shutil.copy(REPO / "Makefile", folder)
    shutil.copytree(REPO / "requirements", folder / "requirements")
    shutil.copy(REPO / "pyproject.toml", folder)
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", *args], cwd=folder, env=env, capture_output=True, text=True, check=False)


def fake_python(folder: Path, version: str) -> Path:
    path = folder / "old-python"
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "{version}" && exit 0\nexit 1\n')
    path.chmod(0o755)
    return path


def test_make_says_in_one_sentence_that_python_is_too_old(tmp_path: Path):
    result = made(tmp_path, f"PYTHON={fake_python(tmp_path, 'Python 3.9.1')}", "demo")
    said = [line for line in result.stderr.splitlines() if not line.startswith("make")]
    assert result.returncode != 0
    assert len(said) == 1
    assert said[0].startswith("personagen needs Python 3.11 or newer")
    assert "Python 3.9.1" in said[0]
    assert not (tmp_path / ".venv").exists()


def test_make_says_so_too_where_there_is_no_python(tmp_path: Path):
    result = made(tmp_path, "PYTHON=no-such-python", "test")
    assert result.returncode != 0
    assert "personagen needs Python 3.11 or newer" in result.stderr


def test_make_says_before_it_installs_that_this_takes_a_while_and_ends_with_commands_as_they_are_typed(tmp_path: Path):
    said = made(tmp_path, "--dry-run", "demo").stdout
    announced, installed = said.index('echo "installing $(grep'), said.index("-r requirements/main.txt")
    assert announced < installed
    ends = re.findall(r'^echo "(?:to go on:)? +(.venv/bin/personagen .*)"$', said, re.MULTILINE)
    assert ends == [".venv/bin/personagen show outputs/demo/run 2", ".venv/bin/personagen --help"]
    for target, packages in (("test", "dev"), ("real", "real"), ("test-train", "train"), ("test-env", "env")):
        steps = made(tmp_path / target, "--dry-run", target).stdout
        assert steps.index(f"requirements/{packages}.txt) packages") < steps.index(f"-r requirements/{packages}.txt")


def test_make_help_lists_the_targets(tmp_path: Path):
    listed = made(tmp_path, "help").stdout
    assert [target for target in ("demo", "test", "check", "lock") if f"make {target} " not in listed] == []


@pytest.mark.parametrize("told", ["", "{}", '{"vulnerabilities": []}'])
def test_an_audit_that_can_ask_nobody_fails_and_says_so(tmp_path: Path, told: str):
    (tmp_path / ".venv-audit" / "bin").mkdir(parents=True)
    (tmp_path / ".venv-audit" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".venv-audit" / ".ready").touch()
    (tmp_path / "told.json").write_text(told)
    result = made(tmp_path, "audit", f"ADVISED=file://{tmp_path}/told.json")
    assert result.returncode != 0
    assert "so nothing was checked" in result.stderr
