"""What is said is in the language of the talk."""

from __future__ import annotations

import re

from personagen.gates.turn import Turn, prose

# The commonest words of a conversation, none of them in English and in another of these languages.
_BANKS = {
    "en": """the and you i of it that with have your what are this can would should my if they but from when how there
        which about some i'm it's don't that's been just then them their not for at""",
    "de": """und ich der das nicht du sie den mit auf für aber auch wie wenn dir dich mir mich ein eine einen einem sind
        ist haben werden kann können noch oder zu von dein deine ihre bei nach sehr dann schon""",
    "fr": """le les et je vous tu pas pour est avec dans une qui ce cette votre vos mais plus sur sont c'est être avez
        nous ou aussi très du au des peut faire j'ai ça ton il elle qui""",
    "es": """el los las y yo que con por una está pero más muy su tu puedes puede cuando también hay del como qué usted
        es eso esto si lo tus esta para hacer""",
    "it": """il gli che di non per sono è una con più della del ma anche puoi può questo questa come nel alla ho hai
        quando molto tuo tua essere ti è e lo quanto ci mi""",
    "pt": """o os você não uma com mas mais muito seu sua também quando pode isso está são em ao dos das um é eu ou
        fazer para por se da""",
    "nl": """het een van ik niet je dat met zijn voor maar ook op te aan er kunt kun wordt naar bij uw jouw deze als
        heb hebt en""",
}
BANKS = {code: frozenset(bank.split()) for code, bank in _BANKS.items()}
LANGUAGES = (*BANKS, "any")
LEAST = 14  # words, or letters of another script: less gives no verdict
_EVIDENCE, _TIMES = 0.2, 3  # of all words the other language's, and so many times the own ones'
_KINDS = 3  # different words
_TAIL = 800  # characters: whoever drifts into another language ends in it
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_ASCII = re.compile(r"[\x00-\x7f]+")
_OTHER_SCRIPT = re.compile(r"[^\W\d_\u0000-\u024f\u1e00-\u1eff]")
_LETTER = re.compile(r"[^\W\d_]")
# Whoever speaks about a language, or asks what to say, may get it.
_ABOUT = re.compile(
    r"\btranslat|\blanguage|\bphrase|\bpronounc|\bspell|\b(?:english|french|german|spanish|italian|portuguese|dutch|chinese"
    r"|mandarin|cantonese|japanese|korean|arabic|hebrew|greek|russian|ukrainian|polish|turkish|hindi|urdu|bengali|tamil"
    r"|thai|vietnamese|persian|farsi|latin|swedish|danish|norwegian|finnish|czech|hungarian|romanian|tagalog|swahili)\b"
    r"|\b(?:what|how) (?:do|should|can|could|would|might|must) (?:i|we) "
    r"(?:say|ask|tell|write|order|greet|answer|reply|call)\b"
    r"|\bübersetz|\btradu[cizç]|\bvertaal"
)


def language(turn: Turn) -> str | None:
    """Not in another script, nor by its function words in another language; ``any`` and other codes say nothing."""
    own = BANKS.get(turn.language)
    if own is None:
        return None
    told = None if turn.text.isascii() else _script(turn.text)
    told = told or _words(turn.folded, turn.language)
    if told is None or any(_ABOUT.search(text) for text in (turn.asked, turn.folded)):
        return None
    return f"it reads as {told}, and the language is {turn.language} (--language)"


def _script(text: str) -> str | None:
    other = len(_OTHER_SCRIPT.findall(_ASCII.sub("", text)))
    return "another script" if other >= LEAST and 4 * other > len(_LETTER.findall(text)) else None


def _words(folded: str, code: str) -> str | None:
    folded = prose(folded)[-_TAIL:]
    found = folded.split()
    own = BANKS[code]
    # Nearly always: one word in eight is the language's own, or hardly any is another's; counting takes longer.
    if len(found) < LEAST or 8 * sum(map(own.__contains__, found)) > len(found):
        return None
    kinds = set(found)
    others = [other for other, bank in BANKS.items() if other != code and len(bank & kinds) >= _KINDS]
    if not others:
        return None
    found = _WORD.findall(folded)
    least = max(_EVIDENCE * len(found), _TIMES * sum(map(own.__contains__, found)))
    return next((other for other in others if sum(map(BANKS[other].__contains__, found)) >= least), None)
