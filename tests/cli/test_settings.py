"""Where settings come from: a file above the working folder, variables that must be known, a file of keys."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests import fakes


@pytest.fixture
def repository(tmp_path: Path, monkeypatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "study" / "deep").mkdir(parents=True)
    (tmp_path / "personagen.toml").write_text('[simulate]\nturns = 2\npersonas = "people.jsonl"\nout = "runs/one"\n')
    fakes.personas(tmp_path, 2).rename(tmp_path / "people.jsonl")
    return tmp_path


def test_settings_are_found_up_to_the_root_of_the_repository_and_named(command, repository: Path, monkeypatch):
    monkeypatch.chdir(repository / "study" / "deep")
    shown = command("simulate")
    assert f"settings: {Path('../../personagen.toml')}" in shown.stderr
    state = json.loads((repository / "runs/one/run.json").read_bytes())
    assert (state["options"]["turns"], state["options"]["personas"]) == (2, "../../people.jsonl")
    assert "settings:" not in command("simulate", "--quiet").output
    (repository / "study" / "personagen.toml").write_text("[simulate]\nturn = 2\n")
    assert "../personagen.toml: turn is not an option of simulate" in command("simulate").stderr


def test_no_settings_from_above_the_repository_or_without_one(command, repository: Path, monkeypatch):
    monkeypatch.chdir(repository / "study")
    (repository / "study" / ".git").mkdir()
    assert "people.jsonl" not in command("simulate").stderr
    (repository / "study" / ".git").rmdir()
    (repository / ".git").rmdir()
    assert "settings:" not in command("simulate").stderr


def test_the_file_in_the_working_folder_is_not_announced(command, repository: Path):
    assert "settings:" not in command("simulate", "--turns", "1").stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("PERSONAGEN_SIMULATE_TURN", "did you mean PERSONAGEN_SIMULATE_TURNS?"),
        ("PERSONAGEN_SIMULAT_TURNS", "did you mean PERSONAGEN_SIMULATE_TURNS?"),
        ("PERSONAGEN_PROMPTS_RENDER_PERSON", "did you mean PERSONAGEN_PROMPTS_RENDER_PERSONA?"),
        ("PERSONAGEN_TURNS", "did you mean PERSONAGEN_SIMULATE_TURNS?"),
        ("PERSONAGEN_LENGTH", "did you mean PERSONAGEN_EXPAND_LENGTH?"),
        ("PERSONAGEN_X", "is no option; see personagen --help"),
    ],
)
def test_an_unknown_variable_is_refused(command, monkeypatch, name: str, said: str):
    monkeypatch.setenv(name, "3")
    result = command("prompts")
    assert result.exit_code == 2
    assert f"the environment variable {name} is no option" in result.stderr
    assert said in result.stderr


@pytest.mark.parametrize("name", ["PERSONAGEN_SIMULATE_TURNS", "PERSONAGEN_TRACEBACK", "PERSONAGEN_SHOW_ROWS"])
def test_known_variables_are_not_refused(command, monkeypatch, name: str):
    monkeypatch.setenv(name, "1")
    assert command("prompts").exit_code == 0


def test_keys_are_read_from_a_file_when_asked_and_written_nowhere(command, tmp_path: Path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(os, "environ", dict(os.environ) | {"ALREADY": "kept"})
    secret = "sk-from-the-file-0123456789abcdef"
    (tmp_path / ".env").write_text(f"# keys\nexport OPENAI_API_KEY='{secret}'\nALREADY=changed\n")
    personas = fakes.personas(tmp_path, 2)
    arguments = ("simulate", "--personas", personas, "--turns", "1")
    command(*arguments)
    assert "OPENAI_API_KEY" not in os.environ
    shown = command(*arguments, "--out", "second", "--env-file", ".env")
    assert (os.environ["OPENAI_API_KEY"], os.environ["ALREADY"]) == (secret, "kept")
    assert secret not in shown.output
    found = [f for f in (tmp_path / "second").rglob("*") if f.is_file() and secret.encode() in f.read_bytes()]
    assert found == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"OPENAI_API_KEY sk-secret\n", ".env:1: not a line like NAME=value"),
        (b"A=1\n\nB='sk-secret\n", ".env:3: not a line like NAME=value"),
        (b"A=\xff\n", "not UTF-8"),
        (None, "No such file"),
    ],
)
def test_a_file_that_can_not_be_read_is_an_error_that_does_not_quote_it(command, tmp_path: Path, text, said: str):
    if text is not None:
        (tmp_path / ".env").write_bytes(text)
    personas = fakes.personas(tmp_path, 2)
    result = command("simulate", "--personas", personas, "--turns", "1", "--env-file", ".env")
    assert result.exit_code == 2
    assert said in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.parametrize(
    ("value", "profile"),
    [
        ("profile={{ bio }} Works as a {{ job }}.,personality=mood", "She keeps bees. Works as a nurse."),
        ("profile=bio personality=mood", "She keeps bees."),
        ("profile=bio,personality=mood", "She keeps bees."),
    ],
)
def test_a_variable_may_hold_a_template_of_columns(command, tmp_path: Path, monkeypatch, value: str, profile: str):
    (tmp_path / "mine.csv").write_text("bio,mood,job\nShe keeps bees.,She is shy.,nurse\n")
    monkeypatch.setenv("PERSONAGEN_SIMULATE_COLUMNS", value)
    result = command("simulate", "--personas", "mine.csv", "--turns", "1", "--out", "run")
    assert result.exit_code == 0, result.output
    persona = json.loads((tmp_path / "run" / "trees.jsonl").read_text().splitlines()[0])["persona"]
    assert (persona["profile"], persona["personality"]) == (profile, "She is shy.")
