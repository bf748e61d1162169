"""The environment in `verifiers`: rollouts with rewards from a server on this machine, and two steps of GRPO on such.

`verifiers` has no trainer that runs here: its training client wants a vLLM engine. Run by ``make test-env``.
"""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import orjson
import pytest

from personagen.records import Message
from tests.env.people import PEOPLE
from tests.servers import Reply, Request, completion, joined, serving

NEEDS = "verifiers is not in this environment: make test-env"
vf = pytest.importorskip("verifiers.v1", reason=NEEDS)
TURNS = 3


def environment(folder: Path, limit: int | None = None, **more: Any) -> Any:
    (folder / "people.jsonl").write_bytes(b"\n".join(map(orjson.dumps, PEOPLE)))
    taskset = {"id": "personagen-env", "personas": str(folder / "people.jsonl"), "limit": limit}
    config = {"taskset": taskset, "turns": TURNS, "options": {"out": str(folder / "run")}, **more}
    return vf.load_environment(vf.resolve_env_config(config))


def played(env: Any, url: str, rollouts: int = 1) -> list[Any]:
    """The episodes of every task, ``rollouts`` of each at once, with the model at ``url``."""
    client = vf.EvalClientConfig(base_url=f"{url}/v1", api_key_var="NO_SUCH_KEY")
    ctx = vf.ModelContext(model="tiny", client=client)

    async def play() -> list[Any]:
        async with env.serving():
            slots = [slot for task in env.taskset for slot in env.slots(task, rollouts)]
            return list(await asyncio.gather(*(env.run_slot(slot, ctx) for slot in slots)))

    episodes = asyncio.run(play())
    assert [episode.errors for episode in episodes if episode.errors] == []
    return episodes


def advises(request: Request) -> Reply:
    """A reply that differs by what was said before."""
    said = joined(request.body["messages"][-1]["content"])
    return completion(request, f"Bees first, then: {said[:30]}")


def chat_of(episode: Any) -> list[Message]:
    [trace] = episode.traces
    return [Message(role=one.role, content=one.content) for one in trace.branches[-1].messages]


def test_a_rollout_has_the_whole_conversation_and_its_rewards_by_component(tmp_path: Path):
    with serving(advises) as server:
        episodes = played(environment(tmp_path, weights={"judge": 1.0, "final": 2.0}), server.url)
    assert len(episodes) == len(PEOPLE)
    for episode in episodes:
        chat, [trace] = chat_of(episode), episode.traces
        assert [message.role for message in chat] == ["user", "assistant"] * TURNS
        scores = [trace.metrics[f"score_{turn}"] for turn in range(1, TURNS + 1)]
        scaled = [(score - 1) / 4 for score in scores]
        assert set(trace.rewards) == {"judge", "final"}
        assert trace.rewards["judge"].score == pytest.approx(sum(scaled))
        assert trace.rewards["final"].value == pytest.approx(2 * sum(scaled) / TURNS)
    asked = [request.body["messages"] for request in server.requests]
    assert len(asked) == TURNS * len(PEOPLE)
    assert {message["role"] for chat in asked for message in chat} == {"user", "assistant"}


def test_a_reply_that_is_empty_ends_the_rollout_without_an_error(tmp_path: Path):
    with serving(lambda request: completion(request, "")) as server:
        episodes = played(environment(tmp_path), server.url)
    assert [episode.traces[0].metrics["turns"] for episode in episodes] == [0.0, 0.0]


def test_grpo_takes_two_steps_on_rollouts_of_verifiers(tmp_path: Path, monkeypatch):
    torch = pytest.importorskip("torch", reason=NEEDS)
    trl = pytest.importorskip("trl", reason=NEEDS)
    from personagen.env.trl import reward, rollouts_of
    from tests.consumers.test_env_trl import config, length
    from tests.consumers.tiny import tiny_model

    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
    env = environment(tmp_path, limit=1)  # a group of rollouts is of one persona
    dataset = pytest.importorskip("datasets").Dataset.from_list([{"prompt": [{"role": "user", "content": "x"}]}])

    def rollout(prompts: list[Any], trainer: Any) -> dict[str, Any]:
        def replies(request: Request) -> Reply:
            """A reply of the model that is being trained."""
            text = trainer.processing_class.apply_chat_template(
                request.body["messages"], tokenize=False, add_generation_prompt=True
            )
            ids = torch.tensor([trainer.processing_class(text)["input_ids"]])
            with torch.no_grad():
                made = trainer.model.generate(ids, max_new_tokens=12, do_sample=True, pad_token_id=0)[0, ids.shape[1] :]
            return completion(request, trainer.processing_class.decode(made, skip_special_tokens=True) or ".")

        with serving(replies) as server:
            episodes = played(env, server.url, len(prompts))
        rewards = [sum(one.value for one in episode.traces[0].rewards.values()) for episode in episodes]
        return rollouts_of([chat_of(episode) for episode in episodes], rewards, trainer)

    trainer = trl.GRPOTrainer(
        tiny_model(tmp_path / "model"),
        reward_funcs=[reward, length],
        args=config(tmp_path / "out", reward_weights=[1.0, 0.01]),
        train_dataset=dataset,
        rollout_func=rollout,
    )
    before = {name: value.clone() for name, value in trainer.model.named_parameters()}
    trainer.train()
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    assert len(losses) == 2
    assert all(math.isfinite(loss) for loss in losses)
    assert any(not torch.equal(before[name], value) for name, value in trainer.model.named_parameters())
