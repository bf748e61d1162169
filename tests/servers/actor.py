"""Plays every agent from the prompt alone, as a model would: the same request, the same answer.

Benchmarks measure against it too, so it costs little: it reads the last message and hashes the rest.
"""

from __future__ import annotations

import re
import zlib
from random import Random
from typing import Any

import orjson

from tests.servers import Reply, Request, completion, joined

MATTERS = "oven rota flour rent delivery window invoice dough apprentice licence till stall".split()
ADVICE = """start with what is due first and write down the rest ask for two quotes before you decide borrow the tool
give it ten minutes a day check the small print put the date in your calendar and tell one person about it because
then you will not forget what you set out to do when the week gets busy and nobody has time to think about it twice"""
# Every third word is a number of the reply's own: no turn may repeat one before it, nor itself.
PIECES = " ".join("{0}" if place % 3 == 2 else word for place, word in enumerate(ADVICE.split()))


BY_FIELD = {"ranking": "judge", "score": "rater", "inferences": "observer", "descriptions": "author"}


def actor(request: Request) -> Reply:
    """The answer of the agent that the request asks for, in the protocol it came in."""
    return spoken(request, said(request, role_of(request)))


def spoken(request: Request, text: str) -> Reply:
    """``text`` as an answer that counts four bytes as a token."""
    return completion(request, text, usage=(len(request.raw) // 4, len(text) // 4, 0))


def role_of(request: Request) -> str:
    """Which agent is asked: told by the JSON schema or by the wording of the prompt."""
    if schema := request.schema:
        fields = schema.get("properties", {})
        return next((role for name, role in BY_FIELD.items() if name in fields), "assistant")
    return "user" if "<conversation>" in _asked(request) else "assistant"


def _asked(request: Request) -> str:
    return joined(request.body["messages"][-1]["content"])


def said(request: Request, role: str) -> str:
    """The text of the answer of the agent ``role``."""
    mark, asked = zlib.crc32(request.raw), _asked(request)
    match role:
        case "judge":
            return _judge(asked)
        case "rater":
            return _rater(asked)
        case "observer":
            return _observer(asked)
        case "author":
            return _author(asked, b'"facts"' in request.raw, Random(mark))
        case "user":
            return _user(asked, mark)
    advice, more = PIECES.format(mark), PIECES.format(mark // 3)
    return f"About {' '.join(asked.split(maxsplit=6)[:6])!r} ({mark % 10_000}): {advice}. {more.capitalize()}."


def _between(text: str, start: str, end: str) -> str:
    """What is between the last ``start`` and the next ``end``, or nothing."""
    return text.rpartition(start)[2].partition(end)[0] if start in text else ""


def _author(asked: str, of_facts: bool, rng: Random) -> str:
    from personagen.offline import author

    count = re.search(r"Write (\d+) new descriptions", asked)
    examples = re.findall(r"<example>\n(.*?)\n</example>", asked, re.DOTALL)
    inputs = {"examples": examples, "count": int(count[1]) if count else 5}
    return author.profiles(inputs, rng) if of_facts else author.personalities(inputs, rng)


def _observer(asked: str) -> str:
    quotes = [quote.strip() for quote in re.findall(r"[^.?!]+[.?!]", _between(asked, "<user>\n", "\n</user>"))[:2]]
    kinds = zip(quotes, ("profile", "personality"), strict=False)
    found: Any = [{"fact": f"They said: {quote}", "quote": quote, "kind": kind} for quote, kind in kinds]
    return orjson.dumps({"inferences": found}).decode()


def _judge(asked: str) -> str:
    shown = [part.partition('">\n') for part in asked.split('<reply label="')[1:]]
    texts = {label: text.partition("\n</reply>")[0].encode() for label, _, text in shown}
    ranked = sorted(texts, key=lambda label: zlib.crc32(texts[label]))
    return orjson.dumps({"reason": "It fits them better.", "ranking": ranked, "tie": False}).decode()


def _rater(asked: str) -> str:
    score = 1 + zlib.crc32(_between(asked, "<reply>\n", "\n</reply>").encode()) % 5
    return orjson.dumps(
        {"reason": "It fits them.", **dict.fromkeys(("style", "content", "quality", "score"), score)}
    ).decode()


def _user(asked: str, mark: int) -> str:
    who = _between(asked, "<who_you_are>\n", "\n</who_you_are>")
    facts = re.split(r"(?<=[.!?])\s+", who) if who else ["There is a lot going on"]
    turn = int(_between(asked, ", turn ", ".\n") or 1)
    fact, matter = facts[turn % len(facts)].strip().rstrip("."), MATTERS[mark % len(MATTERS)]
    worry = f"The {matter} keeps me up at night, number {mark}. What about {mark // 7} and {mark // 3} first?"
    return f"{fact}, as they say of me. {worry}"
