"""The author: writes new descriptions for a pool."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cache, partial
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationInfo

from personagen.agents import sample
from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, ask
from personagen.agents.replies import Entry, Text, parsed, schema_of, worded
from personagen.records import Kind

NAMES: dict[Kind, str] = {"profile": "facts", "personality": "traits"}
PROMPTS: dict[Kind, str] = {"profile": "author/profiles", "personality": "author/personalities"}
MIN_COUNT, SPARE = 3, 1.1  # descriptions that there is room for, however few are asked for; times their length
Written = list[tuple[str, tuple[str, ...]]]
T = TypeVar("T")


def _statements(value: Any, info: ValidationInfo) -> tuple[str, ...]:
    texts = (worded(one, info) for one in value if isinstance(one, str)) if isinstance(value, list) else ()
    return tuple(filter(None, texts))


def _with_text(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


_Statements = Annotated[tuple[str, ...], BeforeValidator(_statements)]


class Profile(BaseModel):
    """A profile in the author's reply; a malformed one becomes empty, so that a filter rejects it."""

    text: Text = ""
    items: _Statements = Field((), alias="facts")


class Personality(Profile):
    """A personality in the author's reply."""

    items: _Statements = Field((), alias="traits")


class Descriptions(BaseModel, Generic[T]):
    """The author's reply."""

    descriptions: list[Annotated[Entry[T], BeforeValidator(_with_text)]] = Field(min_length=1)


REPLIES: dict[Kind, type[Descriptions[Any]]] = {
    "profile": Descriptions[Profile],
    "personality": Descriptions[Personality],
}


async def write(ctx: AgentContext, kind: Kind, examples: Sequence[str], count: int, site: CallSite) -> Answer[Written]:
    """Up to ``count`` new descriptions in the form of ``ctx.form``, each a text and its facts or traits.

    They describe the people of ``ctx.draws``, in this order. The procedure is ALOE's (arXiv 2410.03642, section 3.1),
    which leaves to the model whom to describe.
    """
    inputs = {"examples": list(examples), "count": count, "form": ctx.form.inputs, "draws": list(ctx.draws)}
    parse = partial(written, kind, placeholders=ctx.placeholders(PROMPTS[kind]))
    schema = reply_schema(kind, count, ctx.form.items)
    needed = SPARE * max(count, MIN_COUNT) * ctx.form.longest_tokens
    site = replace(site, room=min(1.0, needed / ctx.max_tokens(PROMPTS[kind])))
    return await ask(ctx, PROMPTS[kind], inputs, parse, site, schema=schema, parse_cut=parse)


def written(kind: Kind, text: str, placeholders: Collection[str] = ()) -> Written:
    """The descriptions in a reply, in order; raises ``ReplyError`` if there is none."""
    reply = parsed(REPLIES[kind], text, placeholders=placeholders)
    return [(one.text, one.items) for one in reply.descriptions]


@cache
def reply_schema(kind: Kind, count: int, items: tuple[int, int]) -> dict[str, Any]:
    """The JSON schema of a reply with up to ``count`` descriptions, each with as many facts or traits as in ``items``.

    A maximum of 0 sets no bounds.
    """
    schema = deepcopy(schema_of(REPLIES[kind]))
    descriptions = schema["properties"]["descriptions"]
    descriptions["maxItems"] = count
    if items[1]:
        descriptions["items"]["properties"][NAMES[kind]] |= {"minItems": items[0], "maxItems": items[1]}
    return schema


ACTS = {
    "author/profiles": Act(
        write, lambda _: ("profile", sample.examples("profile"), 20), usual_tokens=210, offline_tokens=195
    ),
    "author/personalities": Act(
        write, lambda _: ("personality", sample.examples("personality"), 20), usual_tokens=115, offline_tokens=143
    ),
}
