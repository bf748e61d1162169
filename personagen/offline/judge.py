"""The judge of the cast, and its ground truth: which reply serves this person better."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random
from typing import Any

import orjson

from personagen.offline.facts import advice_for, is_stated, kind_of, spoken, stems
from personagen.offline.style import axes_in, axes_of, wanted_length
from personagen.offline.texts import bank, capital, pick, skeleton
from personagen.offline.thread import Thread, read
from personagen.offline.topics import given, topics
from personagen.personas.english.text import facts_of
from personagen.personas.traits import traits_of
from personagen.records import Role

TIE = 0.012
CLOSE = 0.04
_TELLING = 9
_CLAIM = re.compile(
    r"(?:^|[.!?:] |And |In your case, )(?:[Ss]ince|[Aa]s|Because|Given that|Knowing that|Seeing that|You said that|"
    r"You told me that|You mentioned that|It matters here that) (you(?:'re|'ve| )[^,.;:)]+)"
)
_ADDRESS = re.compile(r"\byou(?:r|'re|'ve)?\b", re.I)
_FAMILIAR = re.compile(
    r"\b(?:my (?:dear )?friend|dear friend|you and I both|between the two of us|I know you better|I know exactly how|"
    r"so typical of you|I understand you completely)\b",
    re.I,
)
_PADDING = re.compile(
    r"it is important to note|worth taking a moment|generally speaking|in a wider sense|of course, many|is a process|"
    r"raises? further questions|deserve their own time|many factors",
    re.I,
)


@dataclass(frozen=True)
class Finding:
    """One finding in a reply: its name, its worth, and the fact or axis it is about."""

    name: str
    worth: float
    about: str = ""


@dataclass(frozen=True)
class Truth:
    """The ground truth about replies: labels best first, their utilities, the gap between the first two."""

    ranking: tuple[str, ...]
    utilities: Mapping[str, float]
    gap: float


def utility(traits: Sequence[str], facts: Sequence[str], conversation: Sequence[Any], reply_text: str) -> float:
    """How well ``reply_text`` serves a user with these traits and facts, from about -2 to 2.

    A pure function: fit of length and tone to the traits, an answer to the last user message, relevant use of
    revealed facts, minus overreach.
    """
    said = tuple((m.role, m.content) for m in conversation)
    return sum(f.worth for f in _findings(tuple(traits), tuple(facts), said, reply_text))


@lru_cache(maxsize=1024)
def _findings(
    traits: tuple[str, ...], facts: tuple[str, ...], said: tuple[tuple[Role, str], ...], reply: str
) -> tuple[Finding, ...]:
    """The findings that ``utility`` adds up; cached, since a pair is judged in both orders."""
    names = axes_of(traits)[:6]
    thread = read(said)
    return (
        *_length(names, reply),
        *_tone(names, reply),
        *_relevance(thread, reply),
        *_facts(facts, thread, reply),
        *_manners(names, thread, reply),
    )


def _length(names: tuple[str, ...], reply: str) -> list[Finding]:
    wanted = wanted_length(names)
    ratio = math.log((len(reply.split()) + 1) / wanted)
    worth = 0.25 - 0.5 * min(1.5, abs(ratio))
    return [Finding("length_short" if wanted < 65 else "length_long", worth)]


def _tone(names: tuple[str, ...], reply: str) -> list[Finding]:
    out = []
    scale = 0.5 / math.sqrt(len(names)) if names else 0.0
    liked, disliked = axes_in(reply, "likes"), axes_in(reply, "dislikes")
    for name in names:
        if name in liked:
            out.append(Finding("likes", scale, name))
        if name in disliked:
            out.append(Finding("dislikes", -scale, name))
    return out


def _relevance(thread: Thread, reply: str) -> list[Finding]:
    lower = reply.lower()
    if thread.topic is not None:
        place = next((p for p in reversed(thread.now) if p.topic == thread.topic.id and p.ask >= 0), None)
        on_topic = given(thread.topic.id, reply)
        if place is not None:
            points = topics()[place.topic].asks[place.ask].points
            if any(p in points for p in on_topic):
                return [Finding("relevance", 0.6)]
        elif on_topic or any(p.handle in lower for a in thread.topic.asks for p in a.points):
            return [Finding("relevance", 0.6)]
    want = stems(thread.last)
    shared = len(want & stems(reply)) / max(1.0, min(8.0, 0.5 * len(want)))
    return [Finding("relevance", 0.6 * min(1.0, shared))]


def _facts(facts: tuple[str, ...], thread: Thread, reply: str) -> list[Finding]:
    """The facts that the reply uses: a bonus if revealed and relevant, a penalty otherwise."""
    out: list[Finding] = []
    domain = thread.topic.domain if thread.topic else None
    addressed = [s for s in spoken(reply) if _ADDRESS.search(s)]
    for fact in facts:
        want = stems(fact)
        used = [s for s in addressed if want and len(want & stems(s)) >= max(1.0, 0.5 * len(want))]
        if not used or _in_question(want, thread):
            continue
        if not is_stated(fact, thread.users):
            out.append(Finding("leak", -0.3, fact))
        elif domain is None or _bears(fact, domain, used):
            out.append(Finding("facts", 0.4 if not out else 0.05, fact))
        else:
            out.append(Finding("overreach", -0.35, fact))
    for claim in _CLAIM.findall(reply):
        want = stems(claim)
        if want and not any(len(want & stems(u)) >= 0.5 * len(want) for u in thread.users):
            out.append(Finding("leak", -0.3, claim))
    return out


def _in_question(want: frozenset[str], thread: Thread) -> bool:
    """Whether the topic is about the fact, so that any answer would share its words."""
    if thread.topic is None:
        return False
    return len(want & _topic_stems(thread.topic.id)) >= 0.5 * len(want)


@lru_cache(maxsize=512)
def _topic_stems(topic: str) -> frozenset[str]:
    t = topics()[topic]
    return stems(" ".join((t.thing, *(p.advice for a in t.asks for p in a.points))))


def _bears(fact: str, domain: str, used: list[str]) -> bool:
    """Whether the reply tailors its advice to the fact, by a line for that kind of fact and domain."""
    lines = advice_for(kind_of(fact), domain)
    if not lines:
        return False
    text = " ".join(used).lower()
    return not any(trace in text for trace in _forced())


@cache
def _forced() -> tuple[str, ...]:
    return tuple(t for t in map(skeleton, bank("assistant")["forced"]) if len(t) >= _TELLING)


def _manners(names: tuple[str, ...], thread: Thread, reply: str) -> list[Finding]:
    out = []
    if _FAMILIAR.search(reply):
        out.append(Finding("familiar", -0.1 if "chatty" in names else -0.4))
    if _PADDING.search(reply):
        out.append(Finding("padding", -0.3))
    mine = [s for s in spoken(reply) if len(s) > 30]
    if any(s in spoken(r) for r in thread.replies for s in mine):
        out.append(Finding("repeats", -0.2))
    return out


@dataclass(frozen=True)
class _Case:
    """The inputs of one judgment, with the findings in every reply."""

    labels: tuple[str, ...]
    texts: Mapping[str, str]
    seen: Mapping[str, tuple[Finding, ...]]
    worth: Mapping[str, float]

    def order(self) -> tuple[str, ...]:
        """Labels by utility, ties by text, independently of the order shown."""
        return tuple(sorted(self.labels, key=lambda x: (-self.worth[x], self.texts[x])))


def _case(inputs: Mapping[str, Any]) -> _Case:
    facts = tuple(inputs["facts"]) or facts_of(inputs["profile"])
    traits = tuple(inputs["traits"]) or traits_of(inputs["personality"])
    said = tuple((m.role, m.content) for m in inputs["conversation"])
    texts = {r["label"]: r["text"] for r in inputs["replies"]}
    seen = {label: _findings(traits, facts, said, text) for label, text in texts.items()}
    return _Case(tuple(texts), texts, seen, {k: round(sum(f.worth for f in v), 6) for k, v in seen.items()})


def truth(inputs: Mapping[str, Any]) -> Truth:
    """The ground truth for the inputs of ``judge/prefer``, without noise."""
    case = _case(inputs)
    ranking = case.order()
    gap = case.worth[ranking[0]] - case.worth[ranking[1]] if len(ranking) > 1 else 0.0
    return Truth(ranking, dict(case.worth), gap)


def errs(noise: float, conversation: Sequence[Any], one: str, other: str) -> bool:
    """Whether the noisy judge errs on this unordered pair, which is so for a share ``noise`` of all pairs."""
    digest = hashlib.blake2b(digest_size=8)
    for text in (*sorted((one, other)), *(m.content for m in conversation[-2:]), str(len(conversation))):
        digest.update(text.encode(errors="replace") + b"\0")
    return int.from_bytes(digest.digest()) < noise * 2.0**64


def prefer(inputs: Mapping[str, Any], rng: Random, noise: float) -> str:
    """The verdict as JSON. Each pair of replies gives a vote, wrong with probability ``noise``; most votes win."""
    case = _case(inputs)
    labels = case.labels
    votes = dict.fromkeys(labels, 0)
    flipped = False
    for i, one in enumerate(labels):
        for other in labels[i + 1 :]:
            better, worse = sorted((one, other), key=lambda x: (-case.worth[x], case.texts[x]))
            if case.worth[better] - case.worth[worse] < CLOSE:
                better, worse = one, other
            if errs(noise, inputs["conversation"], case.texts[one], case.texts[other]):
                better, worse = worse, better
                flipped = True
            votes[better] += 1
    ranking = sorted(labels, key=lambda x: (-votes[x], -case.worth[x], case.texts[x]))
    gap = case.worth[ranking[0]] - case.worth[ranking[1]] if len(ranking) > 1 else 1.0
    tie = len(ranking) > 1 and abs(gap) < TIE
    reason = _reason(case, ranking, rng, tie=tie, wrong=flipped and gap < 0)
    return orjson.dumps({"reason": reason, "ranking": ranking, "tie": tie}).decode()


def _reason(case: _Case, ranking: list[str], rng: Random, *, tie: bool, wrong: bool) -> str:
    pools = bank("judge")
    if len(ranking) < 2:
        return pick(pools["close"][:1], rng, {"best": ranking[0]}) if ranking else ""
    best, worst = ranking[0], ranking[-1]
    slots = {"best": best, "worst": worst}
    if tie or wrong or case.worth[best] - case.worth[worst] < CLOSE:
        return pick(pools["tie" if tie else "noise" if wrong else "close"], rng, slots)
    plus = max((f for f in case.seen[best] if f.worth > 0), key=lambda f: _edge(f, case.seen[worst]), default=None)
    minus = min(case.seen[worst], key=lambda f: f.worth, default=None)
    why = _worded(plus, rng) if plus else "the other reads worse"
    text = pick(pools["better"], rng, {**slots, "why": why})
    if minus and minus.worth < -0.05 and (against := _worded(minus, rng)):
        text = text.rstrip(".") + pick(pools["against"], rng, {**slots, "why": against}) + "."
    return capital(text)


def _edge(finding: Finding, others: tuple[Finding, ...]) -> float:
    """The worth of this finding minus that of the same finding in the other reply."""
    same = [f.worth for f in others if (f.name, f.about) == (finding.name, finding.about)]
    return finding.worth - max(same, default=0.0)


def _worded(finding: Finding, rng: Random) -> str:
    pools = bank("judge")
    name = finding.name
    if name.startswith("length") and finding.worth < 0:
        return "its length doesn't suit this user"
    about = finding.about.rstrip(".")
    return pick(pools[name], rng, {"fact": about, "axis": about})
