"""The README is true: its commands and programs run, its samples are what comes out, its lists are complete.

`TEST_PERSONAGEN_WRITE_README=1 make test PYTEST_ARGS=tests/test_readme.py` writes the samples anew.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from personagen import errors
from tests.servers import Server, serving
from tests.servers.actor import actor
from tests.test_floors import floor_of

REPO = Path(__file__).parent.parent
README = REPO / "README.md"
RUNNING = REPO / "docs" / "running.md"
OWN_DATA = REPO / "docs" / "own-data.md"
PAGES = (README, RUNNING, OWN_DATA)  # followed one after the other
WRITE = "TEST_PERSONAGEN_WRITE_README"
RUN = {"sh": ["bash", "-euo", "pipefail"], "python": [sys.executable]}

# On the PATH in place of the installed commands. A provider, or a server at the address the README makes up, is a
# double on this machine; a price stands in for that of the provider's model.
PERSONAGEN = """#!{python}
import os, sys
from personagen.cli import main
double = os.environ["DOUBLE"]
words = [word.replace("http://127.0.0.1:8000", double) for word in sys.argv[1:]]
if any(word.partition("=")[2].startswith("openai/") or word.startswith("openai/") for word in words):
    words += [] if "--base-url" in words else ["--base-url", double + "/v1"]
    words += ["--price", "1,1"] if "--budget" in words else []
main(words, "personagen")
"""
# Only whether the target is there, and for the demo the commands of this program that it runs.
MAKE = """#!/bin/sh
set -e
plan=$("{make}" --no-print-directory --dry-run -C "{repo}" "$@")
mkdir -p .venv/bin && touch .venv/bin/activate
if [ "$1" = demo ]; then echo "$plan" | sed -n 's#^.venv/bin/personagen#personagen#p' | sh -e; fi
"""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the HTML comment in front of it, and its line."""

    language: str
    code: str
    comment: str
    line: int


def blocks(text: str) -> Iterator[Block]:
    for found in re.finditer(r"(?:^<!--([^\n]*?)-->\n)?^```(.*?)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Block(found[2].strip(), found[3], (found[1] or "").strip(), text[: found.start()].count("\n") + 1)


def is_output(block: Block) -> bool:
    return block.comment.startswith("output: ")


def unaccounted(text: str) -> list[str]:
    """Blocks that are neither run, nor compared with what comes out, nor read as the list of folders."""
    return [
        f"line {b.line}: a block in {b.language or 'no language'} that nothing tests"
        for b in blocks(text)
        if b.language not in RUN and not is_output(b) and b.comment != "tree"
    ]


def environment(folder: Path, double: str) -> dict[str, str]:
    """One in which the commands are found, no key is there, and nothing but this machine can be reached."""
    kept = {n: v for n, v in os.environ.items() if not re.match(r"MAKE|MFLAGS|PERSONAGEN|OPENAI|ANTHROPIC|.*_KEY$", n)}
    path = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf"), "NO_PROXY": "127.0.0.1"}
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    return {**kept, **offline, **proxies, "PATH": path, "PYTHONPATH": str(REPO), "DOUBLE": double, "COLUMNS": "80"}


def prepared(folder: Path) -> Path:
    """A working folder with the commands the README uses."""
    texts = {
        "personagen": PERSONAGEN.format(python=sys.executable),
        "make": MAKE.format(make=shutil.which("make"), repo=REPO),
    }
    (folder / "bin").mkdir(parents=True)
    for name, text in texts.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    return folder


def run(block: Block, folder: Path, double: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN[block.language], "-c", block.code],
        cwd=folder,
        env=environment(folder, double),
        capture_output=True,
        text=True,
        check=False,
    )


def failures(text: str, folder: Path, double: str) -> list[str]:
    """Runs the commands and programs in their order; what fails, with its line."""
    found = []
    for block in blocks(text):
        if block.language in RUN:
            done = run(block, folder, double)
            if done.returncode:
                found.append(f"line {block.line}: exit {done.returncode}: {done.stderr.strip()[-2000:]}")
    return found


def with_samples(text: str, folder: Path, double: str) -> str:
    """``text`` with every sample in it replaced by what its command gives."""
    for block in [block for block in blocks(text) if is_output(block)]:
        command = Block("sh", block.comment.removeprefix("output: "), "", block.line)
        head, tail = f"<!-- {block.comment} -->\n```{block.language}\n", "```\n"
        shown = "\n".join(line.rstrip() for line in run(command, folder, double).stdout.strip("\n").splitlines())
        text = text.replace(f"{head}{block.code}{tail}", f"{head}{shown}\n{tail}")
    return text


@dataclass(frozen=True)
class Worked:
    """A folder in which the README and the page on running have been followed from the first line to the last."""

    folder: Path
    server: Server
    failures: list[str]


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worked]:
    folder = prepared(tmp_path_factory.mktemp("readme") / "work")
    with serving(actor) as server:
        found = [f"{page.name} {f}" for page in PAGES for f in failures(page.read_text("utf-8"), folder, server.url)]
        yield Worked(folder, server, found)


def test_every_command_and_program_runs(worked: Worked):
    assert not worked.failures, "\n".join(worked.failures)


def test_the_commands_for_real_models_asked_the_server_that_stands_in(worked: Worked):
    models = {request.body["model"] for request in worked.server.requests}
    assert len(models) >= 3, models


def test_the_samples_are_what_comes_out(worked: Worked):
    text = README.read_text(encoding="utf-8")
    now = with_samples(text, worked.folder, worked.server.url)
    if os.environ.get(WRITE):
        README.write_text(now, encoding="utf-8")
    else:
        assert now == text, f"the samples have changed: {WRITE}=1 writes them anew"
    assert all(block.code.strip() for block in blocks(now) if is_output(block))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_is_tested_somehow(page: Path):
    assert not unaccounted(page.read_text(encoding="utf-8"))


def test_it_has_at_most_170_lines():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 170


def listed(text: str) -> list[str]:
    """The paths in the list of folders."""
    (tree,) = (block for block in blocks(text) if block.comment == "tree")
    folder, paths = "", []
    for line in tree.code.splitlines():
        names = re.split(r"\s{2,}", line.strip())[0].split(", ")
        if not line.startswith(" "):
            folder = names[0] if names[0] == "personagen/" else ""
        paths += [name if name == folder else f"{folder}{name}" for name in names]
    return paths


def misnamed(text: str, repo: Path) -> list[str]:
    """Paths that are not there, and modules and folders of the package that are not named."""
    named = listed(text)
    there = [p for p in (repo / "personagen").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()]
    wanted = {f"personagen/{p.name}{'/' if p.is_dir() else ''}" for p in there}
    return [f"{name} is not there" for name in named if not (repo / name).exists()] + [
        f"{name} is not named" for name in sorted(wanted - set(named))
    ]


def test_the_list_of_folders_names_what_is_there_and_every_module():
    faults = misnamed(README.read_text(encoding="utf-8"), REPO)
    assert not faults, "\n".join(faults)


def test_the_list_of_folders_goes_from_the_lowest_floor_up():
    named = [
        p.removeprefix("personagen/") for p in listed(README.read_text(encoding="utf-8")) if p.startswith("personagen/")
    ]
    floors = [floor_of(name.replace("/", ".x").removesuffix(".py")) for name in named if name]
    known = [floor for floor in floors if floor is not None]
    assert known == sorted(known)


def test_every_exit_code_is_named():
    rows = re.findall(r"^\| ([\d, ]+) \|", RUNNING.read_text(encoding="utf-8"), re.MULTILINE)
    named = {int(code) for row in rows for code in row.split(", ")}
    assert named == {0} | {kind.exit_code for kind in errors.PersonagenError.__subclasses__()}


def test_every_option_that_is_mentioned_exists():
    from click import Group

    from personagen import cli
    from tests.test_house import commands

    known = {
        option
        for _, command in commands(Group(commands=cli.commands()))
        for parameter in command.params
        for option in parameter.opts
    }
    text = re.sub(r"<!--.*?-->", "", "".join(page.read_text(encoding="utf-8") for page in PAGES))
    mentioned = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert mentioned - known == {"--help", "--help-all"}


@pytest.mark.parametrize("page", [README, *sorted((REPO / "docs").glob("*.md"))], ids=lambda page: page.stem)
def test_every_relative_link_leads_somewhere(page: Path):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_it_leads_to_what_defends_its_reader_and_that_to_tests_that_are_there():
    assert "[SECURITY.md](SECURITY.md)" in README.read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)`", (REPO / "SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) >= 5
    assert [path for path in named if not (REPO / path).is_file()] == []


def test_a_command_that_fails_a_sample_that_differs_and_a_block_without_a_test_are_reported(tmp_path: Path):
    text = (
        "```sh\npersonagen prompts check\n```\n\n```sh\npersonagen shew\n```\n\n```python\nimport nothing\n```\n\n"
        "```sh\nmake nothing\n```\n\n<!-- output: echo new -->\n```text\nold\n```\n\n```toml\nx = 1\n```\n"
    )
    folder = prepared(tmp_path / "work")
    assert [failure.partition(":")[0] for failure in failures(text, folder, "")] == ["line 5", "line 9", "line 13"]
    assert "```text\nnew\n```" in with_samples(text, folder, "")
    assert unaccounted(text) == ["line 22: a block in toml that nothing tests"]


def test_a_module_that_is_left_out_and_one_that_is_gone_are_reported(tmp_path: Path):
    (tmp_path / "personagen" / "gates").mkdir(parents=True)
    for name in ("gates/__init__.py", "tree.py"):
        (tmp_path / "personagen" / name).touch()
    text = "<!-- tree -->\n```text\npersonagen/\n  gates/  what\n  gone.py  was\n```\n"
    assert misnamed(text, tmp_path) == ["personagen/gone.py is not there", "personagen/tree.py is not named"]
