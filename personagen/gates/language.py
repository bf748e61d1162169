"""The gate ``language``: rejects a message in another language than the conversation's."""

from __future__ import annotations

import re

from personagen.gates.requests import TRANSLATION
from personagen.gates.turn import Turn, prose
from personagen.personas.language import other_language
from personagen.personas.words import words

MIN_REST = 4  # words outside quotation marks, by which a message is then judged
# Messages about a language, or replies to "what should I say", may use it.
_ABOUT = re.compile(
    r"\btranslat|\blanguage|\bphrase|\bpronounc|\bspell|\b(?:english|french|german|spanish|italian|portuguese|dutch|chinese"
    r"|mandarin|cantonese|japanese|korean|arabic|hebrew|greek|russian|ukrainian|polish|turkish|hindi|urdu|bengali|tamil"
    r"|thai|vietnamese|persian|farsi|latin|swedish|danish|norwegian|finnish|czech|hungarian|romanian|tagalog|swahili)\b"
    r"|\b(?:what|how) (?:do|should|can|could|would|might|must) (?:i|we) "
    r"(?:say|ask|tell|write|order|greet|answer|reply|call)\b"
    rf"|{TRANSLATION}"
)
_QUOTED = re.compile(
    r"https?://\S+|\"[^\"\n]{2,}\"|[\u201c\u201e][^\u201c\u201d\n]{2,}[\u201c\u201d]|\u00ab[^\u00bb\n]{2,}\u00bb"
    r"|\u300c[^\u300d\n]{2,}\u300d|\u300e[^\u300f\n]{2,}\u300f|\u300a[^\u300b\n]{2,}\u300b"
)


def language(turn: Turn) -> str | None:
    """Rejects another script, or another language by its function words, as far as ``turn.language`` is known.

    What the message quotes does not count, nor a message about a language or in reply to a question about one.
    """
    said = prose(turn.folded)
    other = other_language(words(said), turn.language)
    if other is None or any(_ABOUT.search(text) for text in (turn.asked, turn.folded)):
        return None
    rest = words(_QUOTED.sub(" ", said))
    if len(rest) >= MIN_REST and (other := other_language(rest, turn.language)) is None:
        return None
    return f"it reads as {other}, and the language is {turn.language} (--language)"
