"""The command line itself: help, expected errors, and faults of its own."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

import personagen.cli
from personagen.cli import COMMANDS, main
from personagen.cli import command as main_command

MODEL = ("--model", "tests.fakes:llm")


def test_help_lists_the_commands_and_an_example(command):
    text = command("--help").stdout
    for part in ("expand", "simulate", "show", "export", "prompts", "init", "personagen expand --target 60"):
        assert part in text


def test_a_fault_of_its_own_is_told_in_a_sentence_with_a_way_to_see_more(command, personas, monkeypatch):
    def faulty(tree):
        raise ZeroDivisionError("oh no")

    monkeypatch.setattr("personagen.flows.outcomes.pairs_of", faulty)
    result = command("simulate", "--personas", personas, *MODEL)
    assert result.exit_code == 70
    assert "internal error (ZeroDivisionError: oh no)" in result.stderr
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("PERSONAGEN_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        command("simulate", "--personas", personas, "--out", "other", *MODEL)


async def raising(call):
    raise ZeroDivisionError("oh no")


async def wrong_type(call):
    return 3


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("raising", "raised ZeroDivisionError: oh no"), ("wrong_type", "returned an int, not a text")],
)
def test_a_faulty_model_function_is_named_and_stops_the_run(command, personas, name, complaint):
    model = f"tests.cli.test_main:{name}"
    result = command("simulate", "--personas", personas, "--model", model)
    assert result.exit_code == 3
    assert re.search(rf"{model} \(\S+test_main.py:\d+\) {complaint}", result.stderr)
    assert "Traceback" not in result.stderr


def test_what_stops_before_its_end_is_told_with_the_command_that_goes_on(command, personas):
    typed = ("simulate", "--personas", personas, "--out", "my run", *MODEL, "--max-calls", "3")
    result = command(*typed)
    assert result.exit_code == 4
    told = f"to resume: personagen simulate --personas {shlex.quote(str(personas))} --out 'my run' --model"
    assert told in result.stderr
    assert "to resume" not in command("simulate", "--personas", "missing.jsonl").stderr


START = """
import os, signal, sys, threading
sys.argv = ["personagen", "simulate", "--out", "my run"]
sys.meta_path.insert(0, type("Slow", (), {"find_spec": staticmethod(
    lambda name, *_: name == "personagen.cli" and os.kill(os.getpid(), signal.SIGINT) or None)}))
from personagen.__main__ import start
start()
"""


def test_ctrl_c_while_the_program_is_imported_ends_it_in_a_line():
    result = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=False)
    assert result.returncode == 130
    assert result.stderr == "personagen: interrupted; to resume: personagen simulate --out 'my run'\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_of_each_what_its_own_help_says_first(name: str):
    real = main_command(name)
    assert real.name == name
    assert main.commands[name].get_short_help_str(1000) == real.get_short_help_str(1000)


def test_every_module_that_holds_a_command_is_listed():
    folder = Path(personagen.cli.__file__).parent
    modules = [import_module(f"personagen.cli.{file.stem}") for file in folder.glob("[!_]*.py")]
    names = [module.__name__.rpartition(".")[2] for module in modules]
    found = [name for name, m in zip(names, modules, strict=True) if isinstance(getattr(m, name, None), click.Command)]
    assert {name.rstrip("_") for name in found} == {name.replace("-", "_") for name in COMMANDS}


def test_a_misspelt_command_is_answered_with_the_one_that_was_meant(command):
    result = command("simulat")
    assert result.exit_code == 2
    assert "No such command 'simulat'. Did you mean 'simulate'?" in result.stderr


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("personagen s", ["show", "simulate"]),
        ("personagen simulate --gr", ["--grow"]),
        ("personagen simulate --grow ", ["coin", "best", "all", "best-hard", "information", "beam:"]),
        ("personagen prompts re", ["render"]),
    ],
)
def test_the_shell_completes_commands_options_and_choices(typed: str, offered: list[str]):
    *before, last = typed.split(" ")[1:]
    found = ShellComplete(main, {}, "personagen", "_PERSONAGEN_COMPLETE").get_completions(before, last)
    assert [item.value for item in found] == offered
