"""JSON as servers and models write it: a byte order mark, half characters and bad bytes are repaired."""

from __future__ import annotations

import re
from typing import Any

import orjson

_BOM = b"\xef\xbb\xbf"
_HALF = re.compile(  # an escape of half a character; whole pairs are matched too, to be passed over
    rb"(?<!\\)((?:\\\\)*)\\u[dD](?:[89abAB][0-9a-fA-F]{2}(\\u[dD][c-fC-F][0-9a-fA-F]{2})?|[c-fC-F][0-9a-fA-F]{2})"
)


def loads(text: str | bytes) -> Any:
    """The value of a JSON text; halves of surrogate pairs and bytes that are not UTF-8 in it become U+FFFD.

    Raises:
        ValueError: it is no JSON all the same, is nested too deeply, or holds a number that no float can be.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        data = text.encode("utf-8", "replace") if isinstance(text, str) else text
        whole = data.removeprefix(_BOM).decode("utf-8", "replace").encode()
        mended = _HALF.sub(lambda half: half[0] if half[2] else half[1] + rb"\ufffd", whole)
        if mended == data and (data is text or data.decode() == text):
            raise
    return orjson.loads(mended)
