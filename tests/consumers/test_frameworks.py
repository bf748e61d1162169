"""Exported files as LLaMA-Factory, axolotl and OpenRLHF read them, by their own code where it is installed.

Each needs versions of its own beside it, so no locked environment has them: docs/formats.md says with which they ran.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.consumers.rows import exported
from tests.consumers.tiny import tiny_tokenizer

datasets = pytest.importorskip("datasets")
pytest.importorskip("transformers", reason="transformers is not in this environment: make test-train")


def module(name: str) -> Any:
    return pytest.importorskip(name, reason=f"{name.partition('.')[0]} is not installed", exc_type=ImportError)


def loaded(kind: str, folder: Path) -> Any:
    file = exported(kind, folder)
    return datasets.load_dataset("json", data_files=str(file), split="train", cache_dir=str(folder / "cache"))


def converted(name: str, folder: Path) -> list[Any]:
    """The rows as LLaMA-Factory converts them, found by its ``dataset_info.json``."""
    [attributes] = module("llamafactory.data.parser").get_dataset_list([name], str(folder))
    assert attributes.dataset_name == f"{name}.jsonl"
    convert = module("llamafactory.data.converter").get_dataset_converter("sharegpt", attributes, SimpleNamespace())
    return list(loaded(name, folder).map(convert))


def test_llama_factory_finds_the_file_and_converts_each_pair(tmp_path: Path):
    module("llamafactory.data.parser")
    exported("llama-factory", tmp_path)
    rows = converted("llama-factory", tmp_path)
    assert len(rows) == 12
    for row in rows:
        assert [message["role"] for message in row["_prompt"]] == (["user", "assistant"] * 4)[: len(row["_prompt"])]
        assert row["_prompt"][-1]["role"] == "user"
        assert [message["role"] for message in row["_response"]] == ["assistant", "assistant"]
        assert [message["content"][:7] for message in row["_response"]] == ["Reply 0", "Reply 1"]


@pytest.mark.parametrize("kind", ["sharegpt", "segments"])
def test_llama_factory_reads_whole_conversations_as_sharegpt(tmp_path: Path, kind: str):
    info = b'{"%b": {"file_name": "%b.jsonl", "formatting": "sharegpt"}}' % (kind.encode(), kind.encode())
    module("llamafactory.data.parser")
    (tmp_path / "dataset_info.json").write_bytes(info)
    for row in converted(kind, tmp_path):
        assert row["_prompt"]
        assert row["_response"][0]["role"] == "assistant"


def test_axolotl_renders_prompt_chosen_and_rejected(tmp_path: Path):
    strategy = module("axolotl.prompt_strategies.dpo.chat_template")
    config = {"chat_template": "tokenizer_default", "datasets": [{"type": "chat_template.default"}]}
    render, more = strategy.default(module("axolotl.utils.dict").DictDefault(config))
    rows = loaded("axolotl", tmp_path).map(render, fn_kwargs={"tokenizer": tiny_tokenizer()}, **more)
    assert rows.num_rows == 12
    for row in rows:
        assert row["prompt"].endswith("at the organ.<|im_end|>\n<|im_start|>assistant\n")
        assert row["chosen"].startswith("Reply 0 in turn ")
        assert row["rejected"].startswith("Reply 1 in turn ")


@pytest.mark.parametrize("is_dpo", [True, False])
def test_openrlhf_reads_the_pairs_for_dpo_and_with_the_margin_for_a_reward_model(tmp_path: Path, is_dpo: bool):
    reading = module("openrlhf.datasets.reward_dataset")
    flags = {"prompt_key": "prompt", "chosen_key": "chosen", "rejected_key": "rejected", "apply_chat_template": True}
    strategy = SimpleNamespace(args=SimpleNamespace(data=SimpleNamespace(**flags)))
    tokenizer = tiny_tokenizer()
    rows = loaded("openrlhf", tmp_path)
    read = reading.RewardDataset(rows, tokenizer, 2048, strategy, is_dpo=is_dpo, num_processors=1)
    assert len(read) == 12
    chosen, _, rejected, _, extra = read[1]
    assert tokenizer.decode(chosen[0]).endswith("<|im_start|>assistant\nReply 0 in turn 2.<|im_end|>")
    assert tokenizer.decode(rejected[0]).endswith("<|im_start|>assistant\nReply 1 in turn 2.<|im_end|>")
    assert extra == (len(tokenizer(read.prompts[1])["input_ids"]) if is_dpo else 0.0)
