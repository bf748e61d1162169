"""The records written to disk: frozen pydantic models that reject unknown fields."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from personagen.notebook import pair_html, tree_html

Role = Literal["system", "user", "assistant"]
Kind = Literal["profile", "personality"]
Pooled = Literal["chosen", "rejected", "tie"]
Sure = Literal["low", "high"]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Count = Annotated[int, Field(ge=0, lt=2**53)]


def content_id(*parts: object) -> str:
    """The first 16 hex digits of the sha256 of ``parts`` as JSON."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


class Record(BaseModel):
    """The base class of all records."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def line(self) -> bytes:
        """This record as JSON, without a newline."""
        return orjson.dumps(self.model_dump())


class Sourced(Record):
    """A record of a result file. ``run`` names its run after a merge; before, that field is not written."""

    run: str = ""

    @model_serializer(mode="wrap")
    def _run_at_the_end(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = dump(self)
        run = fields.pop("run", "")
        return {**fields, "run": run} if run else fields


class Message(Record):
    """One message of a conversation."""

    role: Role
    content: str


class Usage(Record):
    """Tokens and cost of one or more calls; ``cost_usd`` is None if a price is unknown.

    ``input_tokens`` includes ``cached_input_tokens`` (read from a cache) and ``cache_write_input_tokens``, and
    ``output_tokens`` includes ``reasoning_tokens``.
    """

    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_input_tokens: Count = 0
    cache_write_input_tokens: Count = 0
    reasoning_tokens: Count = 0
    cost_usd: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = 0.0

    def __add__(self, other: Usage) -> Usage:
        tokens = {name: n + getattr(other, name) for name, n in self if name != "cost_usd"}
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(**tokens, cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None)


class Completion(Record):
    """A model's answer to one call. ``finish_reason`` is ``stop``, or says why the text is not a whole reply:
    ``length`` (``max_tokens`` were reached), ``context`` (the context was full), ``refusal`` or ``content_filter``.

    ``pause`` is in seconds until an exhausted quota resets; it is not stored.
    """

    text: str
    finish_reason: str = "stop"
    usage: Usage = Usage()
    model: str = ""
    pause: float = Field(default=0.0, exclude=True, repr=False)


class Description(Record):
    """One entry of a pool: a profile with its facts, or a personality with its traits.

    ``origin`` is ``seed`` or the author model, ``source`` a seed's ``file:line`` or the key of the call,
    ``attributes`` are columns of a seed's row, ``drawn`` is whom the author was asked to describe.
    """

    id: str
    kind: Kind
    text: str
    items: tuple[str, ...] = ()
    origin: str = "seed"
    source: str = ""
    prompt_hash: str = ""
    attributes: dict[str, str | Whole] = {}
    drawn: dict[str, str | Whole] = {}


class Persona(Sourced):
    """A profile and a personality with the same pronoun.

    ``facts`` are the profile's statements, ``traits`` the personality's words; ``attributes`` come from the text or the
    columns of a user's table; ``origin`` maps ``profile`` and ``personality`` to ``seed`` or a model.
    """

    id: str
    profile: str
    personality: str
    facts: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    attributes: dict[str, str | Whole] = {}
    origin: dict[str, str] = {}
    prompt_hash: str = ""
    drawn: dict[str, str | Whole] = {}


class Node(Record):
    """One message of a tree. The id is the path: ``0.1.0`` is the first child of ``0.1``.

    ``agent`` is ``user`` or the candidate's name, ``call`` the key of the call, empty if a function wrote the message.
    """

    id: str
    role: Role
    content: str
    agent: str
    call: str = ""


class Inference(Record):
    """One inference of the observer; ``quote`` occurs verbatim in a user turn."""

    fact: str
    quote: str
    kind: Kind
    sure: Sure = "high"


class Belief(Record):
    """The observer's inferences at a user node; ``dropped`` is the number without a verbatim quote.

    ``retracts`` are facts that the user took back; ``inferences`` does not have them.
    """

    node: str
    inferences: tuple[Inference, ...] = ()
    retracts: tuple[str, ...] = ()
    dropped: int = 0
    call: str = ""


class Judgment(Record):
    """One verdict on sibling replies: node ids in the ``order`` shown, and as ranked, best first.

    ``scores`` (1 to 5, in ``order``) and ``confidence`` (1 to 5) are empty and 0 if the judge gave none. ``because``
    are the lines of the persona that decided it, out of ``lines`` that were shown; 0 means that it named no grounds.
    ``persona`` is whose preference it is: the user's own (empty), ``nobody``'s, or the id of another persona.
    """

    node: str
    order: tuple[str, ...]
    ranking: tuple[str, ...]
    tie: bool = False
    reason: str = ""
    scores: tuple[int, ...] = ()
    confidence: int = 0
    because: tuple[str, ...] = ()
    lines: Count = 0
    persona: str = ""
    call: str = ""


class Check(Record):
    """The checker's finding at a user node: the lines of the persona that the message contradicts, usually none."""

    node: str
    contradicted: tuple[str, ...] = ()
    reason: str = ""
    call: str = ""


class Rejection(Sourced):
    """A rejected text, the filter or gate that rejected it, and the reason.

    ``score`` and ``nearest`` are the measured value and the closest pool entry, if any; ``place`` is its call and slot,
    or its tree and node. Of a reply given up after ``attempts``, ``finish_reason`` is how it ended.
    """

    place: str
    gate: str
    reason: str
    text: str = ""
    score: float | None = None
    nearest: str | None = None
    finish_reason: str = ""
    attempts: Count = 0


class Memory(Record):
    """What earlier conversations of one persona leave: how each began, and what they revealed."""

    topics: tuple[str, ...] = ()
    inferences: tuple[Inference, ...] = ()


class Twin(Record):
    """The pair that a tree answers: its ``tree``, its ``node``, where the user says ``message``, and its two
    ``replies``, the rejected one first. ``lines`` of this tree's persona decide otherwise.
    """

    tree: str
    node: str
    message: str
    replies: tuple[Node, ...]
    lines: tuple[str, ...] = ()


class ConversationTree(Sourced):
    """One conversation with all sibling replies, nodes in path order.

    ``style`` is how the user behaves: ``disclosure``, ``explicitness``, ``noise``, ``patience``. ``session`` numbers
    the conversations of one series from 0; later ones begin with ``memory``, and ``changed`` is ``old -> new``, a trait
    of the persona, or in ``evaluate`` who the user becomes and when. ``twin`` is the pair that the tree answers.
    ``unasked`` are the ids of replies that were not asked for, since nothing was known; ``keep`` says which pairs are
    kept: ``all``, ``personal``, or ``given`` in a file. ``checks`` are of a sample of user messages; the judge
    ``repeated`` verdicts on them, another model ``seconded`` it.
    """

    id: str
    persona: Persona
    nodes: tuple[Node, ...]
    beliefs: tuple[Belief, ...] = ()
    judgments: tuple[Judgment, ...] = ()
    unasked: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    repeated: tuple[Judgment, ...] = ()
    seconded: tuple[Judgment, ...] = ()
    grow: str = "coin"
    keep: str = "all"
    session: int = 0
    memory: Memory = Memory()
    changed: str = ""
    twin: Twin | None = None
    style: dict[str, str] = {}
    models: dict[str, str] = {}
    prompts: dict[str, str] = {}

    def _repr_html_(self) -> str:
        return tree_html(self)


class PreferencePair(Sourced):
    """TRL's conversational preference format with an explicit prompt, and the pair's origin.

    ``prompt`` ends with the user's message, ``chosen`` and ``rejected`` hold one assistant message each.
    ``attributes`` are those of the persona. From ``margin`` on, fields say what the verdicts rest on; None is unknown.
    ``margin`` is the difference of the scores (0 to 4), ``confidence`` 1 to 5, both means of the two verdicts.
    ``because`` are the persona's lines that decided one of them; ``knowable``: each was revealed by then; ``generic``:
    none was needed; ``leaking``: a reply uses a fact that was not revealed. ``flip_share`` is the share of other
    personas who prefer the rejected reply, ``personal`` whether they are half or more, ``pooled`` which reply is better
    for a user nothing is known about. ``twin`` is the tree and the node of the pair in which another person prefers the
    rejected reply, if there is one. ``scores`` are measures of pair gates. See docs/verdicts.md.
    """

    prompt: Annotated[tuple[Message, ...], Field(min_length=1)]
    chosen: Annotated[tuple[Message, ...], Field(min_length=1)]
    rejected: Annotated[tuple[Message, ...], Field(min_length=1)]
    persona: str
    tree: str
    node: str
    turn: int
    chosen_agent: str
    rejected_agent: str
    chosen_node: str = ""
    rejected_node: str = ""
    models: dict[str, str] = {}
    prompts: dict[str, str] = {}
    attributes: dict[str, str | Whole] = {}
    margin: float | None = None
    confidence: float | None = None
    because: tuple[str, ...] = ()
    knowable: bool | None = None
    generic: bool | None = None
    leaking: bool | None = None
    flip_share: float | None = None
    pooled: Pooled | None = None
    personal: bool | None = None
    twin: str = ""
    scores: dict[str, float] = {}

    def _repr_html_(self) -> str:
        return pair_html(self)
