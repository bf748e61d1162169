"""How many replies a run got, which of them could not be used, and what those cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from personagen.records import Usage


@dataclass
class ReplyCounts:
    """Replies by prompt, those of them that were usable at the ``first`` attempt, and the ``discarded`` ones by cause.

    ``re_asked`` counts those of the discarded ones after which the same was asked again, ``reasoning`` by prompt the
    tokens in which a model reasoned. ``cost`` is of the discarded ones: tokens, USD, and how many have no known price.
    """

    replies: Counter[str] = field(default_factory=Counter)
    first: Counter[str] = field(default_factory=Counter)
    discarded: Counter[str] = field(default_factory=Counter)
    re_asked: Counter[str] = field(default_factory=Counter)
    reasoning: Counter[str] = field(default_factory=Counter)
    cost: dict[str, float] = field(default_factory=dict)

    def add(self, prompt: str, usage: Usage, cause: str = "", *, again: bool = False, first: bool = False) -> None:
        """Counts a reply to ``prompt``, discarded if it has a ``cause``; ``again`` if the same is asked once more."""
        self.replies[prompt] += 1
        if first:
            self.first[prompt] += 1
        if usage.reasoning_tokens:
            self.reasoning[prompt] += usage.reasoning_tokens
        if not cause:
            return
        self.discarded[f"{prompt} {cause}"] += 1
        if again:
            self.re_asked[f"{prompt} {cause}"] += 1
        priced = {"unpriced": 1.0} if usage.cost_usd is None else {"cost_usd": usage.cost_usd}
        spent = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens, **priced}
        for name, amount in spent.items():
            self.cost[name] = self.cost.get(name, 0) + amount

    def by_name(self) -> dict[str, Mapping[str, float]]:
        """All counts, to be summed over the items of a run."""
        return {name: dict(counted) for name, counted in vars(self).items() if counted}


def discarded_part(counts: Mapping[str, Any]) -> dict[str, Any]:
    """The discarded replies in a summary, from the summed ``counts``.

    The number of all replies, what became of the questions by role (``asked``, usable at ``first`` or when asked
    ``again``), the discarded replies by cause and by prompt, how many were asked again by cause, and
    what the discarded ones cost; ``cost_usd`` is None if a price is unknown.
    """
    cost = counts.get("cost", {})
    by_cause = _by_cause(counts.get("discarded", {}))
    by_prompt: dict[str, dict[str, int]] = {}
    for name, n in sorted(counts.get("discarded", {}).items()):
        prompt, _, cause = name.partition(" ")
        by_prompt.setdefault(prompt, {})[cause] = n
    return {
        "replies": sum(counts.get("replies", {}).values()),
        "by_role": _by_role(counts),
        "discarded": by_cause.total(),
        "by_cause": dict(by_cause.most_common()),
        "by_prompt": by_prompt,
        "re_asked": dict(sorted(_by_cause(counts.get("re_asked", {})).items())),
        "input_tokens": int(cost.get("input_tokens", 0)),
        "output_tokens": int(cost.get("output_tokens", 0)),
        "cost_usd": None if cost.get("unpriced") else round(cost.get("cost_usd", 0.0), 9),
    }


def _by_cause(found: Mapping[str, int]) -> Counter[str]:
    by_cause: Counter[str] = Counter()
    for name, n in found.items():
        by_cause[name.partition(" ")[2]] += n
    return by_cause


def _by_role(counts: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """For each role the questions it was asked, how many it answered at first, and how many when asked again."""
    found: dict[str, Counter[str]] = {}
    for name, sign, columns in (
        ("replies", 1, ("asked", "again")),
        ("re_asked", -1, ("asked",)),
        ("discarded", -1, ("again",)),
        ("first", -1, ("again",)),
        ("first", 1, ("first",)),
    ):
        for prompt, n in counts.get(name, {}).items():
            role = found.setdefault(prompt.partition("/")[0], Counter(asked=0, first=0, again=0))
            for column in columns:
                role[column] += sign * n
    return {role: dict(numbers) for role, numbers in sorted(found.items())}
