"""Keys and passwords out of text that others wrote: a server may repeat what it was sent."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
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

    White space between the eight does not save them. Encoded forms (base64, hexadecimal, percent) are not looked for.
    """
    text = _LIKE_A_KEY.sub("[key]", text)
    known = {secret[i : i + _KEY_PIECE] for secret in secrets for i in range(len(secret) - _KEY_PIECE + 1)}
    places = [i for i, char in enumerate(text) if not char.isspace()]
    solid = "".join(text[i] for i in places)
    hidden: set[int] = set()
    for i in range(len(solid) - _KEY_PIECE + 1):
        if solid[i : i + _KEY_PIECE] in known:
            hidden.update(range(places[i], places[i + _KEY_PIECE - 1] + 1))
    shown = "".join("\0" if i in hidden else c for i, c in enumerate(text)) if hidden else text
    return re.sub("\0+", "[key]", shown)


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
