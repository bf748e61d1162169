"""How large the questions of a run are: the agents themselves ask them, of a model that only listens.

The prompts are rendered with the run's own personas or seeds. What nobody has said yet stands in as text of the length
that such replies usually have; a conversation is measured at a few turns and interpolated between them, since every
turn adds as much as the one before it. Texts that are long altogether are not rendered but reckoned from short ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from personagen.agents import ACTS, assistant, author, judge, observer, user
from personagen.agents.ask import AgentContext, CallSite, capture_call
from personagen.call import DEFAULT_MAX_TOKENS, Call
from personagen.llm.connect import OFFLINE as OFFLINE_MODEL
from personagen.prompts.files import Prompt
from personagen.records import Inference, Kind, Message, Persona

# English prose, measured with o200k_base on the packaged seeds and prompts; other languages differ little by bytes.
BYTES_A_TOKEN = 4.5
FEWEST_BYTES = 3.0
A_MESSAGE = 4  # tokens that a chat template puts round a message
LEAST_CACHED, CACHED_STEP = 1024, 128
RENDERED = (
    200_000  # bytes of what is said, at most: a prompt may be rendered to no more than ``sandbox.MAX_CHARACTERS``
)
SPEAKERS = ("user/speak", "assistant/plain")
INFERENCES_A_TURN = 1.2
FACT = 12.0  # tokens of an inference as the aware assistant is told it

# Tokens of a reply to the prompt of this name that lists so many things.
Length: TypeAlias = Callable[[str, float], float]


@dataclass(frozen=True)
class Size:
    """Calls of one role, and their tokens: all input, what a cache serves of it, output. They may be means."""

    calls: float = 0.0
    input: float = 0.0
    cached: float = 0.0
    output: float = 0.0

    def __add__(self, other: Size) -> Size:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Size(*(mine + theirs for mine, theirs in pairs))

    def times(self, factor: float) -> Size:
        """So many of these."""
        return Size(*(value * factor for value in vars(self).values()))

    def at_most(self, other: Size) -> Size:
        """The smaller of both, figure by figure."""
        return Size(*map(min, vars(self).values(), vars(other).values()))

    def left(self, stored: Size) -> Size:
        """What is left of this when ``stored`` is there already."""
        pairs = zip(vars(self).values(), vars(stored).values(), strict=True)
        return Size(*(max(0.0, mine - theirs) for mine, theirs in pairs))


@dataclass(frozen=True)
class Shape:
    """What a conversation asks: ``levels`` are its user turns at each depth, each with so many ``candidates``."""

    turns: int
    levels: Sequence[int]
    candidates: int


def typical(ctx: AgentContext, factor: float = 1.0) -> Length:
    """Replies of the usual length, times ``factor``, and never longer than the prompt file lets them be."""

    def length(name: str, things: float) -> float:
        is_offline = ctx.models[name.partition("/")[0]] == OFFLINE_MODEL
        usual = ACTS[name].offline_tokens if is_offline else ACTS[name].usual_tokens
        return min(longest(ctx)(name, things), factor * usual * things)

    return length


def longest(ctx: AgentContext) -> Length:
    """Replies as long as the prompt file lets them be."""
    return lambda name, _: ctx.prompts[name].sampling.max_tokens or DEFAULT_MAX_TOKENS


async def conversation(
    prompts: Mapping[str, Prompt], persona: Persona, shape: Shape, length: Length, bytes_a_token: float = BYTES_A_TOKEN
) -> dict[str, Size]:
    """What one conversation with ``persona`` takes, by role."""
    last = len(shape.levels)
    depths = sorted({1, min(2, last), (last + 2) // 2, last})
    turns = [await _turn(prompts, persona, depth, shape, length, bytes_a_token) for depth in depths]
    total = dict.fromkeys(turns[0], Size())
    for depth, count in enumerate(shape.levels, 1):
        at = next(i for i, known in enumerate(depths) if known >= depth)
        before = max(0, at - (depths[at] != depth))
        share = (depth - depths[before]) / max(1, depths[at] - depths[before])
        for role in total:
            value = turns[before][role].times(1 - share) + turns[at][role].times(share)
            total[role] += value.times(count)
    return total


async def authoring(
    prompts: Mapping[str, Prompt], kind: Kind, examples: Sequence[str], count: int, length: Length
) -> Size:
    """What one call for ``count`` descriptions takes."""
    call = await capture_call(prompts, lambda ctx: author.write(ctx, kind, examples, count, CallSite("", "")))
    return Size(1, _tokens(call, BYTES_A_TOKEN), 0.0, length(author.PROMPTS[kind], count))


async def _turn(
    prompts: Mapping[str, Prompt], persona: Persona, turn: int, shape: Shape, length: Length, bytes_a_token: float
) -> dict[str, Size]:
    """What the user turn at this depth takes, with all that is asked about it, by role."""

    async def size(said: Sequence[str]) -> dict[str, Size]:
        return await _rendered(prompts, persona, turn, shape, said, length, bytes_a_token)

    tokens = [length(name, 1.0) for name in SPEAKERS]
    parts = (turn + shape.candidates) * sum(tokens) * BYTES_A_TOKEN / RENDERED
    if parts <= 1:
        return await size([_filler(persona, number) for number in tokens])
    # A prompt grows by every byte alike. What is said grows in the larger of the steps that the speakers need.
    shorter = [_filler(persona, 0) for _ in tokens]
    longer = [_filler(persona, max(1.0, number / parts)) for number in tokens]
    steps = max(
        (number * BYTES_A_TOKEN - len(short.encode())) / max(1, len(long.encode()) - len(short.encode()))
        for number, short, long in zip(tokens, shorter, longer, strict=True)
    )
    least, more = await size(shorter), await size(longer)
    return {role: there + more[role].left(there).times(steps) for role, there in least.items()}


async def _rendered(
    prompts: Mapping[str, Prompt],
    persona: Persona,
    turn: int,
    shape: Shape,
    said: Sequence[str],
    length: Length,
    bytes_a_token: float,
) -> dict[str, Size]:
    """What a turn takes where each message of a user and of an assistant is as ``said``."""
    calls = await _asked(prompts, persona, turn, shape, said)
    before = await _asked(prompts, persona, turn - 1, shape, said) if turn > 1 else {}
    aware = (shape.candidates + 1) // 2
    limiter = {"assistant/plain": shape.candidates - aware, "assistant/aware": aware}
    sizes: dict[str, Size] = {}
    for name, (call, again) in calls.items():
        whole = _tokens(call, bytes_a_token)
        cached = _cached(_shared(call, before[name][0], bytes_a_token)) if before else 0.0
        repeats = limiter.get(name, 2 if again is not None else 1) - 1
        repeated = _cached(_shared(call, again or call, bytes_a_token))
        output = length(name, turn * INFERENCES_A_TURN if name == "observer/infer" else 1.0)
        role = name.partition("/")[0]
        size = Size(1, whole, cached, output) + Size(1, whole, repeated, output).times(repeats)
        sizes[role] = sizes.get(role, Size()) + size
    return sizes


async def _asked(
    prompts: Mapping[str, Prompt], persona: Persona, turn: int, shape: Shape, said: Sequence[str]
) -> dict[str, tuple[Call, Call | None]]:
    """The calls of a turn by prompt, the judge's with the same in the other order."""
    roles = ("user", "assistant")
    chat = [Message(role=roles[i % 2], content=said[i % 2]) for i in range(2 * turn - 1)]
    facts = round(turn * INFERENCES_A_TURN)
    known = [Inference(fact=_filler(persona, FACT), quote="", kind="profile")] * facts
    replies = [f"{slot} {said[1]}" for slot in range(shape.candidates)]
    at = CallSite("", "")
    one = {
        "user/speak": lambda ctx: user.speak(ctx, persona, chat[:-1], turn, shape.turns, at),
        "observer/infer": lambda ctx: observer.infer(ctx, chat, at),
        "assistant/plain": lambda ctx: assistant.plain(ctx, chat, (), at),
        "assistant/aware": lambda ctx: assistant.aware(ctx, chat, known, at),
        "judge/prefer": lambda ctx: judge.prefer(ctx, persona, chat, replies, at),
    }
    calls: dict[str, tuple[Call, Call | None]] = {
        name: (await capture_call(prompts, act), None) for name, act in one.items()
    }
    other = await capture_call(prompts, lambda ctx: judge.prefer(ctx, persona, chat, replies[::-1], at))
    return calls | {"judge/prefer": (calls["judge/prefer"][0], other)}


def _filler(persona: Persona, tokens: float) -> str:
    """Text of so many tokens, in the persona's own language."""
    text, size = f"{persona.profile} {persona.personality} ", max(1, round(tokens * BYTES_A_TOKEN))
    times = 1 + size // len(text.encode())
    return (text * times).encode()[:size].decode("utf-8", "ignore").strip() or "."


def _tokens(call: Call, bytes_a_token: float) -> float:
    size = sum(len(message.content.encode()) for message in call.messages)
    size += 0 if call.schema is None else len(orjson.dumps(call.schema))
    return size / bytes_a_token + A_MESSAGE * (len(call.messages) + 1)


def _shared(call: Call, before: Call, bytes_a_token: float) -> float:
    """Tokens at the beginning of ``call`` that ``before`` begins with as well."""
    mine, theirs = ("".join(f"{m.role}\n{m.content}\n" for m in c.messages) for c in (call, before))
    least, most = 0, min(len(mine), len(theirs))
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if mine[:middle] == theirs[:middle] else (least, middle - 1)
    return len(mine[:least].encode()) / bytes_a_token


def _cached(tokens: float) -> float:
    """What of a shared beginning a provider's cache serves: whole steps, from a least size up."""
    return tokens // CACHED_STEP * CACHED_STEP if tokens >= LEAST_CACHED else 0.0
