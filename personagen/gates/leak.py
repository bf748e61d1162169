"""The gate ``leak``: rejects a pair one of whose replies says of the persona what the user has not revealed.

It compares words, in any language, and counts long ones more (``grounds``). So it finds facts in the words of the
persona, and misses a paraphrase in other words, and a fact that is a number and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from personagen.gates.grounds import says, weight
from personagen.gates.pair import Comparison
from personagen.personas.language import BANKS
from personagen.personas.lines import fact_lines, trait_lines
from personagen.personas.words import STOPS, words

LEAKED = 0.55  # share of what nobody has said of a line, by weight of its words
MIN_NEW = 0.2  # share of a line that nobody has said; of one that is mostly known, the rest proves nothing
MIN_WEIGHT = 4  # of the words that leak
MAX_SIZE = 5  # of a word, so that one long word is not the whole line
TRAITS = 3  # a third of the traits leaks as much as a whole fact
_SENTENCE = re.compile(rf"[^.!?\n{STOPS}]+")


def leak(case: Comparison) -> str | None:
    """No pair if a reply tells a fact or several traits of the persona that were neither said nor inferred."""
    share, line, node = max(
        ((*_leaked(case, node), node) for node in (case.better, case.worse)), key=lambda one: one[0]
    )
    return f"reply {node} knows what the user has not revealed: {line!r}" if share >= LEAKED else None


def leak_score(case: Comparison) -> float:
    """The largest share of an unrevealed line of the persona that a reply tells, 0 to 1."""
    return round(max(_leaked(case, node)[0] for node in (case.better, case.worse)), 3)


def _leaked(case: Comparison, node: str) -> tuple[float, str]:
    known = [message.content for message in case.before]
    for inference in case.belief.inferences if case.belief else ():
        known += [inference.fact, inference.quote]
    return leaked(fact_lines(case.persona), trait_lines(case.persona), case.replies[node], tuple(known))


def leaked(facts: Sequence[str], traits: Sequence[str], reply: str, known: tuple[str, ...]) -> tuple[float, str]:
    """How much of a fact, or of all traits, a sentence of ``reply`` tells that no text in ``known`` says; and which.

    The share is of what is not known of the line, by weight of its words, from 0 to 1.
    """
    sentences = _SENTENCE.findall(reply)
    together = "; ".join(traits)
    found = [(_share(fact, sentences, known), fact) for fact in facts]
    found.append((min(1.0, TRAITS * _share(together, sentences, known)), together))
    return max(found, key=lambda one: one[0])


def _share(line: str, sentences: Iterable[str], known: tuple[str, ...]) -> float:
    new, whole = _new(line, known)
    left = sum(new.values())
    if not left or left < MIN_NEW * whole:
        return 0.0
    best = 0.0
    for sentence in sentences:
        told = [size for word, size in new.items() if says(sentence, word)]
        # Anybody may use one word of a fact, unless it is much of the fact.
        if sum(told) >= MIN_WEIGHT and (len(told) > 1 or 3 * sum(told) >= whole):
            best = max(best, sum(told) / left)
    return best


@lru_cache(maxsize=192)
def _new(line: str, known: tuple[str, ...]) -> tuple[dict[str, int], int]:
    """The words of ``line`` that no text in ``known`` says, with their weights, and the weight of the whole line."""
    sizes = {word: size for word in words(line) if (size := _size(word))}
    return {w: size for w, size in sizes.items() if not any(says(text, w) for text in known)}, sum(sizes.values())


def _size(word: str) -> int:
    """The weight of a word; common words have none, and round or small numbers little, which stand in any advice."""
    if word in _common():
        return 0
    small = word.isdecimal() and (int(word) <= 12 or int(word) % 5 == 0)
    return MIN_WEIGHT // 2 if small else min(MAX_SIZE, weight(word))


@cache
def _common() -> frozenset[str]:
    """The most common words of many languages, which tell nothing."""
    return frozenset[str]().union(*BANKS.values())
