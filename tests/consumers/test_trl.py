"""Exported pairs as TRL takes them: its own checks of the format, and one real step of its DPO trainer.

Run by ``make test-train``, in an environment of its own: TRL needs torch, which nothing else here does.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.consumers.rows import exported

NEEDS = "TRL and torch are not in this environment: make test-train"
torch = pytest.importorskip("torch", reason=NEEDS)
trl = pytest.importorskip("trl", reason=NEEDS)
transformers = pytest.importorskip("transformers", reason=NEEDS)

CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture
def rows(tmp_path: Path) -> Any:
    from datasets import load_dataset

    file = exported("trl", tmp_path)
    return load_dataset("json", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """A tokenizer of single bytes with ChatML's marks."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={char: number for number, char in enumerate(alphabet)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|pad|>")
    made.add_special_tokens({"additional_special_tokens": ["<|im_start|>"]})
    made.chat_template = CHAT
    return made


@pytest.fixture
def trainer(tmp_path: Path, rows: Any, tokenizer: Any) -> Any:
    """A DPO trainer on a randomly initialised model of two layers."""
    torch.manual_seed(7)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    args = trl.DPOConfig(
        output_dir=str(tmp_path / "out"),
        max_steps=1,
        per_device_train_batch_size=4,
        learning_rate=1e-3,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        bf16=False,
    )
    return trl.DPOTrainer(model=str(tmp_path / "model"), args=args, train_dataset=rows)


def test_every_row_is_conversational_with_an_explicit_prompt(rows: Any):
    for row in rows:
        assert trl.is_conversational(row)
        assert trl.maybe_extract_prompt(row) == row


def test_the_prompt_is_what_trl_itself_would_extract(rows: Any):
    for row in rows:
        whole = {side: row["prompt"] + row[side] for side in ("chosen", "rejected")}
        assert trl.extract_prompt(whole) == row


def test_a_chat_template_splits_each_row_right_after_the_assistant_opens(rows: Any, tokenizer: Any):
    row = trl.apply_chat_template(rows[1], tokenizer)
    assert row["prompt"].endswith("at the organ.<|im_end|>\n<|im_start|>assistant\n")
    assert row["chosen"] == "Reply 0 in turn 2.<|im_end|>\n"
    assert row["rejected"] == "Reply 1 in turn 2.<|im_end|>\n"


def test_pairs_can_be_taken_apart_for_unpaired_training(rows: Any):
    assert trl.unpair_preference_dataset(rows).num_rows == 2 * rows.num_rows


def test_the_trainer_reads_the_same_texts_that_were_exported(trainer: Any, rows: Any, tokenizer: Any):
    for read, row in zip(trainer.train_dataset, rows, strict=True):
        assert tokenizer.decode(read["chosen_ids"]) == f"{row['chosen'][0]['content']}<|im_end|>\n"
        assert tokenizer.decode(read["rejected_ids"]) == f"{row['rejected'][0]['content']}<|im_end|>\n"
        assert tokenizer.decode(read["prompt_ids"]).count("<|im_start|>user") == (len(row["prompt"]) + 1) // 2


def test_one_dpo_step_starts_at_ln_2_and_moves_the_weights(trainer: Any):
    before = [weight.detach().clone() for weight in trainer.model.parameters()]
    trainer.train()
    assert trainer.state.global_step == 1
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses == [pytest.approx(math.log(2), abs=1e-3)]
    assert any(not torch.equal(old, new) for old, new in zip(before, trainer.model.parameters(), strict=True))
