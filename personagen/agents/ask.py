"""How every agent asks: render the prompt, call the model, parse the reply, re-ask a limited number of times.

A reply that can't be parsed is re-asked up to ``attempts`` times in all. A message that a turn gate rejects is re-asked
once, within the same limit: models tend to repeat the fault.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar, cast

from personagen.agents.replies import Spoken, speech
from personagen.call import DEFAULT_MAX_TOKENS, LLM, Call
from personagen.errors import ReplyError, UsageError
from personagen.gates import Objection, Turn, first_objection
from personagen.llm.middleware import Tally
from personagen.prompts.files import Prompt
from personagen.records import Completion, Message

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])
MAX_RE_ASKS_AFTER_OBJECTION = 1
_UNUSABLE = {
    "length": "the reply was cut off at its token limit",
    "context": "the context was full: serve the model with more context",
    "refusal": "the model refused",
    "content_filter": "the provider's content filter stopped it",
}


@dataclass(frozen=True)
class AgentContext:
    """What agents work with: the model behind its middleware, the prompt files, and each role's model name.

    ``language`` is the conversation language that the language gate expects. ``acts`` maps prompt names to user
    functions that replace the agent's own. ``rehearsed`` is set for an estimate: gates reject nothing, and user code
    does not run.
    """

    llm: LLM
    prompts: Mapping[str, Prompt]
    models: Mapping[str, str]
    tally: Tally
    attempts: int = 3
    language: str = "en"
    acts: Mapping[str, Callable[..., Awaitable[Any]]] = field(default_factory=dict)
    rehearsed: bool = False

    def max_tokens(self, prompt: str) -> int:
        """The maximum tokens of a reply to ``prompt``."""
        return self.prompts[prompt].sampling.max_tokens or DEFAULT_MAX_TOKENS

    def act(self, name: str, function: F) -> F:
        """The user's function for ``name``, else the agent's own ``function``."""
        return cast(F, self.acts.get(name, function))


@dataclass(frozen=True)
class CallSite:
    """Where in a run a question is asked, and its priority.

    ``sample`` distinguishes questions with equal text that need separate answers; ``priority`` is the length of the
    chain of calls that starts with this one.
    """

    place: str = ""
    sample: str = ""
    priority: int = 1


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
    check: Callable[[T], Objection | None] | None = None,
) -> Answer[T]:
    """Asks the prompt ``name`` and returns the first reply that ``parse`` and ``check`` accept.

    If there is none, returns the last reply that ``check`` rejected, as ``dropped``.

    Raises:
        ReplyError: ``parse`` accepted none of ``ctx.attempts`` replies; gives the reason for the last one.
        UsageError: the prompt is not loaded.
        PersonagenError: the call itself failed.
    """
    if name not in ctx.prompts:
        raise UsageError(f"the prompt {name} is not loaded: name it in PROMPTS of the module whose function asks it")
    prompt = ctx.prompts[name]
    messages = prompt.render(inputs)
    reason = ""
    objections: list[Objection] = []
    rejected: tuple[T, str] | None = None
    for attempt in range(ctx.attempts):
        call = Call(
            model=ctx.models[name.partition("/")[0]],
            messages=messages,
            sampling=prompt.sampling,
            schema=schema,
            sample=f"{site.sample}/{attempt}",
            priority=site.priority,
            place=site.place,
            prompt=name,
            inputs=inputs,
        )
        completion = await ctx.llm(call)
        try:
            if completion.finish_reason != "stop":
                raise ReplyError(
                    _UNUSABLE.get(completion.finish_reason, f"its finish reason is {completion.finish_reason}")
                )
            value = parse(completion.text)
        except ReplyError as error:
            reason = str(error)
            ctx.tally.re_asked += attempt + 1 < ctx.attempts
            continue
        objection = check(value) if check else None
        if not objection:
            return Answer(value, call.key, tuple(objections))
        objections.append(objection)
        rejected = value, call.key
        if len(objections) > MAX_RE_ASKS_AFTER_OBJECTION:
            break
        ctx.tally.re_asked += attempt + 1 < ctx.attempts
    if rejected:
        return Answer(*rejected, tuple(objections), dropped=True)
    raise ReplyError(f"{name} gave no usable reply in {ctx.attempts} attempts: {reason}")


async def say(
    ctx: AgentContext, name: str, inputs: Mapping[str, Any], role: str, conversation: Sequence[Message], site: CallSite
) -> Answer[Spoken]:
    """Asks for what ``role`` says next in ``conversation``; raises as ``ask``."""
    parse = partial(speech, role=role, acted=Turn(role, "", conversation).acted)
    return await ask(ctx, name, inputs, parse, site, check=partial(_objection, ctx, role, conversation))


def said(ctx: AgentContext, text: str, role: str, conversation: Sequence[Message]) -> Answer[Spoken]:
    """``text`` as what ``role`` says next, cleaned and checked like a model's reply, without a call.

    Raises:
        ReplyError: ``text`` is empty after cleaning.
    """
    spoken = speech(text, role, acted=Turn(role, "", conversation).acted)
    objection = _objection(ctx, role, conversation, spoken)
    return Answer(spoken, objections=(objection,), dropped=True) if objection else Answer(spoken)


def _objection(ctx: AgentContext, role: str, conversation: Sequence[Message], spoken: Spoken) -> Objection | None:
    return None if ctx.rehearsed else first_objection(Turn(role, spoken.text, conversation, ctx.language))


async def capture_call(prompts: Mapping[str, Prompt], act: Callable[[AgentContext], Awaitable[Any]]) -> Call:
    """The first call that ``act`` makes; no model is asked.

    Raises:
        UsageError: a prompt file can't be rendered.
    """

    async def capture(call: Call) -> Completion:
        raise _Captured(call)

    try:
        await act(AgentContext(capture, prompts, {name.partition("/")[0]: "none" for name in prompts}, Tally(), 1))
    except _Captured as captured:
        return captured.call
    raise AssertionError("the agent made no call")


class _Captured(BaseException):
    """Ends an agent at its first call; a BaseException, so that the agent does not catch it."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.call = call
