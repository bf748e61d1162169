"""Rewards of what `train reward` writes, and of a whole sequence-classification model, on the pairs of a run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.exporters.columns import chat
from personagen.flows.reward import evaluate_reward
from personagen.flows.train import train
from personagen.options.train import TrainOptions
from personagen.records import PreferencePair
from personagen.store.files import read_records
from personagen.train.reward_model import load
from tests.consumers.tiny import tiny_model, tiny_tokenizer
from tests.train.runs import people

peft = pytest.importorskip("peft")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    return people(tmp_path_factory.mktemp("data") / "run", 6)


@pytest.fixture(scope="module")
def adapter(tmp_path_factory, model: str, run: Path) -> Path:
    out = tmp_path_factory.mktemp("trained") / "reward"
    train(("reward",), run, TrainOptions(base=model, out=out, recipe="tiny"), lambda _: None)
    return out


def conversations(run: Path) -> list[list[dict[str, str]]]:
    pairs = read_records(run / "pairs.jsonl", PreferencePair)
    return [chat([*pair.prompt, *reply]) for pair in pairs for reply in (pair.chosen, pair.rejected)]


def whole(folder: Path, outputs: int = 1) -> Path:
    """A sequence-classification model in ``folder``."""
    torch.manual_seed(3)
    tokenizer = tiny_tokenizer()
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_labels=outputs,
        pad_token_id=tokenizer.pad_token_id,
    )
    transformers.LlamaForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_the_rewards_of_an_adapter_are_those_of_peft_one_conversation_at_a_time(adapter: Path, run: Path):
    said = conversations(run)[:12]
    theirs = peft.AutoPeftModelForSequenceClassification.from_pretrained(str(adapter), num_labels=1).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(adapter))
    expected = []
    for messages in said:
        ids = tokenizer.apply_chat_template(messages, return_tensors="pt", return_dict=True)
        with torch.no_grad():
            expected.append(float(theirs(**ids).logits[0, 0]))
    assert load(str(adapter)).rewards(said) == pytest.approx(expected, abs=1e-5)


def test_a_whole_model_orders_the_pairs_of_a_run(tmp_path: Path, run: Path):
    summary = asyncio.run(evaluate_reward(str(whole(tmp_path / "model")), run, tmp_path / "out"))
    values = load(str(tmp_path / "model")).rewards(conversations(run))
    right = [one > other for one, other in zip(values[::2], values[1::2], strict=True)]
    assert summary.overall.value == pytest.approx(sum(right) / len(right))


def test_a_conversation_that_is_too_long_keeps_its_end_and_is_counted(tmp_path: Path):
    model = load(str(whole(tmp_path / "model")))
    model.context = 20
    long = [{"role": "user", "content": "x" * 500}, {"role": "assistant", "content": "A reply."}]
    other = [{"role": "user", "content": "y" * 300}, long[1]]
    [one, two] = model.rewards([long, other])
    assert (one == two, model.cut) == (True, 2)


def test_what_is_no_reward_model_is_refused_in_a_sentence(tmp_path: Path, model: str):
    with pytest.raises(UsageError, match="is LlamaForCausalLM: give a sequence-classification model"):
        load(model)
    with pytest.raises(UsageError, match="has 3 outputs: a reward model has one"):
        load(str(whole(tmp_path / "three", 3)))


def test_an_adapter_that_writes_replies_is_refused(tmp_path: Path, model: str, run: Path):
    train(("sft",), run, TrainOptions(base=model, out=tmp_path / "sft", recipe="tiny"), lambda _: None)
    with pytest.raises(UsageError, match="is an adapter for CAUSAL_LM, not SEQ_CLS"):
        load(str(tmp_path / "sft"))
