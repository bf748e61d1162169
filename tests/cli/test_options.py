"""The options as a command shows and takes them: groups, short and full help, and a command of one's own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from personagen.options import ExpandOptions, OutputOptions, SimulateOptions
from personagen.options.report import PageOptions
from personagen.options.row import GROUPS, rows_of

REPO = Path(__file__).parents[2]
MORE = "{} --help-all lists every option; set what stays the same in personagen.toml."
RUNS = [("expand", ExpandOptions), ("simulate", SimulateOptions)]


def shown(text: str) -> list[str]:
    return re.findall(r"^  (--[\w-]+)", text, re.MULTILINE)


@pytest.mark.parametrize(("name", "table"), RUNS)
def test_help_shows_the_common_options_and_help_all_every_one(command, name, table):
    rows = (*rows_of(table), *rows_of(PageOptions), *rows_of(OutputOptions))
    short, whole = (command(name, option).stdout for option in ("--help", "--help-all"))
    assert "[ROLE=][ROLE=]" not in whole
    last = {"--help", "--help-all"}
    assert set(shown(short)) == {row.flag for row in rows if row.common} | last
    assert set(shown(whole)) == {row.flag for row in rows} | last
    assert MORE.format(f"personagen {name}") in " ".join(short.split())
    assert "lists every option" not in whole


def test_the_headings_are_the_same_in_both(command):
    for option in ("--help", "--help-all"):
        text = command("simulate", option).stdout
        headings = [line[:-1] for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
        assert headings == [name for name in GROUPS if name != "Pools"]


def test_a_command_with_few_options_shows_them_all(command):
    assert shown(command("prompts", "render", "--help").stdout) == [
        *(
            "--run",
            "--turn",
            "--persona",
            "--columns",
            "--inputs",
            "--prompts",
            "--language",
            "--json",
            "--quiet",
            "--help",
        )
    ]
    assert command("status", "run", "--help-all").exit_code == 2


def test_defaults_in_words_are_shown(command):
    text = " ".join(command("expand", "--help-all").stdout.split())
    for words in ("as many as --per-personality needs", "auto", "the bundled seeds", "hashed"):
        assert f"[default: {words}]" in text


FLOW = '''
from __future__ import annotations

from dataclasses import dataclass

from personagen.agents import author
from personagen.agents.ask import CallSite
from personagen.options import ModelOptions
from personagen.options.row import SIZE, option
from personagen.runs.run import run
from personagen.runs.schedule import Result, Task
from personagen.runs.workflow import RunReport, Workflow


@dataclass(frozen=True, kw_only=True)
class GreetOptions(ModelOptions):
    """What ``greet`` does."""

    times: int = option(1, "Greetings.", SIZE, common=True, least=1, most=9)


@dataclass(frozen=True)
class GreetSummary:
    """What ``greet`` did."""

    report: RunReport
    greetings: int


async def greet(options, progress=None, consent=None):
    """Asks an author for as many descriptions as there are greetings."""

    def task(ctx, item):
        found = []

        async def ask():
            found.append(await author.write(ctx, "profile", ["She keeps bees."], 1, CallSite(str(item), str(item))))
            return []

        return Task([ask], lambda: Result({"greetings.jsonl": b"{}\\n"}, {"greetings": len(found)}))

    workflow = Workflow(
        command="greet",
        options=options,
        prompts=("author/profiles",),
        unit="greetings",
        items=range(options.times),
        job=task,
        planned=lambda left: f"{left} greetings",
        summarize=lambda outcome: {"greetings": outcome.counts["greetings"]},
        results=("greetings.jsonl",),
        first_role="author",
    )
    report, own = await run(workflow, progress, consent)
    return GreetSummary(report=report, **own)
'''
COMMAND = '''
import click

from personagen.cli.options import Command, options_of
from personagen.cli.run import run_command
from personagen.flows.greet import GreetOptions
from personagen.options import OutputOptions


@click.command(cls=Command, params=options_of(GreetOptions, OutputOptions))
def greet(**values):
    """Greet the world. Often."""
    from personagen.flows.greet import greet as flow

    run_command(flow, GreetOptions, values, lambda s: ([("greetings", str(s.greetings))], "next: rest"))
'''


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with a command more, which took two files."""
    root = tmp_path_factory.mktemp("house")
    for name in ("personagen", "prompts", "seeds"):
        shutil.copytree(REPO / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "personagen" / "flows" / "greet.py").write_text(FLOW)
    (root / "personagen" / "cli" / "greet.py").write_text(COMMAND)
    return root


def greeted(house: Path, folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(house), "COLUMNS": "100", **environment}
    return subprocess.run(
        [sys.executable, "-m", "personagen", *words], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_a_new_command_is_its_flow_and_its_file(house: Path, tmp_path: Path):
    assert "  greet         Greet the world." in greeted(house, tmp_path, "--help").stdout
    help = greeted(house, tmp_path, "greet", "--help").stdout
    assert "--times N" in help
    assert "personagen greet --help-all lists every option" in help
    run = greeted(house, tmp_path, "greet", "--out", "one", "--seed", "1")
    assert run.stderr.startswith("Planned: 1 greetings\n")
    assert " ".join(run.stdout.split()).startswith("one greetings 1 calls 1 (1 new, 0 reused) ")
    assert run.stdout.endswith("next: rest\n")
    assert json.loads(greeted(house, tmp_path, "greet", "--times", "3", "--json").stdout)["greetings"] == 3
    stopped = greeted(house, tmp_path, "greet", "--times", "3", "--out", "part", "--max-calls", "1")
    assert stopped.returncode == 4
    assert stopped.stderr.endswith("to resume: personagen greet --times 3 --out part --max-calls 1\n")
    wrong = greeted(house, tmp_path, "greet", "--times", "10")
    assert (wrong.returncode, wrong.stderr) == (2, "personagen: --times 10: choose a whole number from 1 to 9\n")


@pytest.mark.slow
def test_a_new_command_has_settings_variables_and_a_table_in_the_file_of_init(house: Path, tmp_path: Path):
    def times(out: str, **environment: str) -> int:
        return json.loads(greeted(house, tmp_path, "greet", "--json", "--out", out, **environment).stdout)["greetings"]

    assert greeted(house, tmp_path, "init").returncode == 0
    settings = (tmp_path / "personagen.toml").read_text()
    (tmp_path / "personagen.toml").write_text(settings.replace("#times = 1", "times = 4"))
    assert times("four") == 4
    assert times("five", PERSONAGEN_GREET_TIMES="5") == 5
