"""``personagen simulate``: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

from tests import fakes

MODEL = ("--model", "tests.fakes:llm")


def test_the_summary_says_what_came_out_what_it_cost_and_what_to_do_next(command, personas):
    result = command("simulate", "--personas", personas, "--turns", 2, "--out", "run", *MODEL)
    assert result.exit_code == 0
    for part in (
        "6 of 6",
        "12 of 12 turns",
        "96 (96 new, 0 reused)",
        "48.0000 USD",
        "next: personagen show run",
    ):
        assert part in result.stdout


def test_json_prints_the_summary_as_one_object(command, personas):
    result = command("simulate", "--personas", personas, "--turns", 2, "--out", "run", "--json", *MODEL)
    summary = json.loads(result.stdout)
    assert (summary["pairs"], summary["report"]["calls"], summary["report"]["status"]) == (12, 96, "done")
    assert result.stderr == ""


def test_quiet_prints_nothing(command, personas):
    result = command("simulate", "--personas", personas, "--turns", 1, "--quiet", *MODEL)
    assert result.output == ""
    assert result.exit_code == 0


def test_without_a_model_it_plays_offline_and_says_so(command, personas):
    result = command("simulate", "--personas", personas, "--turns", 1, "--conversations", 2)
    assert "(offline)" in result.stdout
    assert "cost" not in result.stdout + result.stderr


def test_a_wrong_option_exits_2_in_a_sentence(command, personas):
    result = command("simulate", "--personas", personas, "--turns", 0)
    assert result.exit_code == 2
    assert result.stderr == "personagen: --turns 0: choose a whole number from 1 to 1,000\n"


def test_a_missing_key_exits_3_and_names_it(command, personas):
    result = command("simulate", "--personas", personas, "--model", "openai/gpt-5-mini")
    assert result.exit_code == 3
    assert "OPENAI_API_KEY" in result.stderr


def test_a_spent_call_limit_exits_4_and_says_how_to_go_on(command, personas):
    result = command("simulate", "--personas", personas, "--max-calls", 10, "--out", "run", *MODEL)
    assert result.exit_code == 4
    assert "raise --max-calls" in result.stderr
    assert orjson.loads(Path("run/run.json").read_bytes())["usage"]["calls"] == 10


def test_too_many_failures_exit_5(command, personas, monkeypatch):
    async def gibberish(call):
        return fakes.answer("gibberish" if call.role == "judge" else fakes.cast(call))

    monkeypatch.setattr(fakes, "llm", gibberish)
    result = command("simulate", "--personas", personas, "--turns", 1, *MODEL)
    assert result.exit_code == 5
    assert "6 of 6 conversations failed" in result.stderr


def test_a_folder_in_use_exits_75(command, personas, tmp_path):
    from personagen.store.lock import locked

    (tmp_path / "run").mkdir()
    with locked(tmp_path / "run"):
        result = command("simulate", "--personas", personas, "--out", "run", *MODEL)
    assert result.exit_code == 75
    assert "in use by process" in result.stderr


def test_a_damaged_journal_exits_70(command, personas, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "journal.db").write_bytes(b"x" * 5000)
    result = command("simulate", "--personas", personas, "--out", "run", *MODEL)
    assert result.exit_code == 70
    assert "damaged" in result.stderr


def test_roles_can_have_models_of_their_own(command, personas, tmp_path):
    result = command(
        "simulate",
        "--personas",
        personas,
        "--turns",
        1,
        "--model",
        "offline",
        "--model",
        "judge=tests.fakes:llm",
        "--out",
        "run",
        "--conversations",
        1,
    )
    assert result.exit_code == 0
    tree = orjson.loads((tmp_path / "run" / "trees.jsonl").read_bytes())
    assert tree["models"]["judge"] == "tests.fakes:llm"
    assert tree["models"]["user"] == "offline"


@pytest.mark.parametrize("way", ["environment", "settings", "settings for all"])
def test_options_also_come_from_the_environment_and_from_a_file(command, personas, tmp_path, monkeypatch, way):
    if way == "environment":
        monkeypatch.setenv("PERSONAGEN_SIMULATE_TURNS", "1")
    elif way == "settings":
        (tmp_path / "personagen.toml").write_text("[simulate]\nturns = 1\n")
    else:
        (tmp_path / "personagen.toml").write_text("turns = 1\n")
    result = command("simulate", "--personas", personas, "--json", *MODEL)
    assert json.loads(result.stdout)["turns"] == 6


def test_an_unknown_setting_in_the_file_is_refused(command, tmp_path):
    (tmp_path / "personagen.toml").write_text("[simulate]\nturn = 1\n")
    result = command("simulate")
    assert result.exit_code == 2
    assert "personagen.toml: turn is not an option of simulate" in result.stderr
