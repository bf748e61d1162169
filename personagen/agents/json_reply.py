"""Finds the JSON object in a model's reply, and repairs what is plainly meant.

Repaired are line feeds in a string, trailing commas, full-width signs and typographic quotation marks around strings, a
code fence or prose around the object, a draft before it, and an object that was cut off: its last incomplete entry is
left out.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from personagen.errors import ReplyError
from personagen.llm.json import loads

MAX_OBJECTS = 8  # that are looked at in a reply
MAX_DEPTH = 64  # of objects and lists in each other
_WIDE = str.maketrans("：，｛｝［］＂", ':,{}[]"')
_CLOSES = {'"': '"', "“": "”", "”": "”", "„": "“”", "「": "」"}  # a string, by how it opens
_NEXT = re.compile(r'["\\\n\r\t,{}\[\]：，｛｝［］＂“”„「」]')
_OPENS = re.compile("[{｛]")
_TRAILING = re.compile(r",\s*\Z")
_CONTROL = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PAIRS = {"}": "{", "]": "["}


def json_objects(answer: str) -> list[dict[str, Any]]:
    """The JSON objects in a reply without reasoning, the likeliest answer first: the last whole one.

    Raises:
        ReplyError: there is none, or the first is not valid JSON.
    """
    if not answer:
        raise ReplyError("the reply is empty", cause="empty")
    try:
        if isinstance(value := loads(answer), dict):
            return [value]
    except ValueError:
        pass
    found: list[dict[str, Any]] = []
    problem, at, cut = "", _opening(answer), False
    for _ in range(MAX_OBJECTS):
        if at < 0:
            break
        text, end = _object(answer, at)
        ended = end >= 0
        try:
            # The last entry of a cut object is no answer.
            found.append(loads(text if ended or not cut else ""))
        except ValueError as error:
            problem = problem or str(error)[:120]
            end, cut = at + 1, cut or not ended
        if end < 0:
            break
        at = _opening(answer, end)
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
    repaired, end = _object(text, start)
    try:
        return end if isinstance(loads(repaired), dict) else -1
    except ValueError:
        return -1


def _object(text: str, start: int) -> tuple[str, int]:
    """The object at ``start`` with its plain faults repaired, and where it ends in ``text``.

    If it does not end, the end is -1 and it is closed after its last whole entry.
    """
    done: list[str] = []
    open_: list[str] = []
    ends = ""  # what ends the string; empty outside of one
    whole: tuple[int, str] | None = None  # pieces up to the last whole entry, and what closes them
    at = start
    while found := _NEXT.search(text, at):
        sign = found[0]
        done.append(text[at : found.start()])
        at = found.end()
        if ends:
            if sign == "\\":
                sign, at = text[found.start() : at + 1], at + 1
            elif sign in ends:
                sign, ends = '"', ""
            elif sign == '"':
                sign = '\\"'  # within other quotation marks
            done.append(_CONTROL.get(sign, sign))
            continue
        sign = sign.translate(_WIDE)
        if ends := _CLOSES.get(sign, ""):
            sign = '"'
        if sign in _PAIRS:
            if not open_ or open_.pop() != _PAIRS[sign]:
                break
            _drop_trailing_comma(done)
        elif sign in "{[":
            open_.append(sign)
            if len(open_) > MAX_DEPTH:
                return "", -1
        elif sign == "," and open_ == ["{"]:
            whole = len(done), "}"
        done.append(sign)
        if not open_:
            return "".join(done), at
        if sign == "}" and open_ == ["{", "["]:
            whole = len(done), "]}"
    if whole is None:
        return "", -1
    return "".join(done[: whole[0]]) + whole[1], -1


def _drop_trailing_comma(pieces: list[str]) -> None:
    last = len(pieces) - 1
    while last > 0 and not pieces[last].strip():
        last -= 1
    if pieces[last] == ",":
        del pieces[last]
