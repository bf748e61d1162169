"""TRL's GRPO in the live environment: two steps of a tiny model, by conversations of several turns.

Run by ``make test-env``.
"""

from __future__ import annotations

import math
from importlib.metadata import distributions
from pathlib import Path
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


def test_grpo_takes_two_steps_on_conversations_and_changes_the_weights(tmp_path: Path, monkeypatch):
    from personagen.env.trl import prompts, reward, rollouts

    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
    model = tiny_model(tmp_path / "model")
    seen = []
    with WaitingEnvironment(personas=PEOPLE, turns=3, out=tmp_path / "run") as env:
        rollout = rollouts(env)

        def watched(given: list[Any], trainer: Any) -> dict[str, Any]:
            seen.append(rollout(given, trainer))
            return seen[-1]

        trainer = trl.GRPOTrainer(
            model,
            reward_funcs=[reward, length],
            args=config(tmp_path / "out", reward_weights=[1.0, 0.01]),
            train_dataset=prompts(env),
            rollout_func=watched,
        )
        before = {name: value.clone() for name, value in trainer.model.named_parameters()}
        trainer.train()
        calls = env.usage["calls"]
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    assert len(losses) == STEPS
    assert all(math.isfinite(loss) for loss in losses)
    assert any(not torch.equal(before[name], value) for name, value in trainer.model.named_parameters())
    assert calls
    rows = [row for batch in seen for row in zip(batch["completion_ids"], batch["env_mask"], strict=True)]
    assert len(rows) == 4 * STEPS
    assert all(len(ids) == len(mask) for ids, mask in rows)
    assert any(0 in mask for _, mask in rows), "no conversation went on after its first reply"


def length(completions: list[Any], **_: Any) -> list[float]:
    """Differs between rollouts, whatever the judge says of an untrained model."""
    return [float(len(one[0]["content"]) % 7) for one in completions]
