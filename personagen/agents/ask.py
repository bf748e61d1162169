"""How every agent asks: render the prompt, call the model, parse the reply, re-ask a limited number of times.

A reply that can't be parsed is re-asked up to ``attempts`` times in all, and never in the same words at the same
settings, since a model may repeat itself. A message that a turn gate rejects is re-asked once within that limit.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Generic, TypeVar, cast

from personagen.agents.brief import Brief
from personagen.agents.replies import CUT_OFF, Spoken, cut_speech, speech
from personagen.agents.reply_counts import ReplyCounts
from personagen.call import LLM, Call, Sampling
from personagen.errors import ReplyError, UsageError
from personagen.gates import Objection, Turn, first_objection, texts_in
from personagen.llm.endpoints import is_offline
from personagen.llm.middleware import Tally
from personagen.llm.room import reasoned_only
from personagen.options.language import ANY, base_of, name_of
from personagen.personas.form import PACKAGED, Form
from personagen.prompts.files import Prompt, joined
from personagen.records import Completion, Memory, Message, Usage

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])
MAX_RE_ASKS_AFTER_OBJECTION = 1
MORE_ROOM, MIN_WARM, WARMER = 2, 0.7, 0.4  # times the tokens after a reply that was cut off; temperatures
MISSES_TO_STOP_TRUSTING = 3  # replies without JSON, until a server is thought to ignore schemas
log = logging.getLogger(__name__)
_UNUSABLE = {
    "length": CUT_OFF,
    "context": "the context was full: serve the model with more context",
    "refusal": "the model refused",
    "content_filter": "the provider's content filter stopped it",
}


@dataclass(frozen=True)
class AgentContext:
    """What agents work with: the model behind its middleware, the prompt files, and each role's model name.

    ``language`` is a code, or ``any``; ``words`` the usual length of a reply, ``form`` of new descriptions, ``draws``
    whom they describe; ``brief`` is that of the next user message, ``memory`` is of earlier conversations. ``acts``
    maps prompts to user functions, ``schema_misses`` counts replies without schema. ``rehearsed``: no gates.
    """

    llm: LLM
    prompts: Mapping[str, Prompt]
    models: Mapping[str, str]
    tally: Tally
    attempts: int = 3
    language: str = "en"
    acts: Mapping[str, Callable[..., Awaitable[Any]]] = field(default_factory=dict)
    rehearsed: bool = False
    words: int = 100
    brief: Brief | None = None
    form: Form = PACKAGED
    memory: Memory = field(default_factory=Memory)
    draws: tuple[Mapping[str, str | int], ...] = ()
    counts: ReplyCounts = field(default_factory=ReplyCounts)
    schema_misses: Counter[str] = field(default_factory=Counter)

    def max_tokens(self, prompt: str) -> int:
        """The maximum tokens of an answer to ``prompt``."""
        return self.prompts[prompt].sampling.answer_tokens

    def placeholders(self, prompt: str) -> frozenset[str]:
        """The texts that ``prompt`` shows in place of an answer; a reply that repeats one says nothing."""
        return self.prompts[prompt].placeholders

    def discard(self, prompt: str, usage: Usage, cause: str, *, again: bool) -> None:
        """Counts a reply that can't be used, ``again`` if the same is asked once more."""
        self.counts.add(prompt, usage, cause, again=again)
        self.tally.re_asked += again

    def spoken(self, role: str) -> str:
        """The language that ``role`` is to speak; ``any`` for the offline cast, which speaks English only."""
        return ANY if is_offline(self.models.get(role)) and base_of(self.language) != "en" else self.language

    def act(self, name: str, function: F) -> F:
        """The user's function for ``name``, else the agent's own ``function``."""
        return cast(F, self.acts.get(name, function))


@dataclass(frozen=True)
class CallSite:
    """Where in a run a question is asked. ``sample`` distinguishes questions of equal text that need separate answers,
    and ``priority`` is the length of the chain of calls that starts with this one. ``role`` is whose model is asked,
    if not that of the prompt's role, ``share`` the probability that such a question is asked, and ``option`` the option
    without which it is not. ``room`` is the share of the prompt's ``max_tokens`` that a reply may take."""

    place: str = ""
    sample: str = ""
    priority: int = 1
    role: str = ""
    share: float = 1.0
    room: float = 1.0
    option: str = ""


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A parsed reply and the key of its call, empty if no model was asked.

    ``objections`` are those to rejected replies; ``dropped`` means that ``value`` itself was rejected.
    """

    value: T
    call: str = ""
    objections: tuple[Objection, ...] = ()
    dropped: bool = False


async def ask(
    ctx: AgentContext,
    name: str,
    inputs: Mapping[str, Any],
    parse: Callable[[str], T],
    site: CallSite,
    *,
    schema: Mapping[str, Any] | None = None,
    check: Callable[[T, Sequence[Message]], Objection | None] | None = None,
    parse_cut: Callable[[str], T] | None = None,
) -> Answer[T]:
    """Asks the prompt ``name``; returns the first reply that ``parse`` and ``check``, given what was sent, accept.

    ``parse_cut`` parses a reply that was cut off at its token limit; without it such a reply is unusable. If there is
    no acceptable reply, returns the last one that ``check`` rejected, as ``dropped``.

    Raises:
        ReplyError: ``parse`` accepted none of ``ctx.attempts`` replies; gives the reason for the last one.
        UsageError: the prompt is not loaded.
        PersonagenError: the call itself failed.
    """
    if name not in ctx.prompts:
        raise UsageError(f"the prompt {name} is not loaded: name it in PROMPTS of the module whose function asks it")
    call = _first_call(ctx, name, inputs, schema, site)
    last = ReplyError("it was never asked")
    objections: list[Objection] = []
    rejected: tuple[T, str] | None = None
    for attempt in range(1, ctx.attempts + 1):
        completion = await _completion(ctx, call, attempt)
        after: Call | None
        try:
            value = _usable(completion, parse, parse_cut)
        except ReplyError as error:
            last, cause = error, error.cause
            after = _after_failure(ctx, call, completion, error)
        else:
            objection = check(value, call.messages) if check else None
            if not objection:
                ctx.counts.add(name, completion.usage, first=attempt == 1)
                return Answer(value, call.key, tuple(objections))
            objections.append(objection)
            rejected, cause = (value, call.key), "gate"
            after = _warmer(call) if len(objections) <= MAX_RE_ASKS_AFTER_OBJECTION else None
        again = after is not None and attempt < ctx.attempts
        ctx.discard(name, completion.usage, cause, again=again)
        if after is None:
            break
        call = replace(after, sample=f"{site.sample}/{attempt}")
    if rejected:
        return Answer(*rejected, tuple(objections), dropped=True)
    times = f"{attempt} attempt{'s' * (attempt > 1)}"
    raise last.after(name, attempt, f"{name} gave no usable reply in {times}: {last}")


def _first_call(
    ctx: AgentContext, name: str, inputs: Mapping[str, Any], schema: Mapping[str, Any] | None, site: CallSite
) -> Call:
    prompt, model = ctx.prompts[name], ctx.models[site.role or name.partition("/")[0]]
    inputs = {"language": name_of(ctx.language), **inputs}
    return Call(
        model=model,
        messages=prompt.render(inputs),
        sampling=prompt.sampling if site.room >= 1 else _with_room(prompt.sampling, site.room),
        schema=schema,
        sample=f"{site.sample}/0",
        priority=site.priority,
        place=site.place,
        prompt=name,
        inputs=inputs,
        in_words=schema is not None and ctx.schema_misses[model] >= MISSES_TO_STOP_TRUSTING,
        of=site.role,
        share=site.share,
        option=site.option,
    )


def _with_room(sampling: Sampling, share: float) -> Sampling:
    return replace(sampling, max_tokens=math.ceil(share * sampling.answer_tokens))


async def _completion(ctx: AgentContext, call: Call, attempts: int) -> Completion:
    try:
        return await ctx.llm(call)
    except ReplyError as error:  # the server refuses the question
        ctx.counts.add(call.prompt, Usage(), error.cause)
        raise error.after(call.prompt, attempts, str(error)) from error.__cause__


def _reasoned_only(completion: Completion) -> bool:
    """Whether a model spent all its tokens on reasoning."""
    reasoned = completion.finish_reason == "length" and completion.usage.reasoning_tokens
    return bool(reasoned) and reasoned_only(completion)


def _usable(completion: Completion, parse: Callable[[str], T], parse_cut: Callable[[str], T] | None) -> T:
    ended = completion.finish_reason
    try:
        if ended == "stop":
            return parse(completion.text)
        if _reasoned_only(completion):
            spent = f"{completion.usage.reasoning_tokens:,}"
            why = f"the model reasoned for {spent} tokens and did not answer; --reasoning none turns it off"
            raise ReplyError(why, cause="reasoning")
        if ended == "length" and parse_cut:
            with suppress(ReplyError):
                return parse_cut(completion.text)
        raise ReplyError(_UNUSABLE.get(ended, f"its finish reason is {ended}"), cause=ended)
    except ReplyError as error:
        raise ReplyError(str(error), cause=error.cause, text=completion.text, finish_reason=ended) from None


def _after_failure(ctx: AgentContext, call: Call, completion: Completion, error: ReplyError) -> Call | None:
    """The next attempt, which differs from ``call``, or None where none can help.

    A reply that was cut off gets twice the room, one in the wrong form an objection, any a temperature at which the
    model does not say the same again.
    """
    if completion.finish_reason == "context" or _reasoned_only(completion):
        return None
    prompt = ctx.prompts[call.prompt]
    if completion.finish_reason == "length":
        room = MORE_ROOM * min(call.sampling.answer_tokens, prompt.sampling.answer_tokens)
        return _warmer(replace(call, sampling=replace(call.sampling, max_tokens=room)))
    if call.schema is None:
        return _warmer(call)
    _note_schema_miss(ctx, call, completion)
    objection = f"Your last reply could not be used: {error}. Reply again, in the form asked for."
    messages = (*prompt.render(call.inputs), Message(role="user", content=objection))
    return _warmer(replace(call, messages=joined(messages), in_words=True))


def _warmer(call: Call) -> Call:
    """``call`` at a temperature at which the next reply differs."""
    temperature = call.sampling.temperature
    if temperature is None or temperature >= MIN_WARM:
        return call
    return replace(call, sampling=replace(call.sampling, temperature=round(temperature + WARMER, 2)))


def _note_schema_miss(ctx: AgentContext, call: Call, completion: Completion) -> None:
    """Counts replies without any JSON object, of a server that may ignore the schema without saying so."""
    if "{" in completion.text:
        ctx.schema_misses[call.model] = 0
        return
    ctx.schema_misses[call.model] += 1
    if ctx.schema_misses[call.model] == MISSES_TO_STOP_TRUSTING:
        log.warning("%s seems to ignore JSON schemas: the schema is now part of the prompt too.", call.model)


async def say(
    ctx: AgentContext, name: str, inputs: Mapping[str, Any], role: str, conversation: Sequence[Message], site: CallSite
) -> Answer[Spoken]:
    """Asks for what ``role`` says next in ``conversation``; raises as ``ask``. Adds ``words`` to the inputs."""
    inputs = {"words": ctx.words, **inputs}
    known = texts_in(inputs, ctx.prompts[name].inputs) if name in ctx.prompts else ()
    turn = Turn(role, "", conversation, ctx.spoken(role), known=known)
    parse = partial(speech, role=role, acted=turn.acted, may_end=bool(conversation))
    # A user who writes up to the limit rambles; an assistant may have much to say.
    cut = partial(cut_speech, role=role, acted=turn.acted) if role == "assistant" else None
    return await ask(ctx, name, inputs, parse, site, check=partial(_objection, ctx, turn), parse_cut=cut)


def said(ctx: AgentContext, text: str, role: str, conversation: Sequence[Message]) -> Answer[Spoken]:
    """``text`` as what ``role`` says next, cleaned and checked as a model's reply is, without a call."""
    turn = Turn(role, "", conversation, ctx.spoken(role))
    spoken = speech(text, role, acted=turn.acted)
    objection = _objection(ctx, turn, spoken)
    return Answer(spoken, objections=(objection,), dropped=True) if objection else Answer(spoken)


def _objection(ctx: AgentContext, turn: Turn, spoken: Spoken, prompt: Sequence[Message] = ()) -> Objection | None:
    """The objection to ``spoken`` as the text of ``turn``, in reply to ``prompt``."""
    return None if ctx.rehearsed or not spoken.text else first_objection(replace(turn, text=spoken.text, prompt=prompt))
