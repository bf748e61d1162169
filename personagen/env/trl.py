"""The environment for TRL's ``GRPOTrainer``: conversations of several turns in place of single completions.

    with WaitingEnvironment(personas="personas.jsonl", turns=4) as env:
        trainer = GRPOTrainer(
            model, reward_funcs=reward, args=config, train_dataset=prompts(env), rollout_func=rollouts(env)
        )
        trainer.train()

Sources: ``trl/trainer/grpo_trainer.py`` of TRL 1.16, ``rollout_func``, which TRL calls experimental. Its
``environment_factory`` is for environments that a model uses through tool calls; a user who talks is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from personagen.agents.replies import speech
from personagen.env.episode import COMPONENTS, Step
from personagen.env.waiting import WaitingEnvironment
from personagen.errors import ReplyError, UsageError
from personagen.records import Message

if TYPE_CHECKING:
    from datasets import Dataset

MARK = "PERSONAGEN-REPLY"  # stands for a reply, to see what a chat template writes after it


def prompts(env: WaitingEnvironment, limit: int | None = None) -> Dataset:
    """The dataset to train on: a row for each persona, or the first ``limit``, whose prompt names it.

    The user's own first message takes the place of that prompt in a rollout.
    """
    from datasets import Dataset

    people = env.personas[:limit]
    return Dataset.from_list([{"prompt": [{"role": "user", "content": persona.id}]} for persona in people])


def reward(*, conversation_reward: Sequence[float], **_: Any) -> list[float]:
    """The reward function: the sum of the rewards of a conversation's turns, as ``rollouts`` returns it."""
    return list(conversation_reward)


def rollouts(env: WaitingEnvironment, reply_tokens: int | None = None) -> Callable[[list[Any], Any], dict[str, Any]]:
    """The ``rollout_func``: a conversation for each prompt, all at the same time, one batch of replies a turn.

    A rollout's completion is all that follows the user's first message, replies and further messages of the user;
    ``env_mask`` is 1 for the tokens of replies, which alone are trained on. ``reply_tokens`` bounds a reply, by default
    the trainer's ``max_completion_length`` / turns. A reply that is empty, as an untrained model gives it, ends its
    conversation with what it has earned so far. Rows also have ``conversation_reward`` and the sums of its
    ``COMPONENTS``, for custom reward functions.

    Raises, when called:
        UsageError: a prompt names no persona, or the chat template shows an earlier reply otherwise than it is given.
    """

    def rollout(given: list[Any], trainer: Any) -> dict[str, Any]:
        most = reply_tokens or max(1, trainer.max_completion_length // env.environment.options.turns)
        names = [one[-1]["content"] if isinstance(one, list) else one for one in given]
        writer = _Writer(trainer)
        rows = [_Row(writer.opening(message)) for message in env.reset_many(names)]
        while any(row.open for row in rows):
            for row, ids in zip(
                [row for row in rows if row.open],
                _replies([row.ids for row in rows if row.open], trainer, most),
                strict=True,
            ):
                row.reply(ids, writer)
            steps = env.step_many([row.said if row.open else None for row in rows])
            for row, step in zip(rows, steps, strict=True):
                if step:
                    row.answered(step, writer)
        return {
            **_columns(rows),
            "conversation_reward": [math.fsum(row.rewards) for row in rows],
            **{name: [row.sums[name] for row in rows] for name in COMPONENTS},
        }

    return rollout


def rollouts_of(chats: Sequence[Sequence[Message]], rewards: Sequence[float], trainer: Any) -> dict[str, Any]:
    """What a ``rollout_func`` returns, of ``chats`` that were held elsewhere, as in `verifiers`, with their rewards.

    A chat alternates, user first. Replies are read as the trainer's tokenizer writes their texts, which need not be the
    tokens that were sampled.
    """
    writer, rows = _Writer(trainer), []
    for chat in chats:
        row = _Row(writer.opening(chat[0].content))
        for message in chat[1:]:
            own = message.role == "assistant"
            ids = writer.closed(message.content) if own else writer.between(writer.end_id, message.content)
            row.add(ids, own=own)
        rows.append(row)
    return {**_columns(rows), "conversation_reward": list(rewards)}


def _columns(rows: Sequence[_Row]) -> dict[str, Any]:
    return {
        "prompt_ids": [row.prompt for row in rows],
        "completion_ids": [row.completion for row in rows],
        "logprobs": None,  # of a server that samples; the trainer computes its own
        "env_mask": [row.mask for row in rows],
    }


@dataclass
class _Row:
    """One conversation as tokens: what the user opened with, and what followed, with 1 in ``mask`` for replies."""

    prompt: list[int]
    completion: list[int] = field(default_factory=list)
    mask: list[int] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COMPONENTS, 0.0))
    said: str = ""
    open: bool = True

    @property
    def ids(self) -> list[int]:
        return self.prompt + self.completion

    def add(self, ids: list[int], *, own: bool) -> None:
        self.completion += ids
        self.mask += [int(own)] * len(ids)

    def reply(self, ids: list[int], writer: _Writer) -> None:
        self.add(ids, own=True)
        self.said = writer.text(ids)
        try:
            speech(self.said, "assistant")
        except ReplyError:
            self.open = False

    def answered(self, step: Step, writer: _Writer) -> None:
        self.rewards.append(step.reward)
        for name, value in step.info["components"].items():
            self.sums[name] += value
        self.open = not step.done
        if self.open:
            self.add(writer.between(self.completion[-1], step.message), own=False)


class _Writer:
    """Messages as tokens, by the chat template of the trainer's tokenizer."""

    def __init__(self, trainer: Any) -> None:
        self.tokenizer = getattr(trainer.processing_class, "tokenizer", trainer.processing_class)
        self.settings: Mapping[str, Any] = {
            "tokenize": False,
            "add_generation_prompt": True,
            **(getattr(trainer, "chat_template_kwargs", None) or {}),
        }

    def opening(self, message: str) -> list[int]:
        return self._ids(self._written([{"role": "user", "content": message}]))

    @property
    def end_id(self) -> int:
        return int(self.tokenizer.eos_token_id)

    def closed(self, reply: str) -> list[int]:
        """A reply with the token that ends it."""
        return [*self._ids(reply), self.end_id]

    def text(self, ids: list[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))

    def between(self, last: int, message: str) -> list[int]:
        """What stands between a reply, whose last token is ``last``, and the next: its end, and the user's message."""
        chat = [("user", "x"), ("assistant", MARK), ("user", message)]
        written = self._written([{"role": role, "content": content} for role, content in chat])
        _, found, rest = written.partition(MARK)
        if not found:
            raise UsageError("the chat template leaves out earlier replies: train with another template")
        end = self.tokenizer.eos_token
        return self._ids(rest.removeprefix(end) if last == self.end_id else rest)

    def _written(self, chat: list[dict[str, str]]) -> str:
        return str(self.tokenizer.apply_chat_template(chat, **self.settings))

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def _replies(contexts: list[list[int]], trainer: Any, most: int) -> list[list[int]]:
    """A sampled reply to each of ``contexts``, up to its end of turn or ``most`` tokens."""
    import torch
    from trl.models.utils import unwrap_model_for_generation

    tokenizer = getattr(trainer.processing_class, "tokenizer", trainer.processing_class)
    pad, width = tokenizer.pad_token_id, max(map(len, contexts))
    device = trainer.accelerator.device
    ids = torch.tensor([[pad] * (width - len(one)) + one for one in contexts], device=device)
    mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in contexts], device=device)
    config = type(trainer.generation_config)(**{**trainer.generation_config.to_dict(), "max_new_tokens": most})
    with torch.no_grad(), unwrap_model_for_generation(trainer.model_wrapped, trainer.accelerator) as model:
        made = model.generate(input_ids=ids, attention_mask=mask, generation_config=config)[:, width:].tolist()
    end = tokenizer.eos_token_id
    return [one[: one.index(end) + 1] if end in one else [token for token in one if token != pad] for one in made]
