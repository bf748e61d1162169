"""The model interface: a ``Call``, and the type ``LLM``, any ``async (Call) -> Completion``."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import orjson

from personagen.records import Completion, Message

DEFAULT_MAX_TOKENS = 4096


@dataclass(frozen=True)
class Sampling:
    """Sampling settings of a prompt file's front matter; None means the server's default.

    ``max_tokens`` is always sent, ``DEFAULT_MAX_TOKENS`` if None, since the budget relies on it.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None


@dataclass(frozen=True)
class Call:
    """One request to a model.

    ``schema`` is the JSON schema of the reply, or None for free text. ``sample`` distinguishes intended repeats of the
    same request (``repeat.candidate.attempt``). ``place`` is its position in the run; ``prompt`` and ``inputs`` are
    what it was rendered from; ``priority`` is the length of the chain of calls that starts with it: of waiting calls
    the highest goes first. ``in_words`` puts the schema into the prompt, too. These five are neither sent nor part of
    the key.
    """

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    schema: Mapping[str, Any] | None = None
    sample: str = ""
    priority: int = 1
    place: str = ""
    prompt: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    in_words: bool = False

    @cached_property
    def key(self) -> str:
        """The hash of everything that can change the answer, 32 hex digits."""
        s = self.sampling
        what = [
            self.model,
            [(m.role, m.content) for m in self.messages],
            (s.temperature, s.max_tokens, s.top_p),
            self.schema,
            self.sample,
        ]
        return hashlib.sha256(orjson.dumps(what, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]

    @cached_property
    def role(self) -> str:
        """The agent that makes the call: the folder of its prompt file."""
        return self.prompt.partition("/")[0]

    @property
    def transcript(self) -> Sequence[Message]:
        """The conversation among the inputs, a prefix of later calls about the same tree; or nothing."""
        return next((v for v in self.inputs.values() if isinstance(v, list | tuple) and _are_messages(v)), ())


def _are_messages(values: Sequence[Any]) -> bool:
    return bool(values) and isinstance(values[0], Message)


LLM: TypeAlias = Callable[[Call], Awaitable[Completion]]
