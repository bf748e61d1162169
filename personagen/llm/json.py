"""JSON as servers and models write it: repairs a byte order mark, lone surrogates and bytes that are not UTF-8."""

from __future__ import annotations

import re
from typing import Any

import orjson

_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile(  # the escape of a lone surrogate; whole pairs match too and are kept
    rb"(?<!\\)((?:\\\\)*)\\u[dD](?:[89abAB][0-9a-fA-F]{2}(\\u[dD][c-fC-F][0-9a-fA-F]{2})?|[c-fC-F][0-9a-fA-F]{2})"
)


def loads(text: str | bytes) -> Any:
    """The value of a JSON text; lone surrogates and bytes that are not UTF-8 become U+FFFD.

    Raises:
        ValueError: invalid JSON, too deep nesting, or a number outside the range of a float.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        data = text.encode("utf-8", "replace") if isinstance(text, str) else text
        whole = data.removeprefix(_BOM).decode("utf-8", "replace").encode()
        repaired = _SURROGATE.sub(lambda half: half[0] if half[2] else half[1] + rb"\ufffd", whole)
        if repaired == data and (data is text or data.decode() == text):
            raise
    return orjson.loads(repaired)
