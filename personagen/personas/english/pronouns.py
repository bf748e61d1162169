"""The pronoun of a description's subject."""

from __future__ import annotations

import re
from typing import Literal

Pronoun = Literal["she", "he", "they"]

_FORMS: dict[Pronoun, str] = {
    "she": "she her hers herself",
    "he": "he him his himself",
    "they": "they them their theirs themselves themself",
}
_OF: dict[str, Pronoun] = {form: who for who, forms in _FORMS.items() for form in forms.split()}
_ANY = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(_OF, key=len, reverse=True))})(?![\w-])", re.I)


def pronoun_of(text: str) -> Pronoun | None:
    """The pronoun of the subject of ``text``: the first in subject form, else the first in any form.

    A "they" after a "her" or "his" counts as other people.
    """
    first: Pronoun | None = None
    for match in _ANY.finditer(text):
        form = match.group().lower()
        if form in ("she", "he") or (form == "they" and first in (None, "they")):
            return _OF[form]
        first = first or _OF[form]
    return first
