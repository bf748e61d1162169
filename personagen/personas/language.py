"""Language detection by the most common words of seven languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

# They make up about a third of a text in their language. To add a language, add its most common words.
_COMMON = {
    "en": """the of and to in a is for on that with as at by an be this from his her their he she they it has was are
        who not but or when which never always about into out up them so if can who's one two you i have your what would
        should my how there some i'm it's don't that's been just then""",
    "de": """der die das und in den von zu mit sich des auf ist im dem nicht ein eine als auch es an er sie hat aus bei
        nach wird war sind seine ihre seinen ihren einer einen einem wenn oder aber sehr gern ich du für wie dir dich
        mir mich haben werden kann können noch dein deine dann schon""",
    "fr": """le la les de des du et à un une en est que qui dans pour pas sur il elle au avec se par son sa ses plus ne
        ce sont aux mais ou dont très leur lui aime a je vous tu cette votre vos c'est être avez nous aussi peut faire
        j'ai ça ton""",
    "es": """el la los las de del y a en un una que es por con para se su sus no al lo como más pero le muy está son
        tiene ha o cuando sin sobre entre donde quien gusta desde yo tu puedes puede también hay qué usted eso esto si
        tus esta hacer""",
    "it": """il lo la i gli le di del della e un una in che è per con si non da al dei nel sono ha suo sua suoi molto
        più ma come anche o quando alla ogni dove piace puoi può questo questa ho hai tuo tua essere ti quanto ci mi""",
    "pt": """o a os as de do da dos das e um uma em que é para com não se por no na ao sua seu seus suas mais como mas
        tem muito quando ou ele ela foi desde gosta pelo você também pode isso está são eu fazer""",
    "nl": """de het een en van in is op dat met voor te zijn aan er niet die om als ook naar bij uit hij ze zij haar
        heeft was maar over of door wordt nog wel graag ik je kunt kun uw jouw deze heb hebt""",
}
BANKS = {code: frozenset(common.split()) for code, common in _COMMON.items()}
LANGUAGES = (*BANKS, "any")
MIN_WORDS = 14  # words, or letters of another script, needed as evidence of another language
_MIN_SHARE = 0.15  # of the words of a text that are in its language's bank
_MIN_OTHER_SHARE, _MIN_OTHER_TIMES, _MIN_OTHER_WORDS = 0.2, 3, 3  # of the words, as multiple of ours, distinct ones
_TAIL_WORDS = 140  # a text that drifts into another language ends in it
_OTHER_SCRIPT = re.compile(r"[^\W\d_\u0000-\u024f\u1e00-\u1eff]")


def is_in(found: Sequence[str], code: str) -> bool:
    """Whether a text of the words ``found`` (from ``text.words``) is in the language ``code``; ``any`` accepts all.

    The bank of ``code`` must hold more of the words than any other, and at least ``_MIN_SHARE``.
    """
    if code == "any":
        return True
    counts = {other: sum(map(bank.__contains__, found)) for other, bank in BANKS.items()}
    return counts[code] >= max(_MIN_SHARE * len(found), *counts.values()) and not _is_in_another_script(found)


def other_language(found: Sequence[str], code: str) -> str | None:
    """The language other than ``code`` that the words ``found`` are clearly in, or "another script"; None in doubt.

    Words of both languages do not count.
    """
    if _is_in_another_script(found):
        return "another script"
    found = found[-_TAIL_WORDS:]
    if len(found) < MIN_WORDS:
        return None
    kinds = frozenset(found)
    for other in BANKS:
        theirs = _only(other, code)
        if len(theirs & kinds) >= _MIN_OTHER_WORDS:
            own = sum(map(_only(code, other).__contains__, found))
            if sum(map(theirs.__contains__, found)) >= max(_MIN_OTHER_SHARE * len(found), _MIN_OTHER_TIMES * own):
                return other
    return None


@cache
def _only(code: str, other: str) -> frozenset[str]:
    return BANKS[code] - BANKS[other]


def _is_in_another_script(found: Sequence[str]) -> bool:
    other = sum(len(word) for word in found if not word.isascii() and _OTHER_SCRIPT.search(word))
    return other >= MIN_WORDS and 4 * other > sum(map(len, found))
