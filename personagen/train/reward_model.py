"""A trained reward model as a function: a model or an adapter with one number as its output, a batch at a time."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from personagen.errors import UsageError
from personagen.train.checks import Messages
from personagen.train.model import Source, has_bf16, source_of

FLAG = "--reward"
AT_ONCE = 8  # conversations in a batch
_NEEDED = ("torch", "transformers")


@dataclass
class RewardModel:
    """Rewards of whole conversations. ``cut`` counts those that were too long and lost their oldest tokens."""

    model: Any
    tokenizer: Any
    context: int
    cut: int = 0

    def rewards(self, conversations: Sequence[Messages]) -> list[float]:
        """The reward of the last message of each conversation, in 32 bits; those alike in length are one batch."""
        rows = [self._tokens(messages) for messages in conversations]
        found = [0.0] * len(rows)
        order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
        for start in range(0, len(order), AT_ONCE):
            part = order[start : start + AT_ONCE]
            for at, reward in zip(part, self._batch([rows[at] for at in part]), strict=True):
                found[at] = reward
        return found

    def _tokens(self, messages: Messages) -> list[int]:
        text = self.tokenizer.apply_chat_template([*messages], tokenize=False)
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        if self.context and len(ids) > self.context:
            self.cut += 1
            return ids[-self.context :]
        return ids

    def _batch(self, rows: Sequence[Sequence[int]]) -> list[float]:
        """The outputs for ``rows`` of tokens, padded on the right: the model reads its number at the last real one."""
        import torch

        longest, pad = max(map(len, rows)), self.model.config.pad_token_id
        ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows], device=self.model.device)
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=self.model.device)
        with torch.no_grad():
            logits = self.model(input_ids=ids, attention_mask=mask).logits
        return [float(one) for one in logits[:, 0].float().cpu()]


def load(name: str) -> RewardModel:
    """The reward model ``name``: a folder, an adapter's folder, or a name at the Hub.

    Raises:
        UsageError: a package is missing, it can't be loaded, has another number of outputs, or no chat template.
    """
    source = source_of(name, FLAG)
    needed = [*_NEEDED, *(["peft"] if source.adapter else [])]
    if missing := next((one for one in needed if find_spec(one) is None), ""):
        raise UsageError(f"{FLAG} {name} needs {missing}: pip install 'personagen[train]'")
    if source.file:
        raise UsageError(f"{FLAG} {name} is a GGUF file, which has no reward: give a sequence-classification model")
    try:
        with warnings.catch_warnings():  # about names that the libraries change among themselves
            warnings.simplefilter("ignore", FutureWarning)
            model, tokenizer = _loaded(source)
    except (OSError, ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())[:300]
        raise UsageError(f"{FLAG} {name} can't be loaded: {said}") from None
    if not tokenizer.chat_template:
        raise UsageError(f"{FLAG} {name} has no chat template, so it can't read a conversation: choose another model")
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    return RewardModel(model.eval(), tokenizer, int(getattr(model.config, "max_position_embeddings", 0) or 0))


def _loaded(source: Source) -> tuple[Any, Any]:
    """The model and its tokenizer; ``UsageError`` for a model that is of another kind."""
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()  # of an adapter's model, it says that a head is missing
    tokenizer = transformers.AutoTokenizer.from_pretrained(source.adapter or source.name)
    config = transformers.AutoConfig.from_pretrained(source.name)
    kinds = config.architectures or ()
    if not source.adapter and not any("SequenceClassification" in kind for kind in kinds):
        what = ", ".join(kinds) or "a model without a head"
        raise UsageError(
            f"{FLAG} {source.name} is {what}: give a sequence-classification model, as `train reward` makes"
        )
    if not source.adapter and config.num_labels != 1:
        raise UsageError(f"{FLAG} {source.name} has {config.num_labels} outputs: a reward model has one")
    dtype = torch.bfloat16 if has_bf16() else torch.float32
    model: Any = transformers.AutoModelForSequenceClassification.from_pretrained(source.name, dtype=dtype, num_labels=1)
    if source.adapter:
        from peft import PeftConfig, PeftModel

        kind = PeftConfig.from_pretrained(source.adapter).task_type
        if kind != "SEQ_CLS":
            raise UsageError(f"{FLAG} {source.adapter} is an adapter for {kind}, not SEQ_CLS: it has no reward")
        model.config.pad_token_id = tokenizer.pad_token_id
        model = PeftModel.from_pretrained(model, source.adapter)
    return model.to("cuda" if torch.cuda.is_available() else "cpu"), tokenizer
