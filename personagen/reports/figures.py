"""The figures of a page: what each shows, how to read it, and the filter that lists the conversations behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from personagen.hub.charts import JUDGE, SHORTCUTS
from personagen.metrics.agreement import Z
from personagen.metrics.shortcuts import HIGH
from personagen.metrics.win_rate import win_rate
from personagen.reports.source import Row
from personagen.reports.users import Users

MAX_GATES = 20
SPENT = ("cost", "tokens")  # measures of a role are named ``cost judge``, those of all ``cost all``
_KAPPAS = {
    "orders": "kappa of both orders",
    "repeated": "kappa when asked again",
    "seconded": "kappa with another model",
}
_VERDICTS = (
    ("personal", "personal: most other personas disagree", "personal", "personal=yes"),
    ("knowable", "knowable: decided by what was revealed", "grounds", "knowable=yes"),
    ("personal_and_knowable", "personal and knowable", "personal", "personal=yes&knowable=yes"),
    ("generic", "generic: no line of the persona was needed", "grounds", "generic=yes"),
    ("leaking", "leaking: a reply uses what nobody revealed", "grounds", "leaking=yes"),
    ("agrees", "pooled: nobody's verdict is the same", "compared", "pooled=chosen"),
)

Figure = dict[str, Any]


@dataclass
class Wins:
    """Pairs with an aware and another reply: wins of ``aware`` and pairs by turn, for each conversation."""

    by_turn: defaultdict[int, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, pairs: Iterable[Row]) -> None:
        """Takes in the pairs of a conversation."""
        own: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
        for pair in pairs:
            agents = pair.get("chosen_agent"), pair.get("rejected_agent")
            if ("aware" in agents) and agents[0] != agents[1]:
                own[int(pair.get("turn") or 0)][0] += agents[0] == "aware"
                own[int(pair.get("turn") or 0)][1] += 1
        for turn, (wins, count) in own.items():
            self.by_turn[turn].append((wins, count))

    def points(self) -> list[dict[str, float]]:
        """The win rate of ``aware`` at each turn, with its interval."""
        found = []
        for turn, counts in sorted(self.by_turn.items()):
            if rate := win_rate(counts):
                n = sum(count for _, count in counts)
                found.append({"x": turn, "y": rate.value, "low": rate.low, "high": rate.high, "n": n})
        return found


@dataclass
class Read:
    """What was read of the conversations: ``signs`` and ``measures`` are those that the page can list them by."""

    wins: Wins = field(default_factory=Wins)
    users: Users = field(default_factory=Users)
    signs: Container[str] = ()
    measures: Container[str] = ()


def figures(state: Mapping[str, Any], read: Read, damaged: Callable[[str], object] = print) -> list[Figure]:
    """The figures that the run has something to show for; ``damaged`` gets a sentence about one that can't be made."""
    found: list[Figure] = []
    for make in _MAKERS:
        try:
            found += [figure for figure in make(state, read) if figure.get("rows")]
        except (AttributeError, TypeError, ValueError, LookupError, ArithmeticError):
            damaged("run.json: a figure is damaged, and missing here")
    return found


def _of_conversations(state: Mapping[str, Any], read: Read) -> Iterable[Figure]:
    summary = state.get("summary") or {}
    if "rated" not in summary:
        yield _counts(summary)
    yield _rejected("Turns without a pair", summary.get("rejected") or {}, "gate")
    yield _rejected("Rejected messages", summary.get("rejected_messages") or {}, "gate")
    yield _lines("Aware reply chosen, by turn", _WIN_HELP, [("aware chosen", read.wins.points())], "turn=", mark=0.5)


def _of_verdicts(state: Mapping[str, Any], read: Read) -> Iterable[Figure]:
    summary = state.get("summary") or {}
    yield _rates("Verdicts", _VERDICT_HELP, _verdicts(summary.get("verdicts") or {}))
    yield _rates("Shortcuts", _SHORTCUT_HELP, _named(summary.get("shortcuts") or {}, SHORTCUTS, read, "yes"), HIGH)
    yield _rates(
        "Judge",
        _JUDGE_HELP,
        _named(
            summary.get("judge") or {}, JUDGE | {f"kappa_{name}": text for name, text in _KAPPAS.items()}, read, "no"
        ),
    )


def _of_users(_: Mapping[str, Any], read: Read) -> Iterable[Figure]:
    return read.users.figures()


_VERDICT_HELP = "Shares of the pairs. A dataset about people has many that are personal, and most of them knowable."
_SHORTCUT_HELP = (
    "How often a rule that does not know the user picks the chosen reply. 50 % is chance; above 65 % a model can learn"
    " the rule instead of the person. That aware replies are chosen is the aim, not a fault."
)
_JUDGE_HELP = "A sound judge prefers the reply shown first in half of its verdicts, and repeats itself."
_WIN_HELP = "The reply that knows what the user revealed should win more often as more is known. Bands are 95 %."
_GATE_HELP = "What was left out, and why. Follow a bar to see the texts."


def count_rows(summary: Mapping[str, Any], names: Sequence[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """A row for each number that ``summary`` has, of ``names``: its name there, a label and a link."""
    return [
        {"label": label, "value": summary[name], "link": link}
        for name, label, link in names
        if isinstance(summary.get(name), int)
    ]


def _counts(summary: Mapping[str, Any]) -> Figure:
    names = (
        ("trees", "conversations done", "conversations"),
        ("failed", "conversations failed", "rejected?gate=failed" if summary.get("failed") else ""),
        ("turns", "user turns", "conversations"),
        ("pairs", "pairs", "conversations?pairs=yes"),
        ("personas", "personas", "personas"),
        ("twins", "twins", "conversations?twins=yes"),
    )
    rows = count_rows(summary, names)
    planned, done, failed = (summary.get(name, 0) for name in ("conversations", "trees", "failed"))
    twins = (summary.get("twins") or {}).get("trees", 0) if isinstance(summary.get("twins"), Mapping) else 0
    left = planned - (done - twins) - failed
    words = f"{planned:,} planned = {done - twins:,} done + {failed:,} failed" if planned else ""
    words += f" + {left:,} not finished." if planned and left > 0 else "." * bool(planned)
    without = sum((summary.get("rejected") or {}).values())
    paired, turns = summary.get("paired_turns", 0), summary.get("turns", 0)
    words += f" {turns:,} turns = {paired:,} with pairs + {without:,} without." if turns == paired + without else ""
    return {"title": "What there is", "help": words, "kind": "numbers", "rows": rows}


def _rejected(title: str, counts: Mapping[str, int], name: str) -> Figure:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_GATES]
    rows = [
        {"label": gate, "value": count, "link": f"conversations?{name}={quote(gate, safe='')}"}
        for gate, count in ranked
    ]
    return {"title": title, "help": _GATE_HELP, "kind": "bars", "rows": rows}


def _rates(title: str, help_: str, rows: Sequence[Figure], limit: float | None = None) -> Figure:
    return {"title": title, "help": help_, "kind": "rates", "rows": rows, "limit": limit}


def _named(found: Mapping[str, Mapping[str, float]], names: Mapping[str, str], read: Read, side: str) -> list[Figure]:
    """A row for each share, which leads to the turns that have its sign of this ``side``, or else of the other."""
    rows = []
    for name, label in names.items():
        if rate := found.get(name):
            count = rate.get("pairs", rate.get("count"))
            rule = name.removeprefix("kappa_")
            wanted = [f"{rule}:{one}" for one in (side, "yes", "no")]
            if rule == "position":
                wanted = ["position:yes", "position:no", "orders:yes"]
            signs = [sign for sign in wanted if sign in read.signs]
            link = f"conversations?rule={signs[0]}" if signs else ""
            row = {"label": label, "value": rate["value"], "low": rate["low"], "high": rate["high"]}
            rows.append(row | {"n": count, "link": link})
    return rows


def _verdicts(found: Mapping[str, int]) -> list[Figure]:
    rows = []
    for name, label, of, link in _VERDICTS:
        total = found.get("compared" if of == "personal" else of)
        if total and name in found:
            low, high = wilson(found[name], total)
            rate = {"value": found[name] / total, "low": low, "high": high, "n": total}
            rows.append({"label": label, **rate, "link": f"conversations?{link}"})
    return rows


def wilson(successes: float, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    z, share = Z, min(1.0, successes / total)
    middle, spread = share + z * z / (2 * total), z * ((share * (1 - share) + z * z / (4 * total)) / total) ** 0.5
    return (middle - spread) / (1 + z * z / total), (middle + spread) / (1 + z * z / total)


def _lines(
    title: str, help_: str, series: Sequence[tuple[str, Sequence[Figure]]], link: str, mark: float | None = None
) -> Figure:
    rows = [{"label": name, "points": points} for name, points in series if points]
    return {"title": title, "help": help_, "kind": "lines", "rows": rows, "mark": mark, "link": f"conversations?{link}"}


def _pools(state: Mapping[str, Any], _: Read) -> Iterable[Figure]:
    for name, pool in ((state.get("summary") or {}).get("pools") or {}).items():
        curve = pool.get("acceptance_curve") or []
        points = [_accepted(n, row) for n, row in enumerate(curve, 1) if "share" in row]
        help_ = "The share of new descriptions that were admitted. It falls as the pool fills; near 0 it is saturated."
        yield {
            **_lines(f"Accepted by round, {name} pool", help_, [("accepted", points)], ""),
            "link": f"rejected?pool={name}",
        }
        rejected = _rejected(f"Rejected, {name} pool", pool.get("rejected") or {}, "filter")
        yield rejected | {
            "rows": [
                row | {"link": f"rejected?filter={quote(row['label'], safe='')}&pool={name}"}
                for row in rejected["rows"]
            ]
        }
        rows = [
            {"label": label, "cells": [f"{pool[key]:,}" if isinstance(pool[key], int) else f"{pool[key]:.3g}"]}
            for key, label in _POOL
            if isinstance(pool.get(key), int | float)
        ]
        help_ = "More distinct n-grams and a higher Vendi score mean a more diverse pool."
        yield {"title": f"{name} pool".capitalize(), "help": help_, "kind": "table", "head": [], "rows": rows}


def _accepted(number: int, row: Mapping[str, Any]) -> Figure:
    point = {"x": number, "y": row["share"], "n": row.get("asked")}
    if not row.get("asked"):
        return point
    low, high = wilson(row["share"] * row["asked"], row["asked"])
    return {**point, "low": low, "high": high}


_POOL = (
    ("seeds", "seeds"),
    ("size", "descriptions"),
    ("asked", "asked for"),
    ("received", "received"),
    ("distinct_1", "distinct words"),
    ("distinct_2", "distinct pairs of words"),
    ("vendi_score", "Vendi score"),
)


def _usage(state: Mapping[str, Any], read: Read) -> Iterable[Figure]:
    usage, report = state.get("usage") or {}, state.get("report") or {}
    names = ("calls", "input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens", "cost_usd")
    rows = []
    for role, own in [*(usage.get("by_role") or {}).items(), ("all", usage)]:
        cells = ["unknown" if own.get(n) is None else _amount(n, own[n]) for n in names]
        if own.get("calls"):
            name = role.partition(" (")[0]
            link = next((f"{kind} {name}" for kind in SPENT if f"{kind} {name}" in read.measures), "")
            rows.append({"label": role, "cells": cells, "link": f"conversations?sort={quote(link)}" if link else ""})
    seconds, calls = report.get("seconds") or 0, report.get("new_calls") or 0
    words = [f"{calls:,} calls in {seconds:,.0f} s, {calls / seconds:,.1f} a second." if calls and seconds else ""]
    if usage.get("cached_input_tokens") and usage.get("input_tokens"):
        words.append(f"{usage['cached_input_tokens'] / usage['input_tokens']:.0%} of the input came from a cache.")
    words.append("Reasoning tokens are part of the output, cached ones of the input.")
    words.append("A role leads to the conversations with the most of it." if any(row["link"] for row in rows) else "")
    head = ["", "calls", "input", "cached", "output", "reasoning", "USD"]
    text = " ".join(filter(None, words))
    yield {"title": "Tokens and cost", "help": text, "kind": "table", "head": head, "rows": rows, "wide": True}


def _amount(name: str, value: float) -> str:
    return f"{value:,.4g}" if name == "cost_usd" else f"{value:,}"


_MAKERS = (_of_conversations, _of_verdicts, _of_users, _pools, _usage)
