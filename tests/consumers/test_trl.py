"""Exported files as TRL takes them: its own checks of the format, and one real step of each of its trainers.

Run by ``make test-train``, in an environment of its own: TRL needs torch, which nothing else here does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.consumers.rows import exported
from tests.consumers.tiny import tiny_model, tiny_tokenizer

NEEDS = "TRL and torch are not in this environment: make test-train"
torch = pytest.importorskip("torch", reason=NEEDS)
trl = pytest.importorskip("trl", reason=NEEDS)
transformers = pytest.importorskip("transformers", reason=NEEDS)


@pytest.fixture
def rows_of(tmp_path: Path) -> Callable[[str], Any]:
    from datasets import load_dataset

    def load(kind: str) -> Any:
        file = exported(kind, tmp_path)
        return load_dataset("json", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache"))

    return load


@pytest.fixture
def rows(rows_of: Callable[[str], Any]) -> Any:
    return rows_of("trl-dpo")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tiny_tokenizer()


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., Any]:
    """Makes a trainer on the rows and runs one step; the trainer has the loss as ``first_loss``."""

    def step(trainer: Any, config: Any, rows: Any, model: Any = None, /, run: bool = True, **more: Any) -> Any:
        keywords = {**more.pop("config", {})}
        args = config(
            output_dir=str(tmp_path / "out"),
            max_steps=1,
            per_device_train_batch_size=4,
            learning_rate=1e-3,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            bf16=False,
            **keywords,
        )
        made = trainer(model=model or tiny_model(tmp_path / "model"), args=args, train_dataset=rows, **more)
        if run:
            made.train()
            assert made.state.global_step == 1
            [made.first_loss] = [entry["loss"] for entry in made.state.log_history if "loss" in entry]
        return made

    return step


def messages_of(row: Any, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def test_every_row_is_conversational_with_an_explicit_prompt(rows: Any):
    for row in rows:
        assert trl.is_conversational(row)
        assert trl.maybe_extract_prompt(row) == row


def test_the_prompt_is_what_trl_itself_would_extract(rows: Any):
    for row in rows:
        whole = {side: row["prompt"] + row[side] for side in ("chosen", "rejected")}
        assert trl.extract_prompt(whole) == messages_of(row, "prompt", "chosen", "rejected")


def test_a_chat_template_splits_each_row_right_after_the_assistant_opens(rows: Any, tokenizer: Any):
    row = trl.apply_chat_template(messages_of(rows[1], "prompt", "chosen", "rejected"), tokenizer)
    assert row["prompt"].endswith("at the organ.<|im_end|>\n<|im_start|>assistant\n")
    assert row["chosen"] == "Reply 0 in turn 2.<|im_end|>\n"
    assert row["rejected"] == "Reply 1 in turn 2.<|im_end|>\n"


def test_pairs_can_be_taken_apart_for_unpaired_training(rows: Any):
    bare = rows.select_columns(["prompt", "chosen", "rejected"])
    assert trl.unpair_preference_dataset(bare).num_rows == 2 * rows.num_rows


def test_the_trainer_reads_the_same_texts_that_were_exported(train: Any, rows: Any, tokenizer: Any):
    trainer = train(trl.DPOTrainer, trl.DPOConfig, rows, run=False)
    for read, row in zip(trainer.train_dataset, rows, strict=True):
        assert tokenizer.decode(read["chosen_ids"]) == f"{row['chosen'][0]['content']}<|im_end|>\n"
        assert tokenizer.decode(read["rejected_ids"]) == f"{row['rejected'][0]['content']}<|im_end|>\n"
        assert tokenizer.decode(read["prompt_ids"]).count("<|im_start|>user") == (len(row["prompt"]) + 1) // 2


def test_one_dpo_step_starts_at_ln_2_and_moves_the_weights(train: Any, rows: Any):
    trainer = train(trl.DPOTrainer, trl.DPOConfig, rows, run=False)
    before = [weight.detach().clone() for weight in trainer.model.parameters()]
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses == [pytest.approx(math.log(2), abs=1e-3)]
    assert any(not torch.equal(old, new) for old, new in zip(before, trainer.model.parameters(), strict=True))


def test_the_columns_after_the_messages_change_nothing(train: Any, rows: Any):
    bare = rows.select_columns(["prompt", "chosen", "rejected"])
    steps = [train(trl.DPOTrainer, trl.DPOConfig, of).train_dataset[:] for of in (rows, bare)]
    ids = [{name: step[name] for name in ("prompt_ids", "chosen_ids", "rejected_ids")} for step in steps]
    assert ids[0] == ids[1]


def test_a_dpo_step_takes_branches_of_several_messages(train: Any, rows_of: Any, tokenizer: Any):
    rows = rows_of("trajectories")
    trainer = train(trl.DPOTrainer, trl.DPOConfig, rows)
    assert trainer.first_loss == pytest.approx(math.log(2), abs=1e-3)
    read = tokenizer.decode(trainer.train_dataset[0]["chosen_ids"])
    assert read.count("<|im_start|>assistant") == len(rows[0]["chosen"]) // 2  # the first stands in the prompt


def test_a_reward_model_uses_the_margin(train: Any, rows_of: Any):
    rows = rows_of("trl-reward")
    assert set(rows["margin"]) == {0.0}  # the verdicts of these trees have no scores
    wide = rows.map(lambda row: {"margin": 4.0})
    losses = [train(trl.RewardTrainer, trl.RewardConfig, of).first_loss for of in (rows, wide)]
    assert losses[1] - losses[0] > 3


def test_a_kto_step_reads_half_of_the_rows_as_desirable(train: Any, rows_of: Any):
    rows = rows_of("trl-kto")
    assert sum(rows["label"]) == len(rows) / 2 == 12
    trainer = train(trl.KTOTrainer, trl.KTOConfig, rows.shuffle(seed=7))
    assert math.isfinite(trainer.first_loss)


def test_the_loss_of_sft_is_on_the_chosen_reply_alone(train: Any, rows_of: Any, tokenizer: Any):
    trainer = train(trl.SFTTrainer, trl.SFTConfig, rows_of("trl-sft"))
    batch = next(iter(trainer.get_train_dataloader()))
    for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True):
        learned = tokenizer.decode(ids[labels != -100])
        assert learned.startswith("Reply 0 in turn ")
        assert learned.count("<|im_end|>") == 1


def test_a_reward_function_of_grpo_gets_the_persona_and_the_model_does_not(train: Any, rows_of: Any):
    seen: list[Any] = []

    def fits(prompts: Any, completions: Any, profile: Any, traits: Any, **_: Any) -> list[float]:
        seen.append((prompts[0], profile[0], traits[0]))
        return [float(len(one[0]["content"])) for one in completions]

    settings = {"max_completion_length": 8, "num_generations": 2}
    train(trl.GRPOTrainer, trl.GRPOConfig, rows_of("trl-prompt"), reward_funcs=fits, config=settings)
    prompt, profile, traits = seen[0]
    assert profile == "Marta, 61, repairs church organs in Porto."
    assert traits == ["blunt", "impatient"]
    assert profile not in str(prompt)
