"""The gate ``repeats``: rejects a message that repeats an earlier one of the conversation."""

from __future__ import annotations

import re

from personagen.gates.grams import runs
from personagen.gates.turn import Turn, prose
from personagen.personas.words import chars_per_word, words

MIN_WORDS_EXACT, MIN_WORDS_NEAR = 6, 15  # of an exact and a near copy; people say "Thanks, that helps." twice
MIN_WORDS_OWN = 4  # of a reply that an assistant gives a second time
MIN_JACCARD = 0.75
RUN, MIN_RUNS, MAX_OWN = 5, 15, 0.75  # words; of an assistant's runs of 5 words, those that it said earlier
_PROBES, _PROBE_CHARS = 4, 18
# Asked for it once more, an assistant repeats itself; asked for a change, nearly so.
_AGAIN = re.compile(r"\b(?:repeat(?:s|ed|ing)?\b|remind|resend|again\b|once more|one more time|lost (?:it|that))")
_CHANGED = re.compile(
    r"\b(?:chang|replac|correct|fix|edit|revis|rewrit|rewrote|rephras|reword|shorten|adjust|updat|remov|delet|swap"
    r"|renam|tweak|polish|proofread|instead\b|(?:leave|left) out|add(?:ed|ing)?\b|version|typo|mistake|wrong\b"
    r"|should (?:be|start|say|read|have|end)"
    r"|make (?:it|that|this|them|the)\b|not [^.!?]{1,40}\bbut\b|put (?:in|back)\b|use [^.!?]{1,40}\bfor\b)|, not \w"
)


def repeats(turn: Turn) -> str | None:
    """Rejects a near copy of what either side said earlier on this path.

    Near: the Jaccard index of word triples is at least 0.75 (resemblance of shingled texts, Broder 1997), which is one
    word changed in 21. Texts of 6 to 14 words (an assistant's second one also of 4) must be equal except for case and
    punctuation. An assistant says at most 75 % of its runs of five words again. Code is not compared, nor a reply to a
    request to repeat or change something.
    """
    text = prose(turn.text)
    length = len(text)
    probes: list[str] = []
    own: list[str] = []
    for back, message in enumerate(reversed(turn.before), 1):
        said = prose(message.content)
        if not 0.8 * length <= len(said) <= 1.25 * length:
            continue
        probes = probes or _probes(text)
        if not any(map(said.__contains__, probes)):
            continue
        own = own or words(text)
        other = words(said)
        if _alike(own, other, MIN_WORDS_OWN if turn.role == message.role == "assistant" else MIN_WORDS_EXACT):
            wished = turn.on_text or _AGAIN.search(turn.asked) or (own != other and _CHANGED.search(turn.asked))
            if turn.role == "assistant" and wished:
                return None
            return f"it repeats what the {message.role} said {back} {'message' if back == 1 else 'messages'} before"
    return _own_words(turn) if turn.role == "assistant" else None


def _own_words(turn: Turn) -> str | None:
    """Objects to an assistant much of whose message is what it said earlier, wherever in it that stands."""
    size = chars_per_word(turn.tokens)
    mine = frozenset(runs(turn.tokens, RUN * size))
    if len(mine) < MIN_RUNS * size:
        return None
    earlier = [runs(words(prose(one.content)), RUN * size) for one in turn.before if one.role == "assistant"]
    share = 1 - len(mine.difference(*earlier)) / len(mine)
    if share <= MAX_OWN or turn.on_text or _AGAIN.search(turn.asked) or _CHANGED.search(turn.asked):
        return None
    return f"{share:.0%} of it is what the assistant said earlier"


def _probes(text: str) -> list[str]:
    """A few pieces of ``text``, at least one of which occurs in a near copy: a fast pre-check."""
    if len(text) < 2 * _PROBE_CHARS:
        return [text[2:-2]]
    step = (len(text) - _PROBE_CHARS) // (_PROBES - 1)
    return [text[at : at + _PROBE_CHARS] for at in range(0, _PROBES * max(1, step), max(1, step))]


def _alike(one: list[str], other: list[str], exact: int) -> bool:
    size = chars_per_word(one)
    if min(len(one), len(other)) < MIN_WORDS_NEAR * size:
        return len(one) >= exact * size and one == other
    first, second = (frozenset(runs(found, 3 * size)) for found in (one, other))
    return len(first & second) >= MIN_JACCARD * len(first | second)
