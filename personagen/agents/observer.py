"""The observer: lists what the user's words reveal, and never meets the persona."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, ask
from personagen.agents.replies import Entry, Quote, Text, clean, parsed, schema_of
from personagen.records import Inference, Kind, Message

Found = tuple[tuple[Inference, ...], int]
_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"'})


class Guess(BaseModel):
    """An inference as it is written; one that is not of this form is an empty one, which no quote bears out."""

    fact: Text = ""
    quote: Quote = ""
    kind: Kind | None = None


class Guesses(BaseModel):
    """The observer's reply."""

    inferences: list[Entry[Guess]]


async def infer(ctx: AgentContext, conversation: Sequence[Message], site: CallSite) -> Answer[Found]:
    """The inferences with a verbatim quote from a user turn of ``conversation``, and how many had none."""

    def parse(text: str) -> Found:
        return verified(parsed(Guesses, text).inferences, conversation)

    inputs = {"conversation": list(conversation)}
    return await ask(ctx, "observer/infer", inputs, parse, site, schema=schema_of(Guesses))


def verified(guesses: Sequence[Guess], conversation: Sequence[Message]) -> Found:
    """The distinct inferences whose quote stands verbatim in a user turn, and how many of ``guesses`` were dropped.

    Verbatim means: the same characters, once runs of white space and curly quotation marks are folded.
    """
    said = [_folded(message.content) for message in conversation if message.role == "user"]
    kept: dict[Inference, None] = {}
    for guess in guesses:
        wanted = _folded(guess.quote)
        if guess.kind and guess.fact and wanted and any(wanted in turn for turn in said):
            kept[Inference(fact=guess.fact, quote=guess.quote, kind=guess.kind)] = None
    return tuple(kept), len(guesses) - len(kept)


def _folded(text: str) -> str:
    return clean(text.translate(_QUOTES))


ACTS = {"observer/infer": Act(infer, lambda s: (s.conversation,), usual_tokens=40, offline_tokens=20)}
