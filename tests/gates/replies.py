"""Messages with the prompts they answer: labelled replies of a real model, sound ones by hand, and the offline cast's.

``replies.jsonl`` holds what SmolLM2-135M-Instruct (Q4_1, llama.cpp) said as user and as assistant, labelled by reading
each reply in its conversation. Its first rows are the prompts, whose placeholders the other rows fill. The gates were
written with the ``first`` split, amended after the ``second``, and not changed after the ``held-out`` one.
``hard.jsonl`` holds sound messages, written by hand, that come close to what the gates reject.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personagen.gates import Turn
from personagen.prompts.files import folders, load
from personagen.records import ConversationTree, Message
from tests.fakes import BRIEF
from tests.gates.talk import chat

_HERE = Path(__file__).parent
_SPEAKERS = ("user/speak", "assistant/plain", "assistant/aware")
PERSONA = (
    "They live near the river in Naples. They have a deaf cat called Biscuit. They have been divorced since 1994. They "
    "drove a night bus for thirty years in Turin.",
    "They are shy, and they would sooner be lonely than managed.",
)
INFERENCES = ("The user works nights in a bakery.", "The user has a dog.")


@dataclass(frozen=True)
class Labelled:
    """A reply of the real model: ``kind`` is what is wrong with it, empty if it is sound."""

    kind: str
    split: str
    turn: Turn


def labelled() -> list[Labelled]:
    rows = [json.loads(line) for line in (_HERE / "replies.jsonl").read_text(encoding="utf-8").splitlines()]
    prompts = {row["prompt"]: row["messages"] for row in rows if "messages" in row}
    return [Labelled(row["kind"], row["split"], _turn(row, *prompts[row["prompt"]])) for row in rows if "text" in row]


def _turn(row: dict[str, Any], system: str, task: str) -> Turn:
    before = chat(*row["conversation"])
    if row["role"] == "user":
        tags = "\n".join(f"<{one.role}>\n{one.content}\n</{one.role}>" for one in before)
        task = task.replace("{conversation}", f"<conversation>\n{tags or '(nobody has spoken yet)'}\n</conversation>")
        task = task.replace("{persona}", row["persona"]).replace("{turn}", row["turn"])
        prompt = [Message(role="system", content=system), Message(role="user", content=task)]
        return Turn("user", row["text"], before, prompt=prompt, known=tuple(row["persona"].split("\n")))
    told = row.get("inferences", [])
    task = task.replace("{inferences}", "\n".join(f"- {one}" for one in told)).replace("{last}", before[-1].content)
    prompt = [Message(role="system", content=system), *before[:-1], Message(role="user", content=task)]
    return Turn("assistant", row["text"], before, prompt=prompt, known=tuple(told))


_PROMPTS = {name: load(name, folders(None)) for name in _SPEAKERS}


def asked(role: str, before: list[Message], known: tuple[str, ...], turn: int = 2) -> tuple[Message, ...]:
    """What a speaker is sent: the user with persona ``known``, an assistant with inferences or with none."""
    if role == "user":
        profile, personality = known
        inputs = {"profile": profile, "personality": personality, "turn": turn, "brief": BRIEF, "earlier": {}}
        return _PROMPTS["user/speak"].render({"conversation": before, **inputs})
    name = "assistant/aware" if known else "assistant/plain"
    return _PROMPTS[name].render({"conversation": before, "inferences": list(known), "words": 100})


def hard() -> Iterator[Turn]:
    for line in (_HERE / "hard.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        before = chat(*row["conversation"])
        known = PERSONA if row["role"] == "user" else INFERENCES
        prompt = asked(row["role"], before, known)
        yield Turn(row["role"], row["text"], before, row.get("language", "en"), prompt, known)


def spoken(tree: ConversationTree) -> Iterator[Turn]:
    """Every message of a tree of the offline cast, with the prompt it answers."""
    nodes = {node.id: node for node in tree.nodes}
    told = {belief.node: tuple(one.fact for one in belief.inferences) for belief in tree.beliefs}
    for node in tree.nodes:
        parts = node.id.split(".")
        path = [nodes[".".join(parts[:end])] for end in range(1, len(parts))]
        before = [Message(role=one.role, content=one.content) for one in path]
        known: tuple[str, ...] = ()
        if node.role == "user":
            known = (tree.persona.profile, tree.persona.personality)
        elif node.agent == "aware":
            known = told.get(path[-1].id, ())
        yield Turn(node.role, node.content, before, "en", asked(node.role, before, known), known)
