"""Evaluations of offline models with known answers: one learns, one ignores its user, one knows the persona."""

from __future__ import annotations

import asyncio

import pytest

from personagen.flows.evaluate import evaluate
from personagen.options.evaluate import EvaluateOptions

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The results of the bundled 100 personas in ten turns, by offline model."""
    found = {}
    for name in ("offline", "offline/learns"):
        out = str(tmp_path_factory.mktemp("run") / "out")
        found[name] = asyncio.run(evaluate(EvaluateOptions(model=name, out=out, baselines=True))).results
    return found


def figure(results, condition, name):
    return results["conditions"][condition]["figures"][name]


def test_a_model_that_learns_has_a_rising_line(results):
    learns = results["offline/learns"]
    assert figure(learns, "plain", "ir")["low"] > 0.02
    assert figure(learns, "plain", "gain")["low"] > 0.3


def test_a_model_that_ignores_the_user_has_a_flat_line_whose_interval_holds_0(results):
    slope = figure(results["offline"], "plain", "ir")
    assert slope["low"] <= 0 <= slope["high"]


def test_a_model_that_knows_the_persona_is_above_both(results):
    for name in ("offline", "offline/learns"):
        assert results[name]["against_plain"]["persona"]["figures"]["average"]["low"] > 0


def test_another_persona_in_the_prompt_is_worse_than_listening(results):
    assert results["offline/learns"]["against_plain"]["other"]["figures"]["average"]["high"] < -0.5


def test_another_persona_is_no_better_than_none(results):
    assert results["offline"]["against_plain"]["other"]["figures"]["average"]["low"] <= 0


def test_a_reminder_changes_nothing_for_a_model_that_ignores_it(results):
    gap = results["offline"]["against_plain"]["reminder"]["figures"]["average"]
    assert gap["low"] <= 0 <= gap["high"]


def test_every_user_stays_to_the_last_turn(results):
    assert results["offline"]["conditions"]["plain"]["counts"] == [100] * 10
