"""Two runs compared: settings, prompts, verdicts by turn, win rates, and the changed turns."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from personagen.flows.compare import compare
from personagen.metrics.win_rate import difference, win_rate
from tests import fakes
from tests.cli.runs import expanded, simulated
from tests.trees import PERSONA, conversation, verdicts


def turned(id: str, *turns: int):
    """A tree in which the second reply is the better one in ``turns``."""
    tree = conversation(id=id)
    at = [node.id for node in tree.nodes if node.role == "user"]
    judged = list(tree.judgments)
    for turn in turns:
        judged = [v for v in judged if v.node != at[turn - 1]]
        judged += verdicts(at[turn - 1], [f"{at[turn - 1]}.1", f"{at[turn - 1]}.0"])
    return tree.model_copy(update={"judgments": tuple(judged)})


@pytest.fixture
def two(tmp_path: Path):
    first = simulated(tmp_path / "a", [conversation(id=f"t{n}") for n in range(4)])
    second = simulated(tmp_path / "b", [turned("t1", 2), turned("t2", 2, 3), conversation(id="t3"), turned("new")])
    return first, second


def test_turns_are_matched_and_changed_verdicts_counted(two):
    found = compare(*two)
    assert (found.trees, found.turns) == ((4, 4, 3), (12, 12, 9))
    assert found.same_texts == 9
    assert found.outcomes == [("aware .0", "aware .0", 6), ("aware .0", "plain .1", 3)]
    assert [(c.tree, c.turn, c.before, c.after, c.texts) for c in found.changed] == [
        ("t1", 2, "aware .0", "plain .1", False),
        ("t2", 2, "aware .0", "plain .1", False),
        ("t2", 3, "aware .0", "plain .1", False),
    ]


def test_win_rates_have_intervals_and_their_difference_is_over_the_same_turns(two):
    rates = compare(*two).win_rates
    assert (rates["aware"].first.value, rates["aware"].second.value) == (1.0, 0.75)
    paired = rates["aware"].difference
    assert paired.value == pytest.approx(-3 / 9)
    assert paired.low == pytest.approx(-2 / 3)
    assert paired.high == 0.0
    assert rates["plain"].difference.value == pytest.approx(3 / 9)


def test_an_interval_holds_the_true_rate_about_as_often_as_it_says():
    random, held = Random(0), 0
    for _ in range(200):
        likely = [random.choice((0.3, 0.9)) for _ in range(40)]  # turns of one conversation are alike
        interval = win_rate([(sum(random.random() < share for _ in range(6)), 6) for share in likely])
        held += interval.low <= 0.6 <= interval.high
    assert 180 <= held <= 199


def test_conversations_and_not_turns_are_resampled():
    whole = win_rate([(10, 10), (0, 10)] * 10)
    mixed = win_rate([(5, 10)] * 20)
    assert mixed.low == mixed.high == 0.5
    assert whole.high - whole.low > 0.3
    assert win_rate([]) is win_rate([(0, 0)]) is None
    assert difference([(1, 1)], [(0, 0)]) is None


def test_a_run_equals_itself(two, command):
    found = compare(two[0], two[0])
    assert (found.settings, found.prompts, found.changed) == ({}, {}, [])
    shown = command("compare", two[0], two[0]).stdout
    assert "settings" in shown
    assert "12 the same, 0 changed" in shown


def test_real_runs_show_settings_prompts_and_the_turns_side_by_side(run, edited, tmp_path, command, model):
    run("a", seed=3)
    prompts = edited("judge/prefer", "one sentence", "three words")

    def contrary(call):
        verdict = fakes.cast(call)
        if call.prompt != "judge/prefer":
            return verdict
        return json.dumps({**json.loads(verdict), "ranking": json.loads(verdict)["ranking"][::-1]})

    model(contrary)
    run("b", seed=3, prompts=prompts, attempts=2)
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.settings == {"attempts": (3, 2)}
    assert list(found.prompts) == ["judge/prefer.md"]
    assert "\n+- reason: three words" in found.prompts["judge/prefer.md"]
    assert found.changed
    assert len(found.changed) == found.turns[2] == found.same_texts
    shown = command("compare", "a", "b", "--rows", "1").stdout
    assert "+- reason: three words" in shown
    assert shown.count("chosen · ") == shown.count("rejected · ") == 2
    assert f"and {len(found.changed) - 1} more" in shown
    told = json.loads(command("compare", "a", "b", "--json").stdout)
    assert told["win_rates"]["aware"]["difference"]["value"] == -told["win_rates"]["plain"]["difference"]["value"]


def test_other_texts_are_told_from_other_verdicts(run, tmp_path, model):
    run("a", conversations=2)
    model(lambda call: fakes.cast(call).upper() if call.role == "assistant" else fakes.cast(call))
    run("b", conversations=2)
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.turns[2]
    assert found.same_texts == 0
    assert all(change.texts for change in found.changed)


def test_personas_can_not_be_compared(two, tmp_path, command):
    pool = expanded(tmp_path / "pool", [PERSONA])
    assert "name two runs of `personagen simulate`" in command("compare", two[0], pool, code=2).stderr
