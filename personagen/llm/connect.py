"""Connects model strings: one LLM that routes each call to the endpoint of its role."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from personagen.call import LLM, Call
from personagen.errors import ConfigError, PersonagenError, ReplyError, UsageError
from personagen.llm import anthropic, litellm, openai
from personagen.llm.batch.anthropic import AnthropicBatches
from personagen.llm.batch.openai import OpenAIBatches
from personagen.llm.batch.protocol import BatchApi, no_batches
from personagen.llm.batch.submit import BatchMode, batched
from personagen.llm.endpoints import Endpoint
from personagen.llm.errors import Server, address, no_model
from personagen.llm.functions import awaitable, raised, returned
from personagen.llm.lost import late
from personagen.llm.patience import Patience
from personagen.llm.prices import Price, cost
from personagen.options.row import Noise
from personagen.plugins import function, is_async, location
from personagen.records import Completion, Usage

DEFAULT = "default"
BACKENDS = {"openai": openai.backend, "anthropic": anthropic.backend}
BATCHES: dict[str, Callable[..., BatchApi]] = {"openai": OpenAIBatches, "anthropic": AnthropicBatches}


@asynccontextmanager
async def connect(
    models: Mapping[str, Endpoint],
    *,
    seed: int = 0,
    noise: Noise = 0.0,
    timeout: float = 120.0,  # noqa: ASYNC109
    batch: BatchMode | None = None,
) -> AsyncIterator[LLM]:
    """One LLM for all of ``models`` (role -> endpoint): a call goes to its role's endpoint, or to that of ``default``.

    Roles that share an endpoint share its connection. Nothing is sent and no SDK but LiteLLM is imported before the
    first call. ``seed`` and ``noise`` are for the offline cast; ``timeout`` is in seconds per request. Request parts
    that a server refuses are added to its endpoint's ``refused`` and omitted from then on. Completions carry their cost
    in USD, None where the price is unknown. With ``batch``, all models but the offline cast use their provider's batch
    API, and ``timeout`` does not apply.

    Raises:
        ConfigError: a model string, base URL or key is invalid, or a model has no batch API.
        UsageError: a custom function can't be loaded.
    """
    async with AsyncExitStack() as stack:
        opened: dict[Endpoint, LLM] = {}
        for endpoint in dict.fromkeys(models.values()):
            if endpoint.is_offline:
                from personagen.offline import offline

                opened[endpoint] = offline(seed, noise)
            elif batch:
                roles = ", ".join(role for role, other in models.items() if other == endpoint)
                llm = await stack.enter_async_context(_batched(endpoint, roles, batch))
                opened[endpoint] = with_cost(llm, endpoint.price)
            else:
                opened[endpoint] = await _opened(endpoint, timeout, stack)
        by_role = {role: opened[endpoint] for role, endpoint in models.items()}

        async def route(call: Call) -> Completion:
            llm = by_role.get(call.role) or by_role[DEFAULT]
            return await llm(call)

        yield route


async def _opened(endpoint: Endpoint, seconds: float, stack: AsyncExitStack) -> LLM:
    llm = await stack.enter_async_context(_backend(endpoint, seconds))
    if endpoint.is_function:  # the others have a timeout already
        llm = with_timeout(llm, endpoint.model, seconds)
    # A custom function may report its own cost.
    return llm if endpoint.is_function and endpoint.price is None else with_cost(llm, endpoint.price)


def _backend(endpoint: Endpoint, seconds: float) -> AbstractAsyncContextManager[LLM]:
    provider, _, name = endpoint.model.partition("/")
    if endpoint.is_function:
        return _custom(endpoint, seconds)
    if provider in BACKENDS and not name:
        raise no_model(endpoint.model)
    url = address(endpoint.model, endpoint.base_url)
    backend = BACKENDS.get(provider, litellm.backend)
    model = name if provider in BACKENDS else endpoint.model
    return backend(model, base_url=url, api_key=None, timeout=seconds, refused=endpoint.refused)


def _batched(endpoint: Endpoint, roles: str, mode: BatchMode) -> AbstractAsyncContextManager[LLM]:
    provider, _, name = endpoint.model.partition("/")
    if provider not in BATCHES:
        raise no_batches(Server(endpoint.model, "", ""), roles)
    if not name:
        raise no_model(endpoint.model)
    url = address(endpoint.model, endpoint.base_url)
    return batched(BATCHES[provider](name, base_url=url, roles=roles), mode, refused=endpoint.refused)


@asynccontextmanager
async def _custom(endpoint: Endpoint, seconds: float) -> AsyncIterator[LLM]:
    found: Any = endpoint.function or function(endpoint.model)
    settings = {"base_url": endpoint.base_url, "api_key": None, "timeout": seconds}
    if is_async(found) or not _binds(found, endpoint.model, **settings):
        if not _binds(found, None):
            raise UsageError(f"{endpoint.model} ({location(found)}) can't be called with a Call; write it as f(call)")
        yield _checked(found, endpoint.model)
        return
    async with AsyncExitStack() as stack:
        try:
            llm = await stack.enter_async_context(found(endpoint.model, **settings))
        except PersonagenError:
            raise
        except Exception as error:  # user code can raise anything
            problem = f"{endpoint.model} is neither a function of a Call nor a factory of one"
            raise UsageError(f"{problem}: {raised('it', found, error)}") from error
        yield _checked(llm, endpoint.model)


def _binds(found: Any, *args: Any, **named: Any) -> bool:
    try:
        inspect.signature(found).bind(*args, **named)
    except TypeError:
        return False
    except ValueError:  # a function in C tells nothing
        return not named
    return True


def _checked(found: Any, name: str) -> LLM:
    """A custom function, whose unexpected errors and return values stop the run with its ``name`` in the message."""
    llm = awaitable(found)

    async def ask(call: Call) -> Completion:
        try:
            answer = await llm(call)
        except (PersonagenError, TimeoutError):
            raise
        except Exception as error:
            raise ConfigError(raised(name, found, error)) from error
        if isinstance(answer, str):
            return Completion(text=answer)
        if not isinstance(answer, Completion):
            raise ConfigError(returned(name, found, answer, "a text or a personagen.Completion"))
        return answer

    return ask


def with_cost(llm: LLM, price: Price | None) -> LLM:
    """``llm`` whose completions carry their cost in USD, None without a ``price``.

    A reply that the server itself refused, as no JSON or not finished, is a completion too, of unknown cost.
    """

    async def ask(call: Call) -> Completion:
        try:
            completion = await llm(call)
        except ReplyError as error:
            if not error.finish_reason:
                raise
            return Completion(text=error.text, finish_reason=error.finish_reason, usage=Usage(cost_usd=None))
        usage = completion.usage.model_copy(update={"cost_usd": cost(price, completion.usage)})
        return completion.model_copy(update={"usage": usage})

    return ask


def with_timeout(llm: LLM, name: str, seconds: float) -> LLM:
    """``llm`` with so many ``seconds`` for each whole request, and more for a long reply (``Patience``).

    Raises:
        ServerError: ``name`` gave no answer in time.
    """
    patience = Patience(seconds)

    async def ask(call: Call) -> Completion:
        with patience.given(call) as given:
            try:
                async with asyncio.timeout(given):
                    return await llm(call)
            except TimeoutError:
                raise late(name, given) from None

    return ask
