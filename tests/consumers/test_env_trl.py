"""TRL's GRPO in the live environment: two steps of a tiny model, by conversations of several turns.

Run by ``make test-env``.
"""

from __future__ import annotations

import math
from importlib.metadata import distributions
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from personagen.env import WaitingEnvironment
from tests.consumers.tiny import tiny_model
from tests.env.people import PEOPLE

NEEDS = "TRL, torch and personagen itself are not all in this environment: make test-env"
torch = pytest.importorskip("torch", reason=NEEDS)
trl = pytest.importorskip("trl", reason=NEEDS)
transformers = pytest.importorskip("transformers", reason=NEEDS)
STEPS = 2
if not any(distributions(name="personagen")):  # a run folder says with which version it was made
    pytest.skip(NEEDS, allow_module_level=True)


def config(folder: Path, **more: Any) -> Any:
    settings = {
        "output_dir": str(folder),
        "per_device_train_batch_size": 4,
        "num_generations": 4,
        "max_completion_length": 96,
        "max_steps": STEPS,
        "learning_rate": 1e-2,
        "logging_steps": 1,
        "report_to": "none",
        "save_strategy": "no",
        "use_cpu": True,
        "seed": 3,
    }
    return trl.GRPOConfig(**(settings | more))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A trainer after its steps, the weights before them, and the rollouts it was given."""
    from personagen.env.trl import prompts, reward, rollouts

    folder, seen = tmp_path_factory.mktemp("grpo"), []
    with pytest.MonkeyPatch.context() as patch, WaitingEnvironment(personas=PEOPLE, turns=3, out=folder / "run") as env:
        patch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
        rollout = rollouts(env)

        def watched(given: list[Any], trainer: Any) -> dict[str, Any]:
            seen.append(rollout(given, trainer))
            return seen[-1]

        trainer = trl.GRPOTrainer(
            tiny_model(folder / "model"),
            reward_funcs=[reward, length],
            args=config(folder / "out", reward_weights=[1.0, 0.01]),
            train_dataset=prompts(env),
            rollout_func=watched,
        )
        before = {name: value.clone() for name, value in trainer.model.named_parameters()}
        trainer.train()
        opened = {env.reset(persona.id) for persona in env.personas}
    return SimpleNamespace(trainer=trainer, before=before, rollouts=seen, opened=opened)


def test_grpo_takes_two_steps_on_conversations_and_changes_the_weights(trained: SimpleNamespace):
    losses = [row["loss"] for row in trained.trainer.state.log_history if "loss" in row]
    assert len(losses) == STEPS
    assert all(math.isfinite(loss) for loss in losses)
    now = dict(trained.trainer.model.named_parameters())
    assert any(not torch.equal(value, now[name]) for name, value in trained.before.items())


def test_a_rollout_is_the_chat_as_the_template_writes_it_and_only_replies_are_trained_on(trained: SimpleNamespace):
    tokenizer, whole = trained.trainer.processing_class, 0
    for batch in trained.rollouts:
        for prompt, ids, mask in zip(batch["prompt_ids"], batch["completion_ids"], batch["env_mask"], strict=True):
            opening = tokenizer.decode(prompt)
            assert opening in {f"<|im_start|>user\n{m}<|im_end|>\n<|im_start|>assistant\n" for m in trained.opened}
            assert len(ids) == len(mask)
            between = tokenizer.decode([one for one, own in zip(ids, mask, strict=True) if not own])
            assert between.count("<|im_start|>user\n") == between.count("<|im_end|>\n<|im_start|>assistant\n")
            assert "<|im_end|><|im_end|>" not in tokenizer.decode(ids)
            whole += between.count("<|im_start|>user\n") == 2
    assert whole, "no conversation reached its third turn"


def test_the_reward_of_a_rollout_is_the_sum_over_its_turns(trained: SimpleNamespace):
    for batch in trained.rollouts:
        assert batch["conversation_reward"] == batch["judge"]
        assert len(batch["judge"]) == 4
    assert any(one > 1 for batch in trained.rollouts for one in batch["judge"]), "more than one turn can earn"


def length(completions: list[Any], **_: Any) -> list[float]:
    """Differs between rollouts, whatever the judge says of an untrained model."""
    return [float(len(one[0]["content"]) % 7) for one in completions]
