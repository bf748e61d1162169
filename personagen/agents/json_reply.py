"""Finds the JSON object in a model's reply, and repairs what is plainly meant.

Repaired are line feeds, quotation marks and wrong escapes in a string, commas too many or missing, comments, Python's
and JavaScript's way to write an object (single or typographic quotation marks, keys without them, ``None``), full-width
signs, a code fence or prose around the object, a draft before it, an object written as a string, and one that was cut
off: its last incomplete entry is left out. A text without quotation marks is no value: its end would be a guess.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from personagen.errors import ReplyError
from personagen.llm.json import loads

MAX_OBJECTS = 8  # that are looked at in a reply
MAX_DEPTH = 64  # of objects and lists in each other
_OPENS = re.compile(r"[{｛]|[\[［](?=\s*[{｛])")
_BETWEEN = re.compile(r"(?:[\s,，;；]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_COLON = re.compile(r"\s*(?:[:：]|\Z)")
_BEFORE_VALUE = re.compile(rf"(?:{_COLON.pattern})?{_BETWEEN.pattern}", re.DOTALL)
_BARE_KEY = re.compile(r"[^\W\d][\w-]*(?=\s*[:：])")
_WORD = re.compile(r"[\w.+-]+")
_WORDS = {"true": True, "false": False, "null": None, "none": None, "nan": None, "undefined": None}
# A string, by how it opens.
_CLOSES = {'"': '"', "'": "'", "＂": "＂", "“": "”", "”": "”", "„": "“”", "「": "」", "‘": "’"}
_QUOTES = "".join(_CLOSES)
_ENDS = {opening: re.compile(rf"\\.|[{closing}]", re.DOTALL) for opening, closing in _CLOSES.items()}
# What follows a string that ends here; within a string a quotation mark may stand without an escape.
_NEXT_KEY = rf"(?:[{_QUOTES}][^\"\n]{{1,40}}[\"'＂”」’]|[^\W\d][\w-]*)\s*[:：]"
_END = rf"\Z|[}}\]｝］]|//|/\*|\n\s*[{_QUOTES}]"
_COMMA = r"[,，;；][\s,，;；]*"
_AFTER_VALUE = re.compile(rf"\s*(?:{_END}|{_NEXT_KEY}|{_COMMA}(?:{_END}|[{_QUOTES}]|{_NEXT_KEY}))")
_FIRST = rf"[{_QUOTES}{{\[\d｛［-]|(?:{'|'.join(_WORDS)})\b"  # of a value
_AFTER_ENTRY = re.compile(rf"\s*(?:{_END}|{_COMMA}(?:{_END}|{_FIRST}))", re.IGNORECASE)
_ESCAPES = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\(.)|["\x00-\x1f]|\\\Z', re.DOTALL)
_CONTROL = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


class _Cut(ValueError):
    """The text ends, or closes what is not open; ``entries`` are the whole objects of a list."""

    def __init__(self, entries: list[Any] | None = None) -> None:
        super().__init__("it does not end")
        self.entries = entries


def json_objects(answer: str) -> list[dict[str, Any] | list[Any]]:
    """The JSON objects in a reply without reasoning, or lists of them, the likeliest answer first: the last whole one.

    Raises:
        ReplyError: there is none, or the first is not valid JSON.
    """
    if not answer:
        raise ReplyError("the reply is empty", cause="empty")
    with suppress(ValueError):
        value = loads(answer)
        if isinstance(value, dict):
            return [value]
        if isinstance(value, str) and value != answer:
            return json_objects(value)
    found: list[dict[str, Any] | list[Any]] = []
    problem, at, cut = "", _opening(answer), False
    for _ in range(MAX_OBJECTS):
        if at < 0:
            break
        reader = _Reader(answer, at)
        try:
            value = reader.value()
            if reader.cut and cut:
                raise _Cut  # the last entry of a cut object is no answer
            found.append(value)
            end = -1 if reader.cut else reader.at
        except ValueError as error:
            problem = problem or str(error)[:120]
            end, cut = at + 1, cut or isinstance(error, _Cut)
        at = _opening(answer, end) if end >= 0 else -1
    if found:
        return found[::-1]
    why = f"the reply is not valid JSON: {problem}" if problem else "the reply holds no JSON object"
    raise ReplyError(why, cause="json")


def _opening(answer: str, start: int = 0) -> int:
    found = _OPENS.search(answer, start)
    return found.start() if found else -1


def first_object(text: str, start: int) -> int:
    """Where the JSON object at ``start`` ends in ``text``; -1 if it does not, or is not valid."""
    rest = text[start:].rstrip()
    with suppress(ValueError):
        loads(rest)
        return start + len(rest)
    reader = _Reader(text, start)
    try:
        reader.value()
    except ValueError:
        return -1
    return -1 if reader.cut else reader.at


class _Reader:
    """Reads the value at ``at``; ``cut``: the text ended within it, and only its whole entries are there."""

    def __init__(self, text: str, at: int) -> None:
        self.text, self.at = text, at
        self.cut = self._bare = False

    def value(self, depth: int = 0, after: re.Pattern[str] = _AFTER_VALUE) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError("too many objects in each other")
        sign = self.text[self.at : self.at + 1]
        if sign in _CLOSES:
            return self._string(after)
        if sign and sign in "{｛":
            return self._object(depth)
        return self._list(depth) if sign and sign in "[［" else self._word()

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        key = ""
        self.at += 1
        try:
            while not self._closed("}｝", "]］"):
                key = self._key()
                found[key] = self.value(depth + 1)
        except _Cut as cut:
            if cut.entries:
                found[key] = cut.entries
            if depth or not found or self._bare:
                raise _Cut from None
            self.cut = True
        return found

    def _list(self, depth: int) -> list[Any]:
        found: list[Any] = []
        self.at += 1
        try:
            while not self._closed("]］", "}｝"):
                found.append(self.value(depth + 1, _AFTER_ENTRY))
        except _Cut:
            objects = [one for one in found if isinstance(one, dict)]
            if depth or not objects or self._bare:
                raise _Cut(objects if depth == 1 else None) from None
            self.cut = True
            return objects
        return found

    def _closed(self, own: str, others: str) -> bool:
        """Goes on to the next entry, or to the end of the object or list."""
        self._skip(_BETWEEN)
        sign = self.text[self.at : self.at + 1]
        if not sign or sign in others:
            raise _Cut
        self.at += sign in own
        return sign in own

    def _key(self) -> str:
        if self.text[self.at] in _CLOSES:
            key = self._string(_COLON)
        elif bare := _BARE_KEY.match(self.text, self.at):
            key, self.at, self._bare = bare[0], bare.end(), True
        else:
            raise ValueError(f"expected a key: character {self.at + 1}")
        self._skip(_BEFORE_VALUE)
        return key

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _string(self, after: re.Pattern[str]) -> str:
        opening, begin = self.text[self.at], self.at + 1
        quoted = False
        for found in _ENDS[opening].finditer(self.text, begin):
            if found[0][0] == "\\":
                continue
            quoted = True
            if after.match(self.text, found.end()):
                self.at = found.end()
                value: str = loads(f'"{_ESCAPES.sub(_escaped, self.text[begin : found.start()])}"')
                return value
            if after is not _COLON and _COLON.match(self.text, found.end()):
                break
        raise ValueError(f"a string has no clear end: character {begin}") if quoted else _Cut

    def _word(self) -> Any:
        word = _WORD.match(self.text, self.at)
        end = word.end() if word else self.at + 1
        said = self.text[self.at : end]
        if said.lower() not in _WORDS and end >= len(self.text):
            raise _Cut
        self.at = end
        return _WORDS[said.lower()] if said.lower() in _WORDS else loads(said)


def _escaped(found: re.Match[str]) -> str:
    """A part of a string as JSON has it; other control characters than white space are dropped."""
    sign = found[1] or found[0]
    if sign < " ":
        return _CONTROL.get(sign, "")
    if found[1] is None:
        return {'"': '\\"', "\\": "\\\\"}.get(sign, sign)
    return sign if sign == "'" else f"\\\\{sign}"
