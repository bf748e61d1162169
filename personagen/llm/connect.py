"""From model strings to one LLM that sends each call to the model of the agent that asks."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

from personagen.call import LLM, Call
from personagen.errors import ConfigError, PersonagenError, ServerError, UsageError
from personagen.llm import anthropic, litellm, openai
from personagen.llm.batch.anthropic import AnthropicBatches
from personagen.llm.batch.openai import OpenAIBatches
from personagen.llm.batch.protocol import BatchApi, no_batches
from personagen.llm.batch.submit import BatchMode, batched
from personagen.llm.errors import Server, address, no_model, quoted
from personagen.llm.http import OnHeaders
from personagen.llm.prices import Price, cost, price_of
from personagen.plugins import function
from personagen.records import Completion

DEFAULT = "default"
OFFLINE = "offline"
BACKENDS = {"openai": openai.backend, "anthropic": anthropic.backend}
BATCHES: dict[str, Callable[..., BatchApi]] = {"openai": OpenAIBatches, "anthropic": AnthropicBatches}
_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True)
class Endpoint:
    """One model, where it is served (None: at its provider's own address) and, where given, what it costs.

    ``model`` is ``offline``, ``openai/NAME``, ``anthropic/NAME``, any other model string of LiteLLM, or
    ``PACKAGE.MODULE:FUNCTION`` for a function of one's own: an ``async (Call) -> Completion``, or a factory with the
    signature of ``personagen.llm.openai.backend``.
    """

    model: str
    base_url: str | None = None
    price: Price | None = None


@asynccontextmanager
async def connect(
    models: Mapping[str, Endpoint],
    *,
    seed: int = 0,
    noise: float = 0.0,
    timeout: float = 120.0,  # noqa: ASYNC109
    on_headers: Callable[[Endpoint], OnHeaders] | None = None,
    refused: Callable[[Endpoint], set[str]] | None = None,
    batch: BatchMode | None = None,
) -> AsyncIterator[LLM]:
    """One LLM for all of ``models`` (role -> endpoint): a call goes to its role's endpoint, or to that of ``default``.

    Every endpoint is opened once, whoever shares it, and closed at the end. Nothing is sent before the first call, and
    no SDK but LiteLLM is imported before it. ``seed`` and ``noise`` are for the offline cast; ``timeout`` is seconds a
    request. ``on_headers(endpoint)`` gets the headers of each of its answers, where the backend knows them; the set
    ``refused(endpoint)`` gets the parts of requests (a schema, a setting) that it refuses, which are left out from then
    on. Completions come back with their cost, None where the price is unknown. With ``batch`` every model but the
    offline cast is asked by the wave, and no request has a ``timeout``.

    Raises:
        ConfigError: a model string, base URL or key can't work, or a model has no batch API.
        UsageError: a function of one's own can't be loaded.
    """
    parts = refused or (lambda _: set())
    async with AsyncExitStack() as stack:
        opened: dict[Endpoint, LLM] = {}
        for endpoint in dict.fromkeys(models.values()):
            if endpoint.model == OFFLINE:
                opened[endpoint] = _offline(seed, noise)
            elif batch:
                roles = ", ".join(role for role, other in models.items() if other == endpoint)
                llm = await stack.enter_async_context(_batched(endpoint, roles, batch, parts(endpoint)))
                opened[endpoint] = _costed(llm, endpoint, batch=True)
            else:
                llm = await stack.enter_async_context(_backend(endpoint, timeout, on_headers, parts(endpoint)))
                bounds_itself = endpoint.model.partition("/")[0] in BACKENDS
                opened[endpoint] = _costed(
                    llm if bounds_itself else with_timeout(llm, endpoint.model, timeout), endpoint
                )
        by_role = {role: opened[endpoint] for role, endpoint in models.items()}

        async def route(call: Call) -> Completion:
            llm = by_role.get(call.role) or by_role[DEFAULT]
            return await llm(call)

        yield route


def _offline(seed: int, noise: float) -> LLM:
    from personagen.offline import offline

    return offline(seed, noise)


def is_local(model: str) -> bool:
    """Whether ``model`` is the offline cast or a function of one's own: there is no server whose limit to find."""
    return model == OFFLINE or _FUNCTION.fullmatch(model) is not None


def _backend(
    endpoint: Endpoint, seconds: float, on_headers: Callable[[Endpoint], OnHeaders] | None, refused: set[str]
) -> AbstractAsyncContextManager[LLM]:
    provider, _, name = endpoint.model.partition("/")
    url = address(endpoint.model, endpoint.base_url)
    if _FUNCTION.fullmatch(endpoint.model):
        return _own(endpoint, seconds)
    if provider in BACKENDS:
        if not name:
            raise no_model(endpoint.model)
        tell = on_headers(endpoint) if on_headers else None
        return BACKENDS[provider](name, base_url=url, api_key=None, timeout=seconds, on_headers=tell, refused=refused)
    return litellm.backend(endpoint.model, base_url=url, api_key=None, timeout=seconds, refused=refused)


def _batched(endpoint: Endpoint, roles: str, mode: BatchMode, refused: set[str]) -> AbstractAsyncContextManager[LLM]:
    provider, _, name = endpoint.model.partition("/")
    if provider not in BATCHES:
        raise no_batches(Server(endpoint.model, "", ""), roles)
    if not name:
        raise no_model(endpoint.model)
    url = address(endpoint.model, endpoint.base_url)
    return batched(BATCHES[provider](name, base_url=url, roles=roles), mode, refused=refused)


@asynccontextmanager
async def _own(endpoint: Endpoint, seconds: float) -> AsyncIterator[LLM]:
    found = getattr(endpoint.model, "function", None) or function(endpoint.model)  # see options.ModelFunction
    if inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(type(found).__call__):
        yield _checked(cast(LLM, found), endpoint.model)
        return
    async with AsyncExitStack() as stack:
        try:
            opening = found(endpoint.model, base_url=endpoint.base_url, api_key=None, timeout=seconds)
            llm = await stack.enter_async_context(opening)
        except PersonagenError:
            raise
        except Exception as error:  # whatever code of the user's own can raise
            raise UsageError(
                f"{endpoint.model} is neither an async (Call) -> Completion nor a factory of one: {_told(error)}"
            ) from error
        yield _checked(llm, endpoint.model)


def _told(error: Exception) -> str:
    # Its words may quote an address with a key in it.
    return f"{type(error).__name__}: {quoted(Server('', '', ''), str(error))}"


def _checked(llm: LLM, name: str) -> LLM:
    """A function of the user's own: what it raises or returns amiss is told with its name, and stops the run."""

    async def ask(call: Call) -> Completion:
        try:
            answer = await llm(call)
        except (PersonagenError, TimeoutError):
            raise
        except Exception as error:
            raise ConfigError(f"{name} raised {_told(error)}; mend it and run again") from error
        if not isinstance(answer, Completion):
            raise ConfigError(f"{name} returned a {type(answer).__name__}, not a personagen.Completion")
        return answer

    return ask


def with_timeout(llm: LLM, name: str, seconds: float) -> LLM:
    """``llm``, called ``name``, with ``seconds`` for each whole request; LiteLLM bounds the wait for the next bytes.

    Raises:
        ServerError: there was no answer in time.
    """

    async def ask(call: Call) -> Completion:
        try:
            async with asyncio.timeout(seconds):
                return await llm(call)
        except TimeoutError:
            raise ServerError(f"{name} gave no answer within {seconds:g} seconds", status=408) from None

    return ask


def _costed(llm: LLM, endpoint: Endpoint, *, batch: bool = False) -> LLM:
    price = price_of(endpoint.model, base_url=endpoint.base_url, override=endpoint.price, batch=batch)
    is_own = _FUNCTION.fullmatch(endpoint.model) is not None
    return llm if is_own and price is None else with_cost(llm, price)


def with_cost(llm: LLM, price: Price | None) -> LLM:
    """``llm`` whose completions tell their cost in USD, None where there is no ``price``."""

    async def ask(call: Call) -> Completion:
        completion = await llm(call)
        usage = completion.usage.model_copy(update={"cost_usd": cost(price, completion.usage)})
        return completion.model_copy(update={"usage": usage})

    return ask
