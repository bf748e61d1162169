"""The observer: infers what the user's messages reveal, without seeing the persona."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, ask
from personagen.agents.replies import Entry, Quote, Text, clean, parsed, schema_of
from personagen.personas.words import HAN, KANA, words
from personagen.records import Inference, Kind, Message, Sure

# The inferences with a verbatim quote, how many had none, and what the user took back; a user's function may leave the
# last out.
Found = tuple[tuple[Inference, ...], int, tuple[str, ...]]
MAX_INFERENCES = 60  # that a schema allows, so that a weak model comes to an end
_WIDE = f"{HAN}{KANA}"
# NFKC makes full-width signs and half-width kana equal to the usual ones, but leaves these.
_QUOTES = str.maketrans(
    dict.fromkeys("‘’‚‛‹›`´", "'") | dict.fromkeys("“”„‟«»「」『』《》〝〞", '"') | {"。": ".", "、": ","}
)
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_SPACE_INSIDE = re.compile(rf"(?<=[{_WIDE}]) | (?=[{_WIDE}])")
_MORE = re.compile(r"^(?:\.{2,}\s*)|\s*\.{2,}$")


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _high_if_unclear(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """``low`` or ``high``; anything else is ``high``, as in answers from before there was this field."""
    try:
        return check(_lower(value))
    except ValidationError:
        return "high"


def _none_if_unclear(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    try:
        return check(value)
    except ValidationError:
        return []


def _empty_if_unclear(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    try:
        return check(value)
    except ValidationError:
        return ""


class Guess(BaseModel):
    """An inference in the observer's reply; a malformed one becomes empty, and is dropped for want of a quote."""

    fact: Text = ""
    quote: Quote = ""
    second_quote: Annotated[Quote, WrapValidator(_empty_if_unclear)] = ""
    kind: Annotated[Kind | None, BeforeValidator(_lower)] = None
    sure: Annotated[Sure, WrapValidator(_high_if_unclear)] = "high"


class Guesses(BaseModel):
    """The observer's reply."""

    inferences: list[Entry[Guess]] = Field(json_schema_extra={"maxItems": MAX_INFERENCES})
    retracts: Annotated[list[Text], WrapValidator(_none_if_unclear)] = Field(
        default_factory=list, json_schema_extra={"maxItems": MAX_INFERENCES}
    )


async def infer(ctx: AgentContext, conversation: Sequence[Message], site: CallSite) -> Answer[Found]:
    """What the user turns of ``conversation`` reveal, each inference with a verbatim quote."""

    def parse(text: str) -> Found:
        reply = parsed(Guesses, text, placeholders=ctx.placeholders("observer/infer"))
        found, dropped = verified(reply.inferences, conversation)
        retracts = tuple(dict.fromkeys(filter(None, reply.retracts)))
        return _without(found, retracts), dropped, retracts

    inputs = {"conversation": list(conversation), "earlier": [one.fact for one in ctx.memory.inferences]}
    return await ask(ctx, "observer/infer", inputs, parse, site, schema=schema_of(Guesses), parse_cut=parse)


def verified(guesses: Sequence[Guess], conversation: Sequence[Message]) -> tuple[tuple[Inference, ...], int]:
    """The distinct inferences whose quote occurs verbatim in a user turn, and how many of ``guesses`` were dropped.

    A trait that shows, but that the user does not state, needs a second quote from another place. Verbatim: equal after
    folding white space, quotation marks (also those around the quote) and the width of signs, and up to an ellipsis.
    """
    turns = [_folded(message.content) for message in conversation if message.role == "user"]
    kept: dict[Inference, None] = {}
    for guess in guesses:
        quote = _bare(_folded(guess.quote))
        if not (guess.kind and guess.fact and quote and any(quote in turn for turn in turns)):
            continue
        only_shows = guess.kind == "personality" and guess.sure == "low"
        if not only_shows or _shows_twice(quote, _bare(_folded(guess.second_quote)), turns):
            kept[Inference(fact=guess.fact, quote=guess.quote, kind=guess.kind, sure=guess.sure)] = None
    return tuple(kept), len(guesses) - len(kept)


def _shows_twice(quote: str, second: str, turns: Sequence[str]) -> bool:
    """Whether ``second`` occurs elsewhere than as a part of ``quote``, or ``quote`` as a part of it."""
    overlap = second in quote or quote in second
    return bool(second) and sum(turn.count(second) for turn in turns) > overlap


def _without(found: Sequence[Inference], retracts: Sequence[str]) -> tuple[Inference, ...]:
    """``found`` without what was taken back, in whatever marks and case."""
    gone = {_plain(fact) for fact in retracts}
    return tuple(one for one in found if _plain(one.fact) not in gone)


def _plain(fact: str) -> str:
    """The words of ``fact`` alone, to compare it."""
    return " ".join(words(fact))


def _bare(quote: str) -> str:
    """``quote`` without quotation marks around it, and without dots that stand for more before or after it."""
    return _MORE.sub("", quote.strip("\"' ")).strip("\"' ")


def _folded(text: str) -> str:
    """``text`` with one form for what looks the same; between ideographs or kana, white space is dropped."""
    plain = clean(_UNSEEN.sub("", unicodedata.normalize("NFKC", text)).translate(_QUOTES))
    return plain if plain.isascii() else _SPACE_INSIDE.sub("", plain)


ACTS = {"observer/infer": Act(infer, lambda s: (s.conversation,), usual_tokens=40, offline_tokens=36)}
