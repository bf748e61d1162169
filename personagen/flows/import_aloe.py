"""``import aloe``: a run folder made of ALOE's files, of the conversations of its script or of its pools."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from personagen.errors import UsageError
from personagen.options import place
from personagen.pairs import pairs_of
from personagen.personas.english.text import attributes_of, facts_of
from personagen.personas.pool import combine
from personagen.personas.seeds import load_seeds
from personagen.personas.traits import traits_of
from personagen.readers import rows_of
from personagen.readers.aloe import Conversation, Turn, conversation
from personagen.readers.row import Fault, Note, Row
from personagen.readers.row import place as place_of
from personagen.records import Belief, ConversationTree, Inference, Judgment, Node, Persona, Usage, content_id
from personagen.store.files import dump, make_folder, read_records, read_state, write

AGENT = "aloe"  # its files do not say which of its assistants wrote a reply
_SENTENCE = re.compile(r"(?<=[.!?]) (?=\S)")


@dataclass(frozen=True)
class ImportSummary:
    """The run folder ``out``, of ``simulate`` or ``expand`` as ``of`` says, and its records by name."""

    out: str
    of: str
    files: tuple[str, ...]
    records: dict[str, int]


def import_aloe(files: Sequence[Path], out: Path) -> ImportSummary:
    """Writes the conversations or the pools in ``files`` to the run folder ``out``.

    Conversations become trees and pairs: as the file says which reply is preferred, no gate rejects a pair but for two
    equal replies or an empty one. Both pools together become personas, one for each profile. Conversations are read
    row by row; only the ids of their personas and the turns without a pair are kept in memory.

    Raises:
        UsageError: a file can't be read or a row is invalid, the files hold both kinds or only one pool, or ``out``
            holds something else.
    """
    _check_out(out)
    first = next(_rows(files[:1]), None)
    if first is None:
        raise UsageError(f"{files[0]} holds no row; give a file of conversations, or ALOE's two pools")
    make_folder(out)
    if isinstance(first[1].value, str):
        of, summary = "expand", _import_pools(files, out)
    else:
        of, summary = "simulate", _import_conversations(files, out)
    names = tuple(map(str, files))
    state = {
        "command": "import",
        "of": of,
        "status": "done",
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": names,
        "options": {"model": []},
        "usage": {"calls": 0, **Usage().model_dump()},
        "summary": summary,
    }
    write(out / "run.json", [dump(state)])
    counted = {name: n for name, n in summary.items() if name in ("personas", "trees", "pairs", "turns")}
    return ImportSummary(str(out), of, names, counted)


def _check_out(out: Path) -> None:
    place("--out", out)
    if not out.exists():
        return
    if not out.is_dir() or (any(out.iterdir()) and _command(out) != "import"):
        raise UsageError(f"{out} holds something else; give an empty or new folder as --out")


def _command(folder: Path) -> str:
    return str(read_state(folder).get("command")) if (folder / "run.json").is_file() else ""


def _rows(files: Sequence[Path]) -> Iterator[tuple[Path, Row]]:
    for file in files:
        for row in rows_of(file):
            if isinstance(row, Fault):
                raise UsageError(f"{place_of(file, row)}: {row.reason}; correct it")
            if not isinstance(row, Note):
                yield file, row


def _import_conversations(files: Sequence[Path], out: Path) -> dict[str, Any]:
    counts, rejected, rejections = Counter[str](), Counter[str](), list[bytes]()

    def trees() -> Iterator[bytes]:
        numbers = Counter[str]()
        for file, row in _rows(files):
            try:
                made = conversation(row.value)
            except ValueError as error:
                raise UsageError(f"{place_of(file, row)}: {error}; ALOE's script writes no such row") from None
            who = _persona(made)
            yield _tree(made, who, f"{who.id}-{numbers[who.id]}").line() + b"\n"
            numbers[who.id] += 1
            counts.update(trees=1, conversations=1, turns=len(made.turns))

    def pairs() -> Iterator[bytes]:
        for tree in read_records(out / "trees.jsonl", ConversationTree):
            made, without = pairs_of(tree)
            for rejection in without:
                rejected[rejection.gate] += 1
                rejections.append(rejection.line() + b"\n")
            for pair in made:
                counts["pairs"] += 1
                yield pair.line() + b"\n"

    write(out / "trees.jsonl", trees())
    write(out / "pairs.jsonl", pairs())
    write(out / "rejections.jsonl", rejections)
    return {"pairs": 0, **counts, "rejected": dict(rejected)}


def _persona(of: Conversation) -> Persona:
    return Persona(
        id=content_id(of.profile, of.personality),
        profile=of.profile,
        personality=of.personality,
        facts=facts_of(of.profile),
        traits=traits_of(of.personality),
        attributes=attributes_of(of.profile),
        origin={"profile": AGENT, "personality": AGENT},
    )


def _tree(of: Conversation, persona: Persona, name: str) -> ConversationTree:
    """One path, with both replies to each message: the one with which the conversation went on in slot 0."""
    nodes, beliefs, judgments, at = list[Node](), list[Belief](), list[Judgment](), "0"
    for turn in of.turns:
        nodes.append(Node(id=at, role="user", content=turn.user, agent="user"))
        beliefs.append(Belief(node=at, inferences=tuple(_inferences(turn))))
        other = turn.rejected if turn.continued == "preferred" else turn.preferred
        texts = list(dict.fromkeys((getattr(turn, turn.continued), other)))
        slots = tuple(f"{at}.{slot}" for slot in range(len(texts)))
        nodes += [
            Node(id=slot, role="assistant", content=text, agent=AGENT) for slot, text in zip(slots, texts, strict=True)
        ]
        if len(slots) > 1:
            ranking = slots if turn.continued == "preferred" else slots[::-1]
            judgments.append(Judgment(node=at, order=slots, ranking=ranking))
        at = f"{at}.0.0"
    path = sorted(nodes, key=lambda node: tuple(map(int, node.id.split("."))))
    return ConversationTree(
        id=name,
        persona=persona,
        nodes=tuple(path),
        beliefs=tuple(beliefs),
        judgments=tuple(judgments),
        keep="given",
    )


def _inferences(turn: Turn) -> Iterator[Inference]:
    """What was inferred, a sentence each; ALOE's observer gives no quotes."""
    for kind, text in turn.inferred.items():
        for sentence in _SENTENCE.split(text) if text else ():
            yield Inference(fact=sentence, quote="", kind=kind)


def _import_pools(files: Sequence[Path], out: Path) -> dict[str, Any]:
    texts = [(file, row) for file, row in _rows(files)]
    if odd := next(((file, row) for file, row in texts if not isinstance(row.value, str)), None):
        raise UsageError(
            f"{place_of(*odd)} is no text as in ALOE's pools; import pools and conversations by themselves"
        )
    kinds = {file: _kind(file) for file in files}
    if {*kinds.values()} != {"profile", "personality"}:
        raise UsageError("a persona needs both of ALOE's pools: give profile.jsonl and personality.jsonl")
    seeds = load_seeds([{kinds[file]: row.value} for file, row in texts])
    personas = combine(seeds.profiles, seeds.personalities, per_profile=1, seed=0)
    write(out / "personas.jsonl", chain.from_iterable((one.line(), b"\n") for one in personas))
    return {"personas": len(personas)}


def _kind(file: Path) -> str:
    name = file.name.lower()
    found = [kind for kind in ("profile", "personality") if kind in name]
    if len(found) != 1:
        raise UsageError(f"{file} holds texts, and its name does not say of what: name it profile or personality")
    return found[0]
