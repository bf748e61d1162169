"""Conversations grown with the cast alone, by the benchmark's own loop, for the tests to look at."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from argparse import Namespace
from functools import cache
from pathlib import Path

from personagen.records import Message

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))  # for what the benchmark imports
_FILE = Path(__file__).parents[2] / "benchmarks" / "offline_cast.py"
_SPEC = importlib.util.spec_from_file_location("offline_cast", _FILE)
bench = importlib.util.module_from_spec(_SPEC)
sys.modules["offline_cast"] = bench
_SPEC.loader.exec_module(bench)
figures = sys.modules["cast_figures"]

BEEKEEPER = {
    "profile": "She is 34 and keeps bees on her roof. She works nights as a nurse.",
    "personality": "She is anxious and methodical.",
    "facts": ["She is 34 years old", "She keeps bees on her roof", "She works nights as a nurse", "Her son is deaf"],
    "traits": ["anxious", "methodical"],
    "lines": [
        "She is 34 years old",
        "She keeps bees on her roof",
        "She works nights as a nurse",
        "Her son is deaf",
        "anxious",
        "methodical",
    ],
}
NOBODY = {"profile": "", "personality": "", "facts": [], "traits": [], "lines": []}


@cache
def grown(conversations: int = 50, turns: int = 10, noise: float = 0.0, seed: int = 7) -> tuple:
    """That many conversations over personas made from the packaged seeds."""
    args = Namespace(conversations=conversations, turns=turns, seed=seed, noise=noise, aloe=None)
    return tuple(asyncio.run(bench.run(args, noise))[0])


def talk(*texts: str) -> list[Message]:
    """Messages in turn, the user first."""
    return [Message(role="assistant" if i % 2 else "user", content=text) for i, text in enumerate(texts)]
