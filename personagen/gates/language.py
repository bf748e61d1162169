"""The gate ``language``: rejects a message in another language than the conversation's."""

from __future__ import annotations

import re

from personagen.gates.turn import Turn, prose
from personagen.personas.english.text import words
from personagen.personas.language import BANKS, other_language

# Messages about a language, or replies to "what should I say", may use it.
_ABOUT = re.compile(
    r"\btranslat|\blanguage|\bphrase|\bpronounc|\bspell|\b(?:english|french|german|spanish|italian|portuguese|dutch|chinese"
    r"|mandarin|cantonese|japanese|korean|arabic|hebrew|greek|russian|ukrainian|polish|turkish|hindi|urdu|bengali|tamil"
    r"|thai|vietnamese|persian|farsi|latin|swedish|danish|norwegian|finnish|czech|hungarian|romanian|tagalog|swahili)\b"
    r"|\b(?:what|how) (?:do|should|can|could|would|might|must) (?:i|we) "
    r"(?:say|ask|tell|write|order|greet|answer|reply|call)\b"
    r"|\bübersetz|\btradu[cizç]|\bvertaal"
)


def language(turn: Turn) -> str | None:
    """Rejects another script, or another language by its function words, if ``turn.language`` is in ``BANKS``."""
    if turn.language not in BANKS:
        return None
    other = other_language(words(prose(turn.folded)), turn.language)
    if other is None or any(_ABOUT.search(text) for text in (turn.asked, turn.folded)):
        return None
    return f"it reads as {other}, and the language is {turn.language} (--language)"
