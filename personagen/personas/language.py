"""Language detection by script, and by the most common words of the languages listed in ``language.toml``.

Where neither tells two languages apart, nothing is said against a text.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from personagen.options.language import ANY, NAMES, base_of
from personagen.personas.words import HAN, KANA, chars_per_word

_COMMON_WORDS = tomllib.loads((Path(__file__).parent / "language.toml").read_text(encoding="utf-8"))
BANKS = {code: frozenset(common.split()) for code, common in _COMMON_WORDS.items()}
MIN_WORDS = 14  # words, or letters of another script, needed as evidence of another language
_MIN_SHARE = 0.15  # of the words of a text that are in its language's bank
_MIN_BUILT, _BUILT = 0.06, frozenset({"cs", "fi", "hu", "pl", "sw", "tr"})  # where grammar is in endings or prefixes
_MIN_OTHER_SHARE, _MIN_OTHER_TIMES, _MIN_OTHER_WORDS = 0.2, 3, 3  # of the words, as multiple of ours, distinct ones
_MIN_ENGLISH_SHARE, _MIN_ENGLISH_WORDS = 0.3, 6  # the same of English, for a language without a bank
_MAX_LATIN = 2  # Latin words for one in the script of a language: names, brands and code use Latin letters everywhere
_MIN_HAN, _MIN_KANA_SHARE = 30, 0.05  # Han letters in Japanese, and the share of kana in it
_NEAR = 1.2  # times the words of its bank that a text may have of another one
_TAIL_WORDS = 140  # a text that drifts into another language ends in it
_LETTERS = {
    "Latin": "A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff",
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Cyrillic": "\u0400-\u052f",
    "Armenian": "\u0530-\u058f",
    "Hebrew": "\u0590-\u05ff\ufb1d-\ufb4f",
    "Arabic": "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    "Thaana": "\u0780-\u07bf",
    "Devanagari": "\u0900-\u097f",
    "Bengali": "\u0980-\u09ff",
    "Gurmukhi": "\u0a00-\u0a7f",
    "Gujarati": "\u0a80-\u0aff",
    "Odia": "\u0b00-\u0b7f",
    "Tamil": "\u0b80-\u0bff",
    "Telugu": "\u0c00-\u0c7f",
    "Kannada": "\u0c80-\u0cff",
    "Malayalam": "\u0d00-\u0d7f",
    "Sinhala": "\u0d80-\u0dff",
    "Thai": "\u0e00-\u0e7f",
    "Lao": "\u0e80-\u0eff",
    "Tibetan": "\u0f00-\u0fff",
    "Burmese": "\u1000-\u109f",
    "Georgian": "\u10a0-\u10ff\u1c90-\u1cbf",
    "Hangul": "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff",
    "Ethiopic": "\u1200-\u139f",
    "Khmer": "\u1780-\u17ff",
    "Han": HAN,
    "Kana": KANA,
}
_SCRIPT = re.compile("|".join(f"(?P<{name}>[{letters}])" for name, letters in _LETTERS.items()))
_WRITTEN = """
    Greek: el grc; Cyrillic: ru uk be bg mk ky tg ba tt cv ce os kv; Armenian: hy; Hebrew: he yi; Thaana: dv;
    Arabic: ar fa ur ps ug arz ary apc prs ckb; Devanagari: hi mr ne mai bho; Bengali: bn as; Gujarati: gu; Odia: or;
    Tamil: ta; Telugu: te; Kannada: kn; Malayalam: ml; Sinhala: si; Thai: th; Lao: lo; Tibetan: bo dz; Burmese: my;
    Georgian: ka; Hangul: ko; Ethiopic: am ti; Khmer: km; Han: zh yue wuu; Han Kana: ja; : ks sd pa ku kmr sr bs kk uz
    az mn tk sa pi cu ii iu cr oj chr za ab av nan hak
"""
# The scripts of the languages that are not, or not always, in Latin letters; empty where several are in use.
SCRIPTS: dict[str, tuple[str, ...]] = {
    code: tuple(scripts.split())
    for scripts, _, codes in (entry.partition(":") for entry in _WRITTEN.split(";"))
    for code in codes.split()
}
_SAME = {"nb": "no", "nn": "no", "fil": "tl"}


def is_in(found: Sequence[str], code: str) -> bool:
    """Whether the ``words`` ``found`` may be in the language ``code``: they are clearly in no other.

    If there is a bank for it, not many more of them are in another bank, and with Latin letters a least share is in its
    own. Any words are in ``any``.
    """
    if other_language(found, code):
        return False
    code = _judged(code)
    if code not in BANKS:
        return True
    counts = {other: sum(map(bank.__contains__, found)) for other, bank in BANKS.items()}
    share = 0 if code in SCRIPTS else _MIN_BUILT if code in _BUILT else _MIN_SHARE
    least = share * len(found)
    return counts[code] >= least and _NEAR * counts[code] >= max(counts.values())


def other_language(found: Sequence[str], code: str) -> str | None:
    """What the ``words`` ``found`` are clearly in, if that is not ``code``: a language, or "another script".

    None in doubt, for ``any``, and for a language that is not known.
    """
    code = _judged(code)
    if code not in NAMES or (code in SCRIPTS and not SCRIPTS[code]):
        return None
    expected = SCRIPTS.get(code, ("Latin",))
    if _is_in_another_script(found, expected) or _is_in_another_script(found[-_TAIL_WORDS:], expected):
        return "another script"
    found = found[-_TAIL_WORDS:]
    if code == "ja" and _lacks_kana(found):
        return "zh"
    if len(found) < MIN_WORDS:
        return None
    kinds = frozenset(found)
    known, alike = code in BANKS, [other for other in BANKS if SCRIPTS.get(other, ("Latin",)) == expected]
    least, share = (_MIN_OTHER_WORDS, _MIN_OTHER_SHARE) if known else (_MIN_ENGLISH_WORDS, _MIN_ENGLISH_SHARE)
    for other in alike if known else {"en"}.intersection(alike):
        theirs = _only(other, code)
        if len(theirs & kinds) >= least:
            own = sum(map(_only(code, other).__contains__, found))
            if sum(map(theirs.__contains__, found)) >= max(share * len(found), _MIN_OTHER_TIMES * own):
                return other
    return None


def _judged(code: str) -> str:
    """The language whose script and common words ``code`` is judged by."""
    base = base_of(code)
    return ANY if "-Latn" in code or "-Cyrl" in code or "-Arab" in code else _SAME.get(base, base)


@cache
def _only(code: str, other: str) -> frozenset[str]:
    return BANKS.get(code, frozenset()) - BANKS.get(other, frozenset())


def _is_in_another_script(found: Sequence[str], expected: tuple[str, ...]) -> bool:
    """Whether a quarter of the letters are in another script, or two thirds of the words in Latin letters."""
    if expected == ("Latin",) and all(map(str.isascii, found)):
        return False
    letters: Counter[str] = Counter()
    latin, own = 0, list[str]()
    for word in found:
        script = _script_of(word)
        if script == "Latin":
            latin += 1
        elif script in expected:
            own.append(word)
        letters[script] += len(word)
    other = sum(size for script, size in letters.items() if script and script not in expected and script != "Latin")
    if other >= MIN_WORDS and 4 * other > letters.total():
        return True
    return "Latin" not in expected and latin >= MIN_WORDS and latin > _MAX_LATIN * len(own) / chars_per_word(own)


@lru_cache(maxsize=10_000)
def _script_of(word: str) -> str:
    """The script of the first letter of ``word`` that is not Latin, else Latin; empty if it has no letter."""
    if word.isascii():
        return "Latin" if any(map(str.isalpha, word)) else ""
    scripts = [str(match.lastgroup) for match in _SCRIPT.finditer(word)]
    return next((script for script in scripts if script != "Latin"), scripts[0] if scripts else "")


def _lacks_kana(found: Sequence[str]) -> bool:
    scripts = Counter(map(_script_of, found))
    return scripts["Han"] >= _MIN_HAN and scripts["Kana"] < _MIN_KANA_SHARE * scripts["Han"]
