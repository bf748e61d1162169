"""What leaves of ``run.json``: how the run was made, without what tells of this machine."""

from __future__ import annotations

import orjson

from personagen.hub.provenance import command_lines, languages_of, public_state, seeds_of

STATE = {
    "command": "simulate",
    "status": "done",
    "options": {
        "model": ["openai/m"],
        "out": "/home/ada/run",
        "personas": "/home/ada/pool/personas.jsonl",
        "base_url": ["http://inner.host/v1"],
        "env_file": "/home/ada/.env",
        "extra": ["organization=secret"],
        "turns": 4,
        "twins": True,
        "candidate": ["aware", "plain"],
        "seed": 3,
        "language": "pt-BR",
    },
    "report": {"peak_concurrency": {"http://inner.host": 3}},
    "estimate": {"free_bytes": 1},
}


def test_paths_hosts_and_what_a_server_is_sent_stay_here():
    text = orjson.dumps(public_state(STATE)).decode()
    assert [word for word in ("ada", "inner.host", "secret", "free_bytes") if word in text] == []
    assert public_state(STATE)["options"]["personas"] == "personas.jsonl"


def test_the_command_has_the_options_that_were_chosen_and_no_defaults():
    [line] = command_lines(public_state(STATE))
    flags = [word for word in line.split() if word.startswith("--")]
    assert {*flags} == {"--personas", "--turns", "--seed", "--model", "--language", "--twins"}


def test_a_merge_has_the_commands_seeds_and_languages_of_its_runs():
    german = STATE | {"options": STATE["options"] | {"language": "de", "seed": 8}}
    merged = {"command": "merge", "of": "simulate", "runs": {"a": STATE, "b": german}}
    assert len(command_lines(public_state(merged))) == 2
    assert seeds_of(merged) == [3, 8]
    assert languages_of(merged) == ["de", "pt"]


def test_a_language_that_is_not_fixed_is_not_claimed():
    assert languages_of({"options": {"language": "any"}}) == []
    assert languages_of({"options": {}}) == []


def test_what_was_pulled_and_is_published_again_has_the_same_command():
    pulled = {**public_state(STATE), "command": "pull", "of": "simulate"}
    assert command_lines(public_state(pulled)) == command_lines(STATE | {"options": public_state(STATE)["options"]})
