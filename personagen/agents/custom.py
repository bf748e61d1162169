"""Custom agents and candidates, functions or named as ``module:function``: loaded and checked before the first call."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, get_args, get_origin, get_type_hints

from personagen.agents import ACTS
from personagen.agents.ask import AgentContext, Answer, CallSite, said
from personagen.agents.assistant import CANDIDATES, Candidate, aware, plain, policy
from personagen.agents.replies import Spoken
from personagen.errors import ConfigError, PersonagenError, UsageError
from personagen.llm.functions import awaitable, raised, returned
from personagen.options import POLICY, ROLES, NamedFunction
from personagen.plugins import function, location
from personagen.records import Inference, Message

Function = Callable[..., Awaitable[Any]]


def acts(entries: Iterable[str]) -> dict[str, Function]:
    """The functions of ``--agent judge/prefer=module:function``, by the act that each replaces."""
    known = [name for name in ACTS if not name.startswith("assistant/")]
    found: dict[str, Function] = {}
    for entry in entries:
        name, _, path = entry.partition("=")
        path = entry.value if isinstance(entry, NamedFunction) else path
        if name not in known:
            hint = "; --candidate names assistants" if name in ACTS else ""
            raise UsageError(f"--agent {entry}: there is no act {name!r}; there are {', '.join(known)}{hint}")
        found[name] = _loaded("--agent", path, ACTS[name].function)
    return found


def candidates(entries: Sequence[str]) -> tuple[Candidate, ...]:
    """The competing assistants of ``--candidate``: names of ``CANDIDATES``, ``policy=MODEL``, or ``module:function``.

    A function may return a string instead of an ``Answer``: a reply without a call.
    """
    found = tuple(CANDIDATES.get(entry) or _policy(entry) or _candidate(entry) for entry in entries)
    names = [candidate.name for candidate in found]
    if not names or len({*names, "user"}) <= len(names):
        raise UsageError(
            f"--candidate {', '.join(entries)}: give one or more, each with another name (policy-NAME=MODEL for further"
            " models), and none named user"
        )
    return found


def prompts(entries: Sequence[str]) -> tuple[str, ...]:
    """The prompts of candidates, and those in ``PROMPTS`` of the modules of ``--agent`` or ``--candidate``.

    The modules must be loaded.
    """
    built_in = (CANDIDATES.get(entry) or _policy(entry) for entry in entries)
    names = {one.prompt: None for one in built_in if one and one.prompt}
    for path in (entry.rpartition("=")[2] for entry in entries if ":" in entry):
        for name in getattr(sys.modules.get(path.partition(":")[0]), "PROMPTS", ()):
            if name.partition("/")[0] not in ROLES:
                raise UsageError(f"{path}: PROMPTS has {name!r}; the first part is a role: {', '.join(ROLES)}")
            names[name] = None
    return tuple(names)


def _policy(entry: str) -> Candidate | None:
    """The candidate ``policy=MODEL`` or ``policy-NAME=MODEL``: ``plain``, asked of another model; else None."""
    name, equals, model = entry.partition("=")
    if not equals or not POLICY.fullmatch(name):
        return None
    if not model:
        raise UsageError(f"--candidate {entry}: name a model, as in {name}=openai/gpt-5-mini")
    prompt = f"{name}/plain"
    return Candidate(name, policy(prompt), needs_observer=False, prompt=prompt)


def _candidate(entry: str) -> Candidate:
    if ":" not in entry or "=" in entry:
        built_in = ", ".join(CANDIDATES)
        raise UsageError(
            f"--candidate {entry}: there is no such candidate; there are {built_in}, policy=MODEL and module:function"
        )
    custom_reply = _loaded("--candidate", entry, plain, str)

    async def reply(
        ctx: AgentContext, conversation: Sequence[Message], known: Sequence[Inference], site: CallSite
    ) -> Answer[Spoken]:
        if ctx.rehearsed:  # user code could have side effects
            return await aware(ctx, conversation, known, site)
        answer: Answer[Spoken] | str = await custom_reply(ctx, conversation, known, site)
        return said(ctx, answer, "assistant", conversation) if isinstance(answer, str) else answer

    name = getattr(entry.function, "__name__", "") if isinstance(entry, NamedFunction) else ""
    return Candidate(name.strip("<>") or entry.rpartition(":")[2], reply)


def _loaded(option: str, path: str, like: Function, other: type = Answer) -> Function:
    """The function at ``path``, with the signature of ``like``; an error or a wrong return type ends the run.

    ``other`` is a return type that is allowed besides that of ``like``.
    """
    found: Any = function(path)
    names = [name.lstrip("_") for name in inspect.signature(like).parameters]
    try:
        inspect.signature(found).bind(*names)
    except (TypeError, ValueError):
        at = location(found)
        raise UsageError(f"{option} {path} ({at}) can't be called as {like.__name__}({', '.join(names)})") from None
    [value] = get_args(get_type_hints(like)["return"])
    call = awaitable(found)

    async def checked(*args: Any) -> Any:
        try:
            answer = await call(*args)
        except PersonagenError:
            raise
        except Exception as error:  # user code can raise anything
            raise ConfigError(raised(path, found, error)) from error
        got = answer
        if isinstance(answer, Answer):
            if isinstance(answer.value, get_origin(value) or value):
                return answer
            got = answer.value
        elif isinstance(answer, other):
            return answer
        wanted = getattr(value, "__name__", value)
        raise ConfigError(returned(path, found, got, f"an Answer with a {wanted}"))

    return checked
