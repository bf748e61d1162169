"""Malformed replies, to every agent in both protocols: each is used, repaired, rejected with a reason, or failed."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from pydantic import BaseModel

from personagen.agents import assistant, author, judge, observer, user
from personagen.agents.ask import AgentContext, Answer, CallSite
from personagen.call import LLM, Call
from personagen.errors import PersonagenError, ReplyError
from personagen.llm import anthropic, openai
from personagen.llm.connect import Endpoint, connect
from personagen.llm.errors import Server, error
from personagen.llm.failures import failure
from personagen.llm.middleware import Tally, with_journal
from personagen.records import Completion, Inference, Message
from tests import fakes
from tests.faults.faults import faulty
from tests.faults.malformed import BODIES, TEXTS
from tests.faults.trial import Finding, Scale
from tests.servers import chat, message

SERVER = Server("openai/m", "http://127.0.0.1/v1", "OPENAI_API_KEY", "sk-canary-0123456789")
PROTOCOLS = {"openai": (openai.completion, chat), "anthropic": (anthropic.completion, message)}
STATUSES = (302, 400, 401, 404, 413, 422, 429, 500, 503, 529)
CHAT = (
    Message(role="user", content="My bees died this winter. What now?"),
    Message(role="assistant", content="Start with the part that annoys you most."),
    Message(role="user", content="I can spare an hour, and I keep 12 hives."),
)
KNOWN = (Inference(fact="keeps bees", quote="My bees died", kind="profile"),)
ASKS: dict[str, Callable[[AgentContext, CallSite], Awaitable[Answer[Any]]]] = {
    "user": lambda ctx, at: user.speak(ctx, fakes.PERSONA, CHAT[:2], 2, 4, at),
    "observer": lambda ctx, at: observer.infer(ctx, CHAT, at),
    "plain": lambda ctx, at: assistant.plain(ctx, CHAT, (), at),
    "aware": lambda ctx, at: assistant.aware(ctx, CHAT, KNOWN, at),
    "judge": lambda ctx, at: judge.prefer(ctx, fakes.PERSONA, CHAT, ("First, ask.", "Count them."), at),
    "profiles": lambda ctx, at: author.write(ctx, "profile", ["She keeps bees."], 3, at),
    "personalities": lambda ctx, at: author.write(ctx, "personality", ["She is blunt."], 3, at),
}
UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # control characters, and halves of others
SLOWEST = 1.0


@dataclass(frozen=True)
class Outcome:
    """What became of one reply: ``how`` is accepted, repaired, rejected, failed, or crashed with ``why``.

    ``issued`` counts the replies that were given, by the model's own count.
    """

    kind: str
    how: str
    why: str
    issued: int
    seconds: float


class _Journal:
    """Stores nothing, as no question is asked twice here, but does what a journal's ``store`` does with an answer."""

    def completion(self, _key: str) -> None:
        return None

    async def store(self, _key: str, _role: str, _model: str, _place: str, answer: Completion, _seconds: float) -> None:
        answer.line()


def trial(scale: Scale) -> Iterable[Finding]:
    count = scale.of(10_000, 1_200)
    outcomes = asyncio.run(tried(scale.seed, count))
    hows = Counter(outcome.how for outcome in outcomes)
    crashes = Counter(f"{o.kind}: {o.why}" for o in outcomes if o.how == "crashed")
    for crash, times in crashes.most_common(5):
        scale.tell(f"{times} times {crash}")
    issued = sum(outcome.issued for outcome in outcomes)
    unexplained = sum(o.how in ("rejected", "failed") and not o.why.strip() for o in outcomes)
    told = ", ".join(f"{hows[how]:,} {how}" for how in ("accepted", "repaired", "rejected", "failed"))
    slowest = max(outcomes, key=lambda outcome: outcome.seconds)
    yield Finding(
        f"{count:,} malformed replies of {len(TEXTS)} x {len(BODIES)} kinds, to {len(ASKS)} agents in both protocols",
        "0 crashes, no sound one rejected, none without a reason; accepted + repaired + rejected + failed = issued",
        f"{hows['crashed']} crashes; {told} of {issued:,} issued, {unexplained} without a reason",
        not hows["crashed"] and not unexplained and hows.total() == issued == count,
    )
    yield Finding(
        "no reply keeps the program busy",
        f"under {SLOWEST:g} s of CPU for each",
        f"at most {slowest.seconds:.2f} s",
        slowest.seconds < SLOWEST,
    )

    yield asyncio.run(_on_the_wire(scale.of(2000, 200)))


async def _on_the_wire(count: int) -> Finding:
    """Answers of which bytes were changed on their way, without anything that asks again."""
    hows: Counter[str] = Counter()

    async def ask(llm: LLM, number: int) -> None:
        try:
            await llm(Call("m", (Message(role="user", content=f"Question {number}"),), prompt="user/x"))
        except PersonagenError as problem:
            hows[type(problem).__name__] += 1
        except Exception as problem:
            hows[f"CRASHED by {type(problem).__name__}"] += 1
        else:
            hows["used"] += 1

    with faulty(lambda _: "flipped") as server:
        for protocol in PROTOCOLS:
            async with connect({"user": Endpoint(f"{protocol}/m", server.url)}, timeout=5) as llm:
                for first in range(0, count // 2, 50):
                    await asyncio.gather(*(ask(llm, number) for number in range(first, first + 50)))
    told = ", ".join(f"{number:,} {how}" for how, number in sorted(hows.items()))
    again = sum(seen.nth > 1 for seen in server.requests)
    return Finding(
        f"{count:,} answers with bytes changed on the wire, in head and body",
        "0 crashes, no question asked twice",
        f"{told}; {again} asked twice",
        not again and "CRASHED" not in told,
    )


async def tried(seed: int, count: int) -> list[Outcome]:
    """The outcomes of ``count`` replies, spoilt in ways drawn from ``seed``."""
    ctx = fakes.context(fakes.Fake(), attempts=1)
    return [await _one(Random(f"{seed}/{number}"), number, ctx) for number in range(count)]


async def _one(rng: Random, number: int, ctx: AgentContext) -> Outcome:
    agent, protocol = rng.choice(list(ASKS)), rng.choice([*PROTOCOLS, *PROTOCOLS, "refusal"])
    # One of the two is spoilt mostly: a broken body hides what is wrong with the text.
    text, body = rng.choice(list(TEXTS)), rng.choice(list(BODIES))
    if rng.random() < 0.9:
        text, body = (text, "untouched") if rng.random() < 0.6 else ("untouched", body)
    kind, issued = f"{agent}, {protocol}, text {text}, body {body}", 0
    is_untouched = text == body == "untouched"

    async def llm(call: Call) -> Completion:
        nonlocal issued
        issued += 1
        completion, told = PROTOCOLS.get(protocol, PROTOCOLS["openai"])
        raw = BODIES[body](told(TEXTS[text](fakes.cast(call), rng), usage=(50, 5, 0)).body, rng)
        if protocol == "refusal":
            raise error(SERVER, failure(rng.choice(STATUSES), raw, {}))
        return completion(SERVER, "m", raw)

    ctx = replace(ctx, llm=with_journal(llm, _Journal(), Tally()))  # type: ignore[arg-type]
    began = time.process_time()
    how, why = await _asked(ASKS[agent](ctx, CallSite(f"t/{number}", str(number))), is_untouched)
    seconds = time.process_time() - began
    if is_untouched and protocol != "refusal" and how in ("rejected", "failed"):
        how, why = "crashed", f"a sound reply was rejected: {why}"
    return Outcome(kind, how, why, issued, seconds)


async def _asked(asked: Awaitable[Answer[Any]], is_untouched: bool) -> tuple[str, str]:
    try:
        answer = await asked
    except ReplyError as problem:
        return "rejected", str(problem)
    except PersonagenError as problem:
        short = len(str(problem)) < 700 and len(str(problem).splitlines()) == 1
        return ("failed", str(problem)) if short else ("crashed", f"says too much: {str(problem)[:200]}")
    except Exception as problem:
        return "crashed", f"{type(problem).__name__}: {str(problem)[:200]}"
    wrong = [text for text in _texts(answer.value) if UNFIT.search(text)]
    if wrong:
        return "crashed", f"let in {wrong[0][:80]!r}"
    return ("accepted" if is_untouched else "repaired"), ""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, BaseModel):
        yield from _texts(value.model_dump())
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from _texts(vars(value))
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
