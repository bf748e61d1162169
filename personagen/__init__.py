"""personagen grows preference data for personal alignment: personas, conversation trees, preference pairs.

>>> from personagen import expand, simulate
>>> expand(target=30, out="outputs/pool")
>>> simulate(personas="outputs/pool/personas.jsonl", out="outputs/run", turns=3)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from personagen.api import expand, export, read_pairs, read_personas, read_trees, simulate
    from personagen.errors import PersonagenError

__version__ = "0.1.0"

_FROM = {
    "expand": "api",
    "export": "api",
    "read_pairs": "api",
    "read_personas": "api",
    "read_trees": "api",
    "simulate": "api",
    "PersonagenError": "errors",
}

__all__ = ["PersonagenError", "expand", "export", "read_pairs", "read_personas", "read_trees", "simulate"]


def __getattr__(name: str) -> object:
    # Imported when first used: `personagen --help` must not wait for numpy and pydantic.
    if name not in _FROM:
        raise AttributeError(f"module 'personagen' has no attribute {name!r}")
    return getattr(import_module(f"personagen.{_FROM[name]}"), name)
