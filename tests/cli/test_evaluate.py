"""``personagen evaluate`` as it is typed."""

from __future__ import annotations

import json

import pytest

from personagen.llm.endpoints import resolve
from personagen.llm.prices import parse_price
from personagen.options.evaluate import EvaluateOptions
from tests import fakes

OPTIONS = ("--limit", 4, "--turns", 3)


def test_the_summary_shows_al_by_turn_and_its_figures_with_intervals(command, tmp_path):
    text = command("evaluate", "--personas", fakes.personas(tmp_path), *OPTIONS, "--baselines").stdout
    for label in ("AL(k) plain", "AL(k) persona", "slope a turn (IR)", "AL(3) - AL(1)", "average against plain"):
        assert label in text, label
    assert "4 personas in 4 conditions" not in text  # that is said before, on the other stream
    assert "rated replies" in text
    assert max(map(len, text.splitlines())) <= 80


def test_one_turn_has_no_row_about_a_gain(command, tmp_path):
    text = command("evaluate", "--personas", fakes.personas(tmp_path), "--turns", 1).stdout
    assert "average AL" in text
    assert "AL(1) - AL(1)" not in text


def test_json_has_the_results(command, tmp_path):
    result = command("evaluate", "--personas", fakes.personas(tmp_path), *OPTIONS, "--json")
    assert len(json.loads(result.stdout)["results"]["conditions"]["plain"]["al"]) == 3


def test_a_model_without_a_role_is_the_one_under_test(command, tmp_path):
    result = command(
        "evaluate", "--personas", fakes.personas(tmp_path), *OPTIONS, "--model", "offline/learns", "--json"
    )
    models = json.loads(result.stdout)["results"]["models"]
    assert models == {"assistant": "offline/learns", "judge": "offline", "user": "offline"}


def test_what_is_given_without_a_role_is_for_the_model_under_test():
    given = {"model": "openai/mine", "judge_model": ("anthropic/j", "openai/k"), "base_url": "http://127.0.0.1:9/v1"}
    options = EvaluateOptions(**given, price="1,2")
    found = resolve(options, ("user", "assistant", "judge", "judge-2")).by_role
    assert {role: there.base_url for role, there in found.items()} == {
        "assistant": "http://127.0.0.1:9/v1",
        **dict.fromkeys(("user", "judge", "judge-2")),
    }
    assert found["assistant"].price == parse_price("1,2")
    assert found["judge"].price != parse_price("1,2")
    assert found["judge-2"].model == "openai/k"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--protocol", "aleo"), "--protocol aleo: choose one of aloe, fixed, shift, sessions, learn-test"),
        (("--limit", 0), "--limit 0: choose a whole number from 1"),
        (("--model", "judge-2=offline"), "add that judge with --judge-model"),
        (("--against", "nowhere"), "nowhere is not a run folder"),
    ],
)
def test_a_wrong_option_is_one_sentence(command, tmp_path, words, said):
    result = command("evaluate", "--personas", fakes.personas(tmp_path), *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "outputs").exists()
