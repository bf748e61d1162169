"""Shell completion: the scripts, and what each argument and option offers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from personagen import cli
from personagen.agents import ACTS
from personagen.call import EFFORTS
from personagen.cli import main
from personagen.encoders import LOCAL
from personagen.exporters import EXPORTERS
from personagen.options import REPLACED
from personagen.options.growth import BEAM, GROWTHS
from tests.test_house import commands


@pytest.fixture
def offered(command, personas, monkeypatch):
    """``offered("show", "out")``: what the last word can become, after the words before it."""
    command("simulate", "--personas", personas, "--model", "tests.fakes:llm", "--turns", 1, "--out", "outputs/a/run")
    command("expand", "--target", 21, "--personalities", 20, "--out", "outputs/pool")

    def complete(*words):
        *before, begun = words
        return [item.value for item in ShellComplete(main, {}, "personagen", "_X").get_completions(before, begun)]

    return complete


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_script_asks_the_program(command, shell):
    script = command("completion", shell).stdout
    assert f"_PERSONAGEN_COMPLETE={shell}_complete" in script
    assert "personagen" in script


def test_another_shell_is_refused(command):
    result = command("completion", "tcsh")
    assert result.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in result.stderr


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes_with_it(command, tmp_path):
    (tmp_path / "completion.sh").write_text(command("completion", "bash").stdout)
    (tmp_path / "outputs" / "run").mkdir(parents=True)
    (tmp_path / "outputs" / "run" / "run.json").touch()
    program = tmp_path / "personagen"
    program.write_text(f"#!{sys.executable}\nfrom personagen.__main__ import start\nstart()\n")
    program.chmod(0o755)
    script = (
        f"PATH={tmp_path}:$PATH; source completion.sh\n"
        "COMP_WORDS=(personagen show out); COMP_CWORD=2; _personagen_completion personagen out personagen\n"
        'echo "${COMPREPLY[@]}"; complete -p personagen\n'
    )
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[0] == "outputs/run", done.stderr
    assert "_personagen_completion" in done.stdout


def test_runs_trees_and_personas_are_offered(offered):
    assert offered("show", "") == ["outputs/a/run", "outputs/pool"]
    assert offered("export", "outputs/a") == ["outputs/a/run"]
    assert offered("show", "outputs/a/run", "") == ["1", "2", "3", "4", "5", "6"]
    assert offered("show", "outputs/a/run", "p3") == ["p3-0"]
    assert len(offered("show", "outputs/pool", "1")) > 1
    assert offered("show", "absent", "") == []


def test_prompts_formats_models_roles_and_values_are_offered(offered):
    assert offered("prompts", "render", "") == sorted(ACTS)
    assert offered("prompts", "render", "judge") == ["judge/agrees", "judge/prefer", "judge/rate"]
    assert offered("export", "outputs/a/run", "--format", "") == list(EXPORTERS)
    assert offered("simulate", "--grow", "") == [*GROWTHS, BEAM]
    assert offered("simulate", "--model", "ju") == ["judge="]
    assert offered("simulate", "--model", "judge=o") == ["judge=offline", "judge=openai/"]
    assert offered("simulate", "--reasoning", "judge=") == [f"judge={effort}" for effort in EFFORTS]
    assert offered("simulate", "--concurrency", "a") == ["auto"]
    assert f"{LOCAL}" in offered("expand", "--encoder", "")


def test_the_names_that_are_offered_are_those_that_there_are():
    replaced = {name for name in ACTS if not name.startswith("assistant/")}
    assert {name.strip("=") for name in REPLACED} == replaced


def test_a_path_is_left_to_the_shell():
    def types(*words):
        *before, begun = words
        return [item.type for item in ShellComplete(main, {}, "personagen", "_X").get_completions(before, begun)]

    assert types("simulate", "--personas", "") == ["file"]
    assert types("simulate", "--out", "x") == ["dir"]


def test_every_argument_that_is_a_run_a_tree_or_a_prompt_has_values_to_offer():
    for path, made in commands(click.Group(commands=cli.commands())):
        for argument in made.params:
            if isinstance(argument, click.Argument) and (argument.metavar or "").strip("[].") in (
                "RUN",
                "TREE",
                "NAME",
            ):
                assert argument._custom_shell_complete, (path, argument.name)
