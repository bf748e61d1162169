"""The command line itself: help, expected errors, and faults of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

MODEL = ("--model", "tests.fakes:llm")


def test_help_lists_the_commands_and_an_example(command):
    text = command("--help").stdout
    for part in ("expand", "simulate", "show", "export", "prompts", "init", "personagen expand --target 60"):
        assert part in text


def test_a_fault_of_its_own_is_told_in_a_sentence_with_a_way_to_see_more(command, personas, monkeypatch):
    def faulty(tree):
        raise ZeroDivisionError("oh no")

    monkeypatch.setattr("personagen.flows.simulate.pairs_of", faulty)
    result = command("simulate", "--personas", personas, *MODEL)
    assert result.exit_code == 70
    assert "a fault of its own (ZeroDivisionError: oh no)" in result.stderr
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("PERSONAGEN_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        command("simulate", "--personas", personas, "--out", "other", *MODEL)


async def raising(call):
    raise ZeroDivisionError("oh no")


async def wrong_type(call):
    return "a text"


@pytest.mark.parametrize(
    ("name", "complaint"), [("raising", "raised ZeroDivisionError: oh no"), ("wrong_type", "returned a str")]
)
def test_a_faulty_model_function_is_named_and_stops_the_run(command, personas, name, complaint):
    model = f"tests.cli.test_main:{name}"
    result = command("simulate", "--personas", personas, "--model", model)
    assert result.exit_code == 3
    assert f"{model} {complaint}" in result.stderr
    assert "Traceback" not in result.stderr


def test_python_dash_m_is_the_same_command():
    result = subprocess.run(
        [sys.executable, "-m", "personagen", "--version"], capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("personagen, version ")
