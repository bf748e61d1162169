"""What user turns look like in figures, to set beside those of real users. It promises no realism; it shows distances.

``counts_of`` gives numbers of one conversation that can be added up; ``figures_of`` turns a sum into figures.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from personagen.metrics.disclosure import is_told
from personagen.options.language import ANY, base_of
from personagen.personas.words import CLOSING, STOPS, word_count, words

#: Of 981 real conversations published with RealSim (arXiv 2605.02624): words a turn as 10th percentile, median and
#: 90th, the coefficient of variation of length within a conversation, and two shares of turns.
REAL: Mapping[str, Any] = {
    "words": {"p10": 4, "median": 11, "p90": 35},
    "length_cv": 0.60,
    "no_end_mark": 0.52,
    "polite": 0.09,
}
SHARES = ("questions", "polite", "pushback", "no_end_mark", "lower_case_start")
WINDOW = 50  # words, of the moving-average type-token ratio (Covington and McFall 2010)
_MOST_WORDS = 500  # counted one by one; a longer turn counts as this long
_ASKS = re.compile("[?\uff1f\u061f\u037e]")
_ENDS = re.compile(rf"(?:[.!?\u2026{STOPS}])[{CLOSING}*_]*\s*\Z|[\U0001f300-\U0001faff)]\s*\Z")
_POLITE = re.compile(
    r"\b(?:thanks|thank you|thx|ty|please|pls|plz|sorry|cheers|appreciate|much obliged|i am obliged|grateful|kindly|"
    r"you'?re (?:a star|great|the best)|you'?ve been (?:a dear|great|so)|"
    r"(?:great|perfect|excellent|wonderful|lovely|nice) (?:answer|advice|idea|tip|job|work|point))\b",
    re.I,
)
_PUSHES_BACK = re.compile(
    r"\b(?:no|nope|nah)\b[,. !]|\bnot (?:what i|for me|really what|here|helping)|"
    r"\b(?:doesn'?t|didn'?t|does not|did not|won'?t|isn'?t|wasn'?t|is not) (?:help|work|answer|what|right|for)|"
    r"\byou (?:already )?(?:said|told|repeat|keep)\b|\balready (?:said|told|tried|did)|"
    r"\b(?:wrong|useless|i meant|too (?:long|vague|much|hard)|disagree|never mind|nvm|forget it|i doubt|seriously)\b",
    re.I,
)
_WORDS = "words "  # of a turn
TOLD = "told "  # and a turn: what was revealed by then
_ENDING = "ending "


def counts_of(
    turns: Sequence[str], facts: Sequence[str] = (), endings: Mapping[str, int] | None = None, language: str = "en"
) -> Counter[str]:
    """The numbers of one conversation: its user ``turns``, the persona's ``facts``, how its branches ended.

    ``language`` is a code; politeness and pushback are counted in English only.
    """
    counts: Counter[str] = Counter(conversations=1, turns=len(turns))
    sizes = [word_count(turn) for turn in turns]
    counts.update(f"{_WORDS}{min(size, _MOST_WORDS)}" for size in sizes)
    total = sum(sizes)
    if len(sizes) > 1 and total:
        # Rounded, so that a sum does not depend on the order of its terms.
        counts["varied"] += 1
        counts["cv"] += round(1000 * statistics.pstdev(sizes) / statistics.fmean(sizes))
        counts["first"] += round(1000 * sizes[0] / total)
    english = base_of(language) in ("en", ANY)
    for turn in turns:
        counts["questions"] += bool(_ASKS.search(turn))
        counts["no_end_mark"] += not _ENDS.search(turn)
        letter = next(filter(str.isalpha, turn), "")
        counts["cased"] += letter.lower() != letter.upper()
        counts["lower_case_start"] += letter.islower() and letter.lower() != letter.upper()
        counts["polite"] += english and bool(_POLITE.search(turn))
        counts["pushback"] += english and bool(_PUSHES_BACK.search(turn))
    counts["english"] += len(turns) if english else 0
    if (ratio := type_token(words(" ".join(turns)))) is not None:
        counts["measured"] += 1
        counts["mattr"] += round(1000 * ratio)
    untold = list(facts)
    for number, turn in enumerate(turns if facts else (), 1):
        untold = [fact for fact in untold if not is_told(fact, [turn])]
        counts[f"{TOLD}{number}"] += len(facts) - len(untold)
        counts[f"of {number}"] += len(facts)
    counts.update({f"{_ENDING}{name}": n for name, n in (endings or {}).items()})
    return Counter({name: n for name, n in counts.items() if n})


def figures_of(counts: Mapping[str, int]) -> dict[str, Any]:
    """The figures of summed ``counts_of``; a figure that nothing is known about is left out.

    ``words`` are per turn, ``told_by_turn`` is the share of all facts that was told, by the last turns of conversations
    that are as long; the others are shares of turns, or means over conversations.
    """
    turns = counts.get("turns", 0)
    if not turns:
        return {}
    found: dict[str, Any] = {"conversations": counts.get("conversations", 0), "turns": turns}
    found["words"] = _percentiles({int(k.removeprefix(_WORDS)): n for k, n in counts.items() if k.startswith(_WORDS)})
    shares = {name: round(total / of, 3) for name, (total, of) in ratios_of(counts).items()}
    found |= {name: share for name, share in shares.items() if not name.startswith(TOLD)}
    if told := {name.removeprefix(TOLD): share for name, share in shares.items() if name.startswith(TOLD)}:
        found["told_by_turn"] = told
    found["endings"] = {k.removeprefix(_ENDING): n for k, n in sorted(counts.items()) if k.startswith(_ENDING)}
    return found


def ratios_of(counts: Mapping[str, int]) -> dict[str, tuple[float, int]]:
    """Numerator and denominator of each figure that is a share or a mean; ``told 3`` is what was revealed by turn 3."""
    turns, english = counts.get("turns", 0), counts.get("english", 0)
    of = {"lower_case_start": counts.get("cased", 0), "polite": english, "pushback": english}
    means = (
        ("length_cv", "cv", "varied"),
        ("first_turn_share", "first", "varied"),
        ("type_token", "mattr", "measured"),
    )
    found: dict[str, tuple[float, int]] = {
        name: (counts.get(total, 0) / 1000, counts.get(number, 0)) for name, total, number in means
    }
    found |= {name: (counts.get(name, 0), of.get(name, turns)) for name in SHARES}
    for turn in sorted(int(name.removeprefix("of ")) for name in counts if name.startswith("of ")):
        found[f"{TOLD}{turn}"] = (counts.get(f"{TOLD}{turn}", 0), counts[f"of {turn}"])
    return {name: one for name, one in found.items() if one[1]}


def by_style(counts: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """The figures of all conversations (``all``), and of those of each style, as ``noise high``.

    The names in ``counts`` begin with the style of their conversation: ``noise high, patience low|turns``.
    """
    sums: dict[str, Counter[str]] = {"all": Counter()}
    for name, n in counts.items():
        style, _, figure = name.partition("|")
        for stratum in ("all", *filter(None, style.split(", "))):
            sums.setdefault(stratum, Counter())[figure] += n
    first, *others = sums
    return {stratum: figures_of(sums[stratum]) for stratum in (first, *sorted(others)) if sums[stratum]}


def styled(counts: Mapping[str, int], style: Mapping[str, str]) -> Counter[str]:
    """``counts`` with the ``style`` of their conversation in each name."""
    name = ", ".join(f"{dimension} {value}" for dimension, value in style.items())
    return Counter({f"{name}|{figure}": n for figure, n in counts.items()})


def type_token(found: Sequence[str]) -> float | None:
    """The moving-average type-token ratio of words, over windows of ``WINDOW`` (Covington and McFall 2010, MATTR).

    It does not fall with the length of a text, as the plain ratio does; None for a shorter text.
    """
    if len(found) < WINDOW:
        return None
    inside = Counter(found[:WINDOW])
    total = types = len(inside)
    for old, new in zip(found, found[WINDOW:], strict=False):
        inside[old] -= 1
        types -= inside[old] == 0
        types += inside[new] == 0
        inside[new] += 1
        total += types
    return total / WINDOW / (len(found) - WINDOW + 1)


def _percentiles(histogram: Mapping[int, int]) -> dict[str, int]:
    """The 10th, 50th and 90th percentile: the least value that so many are not above."""
    total, found = sum(histogram.values()), {}
    for name, share in (("p10", 0.1), ("median", 0.5), ("p90", 0.9)):
        seen = 0
        for value in sorted(histogram):
            seen += histogram[value]
            if seen >= share * total:
                found[name] = value
                break
    return found
