"""Loads what ``--model`` names: a model, an adapter on one, or a GGUF file, with its tokenizer."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from personagen.errors import UsageError
from personagen.train.checks import Chat, Messages

BASE = "base"  # the folder in the output for weights that are stored nowhere else in this form


@dataclass(frozen=True)
class Source:
    """Where a model is: ``name`` of a model or folder, ``file`` of a GGUF, or ``adapter`` on the model ``name``."""

    name: str
    file: str = ""
    adapter: str = ""

    @property
    def keywords(self) -> dict[str, str]:
        """What ``from_pretrained`` takes besides the name."""
        return {"gguf_file": self.file} if self.file else {}

    @property
    def stored(self) -> bool:
        """Whether ``from_pretrained(name)`` gives these weights, so that an adapter on them can be loaded."""
        return not self.file and not self.adapter


def source_of(model: str, flag: str = "--model") -> Source:
    """What ``flag`` names; a path that is not there, or not a model, is a ``UsageError``."""
    path = Path(model)
    if model.endswith(".gguf"):
        if not path.is_file():
            raise UsageError(f"{flag} {model}: there is no such file")
        return Source(str(path.parent), path.name)
    if (path / "adapter_config.json").is_file():
        import orjson

        base = orjson.loads((path / "adapter_config.json").read_bytes()).get("base_model_name_or_path")
        own = path / BASE
        return Source(str(own if own.is_dir() else base), adapter=str(path))
    if path.is_dir() and not (path / "config.json").is_file():
        raise UsageError(f"{flag} {model}: the folder has no config.json, so it is no model")
    if not path.exists() and (model.startswith((".", "/", "~")) or model.count("/") > 1):
        raise UsageError(f"{flag} {model}: there is no such folder; a name at the Hub is OWNER/NAME")
    return Source(model)


def check_installed(source: Source, lora: bool) -> None:
    """Raises ``UsageError`` if a package is missing that training needs."""
    needed = ["accelerate", "datasets", "torch", "transformers", "trl", *(["peft"] if lora or source.adapter else [])]
    needed += ["gguf"] if source.file else []
    if missing := next((name for name in needed if find_spec(name) is None), ""):
        raise UsageError(f"train needs {missing}: pip install 'personagen[train]'")


def load_tokenizer(source: Source) -> tuple[Any, int]:
    """The tokenizer, and how many tokens the model takes (0 if unknown); without a chat template a ``UsageError``."""
    from transformers import AutoConfig, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(source.adapter or source.name, **source.keywords)
        config = AutoConfig.from_pretrained(source.name, **source.keywords)
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())[:300]
        raise UsageError(f"--model {source.adapter or source.name} can't be loaded: {said}") from None
    if not tokenizer.chat_template:
        raise UsageError(
            f"{source.name} has no chat template, so it can't be trained on conversations: choose an instruct model"
        )
    return tokenizer, int(getattr(config, "max_position_embeddings", 0) or 0)


def chat_of(tokenizer: Any, most: int | None) -> Chat:
    """The template of ``tokenizer``; rows of more than ``most`` tokens do not fit."""

    def render(messages: Messages, opened: bool) -> str:
        text: str = tokenizer.apply_chat_template([*messages], tokenize=False, add_generation_prompt=opened)
        return text

    return Chat(render, lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"]), most)


def stored_base(source: Source, tokenizer: Any, out: Path) -> str:
    """A name that ``from_pretrained`` takes: that of ``source``, or a folder in ``out``.

    A GGUF's weights are written there unpacked, and an adapter's merged into its model, so that what is trained on top
    can be loaded later.
    """
    folder = out / BASE
    if source.stored or folder.is_dir():
        return source.name if source.stored else str(folder)
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(source.name, dtype=torch.float32, **source.keywords)
    if source.adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, source.adapter).merge_and_unload()
    if source.file:  # save_pretrained refuses a model that seems to be quantised still
        model.hf_quantizer = None
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
    part = folder.with_name(f"{BASE}.part")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part)
    tokenizer.save_pretrained(part)
    part.replace(folder)
    return str(folder)


def load_model(name: str, method: str, tokenizer: Any) -> Any:
    """The weights for ``method``: a language model, or one with a single number as output for ``reward``.

    They are 32-bit floats on a CPU, and bfloat16 on a GPU that computes with these.
    """
    import torch
    import transformers

    dtype = torch.bfloat16 if has_bf16() else torch.float32
    if method != "reward":
        return transformers.AutoModelForCausalLM.from_pretrained(name, dtype=dtype)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(name, dtype=dtype, num_labels=1)
    model.config.pad_token_id = tokenizer.pad_token_id
    return model


def has_bf16() -> bool:
    """Whether there is a GPU that computes with bfloat16."""
    import torch

    return bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported())
