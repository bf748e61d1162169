"""Conversation faults: an actor that commits each of them now and then, and what becomes of every single one.

The actor writes down what it plants and where; that, and not what the program says of itself, is what is compared.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import orjson

from personagen.call import Call
from personagen.errors import BudgetError
from personagen.flows.expand import expand
from personagen.flows.simulate import SimulateSummary, simulate
from personagen.gates import PAIR_GATES, TURN_GATES
from personagen.gates.language import _ABOUT
from personagen.gates.repeats import _AGAIN
from personagen.gates.turn import fold
from personagen.offline import offline
from personagen.options import ExpandOptions, SimulateOptions
from personagen.records import Completion
from tests.faults.mixed import user_messages
from tests.faults.trial import RESULTS, Finding, Scale

RATE = 0.1
BYE, REPLY = "Thank you, that is all I wanted to know. Goodbye!", "You're welcome. Take care!"
ROLES = {
    "user": ("How can I help you today?", "As an AI language model, I can't say.", "I can help you with that."),
    "assistant": ("As the user, I find that too long.", "The user's next message will be shorter."),
}
# Not a token that ends a turn: that is cut off, and the message is sound.
TOKENS = ("<|im_start|>", "<|eot_id|> Hm.", "</conversation>", "[/INST]", "\n### Instruction:\nGo on.")
FOREIGN = (
    "Ich habe das nicht verstanden, aber wenn du mir sagst, wie es geht, dann kann ich es auch noch einmal versuchen.",
    "Je ne sais pas si vous pouvez le faire, mais avec un peu de patience, c'est une bonne idée pour les enfants.",
    "我觉得你应该先和他们谈一谈，然后再决定要不要付这张账单，不用着急，慢慢来就好了。",
)
LABELS = {"user": ("User", "Assistant"), "assistant": ("Assistant", "User")}


@dataclass
class Actor:
    """The offline cast, which spoils a message in ten. ``planted`` tells what, by place and attempt."""

    seed: int
    planted: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.cast = offline(self.seed)

    async def __call__(self, call: Call) -> Completion:
        await asyncio.sleep(Random(call.key).random() / 2000)
        answer = await self.cast(call)
        if call.role not in LABELS:
            return answer
        before, _, attempt = call.sample.rpartition("/")
        self.asked[call.place, before] += 1
        rng = Random(f"{self.seed}/{call.key}/fault")
        said = [m.content for m in call.inputs["conversation"]]
        text = REPLY if said and call.role == "assistant" and said[-1] == BYE else answer.text
        if rng.random() < RATE:
            kinds = [kind for kind in FAULTS if _possible(kind, call.role, said)]
            kind = rng.choice(kinds)
            text = FAULTS[kind](text, call.role, said, rng)
            self.planted[call.place, attempt] = (kind, text)
        return answer.model_copy(update={"text": text})


def _possible(kind: str, role: str, said: list[str]) -> bool:
    if kind == "goodbye":
        return role == "user" and bool(said)
    # An assistant may repeat itself, or use another language, if it was asked to: that is no fault.
    asked = fold(said[-1]) if said and role == "assistant" else ""
    if kind == "repeats":
        return bool(_own(said)) and not _AGAIN.search(asked)
    return kind != "language" or not _ABOUT.search(asked)


def _own(said: list[str]) -> list[str]:
    """The speaker's own earlier messages that are long enough to be copies."""
    return [text for text in said[-2::-2] if len(text.split()) > 6]


FAULTS: dict[str, Callable[[str, str, list[str], Random], str]] = {
    "role": lambda text, role, _, rng: f"{text}\n{rng.choice(ROLES[role])}",
    "markup": lambda text, _role, _said, rng: f"{text} {rng.choice(TOKENS)}",
    "language": lambda _text, _role, _said, rng: rng.choice(FOREIGN),
    "speaker": lambda text, role, _, __: f"{LABELS[role][1]}: {text}",
    "cut": lambda text, role, _, __: f"{text}\n\n{LABELS[role][1]}: And then?",
    "label": lambda text, role, _, __: f"{LABELS[role][0]}: {text}",
    "repeats": lambda _text, _role, said, rng: rng.choice(_own(said)),
    "goodbye": lambda _text, _role, _said, _rng: BYE,
}
ACTING: list[Actor] = []


async def llm(call: Call) -> Completion:
    """``--model tests.faults.talk:llm``: whichever actor plays now."""
    return await ACTING[-1](call)


def trial(scale: Scale) -> Iterator[Finding]:
    folder = scale.folder / "talk"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    asyncio.run(expand(ExpandOptions(target=30, seed=scale.seed, out=str(folder / "pool"))))
    size = {"conversations": scale.of(300, 30), "turns": scale.of(10, 7)}
    actor, summary = _run(folder, "whole", scale.seed, concurrency=64, **size)
    scale.tell(f"{len(actor.planted)} faults planted among {sum(actor.asked.values())} messages")
    trees, pairs, rows = (
        [orjson.loads(line) for line in content.splitlines()] for content in _results(folder / "whole").values()
    )
    yield _found(actor, rows, summary)
    yield _ended(actor, trees, rows, summary, size["turns"])
    yield _counted(actor, rows, summary, (user_messages(trees), len(pairs)))
    yield _again(folder, scale, size)


def _run(folder: Path, out: str, seed: int, **options: Any) -> tuple[Actor, SimulateSummary]:
    ACTING.append(Actor(seed))
    given = {
        "personas": str(folder / "pool" / "personas.jsonl"),
        "out": str(folder / out),
        "model": f"{__name__}:llm",
        "seed": seed,
    }
    made = SimulateOptions(**{**given, **options})
    return ACTING[-1], asyncio.run(asyncio.wait_for(simulate(made), 600))


def _found(actor: Actor, rows: list[dict[str, Any]], summary: SimulateSummary) -> Finding:
    """Every fault has a row with its place and text, by whichever gate, and no row is without a fault."""
    known = Counter(
        (row["place"], "" if row["gate"] == "cut" else row["text"])
        for row in rows
        if row["gate"] in (*TURN_GATES, "cut")
    )
    faults = [
        (place, kind, text) for (place, _), (kind, text) in actor.planted.items() if kind not in ("label", "goodbye")
    ]
    planted = Counter((place, "" if kind == "cut" else text.strip()) for place, kind, text in faults)
    missed, false = planted - known, known - planted
    by_kind = ", ".join(f"{kind} {n}" for kind, n in sorted(Counter(kind for _, kind, _ in faults).items()))
    measured = (
        f"{len(faults)} planted in {summary.messages:,} messages ({by_kind}), {sum(missed.values())} missed;"
        f" {sum(false.values())} of {summary.messages - len(faults):,} sound ones rejected"
    )
    held = sum(missed.values()) <= len(faults) / 100 and not false
    return Finding("conversation faults are found", "99 %, and no sound message rejected", measured, held)


def _ended(
    actor: Actor, trees: list[dict[str, Any]], rows: list[dict[str, Any]], summary: SimulateSummary, turns: int
) -> Finding:
    """Nobody is asked more than twice, all conversations come to an end, and just those that end early say why."""
    most = max(actor.asked.values())
    whole = {tree["id"] for tree in trees if sum(node["role"] == "user" for node in tree["nodes"]) == turns}
    told = {row["place"].split("/")[0] for row in rows if row["reason"].find("the branch ends here") >= 0}
    grown = {tree["id"] for tree in trees}
    endless = sum(node["content"] == BYE and _goes_on(tree, node["id"]) for tree in trees for node in tree["nodes"])
    unsaid = (grown - whole) ^ (told & grown)
    measured = (
        f"asked at most {most} times; {summary.trees} conversations kept and {summary.failed} failed of"
        f" {summary.conversations}; {len(told & grown)} ended early, {summary.ended_early.get('goodbye', 0)} of them"
        f" with goodbye; {len(unsaid)} without saying so, {endless} went on after that"
    )
    held = (
        most == 2
        and not unsaid
        and not endless
        and len(grown) == summary.trees == summary.conversations - summary.failed
    )
    return Finding(
        "a spoiled message is asked for once again, or its branch ends", "2 requests, a reason", measured, held
    )


def _goes_on(tree: dict[str, Any], node_id: str) -> bool:
    return any(node["role"] == "user" and node["id"].startswith(f"{node_id}.") for node in tree["nodes"])


def _counted(actor: Actor, rows: list[dict[str, Any]], summary: SimulateSummary, in_files: tuple[int, int]) -> Finding:
    """The rates of the summary are those of what was planted; every user message is a pair or has its row.

    ``in_files`` are the user messages and the pairs that the result files hold.
    """
    planted = Counter(kind for kind, _ in actor.planted.values())
    off = {kind: summary.rejected_messages.get(kind, 0) - planted[kind] for kind in TURN_GATES}
    off |= {kind: summary.repaired.get(kind, 0) - planted[kind] for kind in ("cut", "label")}
    off["messages"] = summary.messages - sum(actor.asked.values())
    gates = Counter(row["gate"] for row in rows)
    (turns, pairs), rejected = in_files, sum(gates[gate] for gate in PAIR_GATES)
    balance = pairs + rejected == turns
    listed = (turns, pairs, rejected) == (summary.turns, summary.pairs, sum(summary.rejected.values()))
    listed &= all(gates[name] == n for name, n in {**summary.rejected, **summary.rejected_messages}.items())
    rate = sum(summary.rejected_messages.values()) / summary.messages
    measured = (
        f"rejected {rate:.2%}, repaired {sum(summary.repaired.values()) / summary.messages:.2%} of messages; off by"
        f" {sum(map(abs, off.values()))}; {pairs:,} pairs + {rejected:,} rejected"
        f" = {turns:,} turns in the files: {balance}, as the summary says: {listed}"
    )
    exact = sum(map(abs, off.values())) <= len(actor.planted) / 100
    return Finding(
        "the summary counts conversation faults",
        "as many as planted, up to 1 %",
        measured,
        exact and balance and listed,
    )


def _again(folder: Path, scale: Scale, size: dict[str, Any]) -> Finding:
    """The same bytes one call at a time, and after stops in the middle."""
    whole = _results(folder / "whole")
    _run(folder, "single", scale.seed, concurrency=1, **size)
    stops, calls = 0, 0
    while True:
        calls += 7 * size["conversations"]
        try:
            _run(folder, "stopped", scale.seed, concurrency=16, max_calls=calls, **size)
            break
        except BudgetError:
            stops += 1
    same = [_results(folder / name) == whole for name in ("single", "stopped")]
    measured = f"--concurrency 1: {same[0]}; stopped {stops} times: {same[1]}"
    return Finding("conversation faults leave runs reproducible", "the same bytes", measured, all(same) and stops > 2)


def _results(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RESULTS}
