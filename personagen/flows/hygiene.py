"""How far a run's verdicts can be trusted: position bias, and agreement of orders, of samples and of judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import combinations
from typing import Any

from personagen.metrics.agreement import kappa, rate, sums
from personagen.records import ConversationTree, Judgment

FIRST, SECOND, TIE = CATEGORIES = ("first", "second", "tie")  # of two replies in the order of their ids
SCORES = tuple("12345")


def judge_counts(tree: ConversationTree) -> dict[str, Any]:
    """What ``judge_summary`` needs of ``tree``; the numbers of all trees are added up."""
    own: dict[str, list[Judgment]] = {}
    for made in tree.judgments:
        if not made.persona:
            own.setdefault(made.node, []).append(made)
    both = [(one, other) for one, other, *_ in (made for made in own.values() if len(made) > 1)]
    shown = [first for pair in both for made in pair if not made.tie for first in _first_shown(made)]
    counts: dict[str, Any] = {
        "position": sums(sum(shown), len(shown)),
        "table_scores": _table([cell for pair in both for cell in _scored(*pair)]),
        "checks": {"messages": len(tree.checks), "contradicting": sum(bool(one.contradicted) for one in tree.checks)},
    }
    again = {name: [(own[made.node][0], made) for made in getattr(tree, name)] for name in ("repeated", "seconded")}
    for name, pairs in {"orders": both, **again}.items():
        cells = [cell for pair in pairs for cell in _compared(*pair)]
        counts[name] = sums(sum(one == other for one, other in cells), len(cells))
        counts[f"table_{name}"] = _table(cells)
    return counts


def judge_summary(counts: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of all trees: an estimate with its 95 % interval for each that there is something to say of.

    ``position`` is the share of verdicts that prefer the reply shown first, which is 0.5 for a judge that does not look
    at the order, since both orders are asked. Two verdicts on the same replies are the same in the shares of ``orders``
    (the other order), ``repeated`` (the judge asked again) and ``seconded`` (another model); ``kappa_orders`` and so on
    allow for chance, and ``kappa_scores`` is the weighted kappa of the scores in both orders.
    """
    found = {name: rate(counts.get(name, {})) for name in ("position", "orders", "repeated", "seconded")}
    for name in ("orders", "repeated", "seconded"):
        found[f"kappa_{name}"] = kappa(counts.get(f"table_{name}", {}), CATEGORIES)
    found["kappa_scores"] = kappa(counts.get("table_scores", {}), SCORES, ordinal=True)
    return {name: asdict(one) for name, one in found.items() if one}


def _first_shown(made: Judgment) -> list[bool]:
    """For every two replies whether the one that was shown first is preferred."""
    return [made.ranking.index(one) < made.ranking.index(other) for one, other in combinations(made.order, 2)]


def _compared(one: Judgment, other: Judgment) -> list[tuple[str, str]]:
    """For every two replies which is preferred, by either verdict."""
    return [(_side(one, a, b), _side(other, a, b)) for a, b in combinations(sorted(one.order), 2)]


def _side(made: Judgment, one: str, other: str) -> str:
    if made.tie:
        return TIE
    return FIRST if made.ranking.index(one) < made.ranking.index(other) else SECOND


def _scored(one: Judgment, other: Judgment) -> list[tuple[str, str]]:
    """The scores of every reply, by either verdict; none unless both have given them."""
    first, second = (dict(zip(made.order, made.scores, strict=False)) for made in (one, other))
    return [(str(first[node]), str(second[node])) for node in sorted(first.keys() & second.keys())]


def _table(cells: Iterable[tuple[str, str]]) -> dict[str, int]:
    return dict(sorted(Counter("/".join(cell) for cell in cells).items()))
