"""Removes keys and passwords from text of servers, which may repeat what they were sent."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit

MIN_SECRET_CHARS = 8
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH(?!OR)|COOKIE|CUSTOM_HEADERS", re.IGNORECASE)
_SCHEME = re.compile(r"^\s*https?://", re.IGNORECASE)  # eight characters of every address
# A masked word is matched from its start only: starting within words would take quadratic time.
_LIKE_A_KEY = re.compile(
    r"(?<!\S)\S*\*{3,}[^\s,;]*|\b(?:sk|pk|rk|gsk|xai|hf|key)[-_][\w*.\-]{6,}|\bAIza[\w\-]{10,}", re.IGNORECASE
)


def secrets(key: str) -> set[str]:
    """``key`` and every other secret in the environment."""
    # LiteLLM reads a hundred variables, so the names decide.
    held = {_SCHEME.sub("", value) for name, value in os.environ.items() if _SECRET_NAME.search(name)}
    for value in os.environ.values():
        if "://" in value:
            held.update(_in_address(value))
    return {bare for secret in {key, *held} if len(bare := "".join(secret.split())) >= MIN_SECRET_CHARS}


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """``text`` without passages that share eight consecutive characters with a secret, or look like a key.

    White space between the characters is ignored. Encoded forms (base64, hexadecimal, percent) are not found.
    """
    text = _LIKE_A_KEY.sub("[key]", text)
    known = {secret[i : i + MIN_SECRET_CHARS] for secret in secrets for i in range(len(secret) - MIN_SECRET_CHARS + 1)}
    places = [i for i, char in enumerate(text) if not char.isspace()]
    solid = "".join(text[i] for i in places)
    hidden: set[int] = set()
    for i in range(len(solid) - MIN_SECRET_CHARS + 1):
        if solid[i : i + MIN_SECRET_CHARS] in known:
            hidden.update(range(places[i], places[i + MIN_SECRET_CHARS - 1] + 1))
    shown = "".join("\0" if i in hidden else c for i, c in enumerate(text)) if hidden else text
    return re.sub("\0+", "[key]", shown)


def _in_address(url: str) -> set[str]:
    """The secrets of a URL: its password and the values of its query, as written and decoded."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return set()
    values = [parts.password or "", *(value for _, value in parse_qsl(parts.query))]
    return {*values, *map(unquote, values)}
