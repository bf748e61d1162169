"""Small doubles that tests share: a model that answers from a function, and what agents need around it."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path
from random import Random

import orjson

from personagen.agents.ask import AgentContext
from personagen.agents.brief import Brief
from personagen.flows.conversation import Conversation
from personagen.flows.expand import expand
from personagen.llm.limits.limiter import Limiter
from personagen.llm.middleware import Tally
from personagen.options import ExpandOptions
from personagen.prompts import files as prompts
from personagen.records import Completion, Persona, Usage
from personagen.runs.schedule import Job, run_jobs

TRAITS = (
    "impatient sceptical terse forgetful blunt anxious stubborn generous patient curious shy loyal moody frugal "
    "cheerful arrogant careless calm jealous witty humble restless tactless honest gullible cynical gentle bossy lazy"
).split()
KEY = "sk-test-canary-key-0123456789"
RESULTS = ("trees.jsonl", "pairs.jsonl", "rejections.jsonl")
ROLES = ("author", "user", "observer", "assistant", "judge", "checker")
PERSONA = Persona(
    id="p1",
    profile="She is 41 and keeps bees in Leiden.",
    personality="She is blunt.",
    facts=("is 41", "keeps bees in Leiden"),
    traits=("blunt",),
)


BRIEF = Brief(
    facts=({"text": "keeps bees in Leiden", "how": "mentioned"},),
    aim="ask",
    words=12,
    mood="neutral",
    topic="",
    noise=0.5,
    last_reply="",
    traits=("blunt",),
).inputs()


def answer(text, **fields):
    return Completion(text=text, model="fake", usage=Usage(input_tokens=3, output_tokens=2, cost_usd=0.5), **fields)


def cast(call):
    """A plain, deterministic reply to any of personagen's prompts, from what a real server would see."""
    mark = hashlib.sha256(orjson.dumps([m.content for m in call.messages] + [call.sample])).hexdigest()[:8]
    match call.prompt:
        case "observer/infer":
            said = [m.content for m in call.inputs["conversation"] if m.role == "user"][-1]
            return orjson.dumps({"inferences": [{"fact": f"said {said}", "quote": said, "kind": "profile"}]}).decode()
        case "judge/prefer":
            best = sorted(call.inputs["replies"], key=lambda r: r["text"])
            labels = [r["label"] for r in best]
            return orjson.dumps({"reason": "r", "ranking": labels, "tie": False}).decode()
        case "judge/rate":
            marks = dict.fromkeys(("style", "content", "quality", "score"), 1 + int(mark[0], 16) % 5)
            return orjson.dumps({"reason": "r", **marks}).decode()
        case "checker/consistent":
            return orjson.dumps({"reason": "r", "contradicted": []}).decode()
        case "author/profiles":
            return orjson.dumps(
                {"descriptions": [profile(f"{mark}/{n}") for n in range(call.inputs["count"])]}
            ).decode()
        case "author/personalities":
            made = [personality(f"{mark}/{n}") for n in range(call.inputs["count"])]
            return orjson.dumps({"descriptions": made}).decode()
        case _:
            return f"{call.prompt} {mark}"


def word(rng):
    return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(3))


def profile(seed):
    """A profile of invented words, with nine facts that its text bears out."""
    rng = Random(seed)
    verbs = ("sells", "paints", "mends", "grows", "collects", "borrows", "carries", "draws", "weighs", "counts")
    facts = [f"{verb} {word(rng)} and {word(rng)} in {word(rng)}" for verb in rng.sample(verbs, 9)]
    return {"text": "".join(f"She {fact} with the {word(rng)}. " for fact in facts), "facts": facts}


def personality(seed):
    """A personality of nine traits that its text bears out."""
    rng = Random(seed)
    traits = rng.sample(TRAITS, 9)
    told = "".join(f"She is {trait} about {word(rng)} when the {word(rng)} is in {word(rng)}. " for trait in traits)
    return {"text": told, "traits": traits}


def descriptions(*made):
    """An author's reply with the descriptions ``made``."""
    return orjson.dumps({"descriptions": list(made)}).decode()


def expanding(folder):
    """``expand`` as ``run(out, progress, **options)``, from 8 profiles and 6 personalities of invented words."""
    seeds = [profile(f"seed {n}") for n in range(8)] + [personality(f"seed {n}") for n in range(6)]
    rows = [{"profile" if "facts" in seed else "personality": seed["text"], **seed} for seed in seeds]
    file = folder / "seeds.jsonl"
    file.write_bytes(b"".join(orjson.dumps({k: v for k, v in r.items() if k != "text"}) + b"\n" for r in rows))

    def run(out="pool", progress=None, **options):
        defaults = {"seeds": str(file), "out": str(folder / out), "model": "tests.fakes:llm", "target": 30}
        given = {**defaults, "personalities": 12, "count": 5, "calls_per_round": 3, "similarity": 0.95, **options}
        return asyncio.run(expand(ExpandOptions(**given), progress))

    return run


class Fake:
    """An LLM that answers with ``reply(call)``: a text, a completion, or an exception to raise."""

    def __init__(self, reply=cast, delay=0.0, shuffle=None):
        self.reply, self.delay, self.calls, self.shuffle = reply, delay, [], shuffle
        self.now = self.most = 0

    async def __call__(self, call):
        self.calls.append(call)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            wait = Random(f"{self.shuffle}/{call.key}").random() / 200 if self.shuffle is not None else self.delay
            await asyncio.sleep(wait)
            said = self.reply(call)
            if isinstance(said, BaseException):
                raise said
            return answer(said) if isinstance(said, str) else said
        finally:
            self.now -= 1


def context(llm, attempts=3):
    where = (prompts.packaged(),)
    loaded = {name: prompts.load(name, where) for name in prompts.names()}
    return AgentContext(llm, loaded, dict.fromkeys(ROLES, "fake"), Tally(), attempts)


def _append(file, line):
    with file.open("a") as log:
        log.write(line + "\n")


async def llm(call):
    """``--model tests.fakes:llm``: the cast as a model of the user's own. LOG names a file that gets each key asked."""
    log = os.environ.get("TEST_PERSONAGEN_LOG")
    if log:
        _append(Path(log), call.key)
        await asyncio.sleep(0.002)
    return answer(cast(call))


def results(folder):
    """The bytes of a run's result files."""
    return {name: Path(folder, name).read_bytes() for name in RESULTS}


def personas(folder, count=6):
    """A file of ``count`` personas."""
    file = folder / "personas.jsonl"
    made = [
        PERSONA.model_copy(update={"id": f"p{n}", "profile": f"She is {20 + n} and keeps bees."}) for n in range(count)
    ]
    file.write_bytes(b"".join(p.line() + b"\n" for p in made))
    return file


async def grow(fingerprint, planned):
    """The tree that ``planned`` describes, grown on its own."""
    growing, made = Conversation(fingerprint, planned), []

    async def finish():
        made.append(growing.tree())

    await run_jobs([Job(growing.first(), finish)], Limiter(1))
    return made[0]
