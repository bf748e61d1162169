"""The charts of a card, from what was counted and from the summary of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from personagen.hub.counts import Counts
from personagen.hub.figures import bars

Bar: TypeAlias = tuple[str, float, str]
MAX_GATES = 15
SHORTCUTS = {
    "longer": "the longer reply",
    "length_and_format": "length and format (learned)",
    "bag_of_words": "bag of words (learned)",
    "recites": "more words of the persona",
    "aware": "the aware reply",
    "aware_from_plain": "aware or plain, by its text",
}
JUDGE = {
    "position": "prefers the reply shown first",
    "orders": "the same in both orders",
    "repeated": "the same when asked again",
    "seconded": "another judge agrees",
}


@dataclass(frozen=True)
class Chart:
    """A chart: its file below the card, its title, what it shows, its bars; ``svg`` draws it."""

    file: str
    title: str
    words: str
    rows: Sequence[tuple[str, str]]
    svg: str


def charts(counts: Counts, summary: Mapping[str, Any]) -> list[Chart]:
    """The charts that have something to show."""
    found = [
        _chart(
            *(
                "shortcuts",
                "Shortcuts",
                "How often a rule that knows nothing of the user picks the chosen reply; 50% is"
                " chance. The lower, the more of the data is about the user.",
            ),
            _rates(summary.get("shortcuts") or {}, SHORTCUTS),
            mark=0.5,
        ),
        _chart("judge", "Judge", "How far the verdicts can be trusted.", _rates(summary.get("judge") or {}, JUDGE)),
        _chart("verdicts", "Verdicts", "Shares of the pairs.", _verdicts(counts)),
        _chart(
            *("margins", "Margins", "Score of the chosen minus score of the rejected reply, from 0 to 4."),
            [(f"{low:g} to {low + 0.5:g}", float(n), f"{n:,}") for low, n in sorted(counts.margins.items())],
            most=0,
        ),
        _chart(
            *("gates", "Rejected", "What was left out, by the gate that rejected it."),
            [(gate, float(n), f"{n:,}") for gate, n in counts.gates.most_common(MAX_GATES)],
            most=0,
        ),
    ]
    return [chart for chart in found if chart.rows]


def _chart(name: str, title: str, words: str, rows: Sequence[Bar], most: float = 1, mark: float | None = None) -> Chart:
    svg = bars(title, rows, most, mark)
    return Chart(f"figures/{name}.svg", title, words, [(label, after) for label, _, after in rows], svg)


def _rates(found: Mapping[str, Mapping[str, float]], names: Mapping[str, str]) -> list[Bar]:
    return [(words, rate["value"], _interval(rate)) for name, words in names.items() if (rate := found.get(name))]


def _interval(rate: Mapping[str, float]) -> str:
    count = rate.get("pairs", rate.get("count", 0))
    return f"{rate['value']:.0%} ({100 * rate['low']:.0f} to {100 * rate['high']:.0f}), n={count:,}"


def _verdicts(counts: Counts) -> list[Bar]:
    names = {
        "personal": "most others disagree",
        "knowable": "decided by what was revealed",
        "personal and knowable": "both",
        "generic": "no line of the persona needed",
        "agrees with nobody": "as for an unknown user",
    }
    shares = {words: counts.share(name) for name, words in names.items()}
    return [(words, share[0], f"{share[0]:.0%} of {share[1]:,}") for words, share in shares.items() if share]
