"""The judge of the cast, and its ground truth: which reply serves this person better."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations
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
from personagen.records import Message

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


def utility(traits: Sequence[str], facts: Sequence[str], conversation: Sequence[Message], reply_text: str) -> float:
    """How well ``reply_text`` serves a user with these traits and facts, from about -2 to 2."""
    return sum(f.worth for f in _findings(tuple(traits), tuple(facts), tuple(conversation), reply_text))


@lru_cache(maxsize=1024)
def _findings(
    traits: tuple[str, ...], facts: tuple[str, ...], conversation: tuple[Message, ...], reply: str
) -> tuple[Finding, ...]:
    """The findings that ``utility`` adds up; cached, since a pair is judged in both orders."""
    names = axes_of(traits)[:6]
    thread = read(conversation)
    wanted = wanted_length(names)
    ratio = abs(math.log((len(reply.split()) + 1) / wanted))
    length = Finding("length_short" if wanted < 65 else "length_long", 0.25 - 0.5 * min(1.5, ratio))
    scale = 0.5 / math.sqrt(len(names) or 1)
    liked, disliked = axes_in(reply, "likes"), axes_in(reply, "dislikes")
    tone = [Finding("likes", scale, name) for name in names if name in liked]
    tone += [Finding("dislikes", -scale, name) for name in names if name in disliked]
    relevance = Finding("relevance", 0.6 * _relevance(thread, reply))
    return (length, *tone, relevance, *_facts(facts, thread, reply), *_manners(names, thread, reply))


def _relevance(thread: Thread, reply: str) -> float:
    """Whether the reply answers the last message, from 0 to 1."""
    if topic := thread.topic:
        asks = [topic.asks[p.ask] for p in thread.now if p.topic == topic.id and p.ask >= 0]
        points = [point for ask in asks[-1:] or topic.asks for point in ask.points]
        named = not asks and any(point.handle in reply.lower() for point in points)
        if named or any(point in points for point in given(topic.id, reply)):
            return 1.0
    want = stems(thread.last)
    return min(1.0, len(want & stems(reply)) / max(1.0, min(8.0, 0.5 * len(want))))


def _facts(facts: tuple[str, ...], thread: Thread, reply: str) -> list[Finding]:
    """The facts that the reply uses: a bonus if revealed and relevant, a penalty otherwise."""
    out: list[Finding] = []
    domain = thread.topic.domain if thread.topic else None
    addressed = [s for s in spoken(reply) if _ADDRESS.search(s)]
    for fact in facts:
        want = stems(fact)
        used = [s for s in addressed if want and len(want & stems(s)) >= max(1.0, 0.5 * len(want))]
        # If the topic is about the fact, any answer shares its words.
        about = thread.topic and len(want & _topic_stems(thread.topic.id)) >= 0.5 * len(want)
        if not used or about:
            continue
        forced = any(trace in " ".join(used).lower() for trace in _forced())
        if not is_stated(fact, thread.users):
            out.append(Finding("leak", -0.3, fact))
        elif domain is None or (advice_for(kind_of(fact), domain) and not forced):
            out.append(Finding("facts", 0.4 if not out else 0.05, fact))
        else:
            out.append(Finding("overreach", -0.35, fact))
    for claim in _CLAIM.findall(reply):
        want = stems(claim)
        if want and not any(len(want & stems(u)) >= 0.5 * len(want) for u in thread.users):
            out.append(Finding("leak", -0.3, claim))
    return out


@lru_cache(maxsize=512)
def _topic_stems(topic: str) -> frozenset[str]:
    t = topics()[topic]
    return stems(" ".join((t.thing, *(p.advice for a in t.asks for p in a.points))))


@cache
def _forced() -> tuple[str, ...]:
    """Wordings in which an overreaching reply drags in a fact."""
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
class Truth:
    """The ground truth about replies, by label: their texts, the findings in each, their utilities."""

    texts: Mapping[str, str]
    seen: Mapping[str, tuple[Finding, ...]]
    utilities: Mapping[str, float]

    def order(self, label: str) -> tuple[float, str]:
        """Sorts labels by utility, ties by text, independently of the order shown."""
        return -self.utilities[label], self.texts[label]

    @property
    def ranking(self) -> tuple[str, ...]:
        """The labels, best first."""
        return tuple(sorted(self.texts, key=self.order))

    @property
    def gap(self) -> float:
        """How much more the best is worth than the second, 0 if there is none."""
        best, *others = self.ranking
        return self.utilities[best] - self.utilities[others[0]] if others else 0.0


def truth(inputs: Mapping[str, Any]) -> Truth:
    """The ground truth for the inputs of ``judge/prefer``, without noise."""
    facts = tuple(inputs["facts"]) or facts_of(inputs["profile"])
    traits = tuple(inputs["traits"]) or traits_of(inputs["personality"])
    texts = {r["label"]: r["text"] for r in inputs["replies"]}
    seen = {label: _findings(traits, facts, tuple(inputs["conversation"]), text) for label, text in texts.items()}
    return Truth(texts, seen, {k: round(sum(f.worth for f in v), 6) for k, v in seen.items()})


def errs(noise: float, conversation: Sequence[Message], one: str, other: str) -> bool:
    """Whether the noisy judge errs on this unordered pair, which is so for a share ``noise`` of all pairs."""
    said = (*sorted((one, other)), *(m.content for m in conversation[-2:]), str(len(conversation)))
    digest = hashlib.blake2b("\0".join(said).encode(errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest) < noise * 2.0**64


def prefer(inputs: Mapping[str, Any], rng: Random, noise: float) -> str:
    """The verdict as JSON. Each pair of replies gives a vote, wrong with probability ``noise``; most votes win."""
    case = truth(inputs)
    worth, votes, flipped = case.utilities, dict.fromkeys(case.texts, 0), False
    for one, other in combinations(case.texts, 2):
        close = abs(worth[one] - worth[other]) < CLOSE
        better, worse = (one, other) if close else sorted((one, other), key=case.order)
        if errs(noise, inputs["conversation"], case.texts[one], case.texts[other]):
            better, flipped = worse, True
        votes[better] += 1
    ranking = sorted(case.texts, key=lambda label: (-votes[label], case.order(label)))
    gap = worth[ranking[0]] - worth[ranking[1]] if len(ranking) > 1 else 1.0
    tie = abs(gap) < TIE
    reason = _reason(case, ranking[0], ranking[-1], rng, pool="tie" if tie else "noise" if flipped and gap < 0 else "")
    marks = sorted((min(5, max(1, round(3 + 1.5 * value))) for value in worth.values()), reverse=True)
    scores = dict(sorted(zip(ranking, marks, strict=True)))
    confidence = min(5, 1 + int(8 * abs(gap)))
    grounds = _because(case, ranking[0], ranking[-1], inputs.get("lines", ()))
    verdict = {"reason": reason, "because": grounds, "scores": scores, "confidence": confidence}
    return orjson.dumps({**verdict, "ranking": ranking, "tie": tie}).decode()


def _because(case: Truth, best: str, worst: str, lines: Sequence[str]) -> list[int]:
    """The numbers of the lines that speak for ``best`` or against ``worst``."""
    found = {(f.name, f.about) for f in {*case.seen[best]} ^ {*case.seen[worst]} if f.about}
    about = {about for _, about in found}
    return [number for number, line in enumerate(lines, 1) if line in about or {*axes_of([line])} & about]


def _reason(case: Truth, best: str, worst: str, rng: Random, *, pool: str) -> str:
    """A line of ``pool``, or if that is empty what speaks for ``best`` and against ``worst``."""
    pools = bank("judge")
    slots = {"best": best, "worst": worst}
    if pool or case.utilities[best] - case.utilities[worst] < CLOSE:
        return pick(pools[pool or "close"], rng, slots)
    against = {(f.name, f.about): f.worth for f in case.seen[worst]}
    good = [f for f in case.seen[best] if f.worth >= 0]
    plus = max(good, key=lambda f: f.worth - max(0.0, against.get((f.name, f.about), 0.0)))
    minus = min(case.seen[worst], key=lambda f: f.worth)
    text = pick(pools["better"], rng, {**slots, "why": _worded(plus, rng)})
    if minus.worth < -0.05:
        text = text.rstrip(".") + pick(pools["against"], rng, {**slots, "why": _worded(minus, rng)}) + "."
    return capital(text)


def _worded(finding: Finding, rng: Random) -> str:
    if finding.name.startswith("length") and finding.worth < 0:
        return "its length doesn't suit this user"
    about = finding.about.rstrip(".")
    return pick(bank("judge")[finding.name], rng, {"fact": about, "axis": about})
