"""Tokens of a chat, and a prefix cache that counts how many of them a server need not read again."""

from __future__ import annotations

import os
from array import array
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ENCODING = "o200k_base"


@cache
def _encoding() -> Any:
    # LiteLLM carries the vocabulary along, so that nothing is downloaded; importing it would take seconds.
    found = find_spec("litellm")
    folders = (found.submodule_search_locations if found else None) or [""]
    os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(Path(folders[0]) / "litellm_core_utils" / "tokenizers"))
    import tiktoken

    return tiktoken.get_encoding(ENCODING)


@cache
def _line(line: str) -> tuple[int, ...]:
    return tuple(_encoding().encode(line, disallowed_special=()))


def tokens(text: str) -> list[int]:
    """The tokens of ``text``: line by line, which is what makes repeated text cheap to count."""
    return [token for line in text.splitlines(keepends=True) for token in _line(line)]


def prompt_tokens(messages: Sequence[Mapping[str, str]]) -> list[int]:
    """The tokens of a chat in an approximated template: start, role, separator, content, end; then the reply's head."""
    out: list[int] = []
    for message in messages:
        out += [-1, *tokens(message["role"]), -2, *tokens(message["content"]), -3]
    return [*out, -1, *tokens("assistant"), -2]


def chain(prompt: Sequence[int], block: int) -> list[int]:
    """One key for each whole block of ``prompt``, which covers everything before it too."""
    data, step = array("i", prompt).tobytes(), block * array("i").itemsize
    keys, above = [], 0
    for start in range(0, len(data) - step + 1, step):
        above = hash((above, data[start : start + step]))
        keys.append(above)
    return keys


@dataclass
class Cache:
    """A prefix cache of whole blocks of ``block`` tokens.

    A match of fewer than ``least`` tokens does not count. Beyond ``capacity`` tokens (None: unlimited) the blocks that
    were not used for the longest time go. ``keeps_replies`` says whether a reply's own blocks are kept, as vLLM does;
    ``schema_first`` whether the JSON schema of a reply stands in front of the messages, as at OpenAI.
    """

    block: int
    least: int = 0
    capacity: int | None = None
    keeps_replies: bool = False
    schema_first: bool = False
    held: OrderedDict[int, None] = field(default_factory=OrderedDict)

    def matched(self, keys: Sequence[int]) -> int:
        """How many tokens the cache holds from the start of a prompt with these keys."""
        count = next((i for i, key in enumerate(keys) if key not in self.held), len(keys))
        for key in reversed(keys[:count]):
            self.held.move_to_end(key)
        return count * self.block if count * self.block >= self.least else 0

    def store(self, keys: Sequence[int]) -> None:
        """Keeps these blocks. The last ones count as the oldest, since they are of no use without those before."""
        for key in reversed(keys):
            self.held[key] = None
            self.held.move_to_end(key)
        while self.capacity is not None and len(self.held) * self.block > self.capacity:
            self.held.popitem(last=False)
