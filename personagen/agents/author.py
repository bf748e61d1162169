"""The author: writes new descriptions for a pool."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from personagen.agents.ask import AgentContext, Answer, CallSite, ask
from personagen.agents.replies import PERSONALITIES, PROFILES, descriptions
from personagen.records import Kind

PROMPTS: dict[Kind, str] = {"profile": "author/profiles", "personality": "author/personalities"}
_ITEMS = {"profile": ("facts", PROFILES), "personality": ("traits", PERSONALITIES)}


async def write(
    ctx: AgentContext, kind: Kind, examples: Sequence[str], count: int, at: CallSite
) -> Answer[list[tuple[str, tuple[str, ...]]]]:
    """Up to ``count`` new descriptions, each a text and its facts or traits (ALOE, arXiv 2410.03642, section 3.1)."""
    items, schema = _ITEMS[kind]
    inputs = {"examples": list(examples), "count": count}
    parse = partial(descriptions, items=items)
    return await ask(ctx, PROMPTS[kind], inputs, parse, at, schema=schema)
