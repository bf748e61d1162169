"""How every agent asks: render the prompt, call the model, parse the reply, ask again within a bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from personagen.errors import ReplyError
from personagen.llm import LLM, Call
from personagen.llm.journaled import Tally
from personagen.prompts import Prompt

T = TypeVar("T")
_UNUSABLE = {
    "length": "the reply was cut off at its token limit",
    "refusal": "the model refused",
    "content_filter": "the provider's content filter stopped it",
}


@dataclass(frozen=True)
class Stage:
    """What agents work with: the model behind all its layers, the prompt files, and each role's model name."""

    llm: LLM
    prompts: Mapping[str, Prompt]
    models: Mapping[str, str]
    tally: Tally
    attempts: int = 3


@dataclass(frozen=True)
class At:
    """Where in a run a question is asked, and how much waits for its answer.

    ``sample`` tells apart questions that may be worded alike and still want answers of their own; ``chain`` is the
    number of calls that must be made one after another from this one on.
    """

    place: str
    sample: str
    chain: int = 1


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A parsed reply and the key of the call that gave it."""

    value: T
    call: str


async def ask(
    stage: Stage,
    name: str,
    inputs: Mapping[str, Any],
    parse: Callable[[str], T],
    at: At,
    *,
    schema: Mapping[str, Any] | None = None,
) -> Answer[T]:
    """Asks the prompt ``name`` and returns the first reply that ``parse`` accepts.

    Raises:
        ReplyError: none of ``stage.attempts`` replies could be used; the reason is the last one's.
        PersonagenError: the call itself failed.
    """
    prompt = stage.prompts[name]
    messages = prompt.render(inputs)
    reason = ""
    for attempt in range(stage.attempts):
        call = Call(
            model=stage.models[name.partition("/")[0]],
            messages=messages,
            sampling=prompt.sampling,
            schema=schema,
            sample=f"{at.sample}/{attempt}",
            chain=at.chain,
            place=at.place,
            prompt=name,
            inputs=inputs,
        )
        completion = await stage.llm(call)
        try:
            if completion.finish_reason != "stop":
                raise ReplyError(_UNUSABLE.get(completion.finish_reason, f"it ended by {completion.finish_reason}"))
            return Answer(parse(completion.text), call.key)
        except ReplyError as error:
            reason = str(error)
            stage.tally.asked_again += attempt + 1 < stage.attempts
    raise ReplyError(f"{name} gave no usable reply in {stage.attempts} attempts: {reason}")
