"""A server that plays every agent from the prompt alone, as a real model would: the same request, the same answer."""

from __future__ import annotations

import hashlib
import re
from random import Random
from typing import Any

import orjson

from tests.llm.server import CHAT, Reply, Request, chat, message

OPENERS = (
    "Something has been on my mind since this morning.",
    "Right, back to this.",
    "I tried half of it and got stuck.",
    "My sister says I should leave it, and I would rather not.",
    "There is one thing I left out before.",
    "It went differently from what I expected.",
    "I can spare about an hour for it this week.",
    "That last part did not convince me.",
)
ASKS = (
    "What would you do first?",
    "Is there a cheaper way?",
    "How long does that usually take?",
    "Can I do it without buying anything?",
    "What am I overlooking?",
    "Would you drop it if you were me?",
    "Where do people usually go wrong with it?",
)
ADVICE = (
    "Write down what must be ready by Friday and cross out the rest.",
    "Ask for two quotes before you decide.",
    "Start with the part that annoys you most, it is usually the shortest.",
    "Give it ten minutes a day for a week and look at it again.",
    "Borrow the tool from a neighbour before you buy one.",
    "Put the date in your calendar and tell one person about it.",
    "Check the small print, that is where the fee hides.",
    "Do the phone call first, everything else waits for it.",
)


def actor(request: Request) -> Reply:
    """The answer of whichever agent the request asks for, in the protocol it came in."""
    digest = hashlib.sha256(orjson.dumps(request.body, option=orjson.OPT_SORT_KEYS)).hexdigest()
    text = _said(request, Random(digest))
    asked = sum(len(m["content"]) for m in request.messages) // 4
    usage = (asked, len(text) // 4, 0)
    return chat(text, usage=usage) if request.path == CHAT else message(text, usage=usage)


def _said(request: Request, rng: Random) -> str:
    asked = request.messages[-1]["content"]
    properties = (request.schema or {}).get("properties", {})
    if "descriptions" in properties:
        return _author(asked, properties["descriptions"]["items"]["properties"], rng)
    if "inferences" in properties:
        return _observer(asked)
    if "ranking" in properties:
        return _judge(asked)
    if "<conversation>" in asked:
        return _user(asked, rng)
    return _assistant(asked, rng)


def _author(asked: str, fields: Any, rng: Random) -> str:
    from personagen.offline import author

    count = re.search(r"Write (\d+) new descriptions", asked)
    examples = re.findall(r"<example>\n(.*?)\n</example>", asked, re.DOTALL)
    inputs = {"examples": examples, "count": int(count[1]) if count else 5}
    return author.profiles(inputs, rng) if "facts" in fields else author.personalities(inputs, rng)


def _observer(asked: str) -> str:
    turns = re.findall(r"<user>\n(.*?)\n</user>", asked, re.DOTALL)
    quotes = re.findall(r"[^.?!]+[.?!]", turns[-1])[:3] if turns else []
    found = [
        {"fact": f"They said: {quote.strip()}", "quote": quote.strip(), "kind": ("profile", "personality")[i % 2]}
        for i, quote in enumerate(quotes)
    ]
    return orjson.dumps({"inferences": found}).decode()


def _judge(asked: str) -> str:
    replies = re.findall(r'<reply label="(.*?)">\n(.*?)\n</reply>', asked, re.DOTALL)
    ranked = sorted(replies, key=lambda reply: hashlib.sha256(reply[1].encode()).hexdigest())
    verdict = {"reason": "It fits them better.", "ranking": [label for label, _ in ranked], "tie": False}
    return orjson.dumps(verdict).decode()


def _user(asked: str, rng: Random) -> str:
    who = re.search(r"<who_you_are>\n(.*?)\n</who_you_are>", asked, re.DOTALL)
    turn = re.search(r", turn (\d+) of", asked)
    facts = re.split(r"(?<=[.!?])\s+", who[1]) if who else ["there is a lot going on"]
    fact = facts[(int(turn[1]) if turn else 1) % len(facts)]
    return f"{rng.choice(OPENERS)} What you should know: {fact.rstrip('.')}, as they say of me. {rng.choice(ASKS)}"


def _assistant(asked: str, rng: Random) -> str:
    words = " ".join(asked.split()[:6])
    first, second = rng.sample(ADVICE, 2)
    makes = f"{rng.randint(2, 900)} minutes, {rng.randint(2, 900)} steps and {rng.randint(2, 900)} cents"
    return f"About {words!r}: {first} {second} That makes {makes} in all."
