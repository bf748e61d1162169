"""Keys and passwords out of text that others wrote: a server may repeat what it was sent, in any spelling."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

_KEY_PIECE = 8
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH(?!OR)|COOKIE|CUSTOM_HEADERS", re.IGNORECASE)
_SCHEME = re.compile(r"^\s*https?://", re.IGNORECASE)  # eight characters that no address could be told without
# A masked word from its beginning to its last mask; looked for from within words too, that would take their square.
_LIKE_A_KEY = re.compile(
    r"(?<!\S)\S*\*{3,}[^\s,;]*|\b(?:sk|pk|rk|gsk|xai|hf|key)[-_][\w*.\-]{6,}|\bAIza[\w\-]{10,}", re.IGNORECASE
)


def secrets(key: str) -> set[str]:
    """``key`` and whatever else the environment holds that must not be repeated."""
    # LiteLLM reads a hundred variables by itself, so their names decide.
    held = {_SCHEME.sub("", value) for name, value in os.environ.items() if _SECRET_NAME.search(name)}
    for value in os.environ.values():
        if "://" in value:
            held.update(_in_address(value))
    return {bare for secret in {key, *held} if len(bare := "".join(secret.split())) >= _KEY_PIECE}


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """``text`` with every passage replaced that shares eight characters in a row with a secret or looks like a key.

    White space and line ends between the eight do not save them, nor does writing them percent-encoded, in base64 or in
    hexadecimal digits.
    """
    text = _LIKE_A_KEY.sub("[key]", text)
    pieces = _pieces(frozenset(secrets))
    hidden: set[int] = set()
    for spans in (_solid(text), _decoded(text)):
        solid = "".join(char for char, _, _ in spans)
        for size, known in pieces.items():
            for i in range(len(solid) - size + 1):
                if solid[i : i + size] in known:
                    hidden.update(range(spans[i][1], spans[i + size - 1][2]))
    shown = "".join("\0" if i in hidden else c for i, c in enumerate(text)) if hidden else text
    return re.sub("\0+", "[key]", shown)


@lru_cache(maxsize=4)
def _pieces(secrets: frozenset[str]) -> dict[int, set[str]]:
    """What must not be repeated of ``secrets``, by its length."""
    pieces: dict[int, set[str]] = {}
    for secret in secrets:
        for form in _forms("".join(secret.split())):
            size = min(_KEY_PIECE, len(form))
            pieces.setdefault(size, set()).update(form[i : i + size] for i in range(len(form) - size + 1))
    return {size: known for size, known in pieces.items() if size}


def _forms(secret: str) -> Iterator[str]:
    """``secret`` as itself, in hexadecimal digits, and in base64, wherever it or a part of it may begin there."""
    raw = secret.encode("utf-8", "surrogateescape")
    yield secret
    if len(raw) >= _KEY_PIECE:
        yield from (raw.hex(), raw.hex().upper())
        for before in range(3):
            coded = base64.b64encode(bytes(before) + raw).decode()
            whole = coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
            yield from (whole, whole.translate(str.maketrans("+/", "-_")))


def _solid(text: str) -> list[tuple[str, int, int]]:
    """The characters of ``text`` that are no white space, each with where it begins and ends."""
    return [(char, i, i + 1) for i, char in enumerate(text) if not char.isspace()]


def _decoded(text: str) -> list[tuple[str, int, int]]:
    """The same of the text that a percent-encoded ``text`` stands for; other characters stand for themselves."""
    if "%" not in text:
        return []
    found = re.finditer(r"%([0-9A-Fa-f]{2})|\S", text)
    return [(chr(int(m[1], 16)) if m[1] else m[0], m.start(), m.end()) for m in found]


def _in_address(url: str) -> Iterator[str]:
    """What an address tells besides where: its password and the values of its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    queried = [value for _, value in parse_qsl(parts.query)]
    for value in (parts.password, *queried):
        if value:
            yield from {value, unquote(value)}
