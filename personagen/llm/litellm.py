"""The LiteLLM backend: Gemini, Bedrock, Mistral, a hundred other providers, and those registered with LiteLLM."""

from __future__ import annotations

import asyncio
import os
import re
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any

from personagen.call import LLM, Call
from personagen.errors import ConfigError, PersonagenError
from personagen.llm import words
from personagen.llm.context import Refused, checked
from personagen.llm.errors import NO_KEY, Server, garbled, no_model, quoted, whole
from personagen.llm.failures import Failure, failure
from personagen.llm.limits.headers import retry_after
from personagen.llm.lost import is_cut_off, unreachable
from personagen.llm.openai import request
from personagen.llm.patience import Patience
from personagen.llm.schema import without_refused
from personagen.llm.usage import finish_reason, tokens, word
from personagen.records import Completion

REQUEST_TIMEOUT = 408
GRACE_SECONDS = 10.0  # LiteLLM's time-out is for the next bytes only, and some of its work is not under it
_REPORT = re.compile(r"\nTraceback|\s+This looks like a bug in LiteLLM")


@asynccontextmanager
async def backend(
    model: str,
    *,
    base_url: str | None,
    api_key: str | None,
    timeout: float,  # noqa: ASYNC109
    refused: set[str] | None = None,
) -> AsyncIterator[LLM]:
    """The model that LiteLLM calls ``model`` (``gemini/...``), or one of ``litellm.custom_provider_map``.

    LiteLLM reads its keys from the environment; ``timeout`` is in seconds. LiteLLM's retries, fallbacks and cost map
    download are off. Request parts that the provider refuses (a JSON schema, a sampling setting) are omitted from then
    on and added to ``refused``.

    Raises:
        ConfigError: an unknown provider, or a missing key; nothing was sent.
    """
    litellm, server, options = import_litellm(model, base_url, api_key)
    refused = Refused() if refused is None else refused
    patience = Patience(timeout)

    async def complete(call: Call) -> Completion:
        async def attempt(sized: Call) -> tuple[Any, list[str]]:
            body, sent = request(server, model, sized, refused)
            with patience.given(call) as seconds:
                try:
                    # LiteLLM rewrites the schema for some providers.
                    async with asyncio.timeout(seconds + GRACE_SECONDS):
                        return await litellm.acompletion(**deepcopy(body), **options, timeout=seconds), sent
                except Exception as problem:  # custom providers raise what they like
                    return problem_of(server, problem, seconds), sent

        answer = await without_refused(server, refused, call, attempt)
        return checked(server, refused, call, completion(server, model, answer))

    try:
        yield complete
    finally:
        await close(litellm)


def completion(server: Server, model: str, answer: Any) -> Completion:
    """The completion in the answer of ``litellm.acompletion``.

    Raises:
        ServerError: the answer holds no completion, or the provider broke the reply off.
    """
    try:
        choice, counted = answer.choices[0], getattr(answer, "usage", None)
        details = getattr(counted, "prompt_tokens_details", None)
        apart = getattr(counted, "completion_tokens_details", None)
        reasoned = getattr(apart, "reasoning_tokens", None)
        refusal = word(_own(choice.message).get("refusal"), "")
        text = refusal or choice.message.content or ""
        # LiteLLM calls some cuts a normal stop, and keeps the provider's own word.
        ending = word(_own(choice).get("native_finish_reason"), "") or choice.finish_reason
        return whole(
            server,
            Completion(
                text=text,
                finish_reason="refusal" if refusal else finish_reason(ending),
                usage=tokens(
                    text,
                    getattr(counted, "prompt_tokens", None),
                    getattr(counted, "completion_tokens", None),
                    getattr(details, "cached_tokens", None),
                    getattr(counted, "cache_creation_input_tokens", None),
                    total=getattr(counted, "total_tokens", None),
                    reasoned=getattr(counted, "reasoning_tokens", None) if reasoned is None else reasoned,
                    thoughts=getattr(choice.message, "reasoning_content", None),
                ),
                model=word(getattr(answer, "model", None), model),
            ),
        )
    except (ValueError, TypeError, LookupError, AttributeError):
        raise garbled(server, answer) from None


def _own(part: Any) -> dict[str, Any]:
    return getattr(part, "provider_specific_fields", None) or {}


def problem_of(server: Server, problem: Exception, seconds: float) -> Failure:
    """What LiteLLM or a custom provider raised, as a failure.

    Raises:
        PersonagenError: it is one, or there was no answer, or something is missing on this machine.
    """
    if isinstance(problem, PersonagenError):
        raise problem
    found = failure_of(problem)
    if is_cut_off(problem) or (found.status == REQUEST_TIMEOUT and "Timeout" in found.code):
        raise unreachable(server, problem, seconds) from None
    text, reason = f"{found.code} {found.message}", quoted(server, found.message)
    if isinstance(problem, ImportError) or words.NO_PACKAGE.search(text):
        raise ConfigError(f"{server.model} needs a package that is not installed: {reason}; install it") from None
    if words.NO_CREDENTIALS.search(text):
        raise ConfigError(f"{server.model} needs credentials: {reason}; set what LiteLLM asks for") from None
    return found


def failure_of(problem: Exception) -> Failure:
    """LiteLLM's exception as a failure, with its name and HTTP status; without a status it counts as a 500."""
    status, name = getattr(problem, "status_code", None), type(problem).__name__
    headers = getattr(problem, "litellm_response_headers", None) or {}
    wait = retry_after({key.lower(): value for key, value in headers.items()})
    text = _REPORT.split(str(problem).removeprefix(f"litellm.{name}: "))[0]
    # The server's answer follows "...Exception - ".
    answer = failure(500, text.partition("Exception - ")[2].encode() or text.encode(), {})
    status = status if isinstance(status, int) and status >= 300 else 500
    wait = answer.retry_after if wait is None else wait
    return replace(answer, status=status, code=f"{name} {answer.code}", retry_after=wait)


def import_litellm(model: str, base_url: str | None, api_key: str | None) -> tuple[Any, Server, dict[str, Any]]:
    """The LiteLLM module, the server behind ``model``, and the options common to all requests.

    Raises:
        ConfigError: an unknown provider, or a missing key.
    """
    litellm = _configured_module()
    try:
        provider = str(litellm.get_llm_provider(model, api_base=base_url)[1])
    except litellm.exceptions.BadRequestError:
        raise no_model(model) from None
    missing = _missing_keys(litellm, model, provider)
    if missing and not api_key and not base_url:
        raise ConfigError(f"{model} needs a key and {' or '.join(missing)} is not set: set it to your key")
    key = api_key or (NO_KEY if missing else None)
    own_key = f"{provider.upper().replace('-', '_')}_API_KEY"
    server = Server(model, base_url or f"{provider} (through LiteLLM)", " or ".join(missing) or own_key, key or "")
    options: dict[str, Any] = {"num_retries": 0, "max_retries": 0}
    options |= {name: value for name, value in (("api_base", base_url), ("api_key", key)) if value}
    return litellm, server, options


async def close(litellm: Any) -> None:
    """Closes LiteLLM's clients and empties its cache, so that the next run in this process does not reuse one."""
    await litellm.close_litellm_async_clients()
    litellm.in_memory_llm_clients_cache.flush_cache()


def _configured_module() -> Any:
    # Otherwise the import downloads a price list.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    with warnings.catch_warnings():
        # Pydantic warns about LiteLLM's models when the first of them is built.
        warnings.simplefilter("ignore")
        import litellm

        litellm.ModelResponse(choices=[{"message": {"content": ""}}])
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    return litellm


def _missing_keys(litellm: Any, model: str, provider: str) -> list[str]:
    # LiteLLM finds cloud logins (AWS, Vertex) itself; only plain API keys are checked here.
    if litellm.api_key or getattr(litellm, f"{provider}_key", None):
        return []
    missing: list[str] = litellm.validate_environment(model)["missing_keys"]
    return missing if all(name.endswith("_API_KEY") for name in missing) else []
