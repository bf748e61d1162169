"""A double that answers in the language that it is asked to use, and in English otherwise, from ``tongues.toml``."""

from __future__ import annotations

import re
import tomllib
import zlib
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import orjson

from tests.servers import Reply, Request, joined
from tests.servers.actor import _judge, role_of, spoken

_ASKED = re.compile(r"\b(?:Answer|Write|The conversation is) in ([A-Z]\w+)")


@cache
def banks() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "tongues.toml").read_text(encoding="utf-8"))


def asked_for(request: Request) -> str:
    """The language named in the request, or English."""
    text = "\n".join(
        joined(message["content"]) for message in request.body["messages"] if message["role"] != "assistant"
    )
    found = _ASKED.search(text)
    return found[1] if found and found[1] in banks() else "English"


def tongues(request: Request) -> Reply:
    """The answer of the agent that the request asks for, in the language that it names."""
    return spoken(request, said(request, role_of(request), asked_for(request)))


def said(request: Request, role: str, language: str) -> str:
    """The text of the answer of the agent ``role``."""
    rng, asked = Random(zlib.crc32(request.raw)), joined(request.body["messages"][-1]["content"])
    if role == "judge":
        return _judge(asked)
    if role == "observer":
        last = asked.rpartition("<user>\n")[2].partition("\n</user>")[0]
        quotes = [quote.strip() for quote in re.findall(r"[^.?!。？।؟]+[.?!。？।؟]", last)][:2]
        kinds = zip(quotes, ("profile", "personality"), strict=False)
        return _json({"inferences": [{"fact": quote, "quote": quote, "kind": kind} for quote, kind in kinds]})
    if role == "author":
        count = re.search(r"Write (\d+) new descriptions", asked)
        kind = "profile" if '"facts"' in asked else "personality"
        return _json({"descriptions": [described(language, kind, rng) for _ in range(int(count[1]) if count else 5)]})
    turn = asked.count("<user>") if role == "user" else len(request.body["messages"]) // 2
    return _spoken(banks()[language], "worries" if role == "user" else "advice", turn, rng)


def described(language: str, kind: str, rng: Random) -> dict[str, Any]:
    """A description of ``kind``: nine facts or traits, and a text that bears them out."""
    return (_profile if kind == "profile" else _personality)(banks()[language], rng)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _spoken(bank: dict[str, Any], what: str, turn: int, rng: Random) -> str:
    """Three sentences, of which the first differs from turn to turn, and a gossip with invented names."""
    order = bank[what][turn % len(bank[what]) :] + bank[what][: turn % len(bank[what])]
    gossip = [fact + bank["trait"][-1] for fact in rng.sample(bank["facts"], 2)]
    return _gap(bank).join(_filled(one, bank, rng) for one in (order[0], *rng.sample(order[1:], 2), *gossip))


def _gap(bank: dict[str, Any]) -> str:
    return "" if "。" in bank["trait"] else " "


def _filled(sentence: str, bank: dict[str, Any], rng: Random) -> str:
    def word(found: re.Match[str]) -> str:
        match found[1]:
            case "m":
                return str(rng.choice(bank["matters"]))
            case "n":
                return str(rng.randrange(11, 99))
        return "".join(rng.sample(bank["syllables"].split(), 3))

    return re.sub(r"\{(\w)\}", word, sentence)


def _profile(bank: dict[str, Any], rng: Random) -> dict[str, Any]:
    facts = [_filled(fact, bank, rng) for fact in rng.sample(bank["facts"], 9)]
    stop = bank["trait"][-1]
    return {"text": _gap(bank).join(fact + stop for fact in facts), "facts": facts}


def _personality(bank: dict[str, Any], rng: Random) -> dict[str, Any]:
    traits = rng.sample(bank["traits"], 9)
    told = [_filled(bank["trait"].replace("{t}", trait), bank, rng) for trait in traits]
    return {"text": _gap(bank).join(told), "traits": traits}
