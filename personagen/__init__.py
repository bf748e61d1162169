"""personagen grows preference data for personal alignment: personas, conversation trees, preference pairs.

>>> from personagen import expand, simulate
>>> expand(target=30, out="outputs/pool")
>>> simulate(personas="outputs/pool/personas.jsonl", out="outputs/run", turns=3)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from personagen.api import (
        aevaluate,
        aexpand,
        asimulate,
        evaluate,
        expand,
        export,
        read_pairs,
        read_personas,
        read_trajectories,
        read_trees,
        report,
        simulate,
    )
    from personagen.call import LLM, Call
    from personagen.errors import PersonagenError
    from personagen.publishing import publish, pull
    from personagen.records import Completion, ConversationTree, Message, Persona, PreferencePair
    from personagen.runs.progress import Status
    from personagen.trajectories import TrajectoryPair

__version__ = "0.1.0"
__all__ = [
    "LLM",
    "Call",
    "Completion",
    "ConversationTree",
    "Message",
    "Persona",
    "PersonagenError",
    "PreferencePair",
    "Status",
    "TrajectoryPair",
    "aevaluate",
    "aexpand",
    "asimulate",
    "evaluate",
    "expand",
    "export",
    "publish",
    "pull",
    "read_pairs",
    "read_personas",
    "read_trajectories",
    "read_trees",
    "report",
    "simulate",
]

_MODULES = {
    **dict.fromkeys(("LLM", "Call"), "call"),
    **dict.fromkeys(
        ("Completion", "ConversationTree", "Message", "Persona", "PreferencePair", "TrajectoryPair"), "records"
    ),
    "PersonagenError": "errors",
    **dict.fromkeys(("publish", "pull"), "publishing"),
    "TrajectoryPair": "trajectories",
    "Status": "runs.progress",
}


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> object:
    # Imported on first use: `personagen --help` must not wait for numpy and pydantic.
    if name not in __all__:
        raise AttributeError(f"module 'personagen' has no attribute {name!r}")
    return getattr(import_module(f"personagen.{_MODULES.get(name, 'api')}"), name)
