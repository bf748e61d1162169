"""`evaluate --reward judge=MODEL`: the judge rates both replies of each pair."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import orjson
import pytest

from personagen.errors import UsageError
from personagen.flows.judged import evaluate_judge
from personagen.options.evaluate import EvaluateOptions
from personagen.records import PreferencePair
from personagen.store.files import read_records
from tests.cli.runs import lines, several, simulated

ASKED = []


def judge(call):
    ASKED.append(call)
    score = 5 if call.inputs["reply"].startswith("Reply 0") else 2
    return orjson.dumps({"reason": "r", "score": score}).decode()


def silent(call):
    return "no score" if call.inputs["reply"] == "Reply 1 in turn 2." else judge(call)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    ASKED.clear()
    return simulated(tmp_path / "run", several(3))


def measured(run: Path, model=judge, **more):
    options = EvaluateOptions(judge_model=model, out=run.parent / "out", **more)
    return asyncio.run(evaluate_judge(options, run))


def test_both_replies_of_each_pair_are_rated_for_its_person(run: Path):
    summary = measured(run)
    assert (summary.planned, summary.rated) == (9, 9)
    assert (summary.accuracy.overall.value, summary.accuracy.overall.pairs) == (1.0, 9)
    pairs = list(read_records(run / "pairs.jsonl", PreferencePair))
    assert {call.inputs["profile"] for call in ASKED} == {"Marta, 61, repairs church organs in Porto."}
    assert {call.inputs["reply"] for call in ASKED} == {m.content for p in pairs for m in (*p.chosen, *p.rejected)}
    written = json.loads((run.parent / "out" / "reward.json").read_bytes())
    assert written["reward"] == "judge=tests.flows.test_judged:judge"


def test_a_finished_run_asks_nothing_again(run: Path):
    first = measured(run)
    ASKED.clear()
    assert measured(run).accuracy == first.accuracy
    assert ASKED == []


def test_a_pair_with_a_reply_that_has_no_score_is_left_out(run: Path):
    summary = measured(run, silent, attempts=1)
    assert (summary.planned, summary.rated, summary.accuracy.pairs) == (9, 6, 6)
    assert sum(summary.failures.values()) == 3
    rated = [json.loads(line) for line in (run.parent / "out" / "rewards.jsonl").read_text().splitlines()]
    assert {row["node"].count(".") for row in rated} == {0, 4}


def test_a_limit_takes_all_pairs_of_so_many_people(run: Path):
    pairs = list(read_records(run / "pairs.jsonl", PreferencePair))
    lines(run / "pairs.jsonl", [pair.model_copy(update={"persona": pair.tree}) for pair in pairs])
    summary = measured(run, limit=2)
    assert (summary.accuracy.personas, summary.planned) == (2, 6)


def test_a_file_and_a_run_without_pairs_are_refused(run: Path):
    with pytest.raises(UsageError, match="a judge needs a run of `personagen simulate`, with its personas"):
        measured(run / "pairs.jsonl")
    (run / "pairs.jsonl").write_bytes(b"")
    with pytest.raises(UsageError, match="has no pair; finish it"):
        measured(run)
