"""Everything that touches disk: frozen, closed pydantic records, and the ids that name them."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

Role = Literal["system", "user", "assistant"]
Kind = Literal["profile", "personality"]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Count = Annotated[int, Field(ge=0, lt=2**53)]


def content_id(*parts: object) -> str:
    """The first 16 hex digits of the sha256 of ``parts`` as JSON: equal content, equal id."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


class Record(BaseModel):
    """A value that is written to disk: it can't change, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def line(self) -> bytes:
        """This record as one line of JSON, without the line feed."""
        return orjson.dumps(self.model_dump())


class Message(Record):
    """One message of a conversation."""

    role: Role
    content: str


class Usage(Record):
    """What one or many calls used. ``cost_usd`` is None where a price is unknown, never zero for that.

    ``input_tokens`` counts all of the input: also what a cache served (``cached_input_tokens``) and what was written to
    one at a price of its own (``cache_write_input_tokens``).
    """

    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_input_tokens: Count = 0
    cache_write_input_tokens: Count = 0
    cost_usd: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = 0.0

    def __add__(self, other: Usage) -> Usage:
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_input_tokens=self.cached_input_tokens + other.cached_input_tokens,
            cache_write_input_tokens=self.cache_write_input_tokens + other.cache_write_input_tokens,
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
        )


class Completion(Record):
    """A model's answer to one call. ``finish_reason`` is ``stop``, ``length``, ``refusal`` or the provider's word.

    ``pause`` is how many seconds the server asks all callers to wait, because a quota is used up; it is not stored.
    """

    text: str
    finish_reason: str = "stop"
    usage: Usage = Usage()
    model: str = ""
    pause: float = Field(0.0, exclude=True, repr=False)


class Description(Record):
    """One entry of a pool: a profile with its facts, or a personality with its traits.

    ``origin`` is ``seed`` or the model that wrote it; ``source`` is ``file:line`` of a seed, or the key of the
    call; ``prompt_hash`` is the hash of the prompt file it was made with, empty for a seed.
    """

    id: str
    kind: Kind
    text: str
    items: tuple[str, ...] = ()
    origin: str = "seed"
    source: str = ""
    prompt_hash: str = ""


class Persona(Record):
    """A profile and a personality that use the same pronoun, each with its text as it was written.

    ``facts`` and ``traits`` are their single statements and words, ``attributes`` what could be read off the text
    (``age``, ``gender``), ``origin`` who wrote the two halves (``profile`` and ``personality`` -> ``seed`` or a model).
    """

    id: str
    profile: str
    personality: str
    facts: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    attributes: dict[str, str | Whole] = {}
    origin: dict[str, str] = {}
    prompt_hash: str = ""


class Node(Record):
    """One message of a tree. The id is the path: ``0.1.0`` is the first child of ``0.1``.

    ``agent`` is who spoke (``user``, or the candidate's name, as ``aware``), ``call`` the key of the call that made it,
    empty if a function wrote it.
    """

    id: str
    role: Role
    content: str
    agent: str
    call: str = ""


class Inference(Record):
    """One thing the observer read off the user's words; ``quote`` stands verbatim in a user turn."""

    fact: str
    quote: str
    kind: Kind


class Belief(Record):
    """What the observer has inferred at a user node; ``dropped`` counts inferences without a verbatim quote."""

    node: str
    inferences: tuple[Inference, ...] = ()
    dropped: int = 0
    call: str = ""


class Judgment(Record):
    """One verdict about siblings. ``order`` is how they were shown, ``ranking`` best first, both node ids."""

    node: str
    order: tuple[str, ...]
    ranking: tuple[str, ...]
    tie: bool = False
    reason: str = ""
    call: str = ""


class Rejection(Record):
    """Something that was dropped, by which filter or gate, and why.

    ``score`` and ``nearest`` are the measured value and the closest pool entry, where the filter has them; ``place``
    is where it came from (a round and slot, or a tree and node).
    """

    place: str
    gate: str
    reason: str
    text: str = ""
    score: float | None = None
    nearest: str | None = None


class ConversationTree(Record):
    """One conversation with every sibling that was tried. Nodes stand in path order."""

    id: str
    persona: Persona
    nodes: tuple[Node, ...]
    beliefs: tuple[Belief, ...] = ()
    judgments: tuple[Judgment, ...] = ()
    grow: str = "coin"
    models: dict[str, str] = {}
    prompts: dict[str, str] = {}


class PreferencePair(Record):
    """TRL's conversational preference format with an explicit prompt, and where the pair comes from.

    ``prompt`` ends with the user's message, ``chosen`` and ``rejected`` hold one assistant message each.
    """

    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    persona: str
    tree: str
    node: str
    turn: int
    chosen_agent: str
    rejected_agent: str
    models: dict[str, str] = {}
    prompts: dict[str, str] = {}


def dump(value: Any) -> bytes:
    """``value`` as indented JSON with a line feed at the end, for files people read."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
