"""Values of a table: what is missing, texts, lists, ids, attributes."""

from __future__ import annotations

import ast
import json
import math
import re
import unicodedata
from typing import Any

MAX_TEXT = 20_000  # characters of one description
MAX_ATTRIBUTE = 500
MAX_AGE = 130
MISSING = frozenset(
    [
        "nan",
        "none",
        "null",
        "n/a",
        "na",
        "<na>",
        "#n/a",
        "#na",
        "nat",
        "nil",
        "undefined",
        "missing",
        "unknown",
        "unspecified",
        "empty",
        "blank",
        "tbd",
        "void",
        "(none)",
        "[none]",
        "(null)",
        "[null]",
        "(empty)",
        "n.a.",
        "k.a.",
        "#n/a n/a",
        "#null!",
        "#value!",
        "#ref!",
        "#div/0!",
        "#name?",
        "#num!",
        "#error!",
        "#spill!",
        "#calc!",
        "-nan",
        "1.#ind",
        "-1.#ind",
        "1.#qnan",
        "-1.#qnan",
        "\\n",
        "not_available",
    ]
) | {"not available", "not applicable", "not specified", "not provided", "not given", "no data", "not known"}
_LONGEST_MISSING = 3 * max(map(len, MISSING))  # with white space
# Not a plain text: controls, lone surrogates, and characters that turn the direction of the text around them.
_UNUSABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_SEPARATOR = re.compile(r"\s*[;|\n]\s*")
_SEXES = {
    **dict.fromkeys(("female", "f", "woman", "girl", "w", "weiblich", "she/her", "she"), "female"),
    **dict.fromkeys(("male", "m", "man", "boy", "männlich", "he/him", "he"), "male"),
    **dict.fromkeys(("other", "nonbinary", "non-binary", "non binary", "diverse", "they/them", "they"), "other"),
}
_AGE = re.compile(r"(\d{1,3})(?:\.0+)?(?: ?years?(?: old)?)?")


def is_missing(value: Any) -> bool:
    """Whether ``value`` says that there is none: null, NaN, an empty list, blank, ``N/A``, a dash."""
    if isinstance(value, str):
        if len(value) > _LONGEST_MISSING and value.isprintable():
            return not any(map(str.isalnum, value))
        plain = " ".join(value.split()).casefold()
        return plain in MISSING or (plain.isprintable() and not any(map(str.isalnum, plain)))
    if value is None or (isinstance(value, list | tuple | dict | set) and not value):
        return True
    if isinstance(value, float):
        return not math.isfinite(value)
    return type(value).__name__ in ("NAType", "NaTType")


def is_plain(text: str) -> bool:
    """Whether ``text`` has no control character, no lone surrogate and nothing that turns the direction of writing."""
    return text.isprintable() or not _UNUSABLE.search(text)


def text(value: Any, name: str) -> str:
    """A description with normalised white space; ValueError if it can't be one."""
    if not isinstance(value, str):
        raise ValueError(f"the {name} is not a text")
    found = value if value.isprintable() and "  " not in value else " ".join(value.split())
    found = found.strip()
    if len(found) > MAX_TEXT:
        raise ValueError(f"the {name} has {len(found):,} characters, but at most {MAX_TEXT:,} are allowed")
    if not any(map(str.isalpha, found)):
        raise ValueError(f"the {name} has no words" if found else f"the {name} is empty")
    if not is_plain(found) and (bad := _UNUSABLE.search(found)):
        raise ValueError(f"the {name} holds {_named(bad[0])}; remove it")
    return found


def _named(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return f"a lone surrogate (U+{ord(character):04X})"
    what = "character that turns the direction of writing" if character > "\u2000" else "control character"
    return f"a {what} (U+{ord(character):04X})"


def items(value: Any, name: str) -> tuple[str, ...]:
    """A list of texts, or one text: a list as JSON or Python writes it, or parts between semicolons, bars or lines."""
    if is_missing(value):
        return ()
    value = listed(value)
    parts = _SEPARATOR.split(value) if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError(f"{name} is not a list of texts")
    return tuple(text(part, name) for part in parts if part.strip())


def listed(value: Any) -> Any:
    """``value`` as a list if it is one, an array or tuple, or a text that holds one; else unchanged."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, str) and value.lstrip()[:1] == "[" and value.rstrip()[-1:] == "]":
        for parse in (json.loads, ast.literal_eval):
            try:
                found = parse(value.strip())
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            return found if isinstance(found, list) else value
    return value


def own_id(value: Any) -> str:
    """An id as text; empty if it is missing or no number and no text."""
    if is_missing(value) or isinstance(value, bool):
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return str(value).strip() if isinstance(value, str | int) or type(value).__name__ in ("UUID", "Decimal") else ""


def age(value: Any) -> int | None:
    """An age in whole years; None if ``value`` is none."""
    found = _AGE.fullmatch(str(value).strip().lower())
    return int(found[1]) if found and int(found[1]) <= MAX_AGE and not isinstance(value, bool) else None


def sex(value: str) -> str:
    """``female``, ``male`` or ``other``, or empty."""
    return _SEXES.get(value.casefold(), "")


def attribute(value: Any) -> str:
    """A short value as text, those of a list with semicolons; ValueError if it is long or nested."""
    value = listed(value)
    if isinstance(value, list):
        if any(isinstance(part, dict | list) for part in value):
            raise ValueError("nested")
        found = "; ".join(attribute(part) for part in value if not is_missing(part))
    elif isinstance(value, dict) or type(value).__name__ in ("bytes", "Image"):
        raise ValueError("nested")
    elif isinstance(value, bool):
        found = str(value).lower()
    elif isinstance(value, float) and value.is_integer():
        found = str(int(value))
    else:
        found = " ".join(str(value).split())
    if len(found) > MAX_ATTRIBUTE or not is_plain(found):
        raise ValueError("long or no plain text")
    return unicodedata.normalize("NFC", found)


def ended(sentence: str) -> str:
    """``sentence`` in one line, with a stop at its end."""
    plain = " ".join(sentence.split())
    return plain if plain.endswith((".", "!", "?", "\u3002", "\uff01", "\uff1f", "\u0964")) else f"{plain}."
