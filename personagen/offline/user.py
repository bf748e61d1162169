"""The user of the cast: a persona that opens with an everyday topic and follows the brief of each turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any

from personagen.offline.character import Character, character_of
from personagen.offline.circumstances import bears_on
from personagen.offline.disclosing import disclosed
from personagen.offline.facts import is_stated, kinds_of, spoken, stems
from personagen.offline.idiolect import idiolect_of, voiced, worded
from personagen.offline.style import MAX_LEADING, leading
from personagen.offline.texts import bank, canon, capital, pick, small
from personagen.offline.thread import Thread, read
from personagen.offline.topics import Place, Topic, framed_parts, given, located, topics
from personagen.offline.voices import OWN, fillers_of, pool_of, typed, words_of

END = "[END]"
_CURT = {"terse", "impatient", "blunt"}
_SHORT = 3  # words of a sentence that may be said again
_SHORTER = 0.62  # since whole sentences are rather longer than what is asked for
_OFF_TOPIC = 0.75  # the chance of a fact that does not bear on the matter
_JOINED = 18  # words of two facts in one sentence
_SHOWS = 0.4  # share of messages with something that shows a leading trait, whatever room there is
_POLITE, _POLITE_TURNS = 0.25, 0.35  # of the people, and of their turns
_SHORTEST_CORE, _ROOM, _MUCH_ROOM = 3, 5, 9  # words besides facts: what stands there, is left, invites more
_SILENT = 0.25  # of those who have had enough leave without a word


def speak(inputs: Mapping[str, Any], rng: Random) -> str:
    """The user's next message, a pure function of the inputs and ``rng``; without a brief one is drawn."""
    me = character_of(inputs["profile"], inputs["personality"], tuple(inputs["facts"]), tuple(inputs["traits"]))
    thread = read(tuple(inputs["conversation"]))
    brief = dict(inputs.get("brief") or _unbriefed(inputs, me, thread, rng))
    brief["words"] = max(2, round(_SHORTER * brief["words"]))
    seed = f"{inputs['profile']}/{inputs['personality']}"
    polite = Random(f"polite/{seed}").random() < _POLITE
    speaker = _Speaker(me, thread, rng, "".join(map(canon, thread.users)), brief, polite)
    parts = speaker.parts()
    ends = "brief" in inputs and brief["aim"] == "close" and bool(thread.users)
    if ends and brief["mood"] == "annoyed" and rng.random() < _SILENT:
        return END
    habit = idiolect_of(seed, me.axes, words_of(me.voice, seed), fillers_of(me.voice))
    spoken = voiced([part for part in parts if part], speaker.loose, habit, rng, speaker.said)
    text = typed(worded(spoken, habit), brief["noise"], seed, rng)
    return f"{text}\n{END}" if ends else text


def _unbriefed(inputs: Mapping[str, Any], me: Character, thread: Thread, rng: Random) -> dict[str, Any]:
    """A brief for a prompt that does not use one: chatty, tidy, one or two facts in half of the turns."""
    first, last = not thread.users, inputs["turn"] >= inputs["turns"] > 1
    asked_back = thread.reply.rstrip().endswith("?")
    left = [fact for fact in me.facts if not is_stated(me.facts[fact], thread.users)]
    count = rng.choices((0, 1, 2), (0.7, 0.3, 0) if first else (0.3, 0.5, 0.2))[0]
    told = rng.sample(left, min(len(left), max(count, asked_back)))
    aims = ("ask", "follow_up", "shift")
    return {
        "facts": [{"text": fact, "how": rng.choice(("stated", "mentioned"))} for fact in told],
        "aim": "open" if first else "close" if last else rng.choices(aims, (0.55, 0.27, 0.18))[0],
        "words": rng.randint(20, 46),
        "mood": "content",
        "noise": 0.0,
        "topic": "",
        "traits": (),
    }


@lru_cache(maxsize=1024)
def _named(label: str) -> tuple[str, ...]:
    """The topics of the cast that ``label`` means: those whose name has most of its words."""
    if asked := tuple(dict.fromkeys(place.topic for place in located(label))):
        return asked
    wanted = stems(label)
    names = {topic.id: stems(topic.thing) for topic in topics().values()}
    return tuple(name for name, words in names.items() if words and 2 * len(words & wanted) > len(words))


@dataclass(frozen=True)
class _Speaker:
    """Writes one message. ``said`` (``canon``) is what the user said before; ``loose`` parts may get a tag; ``now`` is
    what this message says."""

    me: Character
    thread: Thread
    rng: Random
    said: str
    brief: Mapping[str, Any]
    polite: bool = False
    loose: set[str] = field(default_factory=set)
    now: list[str] = field(default_factory=list)

    def parts(self) -> list[str]:
        """The parts of the message, in order."""
        aim = self.brief["aim"]
        topic = self.thread.topic
        if not self.thread.users or topic is None:
            topic = self._topic(frozenset())
            return self._with_facts(self._matter(topic, greet=not self.thread.users), topic)
        if aim == "close":
            return [self._closing(topic)]
        if aim == "shift":
            other = self._topic(frozenset(p.topic for p in self.thread.asked))
            lead = self._line("shifts", topic) if self.brief["words"] > 8 else ""
            return [lead, *self._with_facts(self._matter(other), other)]
        core = {"follow_up": self._probe, "object": self._objection, "react": self._reaction}.get(aim)
        said = [text] if core and (text := core(topic)) else [self._question(topic)]
        if aim == "object" and self._room(*said) > 4:
            said.append(self._question(topic, self._room(*said)))
        return self._with_facts(said, topic)

    @property
    def core(self) -> int:
        """The words that the facts leave for the rest."""
        told = (self.me.facts.get(fact["text"], "") for fact in self.brief["facts"])
        wanted: int = self.brief["words"]
        return max(_SHORTEST_CORE, wanted - sum(len(fact.split()) for fact in told))

    # -- the parts -------------------------------------------------------------------------------------------------

    def _with_facts(self, core: list[str], topic: Topic | None = None) -> list[str]:
        """``core`` with what the brief lets come up, and more where there is room."""
        topic = topic or self.thread.topic
        matter = topic.id if topic else ""
        asked = self.thread.reply.rstrip().endswith(("?", "?\u201d"))
        told = [(self.me.facts[f["text"]], f["how"]) for f in self.brief["facts"] if f["text"] in self.me.facts]
        left = [(fact, how) for fact, how in told if not is_stated(fact, self.thread.users)]
        if self.thread.users and not asked:  # what has nothing to do with the matter is often kept back
            left = [row for row in left if bears_on(row[0], matter) or self._chance(_OFF_TOPIC)]
        if len(left) == 2 and left[1][0].startswith("I ") and len(" ".join(fact for fact, _ in left).split()) < _JOINED:
            left = [(f"{left[0][0]} and {left[1][0]}", "stated")]
        if left and self.thread.users and self.brief["words"] < sum(len(fact.split()) for fact, _ in left) + _ROOM:
            core = []
        before: list[str] = []
        for fact, how in left:
            core, sentence = disclosed(fact, how, core, self._pool, self.rng, matter, asked=asked, said=self.said)
            before += [sentence] if sentence and asked else []
            core += [sentence] if sentence and not asked else []
        parts = [*before, *core]
        if topic and self.thread.users and self.brief["aim"] in ("ask", "follow_up") and self._chance(0.45):
            parts = self._if_room(parts, self._reaction(topic), 0)
        if topic and self._chance(1 if self.brief.get("show") else _SHOWS):
            parts = [*parts, self._marker(topic)]
        if topic and self._room(*parts) > _MUCH_ROOM:
            parts = self._if_room(parts, self._pool("scenes") if self._chance(0.4) else self._marker(topic), 0)
            now = {place.ask for part in parts for place in located(part)}
            open_ = [i for i in range(len(topic.asks)) if Place(topic.id, i) not in self.thread.asked and i not in now]
            if open_:
                more = self._question(topic, self._room(*parts), self.rng.choice(open_))
                parts = self._if_room(parts, more, len(parts))
        if self.polite and self.thread.users and self._chance(_POLITE_TURNS):
            parts = [self._pool("thanks"), *parts]
        return parts

    def _if_room(self, parts: list[str], more: str, at: int) -> list[str]:
        """``parts`` with ``more`` at a place, unless that makes them too long."""
        if more and self._room(*parts, more) >= 0:
            return [*parts[:at], more, *parts[at:]]
        return parts

    def _room(self, *parts: str) -> float:
        """The words that are left."""
        left: float = self.brief["words"] - sum(len(part.split()) for part in parts)
        return left

    def _matter(self, topic: Topic, *, greet: bool = False) -> list[str]:
        """A new topic, in about the length asked for: its opening, a question, or both."""
        opening, ask = self._pick(topic.openings), 0 if self._chance(0.7) else self.rng.randrange(len(topic.asks))
        brief, full = topic.asks[ask].questions[-1], self._question(topic, ask=ask)
        short = self._fill(brief)
        named = f"{capital(topic.thing)}: {small(short)}"
        ways = [[named], [f"{capital(topic.thing)}. {full}"], [opening], [opening, short], [opening, full]]
        ways = [[part for part in way if part] for way in ways]
        size = self.core
        best = min((way for way in ways if way), key=lambda way: abs(size - sum(len(p.split()) for p in way)))
        greeting = self._pool("greetings") if greet and self._chance(0.3) else ""
        return [greeting, *best] if greeting and self._room(greeting, *best) > -3 else best

    def _question(self, topic: Topic, room: float | None = None, ask: int | None = None) -> str:
        """A question that was not asked, in about ``room`` words, sometimes asked indirectly."""
        room = self.core if room is None else room
        left = [i for i in range(len(topic.asks)) if Place(topic.id, i) not in self.thread.asked]
        if ask is None:
            if not left:
                return self._probe(topic) or self._again(topic)
            ask = left[0] if self._chance(0.75) else self.rng.choice(left)
        ways = [self._fill(question) for question in topic.asks[ask].questions]
        for way in list(ways):
            if (parts := framed_parts(way)) and self._chance(0.5):
                ways.append(self._pick(bank("user")[parts[0]], **parts[1]) or way)
        return min(ways, key=lambda way: abs(room - len(way.split())) + self.rng.random())

    def _again(self, topic: Topic) -> str:
        """A point that was given, asked about once more."""
        points = self.thread.given()
        return self._line("probes", topic, self.rng.choice(points).handle if points else "")

    def _probe(self, topic: Topic) -> str:
        """A question about a point of the last reply."""
        replies = self.thread.replies
        points = [p for p in self.thread.offered() if canon(p.handle) not in self.said]
        unsaid = [p for p in points if p.more and not any(p.more in reply for reply in replies)]
        if not points:
            return ""
        name = "doubts" if "sceptical" in self.me.axes and self.me.voice == OWN else "probes"
        return self._line(name, topic, self.rng.choice(unsaid or points).handle)

    def _objection(self, topic: Topic) -> str:
        points = self.thread.offered()
        earlier = {p for reply in self.thread.replies[:-1] for p in given(topic.id, reply)}
        again = set(given(topic.id, self.thread.reply)) & earlier
        name = "repeats" if again and self._chance(0.7) else "objects"
        return self._line(name, topic, self.rng.choice(points).handle if points else "")

    def _reaction(self, topic: Topic) -> str:
        """What they think of the last reply, which half of the time shows how they are."""
        if self._chance(0.5) and (text := self._marker(topic)):
            return text
        points = self.thread.offered()
        name = "reactions" if points and self._chance(0.75) else "reactions_plain"
        text = self._line(name, topic, self.rng.choice(points).handle if points else "")
        self.loose.add(text)
        return text

    def _closing(self, topic: Topic) -> str:
        if self.brief["mood"] in ("annoyed", "impatient") and "last_reply" in self.brief:
            return self._pool("quits")
        points = self.thread.offered() or self.thread.given()
        name = "closings" if points else "closings_plain"
        return self._line(name, topic, self.rng.choice(points).handle if points else "") or self._pool("quits")

    def _marker(self, topic: Topic) -> str:
        """Something that shows one of the traits that lead."""
        axes = leading(self.brief.get("traits") or ()) or self.me.axes[:MAX_LEADING]
        points = self.thread.offered()
        slots = {"thing": self._thing(topic)} | ({"h": self.rng.choice(points).handle} if points else {})
        return self._pick(bank("style")[self.rng.choice(axes)]["markers"], **slots) if axes else ""

    # -- words -----------------------------------------------------------------------------------------------------

    def _chance(self, share: float) -> bool:
        return self.rng.random() < share

    def _line(self, name: str, topic: Topic, handle: str = "") -> str:
        slots = {"thing": self._thing(topic), "name": topic.thing} | ({"h": handle} if handle else {})
        return self._pool(name, **slots)

    def _pool(self, name: str, /, **slots: str) -> str:
        """A line of this voice's pool, of the general one if it has none: its terse form for someone curt."""
        pools = bank("user")
        curt = bool(_CURT & set(self.me.axes[:4])) or self.core < 9
        general = pools.get(f"{name}_terse" if curt else name) or pools.get(name) or ()
        if name == "greetings":
            general = bank("idiolect")["greetings"]
        return self._pick(pool_of(self.me.voice, name), **slots) or self._pick(general, **slots)

    def _pick(self, pool: Sequence[str], **slots: str) -> str:
        """Of three lines not said before, the one that fits best in length."""
        lines = [line for line in (pick(pool, self.rng, slots, self.said) for _ in range(3)) if self._is_new(line)]
        line = min(lines, key=lambda line: max(0, len(line.split()) - self.core), default="")
        self.now.append(canon(line))
        return line

    def _is_new(self, line: str) -> bool:
        """Whether no sentence of ``line`` was said before, but very short ones."""
        parts = [canon(part) for part in spoken(line)]
        said = "".join((self.said, *self.now))
        return bool(line) and not any(part in said for part in parts if len(part.split()) > _SHORT)

    def _fill(self, template: str) -> str:
        return pick([template], self.rng, {}) or template

    def _thing(self, topic: Topic) -> str:
        """The name of the topic, or ``this`` if it was named before."""
        return "this" if canon(topic.thing) in self.said and self._chance(0.5) else topic.thing

    def _topic(self, used: frozenset[str]) -> Topic:
        """The topic that the brief names, if this person can have it; else one that suits its facts, or them."""
        able = [t for t in self.me.far if t not in used] or list(topics())
        kinds = {kind for fact in self.brief["facts"] for kind in kinds_of(fact["text"])}
        apt = [t for t in able if topics()[t].fits & kinds or topics()[t].needs & kinds]
        named = [t for t in able if t in _named(self.brief["topic"])]
        if named and (self.brief.get("show") or not (apt and self._chance(0.6))):
            return topics()[named[0]]
        near = [t for t in self.me.near if t not in used]
        return topics()[self.rng.choice(apt or (near if near and self._chance(0.65) else able))]
