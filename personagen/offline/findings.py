"""What the judge of the cast finds in a reply for one person, or for nobody in particular: the ground truth's parts."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache

from personagen.offline.circumstances import advice_in, circumstances_of, fits, you_are
from personagen.offline.facts import is_stated, spoken, stems
from personagen.offline.style import MIDDLE, axes_cued, axes_in, leading, pull, wish_of, wished_length
from personagen.offline.texts import bank, skeleton
from personagen.offline.thread import Thread, read
from personagen.offline.topics import given, topics
from personagen.records import Message

_TELLING = 9
_BRIEF, _DETAILED = 14, 110  # words
_COMFORTABLE = (30, 120)  # words that suit somebody unknown
_TONE = 0.25  # of one axis
_CLAIM = re.compile(
    r"(?:^|[.!?:] |And |In your case, )(?:[Ss]ince|[Aa]s|Because|Given that|Knowing that|Seeing that|You said that|"
    r"You told me that|You mentioned that|It matters here that) (you(?! know\b)(?:'re|'ve| )[^,.;:)]+)"
)
RECITES = re.compile(r"\b(?:you (?:told me|said that|mentioned)|as you (?:said|told me)|I remember that you)\b", re.I)
_ADDRESS = re.compile(r"\byou(?:r|'re|'ve)?\b", re.I)
FAMILIAR = re.compile(
    r"\b(?:my (?:dear )?friend|dear friend|you and I both|between the two of us|I know you better|I know exactly how|"
    r"so typical of you|I understand you completely)\b",
    re.I,
)
_PADDING = re.compile(
    r"it is important to note|worth taking a moment|generally speaking|in a wider sense|of course, many|is a process|"
    r"raises? further questions|deserve their own time|many factors",
    re.I,
)
_REMEMBERED = {"warm", "chatty", "tender"}  # who like to be reminded of what they said
_RESERVED = {"terse", "independent", "sceptical", "blunt"}


@dataclass(frozen=True)
class Finding:
    """One finding in a reply: its name, its worth, the fact or axis it is about, and whether it is so for this person.

    Findings that are not ``personal`` hold for anybody.
    """

    name: str
    worth: float
    about: str = ""
    personal: bool = False


@lru_cache(maxsize=2048)
def findings(
    traits: tuple[str, ...], facts: tuple[str, ...], conversation: tuple[Message, ...], reply: str
) -> tuple[Finding, ...]:
    """The findings that ``utility`` adds up; cached, since a pair is judged in both orders."""
    thread = read(conversation)
    names = leading(traits, {axis for text in thread.users for said in spoken(text) for axis in axes_cued(said)})
    relevance = Finding("relevance", 0.6 * _relevance(thread, reply))
    found = (*_length(names, thread, reply), relevance, *_tone(names, reply), *_manners(names, thread, reply))
    return (*found, *_advice(facts, thread, reply), *_mentions(facts, thread, reply))


def _length(names: tuple[str, ...], thread: Thread, reply: str) -> list[Finding]:
    """How far the length is from what was asked for, or else from what this person likes; an axis each that pulls."""
    count = len(reply.split()) + 1
    wish = wish_of(thread.last)
    if wish == "brief":
        return [Finding("asked", -min(3.0, 2.0 * max(0.0, math.log(count / _BRIEF))))]
    if wish == "detail":
        return [Finding("asked", -0.6 * max(0.0, math.log(_DETAILED / count)))]
    low, high = _COMFORTABLE
    outside = max(0.0, math.log(low / count), math.log(count / high))
    anybody = Finding("length", -0.25 * outside - 0.02 * abs(math.log(count / MIDDLE)))
    own = -0.5 * min(1.5, abs(math.log(count / wished_length(names)))) if names else anybody.worth
    total = sum(map(pull, names))
    strongest = max(names, key=lambda name: pull(name) * math.copysign(1, total), default="")
    return [anybody, *([Finding("length", own - anybody.worth, strongest, personal=True)] if names else [])]


def _tone(names: tuple[str, ...], reply: str) -> list[Finding]:
    """What this person likes and dislikes in how a reply opens, ends and is laid out, whatever its length."""
    said = spoken(reply)
    edges = " ".join(dict.fromkeys((*said[:1], *said[-1:])))
    edges += " ".join(mark for mark in ("!", "2)", "5)") if mark in reply)
    liked, disliked = axes_in(edges, "likes"), axes_in(edges, "dislikes")
    disliked |= {name for name in names if name not in liked and liked & set(bank("style")[name].get("opposite", ()))}
    out = [Finding("likes", _TONE, name, personal=True) for name in names if name in liked]
    return out + [Finding("dislikes", -_TONE, name, personal=True) for name in names if name in disliked]


def _relevance(thread: Thread, reply: str) -> float:
    """Whether the reply answers the last message, from 0 to 1."""
    if topic := thread.topic:
        asks = [topic.asks[p.ask] for p in thread.now if p.topic == topic.id and p.ask >= 0]
        points = [point for ask in asks[-1:] or topic.asks for point in ask.points]
        named = not asks and any(point.handle in reply.lower() for point in points)
        if named or any(point in points for point in given(topic.id, reply)):
            return 1.0
    want = stems(thread.last)
    return min(1.0, len(want & stems(reply)) / max(1.0, min(4.0, 0.3 * len(want))))


def _advice(facts: tuple[str, ...], thread: Thread, reply: str) -> list[Finding]:
    """Advice for a circumstance of life: right if the person has it, said so, and it bears on the question."""
    out = []
    for advice in advice_in(reply):
        own = [f for f in facts if advice.circumstance in circumstances_of(f)]
        said = [s for text in thread.users for s in spoken(text) if advice.circumstance in circumstances_of(s)]
        apt = thread.topic is None or fits(advice, thread.topic.id, max(thread.ask, 0))
        if not (said and apt):
            out.append(Finding("presumes", -0.15))
        if not own and not any(is_stated(f, (s,)) for f in facts for s in said):
            misfit = Finding("misfit", -0.35, you_are(advice.circumstance), personal=True)
            out += [misfit] if facts else []
            continue
        line = own[0] if own else next(f for f in facts for s in said if is_stated(f, (s,)))
        told = said or any(is_stated(f, thread.users) for f in own)
        name, worth = ("leak", -0.15) if not told else ("facts", 0.4) if apt else ("overreach", -0.2)
        out.append(Finding(name, worth, line, personal=True))
    return out


def _mentions(facts: tuple[str, ...], thread: Thread, reply: str) -> list[Finding]:
    """Facts that the reply speaks of: an unrevealed one is a leak, one dragged in is an overreach."""
    out: list[Finding] = []
    addressed = [s for s in spoken(reply) if _ADDRESS.search(s)]
    given_advice = {a.circumstance for a in advice_in(reply)}
    for fact in facts:
        want = stems(fact)
        enough = max(min(2, len(want)), math.ceil(0.6 * len(want)))
        used = [s for s in addressed if want and len(want & stems(s)) >= enough]
        # If the topic is about the fact, any answer shares its words.
        about = thread.topic and len(want & _topic_stems(thread.topic.id)) >= 0.5 * len(want)
        if not used or about or given_advice & set(circumstances_of(fact)):
            continue
        if not is_stated(fact, thread.users):
            out.append(Finding("leak", -0.3, fact, personal=True))
        elif any(trace in " ".join(used).lower() for trace in _forced()):
            out.append(Finding("overreach", -0.35, fact, personal=True))
        elif not any(f.name == "facts" for f in out):
            out.append(Finding("facts", 0.15, fact, personal=True))
    for claim in _CLAIM.findall(reply):
        want = stems(claim)
        known = {c for text in thread.users for s in spoken(text) for c in circumstances_of(s)}
        grounded = any(stems(you_are(c)) == want for c in known)
        if want and not grounded and not any(len(want & stems(u)) >= 0.5 * len(want) for u in thread.users):
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
    if FAMILIAR.search(reply):
        out.append(Finding("familiar", -0.35))
        out += [Finding("familiar", 0.25, "chatty", personal=True)] if "chatty" in names else []
    if RECITES.search(reply):
        out.append(Finding("recites", -0.1))
        out += [Finding("recites", 0.15, name, personal=True) for name in names if name in _REMEMBERED][:1]
        out += [Finding("recites", -0.15, name, personal=True) for name in names if name in _RESERVED][:1]
    if _PADDING.search(reply):
        out.append(Finding("padding", -0.3))
    if wish_of(thread.last) == "steps" and "2)" in reply:
        out.append(Finding("steps", 0.3))
    mine = [s for s in spoken(reply) if len(s) > 30]
    if any(s in spoken(r) for r in thread.replies for s in mine):
        out.append(Finding("repeats", -0.2))
    return out
