"""The gate ``echo``: rejects a message that says aloud what its prompt holds besides the conversation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from personagen.gates.grams import Grams, grams, runs
from personagen.gates.turn import Turn, prose
from personagen.personas.words import STOPS, chars_per_word, words

MIN_SHARED, MIN_SHARE = 3, 0.02  # word triples shared with the prompt's own text (5 words in a row have 3)
MIN_RUN = 6  # words in a row, whatever their share
MIN_SENTENCE, MIN_SENTENCES = 6, 2  # words of a sentence of the persona, and how many are told word for word
MIN_TRIPLES, MAX_TOLD = 12, 0.66  # word triples of a message, and the share from the persona or the inferences
MIN_WHOLE, MAX_PART = 20, 0.5  # word triples of the profile or the personality, and the share told in one message
_MIN_SAID = 12  # characters of a message that are looked for in the prompt
_SENTENCE = re.compile(rf"[^.!?\n{STOPS}]+")
_TAG = re.compile(
    r"^[ \t]*</?(?!(?:html|head|body|div|span|table|form|script|style|title|svg|pre|code)\b)(\w{3,})>", re.M
)


def echo(turn: Turn) -> str | None:
    """Rejects words of the prompt's own text, tags like the prompt's, and a recited persona or recited inferences.

    Facts may be told in their own words, so they count by their share of the message and by whole sentences.
    """
    if not turn.prompt:
        return None
    size = chars_per_word(turn.tokens)
    mine = frozenset(runs(turn.tokens, 3 * size))
    return _task(turn, size, mine) or _recital(turn, size, mine) or _tagged(turn) or _number(turn)


def _task(turn: Turn, size: int, mine: Grams) -> str | None:
    shared: set[tuple[str, ...]] = set()
    for part in _texts(turn):
        shared |= mine & grams(part, 3 * size)
    if len(shared) < MIN_SHARED * size:
        return None
    shared.difference_update(*(runs(words(one), 3 * size) for one in _elsewhere(turn)))
    at = longest = run = 0
    for position, triple in enumerate(runs(turn.tokens, 3 * size)):
        run = run + 1 if triple in shared else 0
        if run > longest:
            longest, at = run, position
    if longest <= (MIN_RUN - 3) * size and len(shared) < max(MIN_SHARED * size, MIN_SHARE * len(mine)):
        return None
    return f"it holds words of its prompt: {' '.join(turn.tokens[at - longest + 1 : at + 3 * size])!r}"


def _texts(turn: Turn) -> Iterator[str]:
    """The paragraphs of the prompt without the conversation and the values put into it."""
    said = {message.content for message in turn.before}
    for message in turn.prompt:
        text = message.content
        if text in said:
            continue
        for other in (*said, *turn.known):
            if _MIN_SAID <= len(other) < len(text):
                text = text.replace(other, "\n\n")
        yield from filter(None, text.split("\n\n"))


def _elsewhere(turn: Turn) -> Iterator[str]:
    for message in turn.before:
        yield message.content
    yield from turn.known


def _recital(turn: Turn, size: int, mine: Grams) -> str | None:
    """Whether the message recites what the speaker was told: by its share, or in sentences word for word."""
    if len(mine) < MIN_TRIPLES * size:
        return None
    told = [(text, mine & grams(text, 3 * size)) for text in turn.known]
    if not any(part for _, part in told):
        return None
    shared = len(set[tuple[str, ...]]().union(*(part for _, part in told)))
    # In a short message of its own a user may tell one fact.
    if shared > MAX_TOLD * len(mine) and (turn.role != "user" or _sources(turn, size, mine) > 1):
        return f"{shared} of its {len(mine)} word triples are those of what it was told about the user"
    for text, part in told:
        whole = len(grams(text, 3 * size))
        if whole >= MIN_WHOLE * size and len(part) > MAX_PART * whole:
            return f"it tells {len(part)} of the {whole} word triples of a text that it was told about the user"
    near = [text for text, part in told if len(part) >= MIN_SENTENCE - 2]
    said = {one for text in near for one in _sentences(text)}
    if len(said) >= MIN_SENTENCES and len(said.intersection(_sentences(turn.text))) >= MIN_SENTENCES:
        return f"it holds sentences about the user that it was told: {min(said.intersection(_sentences(turn.text)))!r}"
    return None


def _sources(turn: Turn, size: int, mine: Grams) -> int:
    """How many sentences of what the speaker was told the message shares words in a row with."""
    count, seen = 0, set[tuple[str, ...]]()
    for part in (part for text in turn.known for part in _SENTENCE.findall(text)):
        new = (mine & grams(part, 3 * size)) - seen
        count += len(new) >= MIN_SHARED  # a fact may stand in the profile and on its own
        seen |= new
    return count


@lru_cache(maxsize=192)
def _sentences(text: str) -> tuple[str, ...]:
    found = [words(part) for part in _SENTENCE.findall(text)]
    return tuple(" ".join(one) for one in found if len(one) >= MIN_SENTENCE)


def _tagged(turn: Turn) -> str | None:
    """Whether a line opens with a tag, as lines of the prompt do and nothing in the conversation does."""
    found = _TAG.search(prose(turn.text)) if "<" in turn.text else None
    if found is None or not any(_TAG.search(message.content) for message in turn.prompt):
        return None
    if any(f"{found[1]}>" in message.content for message in turn.before):
        return None
    return f"it holds a tag like those of its prompt: {found.group().strip()!r}"


def _number(turn: Turn) -> str | None:
    """Whether the message names a number of the prompt with the word after it: ``100 words``."""
    mine = _numbered(turn.tokens)
    shared = {pair for part in _texts(turn) for pair in mine & _numbered(words(part))} if mine else set()
    shared.difference_update(*(_numbered(words(one)) for one in _elsewhere(turn)))
    return f"it holds a number of its prompt: {' '.join(min(shared))!r}" if shared else None


def _numbered(tokens: Sequence[str]) -> set[tuple[str, str]]:
    return {(one, after) for one, after in pairwise(tokens) if one.isdigit()}
