"""What a person says about pairs of a run: those that are drawn, ``labels.jsonl``, and how far the judge agrees."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal, get_args

import orjson

from personagen.errors import CorruptError, DiskError, UsageError
from personagen.metrics.agreement import kappa, rate, sums
from personagen.records import ConversationTree, Persona, PreferencePair
from personagen.store.files import read_records, read_state, refuse_evaluation, synced

FILE = "labels.jsonl"
Choice = Literal["first", "second", "tie"]
CHOICES: tuple[Choice, ...] = get_args(Choice)


@dataclass(frozen=True)
class Drawn:
    """A pair to label: its ``id``, and which side holds the chosen reply."""

    id: str
    pair: PreferencePair
    persona: Persona
    chosen: Choice

    def text(self, side: Choice) -> str:
        """The reply on ``side``."""
        said = self.pair.chosen if side == self.chosen else self.pair.rejected
        return "\n\n".join(message.content for message in said)


def drawn(run: Path, count: int, seed: int) -> list[Drawn]:
    """Up to ``count`` pairs of ``run`` in a drawn order, each with its sides drawn.

    Raises:
        UsageError: ``run`` is not a run of ``simulate``, or has no pairs.
    """
    state = read_state(run)
    refuse_evaluation(run, state)
    if "simulate" not in (state.get("command"), state.get("of")):
        raise UsageError(f"{run} has personas, not pairs; name a run of `personagen simulate`")
    total = sum(1 for _ in read_records(run / "pairs.jsonl", PreferencePair))
    if not total:
        raise UsageError(f"{run} has no pairs to label; `personagen show {run}` says why")
    places = Random(f"{seed}/label").sample(range(total), min(count, total))
    wanted = set(places)
    pairs = {at: p for at, p in enumerate(read_records(run / "pairs.jsonl", PreferencePair)) if at in wanted}
    trees = {pair.tree for pair in pairs.values()}
    personas = {
        tree.id: tree.persona for tree in read_records(run / "trees.jsonl", ConversationTree) if tree.id in trees
    }
    return [_drawn(pairs[at], personas[pairs[at].tree], seed) for at in places]


def _drawn(pair: PreferencePair, persona: Persona, seed: int) -> Drawn:
    name = f"{pair.tree}/{pair.node}/{pair.chosen_node or 'chosen'}/{pair.rejected_node or 'rejected'}"
    chosen = Random(f"{seed}/label/{name}").choice(CHOICES[:2])
    return Drawn(name, pair, persona, chosen)


def read_labels(run: Path) -> dict[str, dict[str, Any]]:
    """The labels of ``run`` by pair, the last one of each; a line that was not written to its end is left out."""
    file = run / FILE
    if not file.is_file():
        return {}
    found = {}
    for number, line in enumerate(file.read_bytes().split(b"\n")[:-1], 1):
        try:
            label = orjson.loads(line)
            if label["choice"] not in CHOICES or label["chosen"] not in CHOICES[:2]:
                raise ValueError
            found[str(label["pair"])] = label
        except (ValueError, TypeError, KeyError):
            raise CorruptError(f"{file}:{number} is not a label; remove that line") from None
    return found


def save(run: Path, one: Drawn, choice: Choice) -> None:
    """Adds a label to ``labels.jsonl``, durably. What an earlier crash left of a line is removed."""
    line = orjson.dumps({"pair": one.id, "choice": choice, "chosen": one.chosen}, option=orjson.OPT_APPEND_NEWLINE)
    try:
        handle = os.open(run / FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            written = os.pread(handle, os.fstat(handle).st_size, 0)
            end = written.rfind(b"\n") + 1
            os.ftruncate(handle, end)
            os.pwrite(handle, line, end)
            synced(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise DiskError(f"{run / FILE} can't be written: {error.strerror}; free or repair the disk") from error


def label_summary(labels: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """How many pairs are ``labelled``, with how many ``ties``; the ``same`` share and ``kappa`` of person and judge.

    A tie does not agree with the judge, who prefers a reply in every pair. Pairs count as independent.
    """
    table = Counter(f"{label['choice']}/{label['chosen']}" for label in labels.values())
    added: Counter[str] = Counter()
    for label in labels.values():
        added.update(sums(int(label["choice"] == label["chosen"]), 1))
    figures = {"same": rate(added), "kappa": kappa(table, CHOICES)}
    ties = sum(label["choice"] == "tie" for label in labels.values())
    return {"labelled": len(labels), "ties": ties} | {name: asdict(one) for name, one in figures.items() if one}
