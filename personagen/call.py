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
EFFORTS = ("none", "low", "medium", "high")


@dataclass(frozen=True)
class Sampling:
    """Sampling settings of a prompt file's front matter; None, or an empty text, means the server's default.

    ``max_tokens`` limits the answer, without reasoning; it is always sent, ``DEFAULT_MAX_TOKENS`` if None, since the
    budget relies on it. ``reasoning`` is one of ``EFFORTS``, or a number of tokens. ``extra`` holds further fields of
    the request body, as the text of a JSON object.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    reasoning: str = ""
    extra: str = ""

    @property
    def form(self) -> tuple[Any, ...]:
        """Which settings are sent, as far as a server may refuse one."""
        return self.temperature is None, self.temperature == 0, self.top_p is None, self.reasoning, self.extra

    @property
    def answer_tokens(self) -> int:
        """The maximum tokens of an answer."""
        return self.max_tokens or DEFAULT_MAX_TOKENS


@dataclass(frozen=True)
class Call:
    """One request to a model.

    ``schema`` is the JSON schema of the reply, or None for free text. ``sample`` distinguishes intended repeats of the
    same request (``repeat.candidate.attempt``). ``place`` is its position in the run; ``prompt`` and ``inputs`` are
    what it was rendered from; ``priority`` is the length of the chain of calls that starts with it: of waiting calls
    the highest goes first. ``room`` is the number of tokens for reasoning, besides the answer's; ``in_words`` asks for
    the schema in the prompt too. ``of`` is the role whose model is asked, if it is not that of the prompt, and
    ``share`` the probability that such a call is made, and ``option`` the option without which it is not made, both for
    the estimate. These nine are not part of the key.
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
    room: int = 0
    in_words: bool = False
    of: str = ""
    share: float = 1.0
    option: str = ""

    @cached_property
    def key(self) -> str:
        """The hash of everything that can change the answer, 32 hex digits."""
        s = self.sampling
        what = [
            self.model,
            [(m.role, m.content) for m in self.messages],
            (s.temperature, s.max_tokens, s.top_p, *filter(None, (s.reasoning, s.extra))),
            self.schema,
            self.sample,
        ]
        return hashlib.sha256(orjson.dumps(what, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]

    @property
    def max_tokens(self) -> int:
        """The maximum tokens of a reply: those of the answer, and the room for reasoning."""
        return self.sampling.answer_tokens + self.room

    @cached_property
    def role(self) -> str:
        """The agent whose model is asked: the folder of the prompt file, unless it is another one's."""
        return self.of or self.prompt.partition("/")[0]

    @property
    def transcript(self) -> Sequence[Message]:
        """The conversation among the inputs, a prefix of later calls about the same tree; or nothing."""
        lists = (value for value in self.inputs.values() if isinstance(value, list | tuple))
        return next((values for values in lists if values and isinstance(values[0], Message)), ())


LLM: TypeAlias = Callable[[Call], Awaitable[Completion]]
