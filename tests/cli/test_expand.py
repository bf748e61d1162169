"""``personagen expand``: what it prints, and its exit codes."""

from __future__ import annotations

import json

import pytest

MODEL = ("--model", "tests.fakes:llm")
SMALL = ("--target", 30, "--personalities", 24, "--count", 5, "--similarity", 0.95, "--out", "pool")


def test_the_summary_says_why_it_stopped_and_how_the_pools_look(command):
    result = command("expand", *SMALL, *MODEL)
    assert result.exit_code == 0
    for part in (
        "20 seeds -> 30, target reached (10 new; the target of 30 includes seeds)",
        "40 to 130 words, 8 to 10 facts\n",
        "threshold 0.95",
        "distinct-2",
        "Vendi",
        "not flattering",
        "ages",
        "genders",
    ):
        assert part in result.stdout
    assert "next: personagen show pool" in result.stdout


def test_an_author_that_cannot_do_the_task_exits_5_with_the_reason(command, model):
    model(lambda call: '{"descriptions": [{"text": "Land.", "facts": ["a"]}]}')
    result = command("expand", *SMALL, *MODEL)
    assert result.exit_code == 5
    assert "was kept: " in result.stderr
    assert "had the wrong form" in result.stderr
    assert "next:" not in result.output
    assert "saturated" not in command("show", "pool").output


def test_json_prints_the_summary_as_one_object(command):
    summary = json.loads(command("expand", *SMALL, *MODEL, "--json").stdout)
    assert summary["personas"] == 30
    assert summary["pools"]["personality"]["size"] == 24


def test_a_bad_seed_line_is_named_and_skipped_when_asked(command, tmp_path):
    (tmp_path / "profiles.jsonl").write_text('"She is 30 and keeps bees in a shed."\n{"profile": 3}\n')
    result = command("expand", "--seeds", "profiles.jsonl", *SMALL, *MODEL)
    assert result.exit_code == 2
    assert "profiles.jsonl:2" in result.stderr
    assert "--skip-bad-lines" in result.stderr
    result = command("expand", "--seeds", "profiles.jsonl", "--skip-bad-lines", *SMALL, *MODEL)
    assert result.exit_code == 0
    assert "profiles.jsonl:2" in result.stdout


def test_the_example_in_the_help_is_of_this_command(command):
    assert "personagen expand --target 200" in command("expand", "--help").stdout


@pytest.mark.parametrize("option", [("--target", "0"), ("--language", "xx"), ("--per-profile", "99")])
def test_a_wrong_option_exits_2(command, option):
    result = command("expand", *SMALL, *MODEL, *option)
    assert result.exit_code == 2
    assert result.stderr.startswith("personagen: ")
    assert len(result.stderr.splitlines()) == 1
