"""What the probes of an evaluation found, and how often replies tell what was not said: read from its files."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from personagen.encoders.hashed import fit, hashed
from personagen.flows.cases import Case
from personagen.flows.probing import SAMPLES
from personagen.gates.leak import LEAKED, leaked
from personagen.metrics.agreement import rate, sums
from personagen.metrics.distinct import distances
from personagen.metrics.recall import Recalled, recalled
from personagen.personas.lines import fact_lines, trait_lines
from personagen.ratings import OTHER, Probe
from personagen.records import ConversationTree, Persona
from personagen.store.files import read_records
from personagen.tree import turn as turn_of

Said = Mapping[str, Sequence[str]]  # the user's messages by tree


def leak_rates(trees: Path, cases: Iterable[Case]) -> dict[str, dict[str, float]]:
    """The share of replies, by condition, that tell a fact or traits of the persona that nobody had said by then.

    It is the measure of the gate ``leak`` (``gates.leak``), of the persona that the model was shown: in the condition
    ``other`` another's. Intervals take conversations as clusters.
    """
    planned = {case.id: case for case in cases}
    added: dict[str, Counter[str]] = defaultdict(Counter)
    for tree in read_records(trees, ConversationTree):
        if case := planned.get(tree.id):
            added[case.condition].update(_leaks(tree, case))
    found = {name: rate(own) for name, own in added.items()}
    return {name: _rounded(asdict(one)) for name, one in found.items() if one}


def _leaks(tree: ConversationTree, case: Case) -> dict[str, int]:
    known: list[str] = []
    hits = count = 0
    for node in tree.nodes:
        if node.role == "assistant":
            shown = case.other if case.condition == OTHER else case.user(turn_of(node.id))
            hits += leaked(fact_lines(shown), trait_lines(shown), node.content, tuple(known))[0] >= LEAKED
            count += 1
        known.append(node.content)
    return sums(hits, count)


def results(
    probes: Sequence[Probe],
    said: Said,
    people: Sequence[Persona],
    seed: int = 0,
    cases: Mapping[str, Case] | None = None,
) -> dict[str, Any]:
    """What ``results.json`` holds about the probes, of which each part is there if it was answered.

    ``recall`` by turn: the shares of revealed facts that the model lists (``recovered``), of those that were not
    revealed (``guessed``), of the facts of another persona that were not revealed either (``chance``), and of traits
    (``traits``). ``agrees``: the share of false claims that it agrees with. ``same``: distances of replies to the same
    message (``metrics.distinct``). The intervals of shares take personas as clusters (``metrics.agreement.rate``).
    ``cases``, by tree, say who the user is at a turn; without them it is the persona.
    """
    found = {
        "recall": _recall([row for row in probes if row.probe == "recall"], said, people, cases or {}),
        "agrees": _share((int(row.agrees), 1) for row in probes if row.agrees is not None),
        "same": _same([row for row in probes if row.probe == "same"], seed),
    }
    return {name: one for name, one in found.items() if one}


def messages(trees: Path, of: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The user's messages of the trees ``of`` these ids."""
    wanted = set(of)
    return {
        tree.id: tuple(node.content for node in tree.nodes if node.role == "user")
        for tree in read_records(trees, ConversationTree)
        if tree.id in wanted
    }


def _recall(rows: Sequence[Probe], said: Said, people: Sequence[Persona], cases: Mapping[str, Case]) -> dict[str, Any]:
    own = {one.id: one for one in people}
    next_one = {one.id: other for one, other in zip(people, [*people[1:], *people[:1]], strict=True)}
    found: dict[int, list[tuple[Recalled, Recalled]]] = defaultdict(list)
    for row in rows:
        persona, other = own[row.persona], next_one[row.persona]
        traits = cases[row.tree].user(row.turn).traits if row.tree in cases else persona.traits
        before = said[row.tree][: row.turn]
        theirs = [fact for fact in other.facts if fact not in persona.facts]
        found[row.turn].append(
            (recalled(persona.facts, traits, before, row.reply), recalled(theirs, (), before, row.reply))
        )
    return {str(turn): _recall_of(both) for turn, both in sorted(found.items())}


def _recall_of(both: Sequence[tuple[Recalled, Recalled]]) -> dict[str, Any]:
    counts = {
        "recovered": [(one.recovered, one.revealed) for one, _ in both],
        "guessed": [(one.guessed, one.hidden) for one, _ in both],
        "chance": [(other.guessed, other.hidden) for _, other in both],
        "traits": [(one.named, one.traits) for one, _ in both],
    }
    return {name: _share(own) for name, own in counts.items()}


def _same(rows: Sequence[Probe], seed: int) -> dict[str, Any] | None:
    by_persona: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_persona[row.persona].append(row.reply)
    whole = [replies for replies in by_persona.values() if len(replies) == SAMPLES]
    texts = [reply for replies in whole for reply in replies]
    if not texts:
        return None
    vectors = hashed(texts, fit(texts)).astype(np.float64).reshape(len(whole), SAMPLES, -1)
    found = distances(vectors, seed)
    if found is None:
        return None
    parts = {name: _rounded(asdict(getattr(found, name))) for name in ("between", "within", "gap")}
    return {"message": rows[0].question, "personas": found.personas, **parts}


def _share(counts: Iterable[tuple[int, int]]) -> dict[str, float] | None:
    """The share of hits from ``(hits, count)`` of each persona, with its interval; None without any."""
    added: Counter[str] = Counter()
    for hits, count in counts:
        added.update(sums(hits, count))
    found = rate(added)
    return _rounded(asdict(found)) if found else None


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}
