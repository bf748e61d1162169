"""The names of columns that mean the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable

TEXTS = ("profile", "personality", "persona", "text")
ITEMS = {"profile": "facts", "personality": "traits"}
IDS = ("id", "uuid", "persona id", "person id")
# Fields of a persona as `expand` writes it, which say nothing about the person.
ORIGINS = ("origin", "prompt hash", "kind", "source")
# Attributes, by the usual names of their columns.
ATTRIBUTES = {
    "age": ("age", "age years", "age in years", "years old"),
    "sex": ("sex", "gender"),
    "country": ("country", "country name", "country of residence"),
    "occupation": ("occupation", "job", "job title", "profession"),
}
CANONICAL = {usual: name for name, names in ATTRIBUTES.items() for usual in names}
KNOWN_COLUMNS = frozenset((*TEXTS, *ITEMS.values(), *IDS, *CANONICAL, "user 1 personas", "user 2 personas"))
# Columns that a profile or a personality often stands in, to suggest them.
_LIKELY = {
    "profile": [
        "bio",
        "biography",
        "background",
        "description",
        "about",
        "summary",
        "backstory",
        "story",
        "life",
        "introduction",
        "persona",
        "facts",
    ],
    "personality": [
        "temperament",
        "temper",
        "character",
        "personalities",
        "traits",
        "nature",
        "disposition",
        "style",
        "mbti",
        "psychology",
    ],
}
_ADDED = frozenset(
    [
        "text",
        "description",
        "desc",
        "in",
        "words",
        "summary",
        "statement",
        "sentence",
        "sentences",
        "full",
        "long",
        "user",
        "english",
        "body",
        "content",
    ]
)
_WORDS = re.compile(r"[^\W_]+")


def column(name: object) -> str:
    """The name of a column, without regard to case, underscores and hyphens."""
    return " ".join(str(name).lower().replace("_", " ").replace("-", " ").split())


def alike(key: str, names: Iterable[str]) -> str:
    """The only one of ``names`` that is ``key`` with words such as "text" or "description"; empty if none or more."""
    found = [name for name in names if key in (parts := set(_WORDS.findall(name))) and parts - {key} <= _ADDED]
    return found[0] if len(found) == 1 else ""


def suggestion(names: Iterable[str], texts: Iterable[str] = ()) -> str:
    """The option to type for a table with the columns ``names``, of which ``texts`` hold long texts."""
    by_name = {column(name): name for name in names}
    chosen = {}
    for key, likely in _LIKELY.items():
        whole = next((by_name[word] for word in likely if word in by_name), "")
        part = next((name for known, name in by_name.items() if set(_WORDS.findall(known)) & set(likely)), "")
        chosen[key] = whole or part
    chosen["profile"] = chosen["profile"] or next((name for name in texts if name not in chosen.values()), "COLUMN")
    spec = ",".join(f"{key}={name}" for key, name in chosen.items() if name)
    return f"--columns '{spec}'" if re.search(r"[^\w,=.-]", spec) else f"--columns {spec}"
