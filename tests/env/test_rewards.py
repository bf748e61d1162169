"""The reward of a reply, by component, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from personagen.env import Step, WaitingEnvironment
from tests.env import models
from tests.env.people import PEOPLE

SPOKEN = ("How do I keep my bees alive?", "I am 41, by the way.", "And when do I sell honey?")


def played(folder: Path, **options: Any) -> list[Step]:
    """The steps of one conversation with the first persona, in which the user says ``SPOKEN``."""
    settings = {"personas": PEOPLE, "turns": 3, "out": folder / "run", "user_model": models.user(*SPOKEN)}
    with WaitingEnvironment(**(settings | options)) as env:
        env.reset(env.personas[0].id)
        return [env.step(f"Look at the hive {n} times a week.") for n in range(1, env.environment.options.turns + 1)]


def asked(folder: Path) -> set[str]:
    """The roles that were asked."""
    by_role = orjson.loads((folder / "run" / "run.json").read_bytes())["usage"]["by_role"]
    return {name.partition(" ")[0] for name in by_role}


def test_the_judges_score_from_1_to_5_becomes_a_reward_from_0_to_1(tmp_path: Path):
    steps = played(tmp_path, judge_model=models.judge(1, 2, 5))
    assert [step.reward for step in steps] == [0.0, 0.25, 1.0]
    assert [step.info["score"] for step in steps] == [1, 2, 5]
    assert steps[0].info["criteria"] == {"style": 4, "content": 3, "quality": 2}


def test_the_final_component_is_the_mean_of_the_conversation_and_comes_at_its_end(tmp_path: Path):
    steps = played(tmp_path, judge_model=models.judge(1, 2, 5), weights={"final": 2.0})
    assert [step.reward for step in steps] == [0.0, 0.0, pytest.approx(2 * (0 + 0.25 + 1) / 3)]


def test_belief_pays_for_what_the_next_message_truly_reveals_and_charges_for_what_is_false(tmp_path: Path):
    inferred = (
        ["teaches chemistry"],
        ["teaches chemistry", "is 41 years old", "owns a yacht"],
        ["keeps bees in Leiden"],
    )
    steps = played(tmp_path, observer_model=models.observer(*inferred), weights={"belief": 1.0})
    lines = len(PEOPLE[0]["facts"]) + len(PEOPLE[0]["traits"])
    assert [step.reward for step in steps] == [pytest.approx((1 - 1) / lines), pytest.approx(1 / lines), 0.0]
    assert steps[1].info["learned"] == ["is 41 years old", "keeps bees in Leiden", "teaches chemistry"]


def test_components_add_up_by_weight(tmp_path: Path):
    weights = {"judge": 2.0, "belief": -1.0, "final": 0.5}
    steps = played(tmp_path, judge_model=models.judge(2, 3, 4), weights=weights, model="offline")
    for step in steps:
        components = step.info["components"]
        assert step.reward == pytest.approx(sum(weights[name] * components[name] for name in weights))
    assert steps[-1].info["components"]["final"]


@pytest.mark.parametrize(
    ("weights", "roles"),
    [
        (None, {"user", "judge"}),
        ({"final": 1}, {"user", "judge"}),
        ({"belief": 1}, {"user", "observer"}),
        ({"judge": 0}, {"user"}),
    ],
)
def test_a_component_without_weight_costs_no_call(tmp_path: Path, weights: Any, roles: set[str]):
    played(tmp_path, weights=weights)
    assert asked(tmp_path) == roles


def test_a_reply_that_the_judge_cant_score_counts_as_the_middle(tmp_path: Path):
    steps = played(tmp_path, judge_model=models.model(lambda call: "no score"), attempts=1)
    assert [step.reward for step in steps] == [0.5, 0.5, 0.5]
    assert steps[0].info["score"] is None


def test_the_last_reply_draws_out_nothing_and_a_user_who_stops_ends_the_conversation(tmp_path: Path):
    steps = played(tmp_path, turns=2)
    assert [step.done for step in steps] == [False, True]
    assert (steps[-1].message, steps[-1].info["ended"]) == ("", "turns")
    leaving = models.user("How do I keep my bees alive?", "Thanks, that is all for me. [END]")
    with WaitingEnvironment(personas=PEOPLE, turns=5, out=tmp_path / "left", user_model=leaving) as env:
        env.reset()
        step = env.step("Look at the hive once a week.")
    assert (step.message, step.done, step.info["ended"]) == ("Thanks, that is all for me.", True, "left")
