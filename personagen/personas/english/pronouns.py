"""Which pronoun a description uses for its subject, and the same description with another one.

Only the subject's own pronoun changes: in "she lives with her son; he is deaf" the ``he`` is someone else's.
"""

from __future__ import annotations

import re
from typing import Literal

from personagen.personas.english.verbs import (
    ADVERBS,
    DETERMINERS,
    FUNCTION,
    bag,
    base_form,
    is_bare,
    is_past,
    shared_verbs,
    skip_adverbs,
    third_form,
)

Pronoun = Literal["she", "he", "they"]

_ROLES = ("subject", "object", "possessive", "own", "self")
_FORMS: dict[Pronoun, dict[str, str]] = {
    "she": dict(zip(_ROLES, ("she", "her", "her", "hers", "herself"), strict=True)),
    "he": dict(zip(_ROLES, ("he", "him", "his", "his", "himself"), strict=True)),
    "they": dict(zip(_ROLES, ("they", "them", "their", "theirs", "themselves"), strict=True)),
}
_OF: dict[str, Pronoun] = {form: who for who, forms in _FORMS.items() for form in forms.values()}
_OF["themself"] = "they"
_ANY = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(_OF, key=len, reverse=True))})(?![\w-])", re.I)
_TOKEN = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*|[^\w\s]")
_NOUNS: dict[Pronoun, str] = {"she": "woman", "he": "man", "they": "person"}
_NOUN = re.compile(
    r"((?:^|[.!?;:]\s+|\b(?:is|was|are|were|as|being)\s+)an? (?:[\w-]+,? ){0,2})(man|woman)\b", re.I | re.M
)

_PLURAL = {"is": "are", "was": "were", "has": "have", "does": "do"}
_PLURAL |= {f"{one}n't": f"{many}n't" for one, many in _PLURAL.items()}
_SINGULAR = {many: one for one, many in _PLURAL.items()}
_MODALS = bag(
    "can could will would shall should may might must cannot can't couldn't won't wouldn't shouldn't did didn't used"
)
_ASKING = bag("nor neither so as what how where why when who only than rarely never seldom not")
_PARTICIPLES = bag("been got had done gone seen come become known taken given made kept held lost won read built grown")
_PARTICIPLES |= bag(
    "lived worked spent always never visited travelled traveled written taught raised run moved learned"
)
_FEELING = ("ous", "ful", "ent", "ant", "able", "ible", "ive", "less")
_MOODS = bag("angry happy sad uneasy busy crazy lonely sleepy calm proud tired ill sick late warm sane young up down")
_CAUSING = bag(
    "make makes made making let lets letting help helps helped helping watch watches watched see sees saw hear"
)
_CAUSING |= bag(
    "hears heard keep keeps kept keeping leave leaves left drive drives drove find finds found render renders"
)
_GIVING = bag(
    "tell tells told give gives gave given giving teach teaches taught bring brings brought cost costs earn earns "
    "earned buy"
)
_GIFTS = bag(
    "things time energy peace joy hope courage comfort money everything nothing something patience trouble pleasure"
)
_NAMING = bag("call calls called calling name named names nickname nicknamed")
_PULLING = bag("hold holds held call calls called pull pulls set sets bring brings brought win wins want wants get pay")


def pronoun_of(text: str) -> Pronoun | None:
    """The pronoun ``text`` uses for its subject: the first that stands as a subject, else the first of any form.

    A plural "they" that comes after a "her" or "his" is taken for other people.
    """
    first: Pronoun | None = None
    for match in _ANY.finditer(text):
        form = match.group().lower()
        if form in ("she", "he") or (form == "they" and first in (None, "they")):
            return _OF[form]
        first = first or _OF[form]
    return first


def with_pronoun(text: str, pronoun: Pronoun) -> str:
    """``text`` with its subject's pronoun, verbs and "a man of few words" turned to ``pronoun``.

    Unchanged where it uses that pronoun already, or none. From "they" every plural "they" is turned too: who is meant
    can't be told apart.
    """
    source = pronoun_of(text)
    if source is None or source == pronoun:
        return text
    spans = list(_TOKEN.finditer(text))
    tokens = [_lower(span.group(), text, span.start()) for span in spans]
    changed: dict[int, str] = {}
    for at, token in enumerate(tokens):
        form, _, tail = token.partition("'")
        if _OF.get(form) != source:
            continue
        role = _role(tokens, at, form)
        changed[at] = _FORMS[pronoun][role] + (f"'{tail}" if tail else "")
        if role == "subject" and "they" in (source, pronoun):
            if tail in ("s", "re", "ve"):
                changed[at] = f"{pronoun}'{_tail(tokens, at, pronoun)}"
            changed |= _agreement(tokens, at, plural=pronoun == "they", contracted=bool(tail))
    out, end = [], 0
    for at in sorted(changed):
        out += [text[end : spans[at].start()], _as_in(spans[at].group(), changed[at])]
        end = spans[at].end()
    rewritten, noun = "".join([*out, text[end:]]), _NOUNS[source]
    if noun not in rewritten.lower():
        return rewritten
    return _NOUN.sub(lambda m: m[1] + _as_in(m[2], _NOUNS[pronoun]) if m[2].lower() == noun else m[0], rewritten)


def _lower(word: str, text: str, start: int) -> str:
    """``word`` in lower case, but a name as it is."""
    lower = word.lower().replace("\u2019", "'")
    is_name = (
        word[0].isupper()
        and (len(word) == 1 or not word.isupper())
        and text[max(0, start - 2) : start].strip(" \"'\u201c\u2018(")[-1:].isalnum()
    )
    return word if is_name and lower.partition("'")[0] not in _OF else lower


def _as_in(old: str, new: str) -> str:
    """``new`` with the capitals and the apostrophe of ``old``."""
    if "\u2019" in old:
        new = new.replace("'", "\u2019")
    if len(old) > 1 and old.isupper():
        return new.upper()
    return new[0].upper() + new[1:] if old[0].isupper() else new


def _role(tokens: list[str], at: int, form: str) -> str:
    """What a pronoun form is in its sentence: subject, object, possessive, own ("hers") or self."""
    after = tokens[at + 1] if at + 1 < len(tokens) else "."
    if form == "her":
        return "possessive" if _is_possessive(tokens, at, after) else "object"
    if form == "his":
        return "own" if not after[0].isalnum() or (after in FUNCTION and after not in _LEADING) else "possessive"
    who = _FORMS[_OF[form]]
    return next((role for role in _ROLES if who[role] == form), "self")


_LEADING = bag("last past next once then still never only every few all")


def _is_possessive(tokens: list[str], at: int, after: str) -> bool:
    """Whether "her" belongs to the word after it ("her sister") and is no object ("helped her move")."""
    before = tokens[at - 1] if at else ""
    then = tokens[at + 2] if at + 2 < len(tokens) else "."
    if not after[0].isalnum():
        return False
    if after in ("more", "less", "better", "enough", "most") and (not then[0].isalnum() or then in FUNCTION):
        return False
    if after in FUNCTION:
        return after in _LEADING and then[0].isalnum() and then not in FUNCTION
    if before in _CAUSING and (after.endswith(_FEELING) or after in _MOODS):
        return then[0].isalnum() and then not in FUNCTION
    if before in _CAUSING and (is_bare(after, then) or after.endswith("ing")):
        return False
    if before == "around" and after in ("feel", "know", "are"):
        return False
    if after == "back":
        return before not in _PULLING
    return not (
        (before in _GIVING and (after in _GIFTS or (after in DETERMINERS and after != "own")))
        or (before in _NAMING and then in (".", ",", ";"))
    )


def _tail(tokens: list[str], at: int, pronoun: Pronoun) -> str:
    """The contracted verb: "they're" and "they've" are both "she's"; back it takes the next word to know which."""
    if pronoun != "they":
        return "s"
    rest = [token for token in tokens[at + 1 : at + 4] if token not in ADVERBS and not token.endswith("ly")]
    return "ve" if rest and rest[0] in _PARTICIPLES else "re"


def _agreement(tokens: list[str], at: int, *, plural: bool, contracted: bool) -> dict[int, str]:
    """The verbs that go with the subject at ``at``, each in its new form."""
    forms = _PLURAL if plural else _SINGULAR
    changed: dict[int, str] = {}
    aux = tokens[at - 1] if at else ""
    asked = at < 2 or not tokens[at - 2][0].isalnum() or tokens[at - 2] in _ASKING
    if aux in forms and (aux.startswith("do") or asked):
        return {at - 1: forms[aux]}
    verb = at if contracted else _first_verb(tokens, _skip_aside(tokens, at + 1))
    if verb >= len(tokens) or tokens[verb] in ("and", "or"):
        return {}
    word = "" if contracted else tokens[verb]
    new = None if contracted else _agreed(word, plural=plural)
    if new:
        changed[verb] = new
    if word in _MODALS or word in ("do", "does", "don't", "doesn't"):
        verb = next((at for at in range(verb, len(tokens)) if tokens[at] in (",", ".", ";")), len(tokens))
    for _, shared in shared_verbs(tokens, verb + 1, plural=not plural):
        changed[shared] = _agreed(tokens[shared], plural=plural) or tokens[shared]
    return changed


def _agreed(verb: str, *, plural: bool) -> str | None:
    """``verb`` in the other number, or None where it is the same in both."""
    forms = _PLURAL if plural else _SINGULAR
    if verb in forms:
        return forms[verb]
    if verb in _MODALS or is_past(verb) or not verb.isalpha() or verb in FUNCTION - {"like"}:
        return None
    if plural:
        return base_form(verb) if verb.endswith("s") and not verb.endswith("ss") else None
    return third_form(verb)


def _first_verb(tokens: list[str], at: int) -> int:
    at = skip_adverbs(tokens, at)
    if at < len(tokens) and tokens[at] in ("herself", "himself", "themselves", "themself"):
        at = skip_adverbs(tokens, at + 1)
    return at


def _skip_aside(tokens: list[str], at: int) -> int:
    """Past an aside between commas: "they, like most here, work"."""
    if at < len(tokens) and tokens[at] == "," and "," in tokens[at + 1 : at + 12]:
        return tokens.index(",", at + 1) + 1
    return at
