"""A rehearsal: the offline cast plays a few planned items of the real workflow, and every call is measured.

Nothing is sent. Stored answers are reused, so a resumed run is estimated by what is left; the offline cast gives all
others, which count with the usual length of a model's reply. The result has three sizes: with usual replies, with short
ones, and with the longest replies and the most attempts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from personagen.agents.ask import MORE_ROOM, AgentContext
from personagen.agents.reply_counts import ReplyCounts
from personagen.call import Call
from personagen.errors import ConfigError
from personagen.llm.endpoints import is_offline
from personagen.llm.middleware import Tally
from personagen.llm.room import most as most_room
from personagen.llm.room import usual_reasoning
from personagen.offline import offline
from personagen.prompts.files import Prompt
from personagen.records import Completion, Message
from personagen.runs.schedule import Task
from personagen.runs.sizes import Need, Size
from personagen.store.journal import Journal

# English prose, measured with o200k_base on the packaged seeds and prompts; other languages differ little by bytes.
BYTES_PER_TOKEN = 4.5
MIN_BYTES_PER_TOKEN = 3.0
TOKENS_PER_MESSAGE = 4  # of the chat template
MIN_CACHED, CACHE_STEP = 1024, 128  # tokens
SHORT = 0.5  # of the usual length
MAX_OBJECTION_BYTES = 400  # what the next attempt reads about a reply that can't be used, besides the schema
STORED_ANSWER_BYTES = 620  # of an answer in the journal, besides its text


@dataclass(frozen=True)
class Rehearsal:
    """A job to rehearse, and how many such jobs the run will do: ``expected``, and at most ``upper``.

    ``deeper`` is how many times as long the real conversations are. If the answer to the rehearsed call is stored, so
    are ``stored`` of the ``expected`` ones, and at least ``least`` remain. ``finished`` marks a finished item, played
    only to learn from its stored replies.
    """

    job: Callable[[AgentContext], Task]
    expected: float = 1.0
    upper: float = 1.0
    deeper: float = 1.0
    stored: float = 0.0
    least: float = 0.0
    finished: bool = False


@dataclass(frozen=True)
class _Asked:
    """One call: its size in bytes, the replies quoted in it, and its answer."""

    call: Call
    fixed: float
    spoken: Mapping[str, tuple[int, float]]  # prompt -> number and bytes of the quoted replies to it
    shared: float  # the share that the previous call of this prompt began with too
    reply: Completion
    things: int
    is_stored: bool

    @property
    def bytes(self) -> float:
        """The size of the call, with replies of the usual length."""
        return self.fixed + sum(size for _, size in self.spoken.values())


@dataclass
class Lengths:
    """Reply lengths: those of the run's stored answers, or else ``usual`` ones, in tokens by prompt."""

    usual: Mapping[str, float]
    prompts: Mapping[str, Prompt]
    measured: dict[str, Size] = field(default_factory=dict)
    asked_bytes: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    reply_bytes: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def learn(self, played: Iterable[_Asked]) -> None:
        """Measures the stored answers among ``played``."""
        for asked in played:
            usage, prompt = asked.reply.usage, asked.call.prompt
            if asked.is_stored and usage.input_tokens:
                size = Size(1, usage.input_tokens, usage.cached_input_tokens, usage.output_tokens)
                self.measured[prompt] = self.measured.get(prompt, Size()) + size
                self.asked_bytes[prompt] += asked.bytes
                self.reply_bytes[prompt] += len(asked.reply.text.encode())

    def spoken(self, prompt: str) -> float:
        """Bytes of a free-text reply."""
        known = self.measured.get(prompt)
        return self.reply_bytes[prompt] / known.calls if known else self.output(prompt, 1) * BYTES_PER_TOKEN

    def output(self, prompt: str, things: int) -> float:
        """Tokens of a reply that lists ``things`` entries."""
        known = self.measured.get(prompt)
        usual = self.usual.get(prompt, 100.0) * things
        return known.output / known.calls if known else min(usual, self.longest(prompt))

    def longest(self, prompt: str) -> float:
        """The maximum tokens of an answer at the first attempt."""
        return self.prompts[prompt].sampling.answer_tokens

    def size(self, asked: _Asked, factor: float, deeper: float) -> Size:
        """The tokens of a call, with replies ``factor`` times as long as usual."""
        prompt = asked.call.prompt
        known = self.measured.get(prompt)
        sent = asked.fixed + deeper * factor * sum(size for _, size in asked.spoken.values())
        output = factor * (asked.reply.usage.output_tokens or self.output(prompt, asked.things))
        output += 0.0 if known or asked.is_stored else usual_reasoning(asked.call)
        if known:
            tokens = sent * known.input / self.asked_bytes[prompt]
            return Size(1, tokens, tokens * known.cached / known.input, output)
        tokens = sent / BYTES_PER_TOKEN + TOKENS_PER_MESSAGE * (len(asked.call.messages) + 1)
        shared = asked.shared * tokens
        return Size(1, tokens, shared // CACHE_STEP * CACHE_STEP if shared >= MIN_CACHED else 0.0, output)

    def most(self, asked: _Asked, deeper: float, attempts: int) -> Size:
        """The maximum tokens of a call, as the mean of ``attempts``: those after the first have more room."""
        later = 1 - 1 / attempts
        room = (1 + (MORE_ROOM - 1) * later) * self.longest(asked.call.prompt)
        longest = MORE_ROOM if attempts > 1 else 1
        texts = sum(longest * n * self.longest(prompt) for prompt, (n, _) in asked.spoken.items())
        sent = asked.fixed + deeper * texts * BYTES_PER_TOKEN + later * MAX_OBJECTION_BYTES
        tokens = sent / MIN_BYTES_PER_TOKEN + TOKENS_PER_MESSAGE * (len(asked.call.messages) + 1)
        return Size(1, tokens, 0.0, room + (most_room(asked.call) if usual_reasoning(asked.call) else 0))


class _Model:
    """Answers from the journal or with the offline cast, and records every call."""

    def __init__(self, journal: Journal, lengths: Lengths) -> None:
        self.asked: list[_Asked] = []
        self._journal, self._lengths, self._cast = journal, lengths, offline(0)
        self._said: dict[str, tuple[str, bool]] = {}
        self._last: dict[str, str] = {}

    @property
    def stretch(self) -> float:
        """The ratio of the usual to the actual length of what was said."""
        said = [(text, *who) for text, who in self._said.items()]
        actual = sum(len(text.encode()) for text, *_ in said)
        usual = sum(len(text.encode()) if real else self._lengths.spoken(prompt) for text, prompt, real in said)
        return usual / actual if actual else 1.0

    async def __call__(self, call: Call) -> Completion:
        stored = self._journal.completion(call.key)
        reply = stored or await self._played(call)
        if call.schema is None:
            self._said[reply.text.strip()] = call.prompt, stored is not None
        self.asked.append(self._measured(call, reply, stored is not None))
        return reply

    async def _played(self, call: Call) -> Completion:
        try:
            reply = await self._cast(call)
        except ConfigError:  # a custom prompt, which the cast does not know
            reply = Completion(text="word" if call.schema is None else orjson.dumps(_example(call.schema)).decode())
        return reply if is_offline(call.model) and call.schema is not None else Completion(text=reply.text or ".")

    def _measured(self, call: Call, reply: Completion, is_stored: bool) -> _Asked:
        text = "".join(f"{m.role}\n{m.content}\n" for m in call.messages)
        spoken: dict[str, tuple[int, float]] = {}
        actual = 0
        for one in _texts(call.inputs):
            if one in self._said:
                prompt, is_real = self._said[one]
                n, size = spoken.get(prompt, (0, 0.0))
                actual += len(one.encode())
                spoken[prompt] = n + 1, size + (len(one.encode()) if is_real else self._lengths.spoken(prompt))
        schema = 0 if call.schema is None else len(orjson.dumps(call.schema))
        whole = sum(len(m.content.encode()) for m in call.messages) + schema
        shared = _shared(text, self._last.get(call.prompt, "")) / len(text)
        self._last[call.prompt] = text
        return _Asked(call, whole - actual, spoken, shared, reply, _things(reply.text, call.schema), is_stored)


@dataclass(frozen=True)
class Played:
    """The result of rehearsals: the need by role, and by how many bytes the run folder will grow.

    ``options`` has the part of it that is there for an option, by option and role.
    """

    needs: Mapping[str, Need]
    bytes: float
    options: Mapping[tuple[str, str], Size]


async def rehearse(rehearsals: Sequence[Rehearsal], ctx: AgentContext, journal: Journal, lengths: Lengths) -> Played:
    """Plays ``rehearsals``, finished items first, since the others use the lengths learned from them."""
    needs: dict[str, Need] = defaultdict(Need)
    options: dict[tuple[str, str], Size] = defaultdict(Size)
    size = 0.0
    for rehearsal in sorted(rehearsals, key=lambda one: not one.finished):
        model = _Model(journal, lengths)
        task = rehearsal.job(replace(ctx, llm=model, tally=Tally(), counts=ReplyCounts(), acts={}, rehearsed=True))
        steps = list(task.first)
        while steps:
            steps += await steps.pop(0)()
        if rehearsal.finished:
            lengths.learn(model.asked)
            continue
        size += 2 * rehearsal.expected * rehearsal.deeper * model.stretch * sum(map(len, task.result().lines.values()))
        for call, need, answers in _needs(rehearsal, model.asked, lengths, ctx.attempts):
            needs[call.role] += need
            if call.option:
                options[call.option, call.role] += need.expected
            size += answers
    return Played(needs, size, options)


def _needs(
    rehearsal: Rehearsal, played: Sequence[_Asked], lengths: Lengths, attempts: int
) -> Iterator[tuple[Call, Need, float]]:
    """Each call, the need of all calls like it, and the bytes of their answers in the journal."""
    deeper = rehearsal.deeper
    one = len(played) == 1
    for asked in played:
        usual = lengths.size(asked, 1.0, deeper)
        times, upper, stored = rehearsal.expected, attempts * rehearsal.upper, float(asked.is_stored)
        times *= asked.call.share  # the bound counts every call of a sample as made
        if one and asked.is_stored and rehearsal.stored:
            times, upper = max(times - rehearsal.stored, rehearsal.least), upper - rehearsal.stored
        elif asked.is_stored:
            times = 0.0
            upper -= stored
        expected = usual.times(times)
        low = lengths.size(asked, SHORT, deeper).times(times)
        yield (
            asked.call,
            Need(low, expected, lengths.most(asked, deeper, attempts).times(upper)),
            times * (STORED_ANSWER_BYTES + len(asked.reply.text.encode())),
        )


def _texts(value: Any) -> Iterator[str]:
    """Every text in an agent's inputs."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Message):
        yield value.content
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _things(text: str, schema: Mapping[str, Any] | None) -> int:
    """How many objects a JSON reply lists, at least 1."""
    try:
        value = orjson.loads(text) if schema is not None else None
    except orjson.JSONDecodeError:
        return 1
    lists = [v for v in (value.values() if isinstance(value, dict) else ()) if isinstance(v, list)]
    return max([1, *(sum(isinstance(one, dict) for one in found) for found in lists)])


def _example(schema: Mapping[str, Any]) -> Any:
    """A small value that follows ``schema``."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: _example(inner) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [_example(schema.get("items", {}))]
    return {"integer": 1, "number": 1.0, "boolean": False}.get(str(kind), "word")


def _shared(one: str, other: str) -> int:
    """The length of the common prefix of ``one`` and ``other``."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if one[:middle] == other[:middle] else (least, middle - 1)
    return least
