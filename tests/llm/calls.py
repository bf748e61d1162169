"""What the backends' tests share: a call, a way to ask it, and a table of refusals."""

from __future__ import annotations

import asyncio

from personagen.call import Call, Sampling
from personagen.errors import BudgetError, ConfigError, PersonagenError, ReplyError, ServerError
from personagen.llm import openai
from personagen.records import Message

CANARY = "sk-canary-0123456789abcdefghij"
SCHEMA = {
    "type": "object",
    "properties": {"words": {"type": "array", "items": {"type": "string"}}},
    "required": ["words"],
    "additionalProperties": False,
}
REFUSALS = [
    (401, f"Incorrect API key provided: {CANARY}", "invalid_api_key", ConfigError),
    (403, "Your key may not use this model", "", ConfigError),
    (404, "The model does not exist", "model_not_found", ConfigError),
    (400, "temperature: must be at most 2", "invalid_value", ConfigError),
    (413, "request too large", "", ConfigError),
    (400, "This model's maximum context length is 8192 tokens", "context_length_exceeded", ReplyError),
    (400, "prompt is too long: 210000 tokens > 200000 maximum", "", ReplyError),
    (400, "flagged by the content filter", "content_filter", ReplyError),
    (402, "Insufficient Balance", "", BudgetError),
    (400, "Your credit balance is too low to access the API", "", BudgetError),
    (
        429,
        "You exceeded your current quota, please check your plan and billing details",
        "insufficient_quota",
        BudgetError,
    ),
    (429, "Rate limit reached: 60 requests per minute", "rate_limit_exceeded", ServerError),
    (408, "timed out", "", ServerError),
    (429, "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 342389.", "", ConfigError),
    (413, "Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 8000", "", ConfigError),
    (429, "Limit 6000, Used 5034, Requested 1443. Please try again in 4.77s.", "rate_limit_exceeded", ServerError),
    (400, "Invalid model name passed in model=nope", "", ConfigError),
    (400, "No connected db.", "", ConfigError),
    (409, "conflict", "", ServerError),
    (500, "internal", "", ServerError),
    (503, "loading", "", ServerError),
    (529, "Overloaded", "overloaded_error", ServerError),
]


def a_call(text="How are you?", *, messages=None, schema=None, prompt="user/speak", **sampling):
    said = messages or [("system", "Be brief."), ("user", text)]
    return Call(
        model="openai/double",
        messages=tuple(Message(role=role, content=content) for role, content in said),
        sampling=Sampling(**sampling),
        schema=schema,
        prompt=prompt,
    )


def opened(base_url, backend=openai.backend, *, model="double", api_key=CANARY, timeout=5.0, **options):
    """The model ``double`` at a server."""
    return backend(model, base_url=base_url, api_key=api_key, timeout=timeout, **options)


def ask(opened, *calls):
    """The completions of ``calls``, one after another, from the LLM that the context manager ``opened`` gives."""

    async def run():
        async with opened as llm:
            return [await llm(call) for call in calls]

    return asyncio.run(run())


def failing(opened, call):
    """The error that ``call`` ends in."""
    try:
        ask(opened, call)
    except PersonagenError as error:
        return error
    raise AssertionError("nothing was raised")
