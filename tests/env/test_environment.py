"""The live environment: one conversation, many at once, the journal, the mistakes of whoever uses it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest

from personagen.env import Environment, WaitingEnvironment
from personagen.errors import BudgetError, UsageError
from personagen.flows.evaluate import evaluate
from personagen.options.evaluate import EvaluateOptions
from personagen.ratings import Rating
from personagen.records import Completion, ConversationTree, Persona
from personagen.store.files import read_records
from tests.env import models
from tests.env.people import MORE

TURNS = 3


def opened(folder: Path, **options: Any) -> WaitingEnvironment:
    return WaitingEnvironment(**({"personas": MORE, "turns": TURNS, "out": folder / "run"} | options))


def reply(message: str) -> str:
    return f"On that matter: {message[:25]}"


def conversation(env: WaitingEnvironment, persona: str | None = None, **more: Any) -> list[Any]:
    """What the environment says and pays in one conversation, without the usage, which counts on."""
    message, done, seen = env.reset(persona, **more), False, []
    seen.append(message)
    while not done:
        message, reward, done, info = env.step(reply(message))
        seen.append((message, reward, done, {name: value for name, value in info.items() if name != "usage"}))
    return seen


def test_the_same_replies_ask_nothing_twice_and_bring_the_same_rewards(tmp_path: Path):
    weights = {"judge": 1, "belief": 1, "final": 1}
    with opened(tmp_path, weights=weights) as env:
        first = [conversation(env, persona.id) for persona in env.personas]
        assert env.usage["calls"]
    with opened(tmp_path, weights=weights) as env:
        assert [conversation(env, persona.id) for persona in env.personas] == first
        assert env.usage["calls"] == 0
        assert env.usage["reused"]


def test_a_batch_says_and_pays_what_its_conversations_do_one_by_one(tmp_path: Path):
    with opened(tmp_path / "one") as env:
        alone = [conversation(env, persona.id) for persona in env.personas]
    with opened(tmp_path / "many") as env:
        said = env.reset_many([persona.id for persona in env.personas])
        seen: list[list[Any]] = [[message] for message in said]
        for _ in range(TURNS):
            steps = env.step_many([reply(message) for message in said])
            said = [step.message for step in steps]
            for row, step in zip(seen, steps, strict=True):
                kept = {name: value for name, value in step.info.items() if name != "usage"}
                row.append((step.message, step.reward, step.done, kept))
    assert seen == alone


def test_a_batch_is_asked_at_the_same_time(tmp_path: Path):
    waiting = threading.Barrier(len(MORE), timeout=20)

    async def rate(call: Any) -> Completion:
        await asyncio.to_thread(waiting.wait)  # broken unless all are here at once
        text = orjson.dumps({"reason": "", "style": 3, "content": 3, "quality": 3, "score": 3}).decode()
        return Completion(text=text, model="fake", usage=models.USED)

    async def play() -> list[Any]:
        # The first call of a form goes alone, so that a wrong key costs one request.
        settings = {"personas": MORE, "turns": 1, "out": tmp_path / "run"}
        async with Environment(**settings, user_model="offline", judge_model=first_then(rate)) as env:
            await env.reset()
            await env.step("Bees.")
            messages = await env.reset_many([persona.id for persona in env.personas])
            return await env.step_many([reply(message) for message in messages])

    assert [step.reward for step in asyncio.run(play())] == [0.5] * len(MORE)


def first_then(rate: Any) -> Any:
    """A judge whose first answer comes at once."""
    begun = []
    first = models.judge(3, 3, 3)

    async def ask(call: Any) -> Completion:
        begun.append(call)
        return await (first if len(begun) == 1 else rate)(call)

    return ask


def test_those_left_out_of_a_batch_stay_where_they_are(tmp_path: Path):
    with opened(tmp_path) as env:
        env.reset_many([env.personas[0].id, env.personas[1].id])
        left, taken = env.step_many([None, "Bees."])
        assert left is None
        assert taken.info["turn"] == 1
        both = env.step_many(["Bread.", "Bees again."])
        assert [step.info["turn"] for step in both] == [1, 2]


def test_replies_of_evaluate_get_the_scores_of_evaluate(tmp_path: Path):
    run = tmp_path / "evaluated"
    options = EvaluateOptions(personas=MORE, turns=TURNS, out=run, repeat_rate=0.0, confirm_above=None)
    asyncio.run(evaluate(options))
    rated = {(one.persona, one.turn): one.score for one in read_records(run / "ratings.jsonl", Rating)}
    assert len(set(rated.values())) > 1
    with opened(tmp_path) as env:
        for tree in read_records(run / "trees.jsonl", ConversationTree):
            said = [node.content for node in tree.nodes]
            assert env.reset(tree.persona.id) == said[0]
            for turn in range(1, TURNS + 1):
                step = env.step(said[2 * turn - 1])
                assert step.info["score"] == rated[tree.persona.id, turn]
                assert step.message == (said[2 * turn] if turn < TURNS else "")


def test_a_seed_draws_another_beginning_and_the_same_seed_the_same(tmp_path: Path):
    with opened(tmp_path) as env:
        person = env.personas[0].id
        begun = [env.reset(person, seed=seed) for seed in (1, 1, 2, 3)]
    assert begun[0] == begun[1]
    assert len(set(begun)) > 1


def test_without_a_persona_they_come_in_turn(tmp_path: Path):
    with opened(tmp_path, turns=1) as env:
        met = []
        for _ in range(len(MORE) + 1):
            env.reset()
            met.append(env.step("Bees.").info["persona"])
    assert met == [*(persona.id for persona in env.personas), env.personas[0].id]


def test_reasoning_is_no_part_of_what_the_user_sees(tmp_path: Path):
    seen = []

    def rate(call: Any) -> Any:
        seen.append(call.inputs["reply"])
        return {"reason": "", "style": 3, "content": 3, "quality": 3, "score": 3}

    with opened(tmp_path, judge_model=models.model(rate)) as env:
        env.reset()
        env.step("<think>She seems to keep bees.</think>Look at the hive.")
    assert seen == ["Look at the hive."]


def test_run_json_says_what_was_used(tmp_path: Path):
    with opened(tmp_path) as env:
        conversation(env)
        calls = env.usage["calls"]
    state = orjson.loads((tmp_path / "run" / "run.json").read_bytes())
    assert (state["command"], state["status"], state["usage"]["calls"]) == ("environment", "done", calls)


def test_a_limit_of_calls_holds(tmp_path: Path):
    with pytest.raises(BudgetError, match="all 3 calls are made"), opened(tmp_path, max_calls=3) as env:
        conversation(env)


def test_a_folder_with_other_settings_is_refused(tmp_path: Path):
    with opened(tmp_path) as env:
        env.reset()
    with pytest.raises(UsageError, match="turns was 3, now 4"), opened(tmp_path, turns=4):
        pass


def test_a_persona_that_is_not_here_is_refused(tmp_path: Path):
    with opened(tmp_path) as env:
        stranger = Persona(id=env.personas[0].id, profile="He is 90.", personality="He is sly.")
        for one in ("nobody", stranger):
            with pytest.raises(UsageError, match=r"there is no persona .* among the 4"):
                env.reset(one)


@pytest.mark.parametrize("text", ["", "  \n", "<think>only this</think>\n"])
def test_an_empty_reply_is_refused_and_the_conversation_goes_on(tmp_path: Path, text: str):
    with opened(tmp_path) as env:
        env.reset()
        with pytest.raises(UsageError, match=r"the reply of turn 1 can't be used: the reply is (empty|reasoning)"):
            env.step(text)
        assert env.step("Bees.").info["turn"] == 1


def test_a_step_after_the_end_or_before_the_beginning_is_refused(tmp_path: Path):
    with opened(tmp_path, turns=1) as env:
        with pytest.raises(UsageError, match="1 replies for 0 conversations"):
            env.step("Bees.")
        env.reset()
        assert env.step("Bees.").done
        with pytest.raises(UsageError, match="the conversation is over: call reset"):
            env.step("Bees.")


def test_an_environment_that_is_not_open_says_how_to_open_it(tmp_path: Path):
    env = opened(tmp_path)
    with pytest.raises(UsageError, match="the environment is not open: write `with WaitingEnvironment"):
        env.reset()
    with pytest.raises(UsageError, match="the environment is not open: write `async with Environment"):
        asyncio.run(env.environment.reset())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"weights": {"judgement": 1}}, "there is no component judgement; there are judge, belief, final"),
        ({"weights": {"judge": float("nan")}}, "that of judge is no number"),
        ({"turn": 3}, "Environment has no keyword turn"),
        ({"batch": True}, "an environment answers at once"),
        ({"judge_model": ["offline", "offline/2"]}, "judge_model: give one model"),
        ({"turns": 0}, "--turns 0: choose a whole number from 1"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_opened(tmp_path: Path, options: dict[str, Any], said: str):
    with pytest.raises(UsageError, match=said):
        opened(tmp_path, **options)
    assert not (tmp_path / "run").exists()


def test_the_thread_of_a_waiting_environment_ends_with_it(tmp_path: Path):
    with opened(tmp_path) as env:
        env.reset()
        assert "personagen-environment" in [thread.name for thread in threading.enumerate()]
    assert "personagen-environment" not in [thread.name for thread in threading.enumerate()]


def test_it_loads_no_trainer(tmp_path: Path):
    heavy = ("torch", "trl", "verifiers", "inspect_ai", "datasets")
    code = f"import sys, personagen.env; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
