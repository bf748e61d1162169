"""`evaluate --reward`: a reward model on the pairs of a run or of an exported file."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from personagen.errors import ConfigError, UsageError
from personagen.flows.export import export
from personagen.flows.reward import evaluate_reward
from personagen.options import NamedFunction
from personagen.records import PreferencePair
from personagen.store.files import read_records
from tests.cli.runs import lines, several, simulated

SEEN = []


def first(prompt, reply):
    SEEN.append((prompt, reply))
    return -int(reply.split()[1])


async def later(prompt, reply):
    await asyncio.sleep(0)
    return first(prompt, reply)


def many(prompts, replies):
    return [first(prompt, reply) for prompt, reply in zip(prompts, replies, strict=True)]


def equal(prompt, reply):
    return 0.0


@pytest.fixture
def run(tmp_path: Path) -> Path:
    SEEN.clear()
    return simulated(tmp_path / "run", several(3))


def measured(reward, run: Path):
    name = NamedFunction(reward) if callable(reward) else reward
    return asyncio.run(evaluate_reward(name, run, run.parent / "out"))


@pytest.mark.parametrize("reward", [first, later, many])
def test_a_function_of_any_form_gets_each_conversation_with_each_reply(run: Path, reward):
    summary = measured(reward, run)
    pairs = list(read_records(run / "pairs.jsonl", PreferencePair))
    assert (summary.pairs, summary.overall.value, summary.ties) == (len(pairs), 1.0, 0)
    asked = [[*map(dict, prompt)] for prompt, _ in SEEN]
    assert asked == [[m.model_dump() for m in pair.prompt] for pair in pairs for _ in range(2)]
    replies = [reply for _, reply in SEEN]
    assert replies == [m.content for pair in pairs for m in (*pair.chosen, *pair.rejected)]


def test_a_reward_that_is_always_the_same_is_right_half_the_time(run: Path):
    summary = measured(equal, run)
    assert (summary.overall.value, summary.ties) == (0.5, summary.pairs)


def test_the_figures_are_written(run: Path):
    summary = measured(first, run)
    written = json.loads((run.parent / "out" / "reward.json").read_bytes())
    assert written["overall"] == {"value": 1.0, "low": 1.0, "high": 1.0, "pairs": 9, "personas": 1}
    assert list(written["by_turn"]) == ["1", "2", "3"]
    assert written["out"] == summary.out == str(run.parent / "out" / "reward.json")


def test_what_a_pair_says_of_itself_chooses_its_kind_and_its_groups(run: Path):
    pairs = list(read_records(run / "pairs.jsonl", PreferencePair))
    more = [
        {
            "persona": f"p{at}",
            "personal": at % 2 == 0,
            "knowable": at == 0,
            "margin": float(at),
            "attributes": {"age": 33},
        }
        for at in range(len(pairs))
    ]
    lines(run / "pairs.jsonl", [pair.model_copy(update=own) for pair, own in zip(pairs, more, strict=True)])
    summary = measured(first, run)
    counts = {name: one.pairs for name, one in summary.by_kind.items()}
    assert counts == {"personal": 5, "shared": 4, "hard": 3, "easy": 6, "knowable": 1, "unknowable": 8}
    assert {name: one.personas for name, one in summary.by_group.items()} == {"age: 30 to 49": 9}
    assert summary.hard_margin == 2.0


def test_the_best_shortcut_of_the_run_stands_beside_it(run: Path):
    state = json.loads((run / "run.json").read_bytes())
    rates = {"longer": {"value": 0.55}, "recites": {"value": 0.61}, "aware": {"value": 0.9}}
    state["summary"]["shortcuts"] = rates
    (run / "run.json").write_text(json.dumps(state))
    assert measured(first, run).shortcut == ("recites", 0.61)


@pytest.mark.parametrize("form", ["trl-reward", "trl-dpo"])
def test_an_exported_file_gives_the_same_accuracy(run: Path, form: str):
    file = run.parent / "pairs.jsonl"
    export(run, form, file)
    assert measured(first, file).overall == measured(first, run).overall


def test_an_unknown_margin_of_a_file_is_no_margin(run: Path):
    file = run.parent / "pairs.jsonl"
    export(run, "trl-dpo", file)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert {row["margin"] for row in rows} == {-1.0}
    rows[0]["margin"], rows[1]["margin"], rows[2]["margin"] = 1.0, 2.0, 3.0
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    summary = measured(first, file)
    assert (summary.hard_margin, summary.by_kind["hard"].pairs, summary.by_kind["easy"].pairs) == (1.0, 1, 2)


def text(prompt, reply):
    return "3"


def broken(prompt, reply):
    raise RuntimeError("out of luck")


def endless(prompt, reply):
    return float("nan")


def short(prompts, replies):
    return [0.0]


@pytest.mark.parametrize(
    ("reward", "said"),
    [
        (text, r"test_reward:text \(.*test_reward.py:\d+\) returned a str, not a finite number"),
        (endless, r"returned a float, not a finite number"),
        (short, r"returned a list, not a list of 18 numbers, one for each reply"),
        (broken, r"test_reward:broken \(.*test_reward.py:\d+\) raised RuntimeError: out of luck"),
    ],
)
def test_a_function_that_gives_no_number_is_named_with_its_line(run: Path, reward, said: str):
    with pytest.raises(ConfigError, match=said):
        measured(reward, run)


def test_a_file_of_other_rows_and_a_run_without_pairs_are_refused(run: Path):
    other = run.parent / "other.jsonl"
    other.write_text('{"messages": []}\n')
    with pytest.raises(UsageError, match=r"other\.jsonl:1 is no row of pairs: export the run with --format trl-reward"):
        measured(first, other)
    table = other.rename(run.parent / "other.csv")
    with pytest.raises(UsageError, match=r"other\.csv is neither \.jsonl nor \.parquet"):
        measured(first, table)
    with pytest.raises(UsageError, match=r"has no pairs\.jsonl"):
        measured(first, run.parent)
    (run / "pairs.jsonl").write_bytes(b"")
    with pytest.raises(UsageError, match="has no pair; finish it"):
        measured(first, run)
