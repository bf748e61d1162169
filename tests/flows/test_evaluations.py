"""Runs of `evaluate` read back and compared on the personas that they share."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.flows.evaluate import evaluate
from personagen.flows.evaluations import compare, evaluation
from personagen.options.evaluate import EvaluateOptions
from tests import fakes
from tests.cli.runs import evaluated, simulated
from tests.trees import conversation

ONE = {"plain": {"a": [1, 2, 3], "b": [2, 2, 4], "c": [5, 5, 5]}}
OTHER = {"plain": {"b": [4, 2, 3], "d": [1, 1, 1], "a": [2, 3, 3]}}


def figure(found: dict, run: int, name: str) -> float:
    row = next(row for row in found["conditions"] if row["run"] == run)
    return row["figures"][name]["value"]


def test_runs_are_paired_by_persona_whatever_their_order(tmp_path: Path):
    found = compare([evaluated(tmp_path / "one", ONE), evaluated(tmp_path / "other", OTHER)])
    assert (found["personas"], found["shared"]) == (["a", "b"], 2)
    [minus] = found["against"]
    assert [gap["value"] for gap in minus["difference"]] == [1.5, 0.5, -0.5]
    assert (figure(found, 0, "average"), figure(found, 1, "average")) == (2.3333, 2.8333)
    assert minus["figures"]["average"]["value"] == 0.5


def test_of_equal_scores_each_run_wins_half(tmp_path: Path):
    found = compare([evaluated(tmp_path / "one", ONE), evaluated(tmp_path / "other", OTHER)])
    assert [won["value"] for won in found["against"][0]["wins"]] == [1.0, 0.75, 0.25]


def test_personas_that_are_left_out_are_counted_in_a_note(tmp_path: Path):
    notes = compare([evaluated(tmp_path / "one", ONE), evaluated(tmp_path / "other", OTHER)])["notes"]
    assert notes == ["personas that not every run has are left out: 1 of one, 1 of other"]


def test_the_turns_of_the_shorter_run_are_compared_and_a_note_says_so(tmp_path: Path):
    short = {"plain": {name: scores[:2] for name, scores in ONE["plain"].items()}}
    found = compare([evaluated(tmp_path / "one", ONE), evaluated(tmp_path / "short", short)])
    assert found["turns"] == len(found["against"][0]["difference"]) == 2
    assert found["notes"] == ["the turns differ (one has 3, short has 2): the first 2 of each are compared"]


def test_a_condition_that_the_first_run_does_not_have_is_a_row_and_no_difference(tmp_path: Path):
    both = {**ONE, "persona": ONE["plain"]}
    found = compare([evaluated(tmp_path / "one", ONE), evaluated(tmp_path / "both", both)])
    assert [(row["run"], row["condition"]) for row in found["conditions"]] == [
        (0, "plain"),
        (1, "plain"),
        (1, "persona"),
    ]
    assert [one["condition"] for one in found["against"]] == ["plain"]


def test_another_judge_is_noted(tmp_path: Path):
    runs = [evaluated(tmp_path / "one", ONE), evaluated(tmp_path / "two", ONE, judge_model=["openai/x"])]
    assert compare(runs)["notes"] == ["the judges differ (offline; openai/x), so a difference is not the model's alone"]


def test_a_reply_without_a_rating_counts_in_neither_run(tmp_path: Path):
    gap = {"plain": {"a": [0, 2, 3], "b": [2, 2, 4]}}
    found = compare([evaluated(tmp_path / "one", ONE), evaluated(tmp_path / "gap", gap)])
    assert found["against"][0]["difference"][0]["value"] == 0.0
    assert figure(found, 1, "first") == 2.0


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], "--compare needs from two to 12 runs of `personagen evaluate`, not 1"),
        (["one"], "--compare is given the same run twice: name different ones"),
        (["pairs"], "pairs is not a run of `personagen evaluate`"),
        (["nowhere"], "nowhere is not a run of `personagen evaluate`"),
        (["strangers"], "share no persona, so their scores can't be paired"),
        (["unrated"], "unrated has no rated reply yet"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused_in_one_sentence(tmp_path: Path, others: list[str], said: str):
    evaluated(tmp_path / "one", ONE)
    simulated(tmp_path / "pairs", [conversation()])
    evaluated(tmp_path / "strangers", {"plain": {"x": [1, 2, 3]}})
    (evaluated(tmp_path / "unrated", ONE) / "ratings.jsonl").write_bytes(b"")
    with pytest.raises(UsageError, match=said.replace("(", r"\(").replace("?", r"\?")) as raised:
        compare([tmp_path / name for name in ("one", *others)])
    assert "\n" not in str(raised.value)


def test_results_that_are_missing_are_computed_from_the_ratings(tmp_path: Path):
    run = evaluated(tmp_path / "one", ONE)
    kept = json.loads((run / "results.json").read_text())
    (run / "results.json").unlink()
    found = evaluation(run)
    assert found.results["conditions"] == kept["conditions"]
    assert found.source.problems == ["results.json is missing or damaged: its figures are computed from ratings.jsonl"]


def test_a_reply_that_a_panel_rates_counts_once(tmp_path: Path):
    options = EvaluateOptions(
        personas=str(fakes.personas(tmp_path, 2)),
        turns=2,
        judge_model=("offline", "tests.fakes:llm"),
        out=str(tmp_path / "run"),
    )
    summary = asyncio.run(evaluate(options))
    assert (summary.rated, summary.answered) == (4, 4)
