"""Secrets and personal data in what is to be published: keys, passwords, e-mail addresses, numbers of phones, cards
and accounts.

Keys are found by detect-secrets' detectors of known forms and a few more, phone numbers by phonenumbers if they are
valid. Names, addresses and what a text says about a person are not found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize

from personagen.errors import UsageError

MAX_SHOWN = 20
_MAX_REMEMBERED = 5_000  # texts; the prompts of one conversation repeat each other
_SHOWN_CHARS = 4
_GUESSING = ("HighEntropy", "IPPublic")  # detectors that take ordinary words for secrets
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_][\w-]+")
_RESERVED = re.compile(r"@(?:[\w-]+\.)*(?:example\.(?:com|net|org)|[\w-]+\.(?:example|invalid|test))$", re.IGNORECASE)
_DIGITS = re.compile(r"\d[\d\s()./-]{5,}\d")
_NODE = re.compile(r"(?:\b\d\.){4}")  # the path of a message in a tree
_FILM = re.compile(r"555[ .-]?01\d\d$")  # numbers that are given to nobody
# A number as it is dialled in a country below, or with 00 before the code of any country; no date.
_DIALLED = re.compile(
    r"(?<![\w.,:/-])"
    r"(?!\d\d?[./-]\d\d?[./-](?:19|20)?\d\d(?![./-]\d)|\d+(?:\.\d{4}){2})0\d(?:[ ()/.-]{0,2}\d){7,13}(?!\w)"
)
_DIALLED_IN = ("GB", "DE", "FR", "IT", "NL", "BE", "CH", "AT", "SE", "AU", "JP", "KR", "IN", "TR", "ZA")
_CARD = re.compile(r"(?<![\w.])(?:[3-6]\d|2[2-7])\d\d(?:[ .-]?\d){9,15}\b")
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")  # IBAN, ISO 13616
_SOCIAL = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])")  # USA
_KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?:hf_|api_org_|sk[-_]|[pr]k_|AIza|gsk_|xai-|r8_|pplx-|fw_|nvapi-|csk-|tgp_v1_|wandb_v1_|jina_|tvly-"
    r"|lsv2_|github_pat_|ya29\.|GOCSPX-|dapi|npm_|pypi-|dop_v1_|shp[a-z]{2}_|ntn_|secret_|lin_api_|sbp_|hvs\.|key-"
    r"|AGE-SECRET-KEY-)(?=[a-z_-]*[0-9A-Z])[A-Za-z0-9_-]{20,}|\b\d{8,10}:[A-Za-z0-9_-]{35}\b"  # the last: Telegram
)
_NAMED = re.compile(
    r"(?:key|secret|token|password|passwd|pwd|bearer)[\"']?\s{0,3}(?:[:=]|is\b)?\s{0,3}[\"']?([A-Za-z0-9+/_.~-]{20,200}={0,2})",
    re.IGNORECASE,
)
_RANDOM = re.compile(r"(?=.*\d)(?:(?=.*[a-z])(?=.*[A-Z]).*|[0-9a-f]{32,})")  # no word, and no name of a file
_PASSWORD = re.compile(
    r"\bpass(?:word|code|phrase|wort)[\"']?\s{0,3}(?:[:=]|is\b)\s{0,3}[\"']?((?=\S*\d)(?=\S*[a-z])[^\s\"']{6,})",
    re.IGNORECASE,
)
# To look for these first is much faster than to let every detector search.
_MARKS = ("-----BEGIN", "://")
_NAMES = ("pass", "pwd", "secret", "token", "key", "auth")  # of what is assigned
_MIN_KEY, _MIN_TEXT = 16, 6  # characters
# Our own ids: hashes, those of trees with a number after them, and paths of nodes. Every message has several.
_ID = re.compile(r"(?=[0-9]*[a-f])[0-9a-f]{12,64}(?:-[\w.]+)?|0(?:\.\d{1,2})+")


@dataclass(frozen=True)
class Finding:
    """What looks like a secret or personal data: its kind, the file, the row (1 is the first) or line, the column, and
    the first characters of it.
    """

    kind: str
    file: str
    row: int
    column: str
    shown: str


@dataclass
class Findings:
    """What a scan found: the first ``MAX_SHOWN``, and how many of each kind there are."""

    first: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return self.counts.total()


class Scan:
    """Looks through texts; ``found`` is what it has found so far. A text that was just seen is not looked at again.

    Raises:
        UsageError: detect-secrets or phonenumbers is not installed.
    """

    def __init__(self) -> None:
        self.found = Findings()
        self._seen: set[str] = set()
        self._looks: Sequence[Callable[[str], Iterable[tuple[str, str]]]] = (_secrets(), _emails, _phones(), _numbers)

    def row(self, file: str, number: int, row: Mapping[str, Any]) -> None:
        """Looks through all texts of a row."""
        for name, value in row.items():
            texts: list[str] = []
            _collect(value, texts)
            for text in texts:
                self._text(text, file, number, name)

    def lines(self, file: str, text: str) -> None:
        """Looks through a file of text, line by line."""
        for number, line in enumerate(text.splitlines(), 1):
            self._text(line, file, number, "")

    def _text(self, text: str, file: str, number: int, column: str) -> None:
        if len(text) < _MIN_TEXT or text in self._seen or _ID.fullmatch(text):
            return
        if len(self._seen) >= _MAX_REMEMBERED:
            self._seen.clear()
        self._seen.add(text)
        text = text if text.isascii() else normalize("NFKC", text)  # full-width signs, spaces that do not break
        kinds = {value: kind for look in reversed(self._looks) for kind, value in look(text)}
        for value, kind in kinds.items():
            self.found.counts[kind] += 1
            if len(self.found.first) < MAX_SHOWN:
                shown = f"{value[:_SHOWN_CHARS]}... ({len(value)} characters)"
                self.found.first.append(Finding(kind, file, number, column, shown))


def _collect(value: Any, texts: list[str]) -> None:
    """Adds the texts in ``value``, at any depth, to ``texts``."""
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, dict):
        for one in value.values():
            _collect(one, texts)
    elif isinstance(value, list | tuple):
        for one in value:
            _collect(one, texts)


def _may_hold_key(text: str) -> bool:
    """Whether ``text`` has a long word, one of the marks, or something that is assigned to a name of a key."""
    if any(len(word) >= _MIN_KEY for word in text.split()) or any(mark in text for mark in _MARKS):
        return True
    return (":" in text or "=" in text) and any(name in text.lower() for name in _NAMES)


def _secrets() -> Callable[[str], Iterator[tuple[str, str]]]:
    try:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    except ImportError:
        raise _missing("detect-secrets") from None
    known: Mapping[str, Any] = get_mapping_from_secret_type_to_class()
    detectors = [
        (kind, detector())
        for kind, detector in sorted(known.items())
        if not any(name in detector.__name__ for name in _GUESSING)
    ]

    def look(text: str) -> Iterator[tuple[str, str]]:
        if "pass" in text.lower():
            yield from (("password", word) for word in _PASSWORD.findall(text))
        if not _may_hold_key(text):
            return
        found = [("API key", key) for key in _KEYS.findall(text)]
        for line in text.splitlines():
            found += [(kind, key) for kind, detector in detectors for key in detector.analyze_string(line)]
        yield from found or (("API key", key) for key in _NAMED.findall(text) if _RANDOM.fullmatch(key))

    return look


def _emails(text: str) -> Iterator[tuple[str, str]]:
    if "@" in text:
        for found in _EMAIL.findall(text):
            if not _RESERVED.search(found):
                yield "e-mail address", found


def _phones() -> Callable[[str], Iterator[tuple[str, str]]]:
    try:
        from phonenumbers import NumberParseException, PhoneNumberMatcher, is_valid_number, parse
    except ImportError:
        raise _missing("phonenumbers") from None

    def is_dialled(number: str, country: str) -> bool:
        try:
            return bool(is_valid_number(parse(number, country)))
        except NumberParseException:
            return False

    def look(text: str) -> Iterator[tuple[str, str]]:
        if not _DIGITS.search(text):
            return
        for match in PhoneNumberMatcher(text, "US"):  # others with their country code
            if not (_FILM.search(match.raw_string) or _NODE.search(match.raw_string)):
                yield "phone number", match.raw_string
        for number in _DIALLED.findall(text):
            if any(is_dialled(number, country) for country in _DIALLED_IN):
                yield "phone number", number

    return look


def _numbers(text: str) -> Iterator[tuple[str, str]]:
    if not _DIGITS.search(text) and not _ACCOUNT.search(text):
        return
    yield from (("card number", found) for found in _CARD.findall(text) if _is_card(found))
    yield from (("account number", found) for found in _ACCOUNT.findall(text) if _is_account(found))
    yield from (("social security number", found) for found in _SOCIAL.findall(text))


def _is_card(text: str) -> bool:
    """Whether the check digit is right (Luhn)."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_account(text: str) -> bool:
    """Whether the check digits are right (ISO 7064, 97-10)."""
    signs = text.replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])) % 97 == 1


def _missing(package: str) -> UsageError:
    return UsageError(f"publish looks for secrets with {package}: pip install 'personagen[publish]'")
