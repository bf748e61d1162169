"""The pronoun of a description's subject, in English and in other languages whose pronouns tell she from he."""

from __future__ import annotations

import re
from functools import cache

from personagen.options.language import ANY, base_of
from personagen.personas.english.facts import Pronoun, pronoun_of

# Pronouns of a woman and of a man, in the forms that stand for a subject.
_SUBJECTS = {
    "ar": ("هي|وهي", "هو|وهو"),
    "ca": ("ella", "ell"),
    "cs": ("ona", "on"),
    "da": ("hun", "han"),
    "de": ("sie", "er"),
    "el": ("αυτή", "αυτός"),
    "es": ("ella", "él"),
    "fr": ("elle", "il"),
    "he": ("היא", "הוא"),
    "it": ("lei", "lui"),
    "ja": ("彼女", "彼(?!女|ら)"),
    "nb": ("hun", "han"),
    "nl": ("ze|zij", "hij"),
    "no": ("hun", "han"),
    "pl": ("ona", "on"),
    "pt": ("ela", "ele"),
    "ro": ("ea", "el"),
    "ru": ("она", "он"),
    "sv": ("hon", "han"),
    "uk": ("вона", "він"),
    "zh": ("她", "他"),
}
_JOINED = ("ja", "zh")  # no spaces between words


def pronoun_in(text: str, language: str) -> Pronoun | None:
    """The pronoun of the subject of ``text`` in ``language`` (a code): the more frequent one, None if there is none."""
    base = base_of(language)
    if base in ("en", ANY):
        return pronoun_of(text)
    if base not in _SUBJECTS:
        return None
    she, he = (len(pattern.findall(text)) for pattern in _patterns(base))
    return None if she == he else "she" if she > he else "he"


@cache
def _patterns(language: str) -> list[re.Pattern[str]]:
    edge = "" if language in _JOINED else r"\b"
    return [re.compile(rf"{edge}(?:{forms}){edge}", re.I) for forms in _SUBJECTS[language]]
