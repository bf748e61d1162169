from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.agents import author, judge, observer
from personagen.agents.replies import schema_of
from personagen.llm.failures import Failure, failure
from personagen.llm.schema import LENGTHS, in_words, parts, refused_part, settings, without
from personagen.records import Message
from tests.llm.calls import a_call

RANKING = schema_of(judge.Ranking)
SENT = ("schema", "temperature", "top_p", "max_tokens", "cache_control", "prompt_cache_key")


def schemas_in(value):
    """``value`` and all schemas that it is made of."""
    inner = [*value.get("properties", {}).values(), *([value["items"]] if "items" in value else [])]
    return [value, *(found for one in inner for found in schemas_in(one))]


@pytest.mark.parametrize("reply", [*author.REPLIES.values(), observer.Guesses, judge.Ranking])
def test_our_schemas_are_what_every_strict_mode_takes(reply):
    for one in schemas_in(schema_of(reply)):
        lengths = {"minItems", "maxItems"} if one["type"] == "array" else set()
        assert set(one) <= {"type", "enum", "items", "properties", "required", "additionalProperties", *lengths}
        if one["type"] == "object":
            assert one["required"] == list(one["properties"])
            assert one["additionalProperties"] is False


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text()), max_size=6))
def test_words_change_only_the_last_user_message(said):
    messages = [Message(role=role, content=content) for role, content in said]
    asked = in_words(messages, RANKING)
    users = [i for i, m in enumerate(messages) if m.role == "user"]
    last = users[-1] if users else len(messages)
    assert [m for i, m in enumerate(asked) if i != last] == [m for i, m in enumerate(messages) if i != last]
    assert asked[last].role == "user"
    assert asked[last].content.startswith(messages[last].content if users else "")
    assert orjson.dumps(RANKING).decode() in asked[last].content


@pytest.mark.parametrize(
    ("status", "words", "part"),
    [
        (400, "response_format value as json_schema is enabled only for api versions 2024-08-01", "schema"),
        (400, "Invalid schema for response_format 'reply'", "schema"),
        (400, "failed to parse grammar", "schema"),
        (422, "unprocessable entity", "schema"),
        (
            400,
            "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.",
            "max_tokens",
        ),
        (400, "temperature is deprecated for this model", "temperature"),
        (400, "Unrecognized request argument supplied: top_p", "top_p"),
        (400, "messages.0.content.1.cache_control: Extra inputs are not permitted", "cache_control"),
        (400, "Unsupported parameter: 'prompt_cache_key'", "prompt_cache_key"),
        (400, "max_tokens is too large: 9000. This model supports at most 4096 completion tokens", None),
        (400, "temperature: must be between 0 and 2", None),
        (400, "messages: roles must alternate", None),
        (404, "response_format", None),
        (500, "json_schema is not supported", "schema"),
    ],
)
def test_which_part_a_server_refuses_is_read_off_its_words(status, words, part):
    assert refused_part(Failure(status, words), SENT) == part


ALL = ("schema", "json_schema", "lengths", "additionalProperties", "temperature 0", "system", "alternate", *SENT)
ALL += ("encoding_format",)


@pytest.mark.parametrize(
    ("status", "words", "part"),
    [
        (400, "System role not supported", "system"),
        (400, "Conversation roles must alternate user/assistant/user/assistant/...", "alternate"),
        (422, "Template error: template not found: Conversation roles must alternate", "alternate"),
        (500, "Jinja Exception: System role not supported at row 1", "system"),
        (400, "Only user and assistant roles are supported!", "system"),
        (400, "Unsupported value: 'messages[0].role' does not support 'system' with this model.", "system"),
        (400, "Developer instruction is not enabled for models/gemma-3-27b-it", "system"),
        (400, "This model doesn't support the system field.", "system"),
        (400, "Unexpected role 'system' after role 'user'", "system"),
        (400, "After the (optional) system message(s), user or assistant roles should be alternating.", "alternate"),
        (422, "body.messages.0.role: Input should be 'user' or 'assistant' (literal_error)", "system"),
        (400, 'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter', "system"),
        (
            400,
            "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is"
            " supported.",
            "temperature",
        ),
        (400, "Unsupported parameter: 'temperature' is not supported with this model.", "temperature"),
        (400, "invalid temperature: only 0.6 is allowed for this model", "temperature"),
        (400, "`temperature` may only be set to 1 when thinking is enabled.", "temperature"),
        (422, "Input validation error: `temperature` must be strictly positive", "temperature 0"),
        (400, "temperature must be in (0, 1]", "temperature 0"),
        (400, "Temperature should be in (0.0, 2.0)", "temperature 0"),
        (422, "body.top_p: Extra inputs are not permitted (extra_forbidden)", "top_p"),
        (422, "body.temperature: Input should be less than or equal to 1.5", "temperature 0"),
        (422, "body.response_format: Extra inputs are not permitted", "schema"),
        (
            400,
            "Invalid schema for response_format 'reply': In context=('properties', 'facts'), 'minItems' is not"
            " permitted.",
            "lengths",
        ),
        (400, "output_config.format.schema: For 'array' type, property 'maxItems' is not supported", "lengths"),
        (
            400,
            "Unknown name \"additionalProperties\" at 'generation_config.response_schema': Cannot find field.",
            "additionalProperties",
        ),
        (400, "'response_format.type' : value is not one of the allowed values ['text','json_object']", "json_schema"),
        (400, "This response_format type is unavailable now", "schema"),
        (400, "This model does not support response format `json_schema`.", "schema"),
        (400, "failed to parse grammar: number of repetitions exceeds sane defaults", "lengths"),
        (400, "The specified schema produces a constraint that has too many states for serving.", "lengths"),
        (400, "vertex_ai does not support parameters: ['top_p'], for model=x", "top_p"),
        (400, "encoding_format is not supported", "encoding_format"),
        (400, "Invalid model name passed in model=nope", None),
        (400, "No endpoints found; use an alternate model", None),
        (400, "max_tokens is too large: 9000. This model supports at most 4096 completion tokens", None),
    ],
)
def test_what_real_servers_refuse_is_read_off_their_words(status, words, part):
    assert refused_part(Failure(status, words), ALL) == part


NAMED = [
    (400, "temperature is fixed at 1.0 for this model", "temperature"),
    (400, "`temperature` must be equal to 1.0", "temperature"),
    (400, "temperature should be 1.0", "temperature"),
    (400, "This model requires temperature=1", "temperature"),
    (400, "temperature cannot be changed for reasoning models", "temperature"),
    (400, "sampling temperature is locked", "temperature"),
    (400, "Please use max_completion_tokens rather than max_tokens", "max_tokens"),
    (400, "Missing required parameter: max_completion_tokens", "max_tokens"),
    (400, "Invalid parameter: max_completion_tokens", "max_tokens"),
    (400, "max_completion_tokens: additional property", "max_tokens"),
    (400, "Cannot use max_tokens with reasoning models", "max_tokens"),
    (400, "JSON mode is not supported for this model", "schema"),
    (400, "The model does not support guided decoding", "schema"),
    (400, "constrained decoding is not enabled", "schema"),
    (400, "outlines backend error: failed to compile", "schema"),
    (400, "schema too complex", "schema"),
    (400, "unsupported output type", "schema"),
    (501, "response_format not implemented", "schema"),
    (500, "json_schema is not supported by this backend", "schema"),
    (500, "NotImplementedError: guided decoding is not yet supported with speculative decoding", "schema"),
    (500, "This backend does not support response_format", "schema"),
    (500, "unsupported parameter: top_p", "top_p"),
    (404, "No endpoints found that support the requested parameters: response_format", "schema"),
    (404, "No endpoints found that can handle the requested parameters.", "schema"),
    (400, "The 'strict' parameter is not allowed", "strict"),
    (500, "invalid JSON schema in format", "schema"),
    (500, "failed to parse grammar", "schema"),
    (404, "'Conversation roles must alternate user/assistant/user/assistant/...'", "alternate"),
    (404, "System role not supported", "system"),
    (400, "Type mismatch of '/messages/0/role', 'string' not in 'user','assistant'", "system"),
    (400, "temperature is not supported; it is when reasoning_effort='none'", "temperature"),
    (400, "'reasoning_effort' is not supported with temperature", "reasoning_effort none"),
    (400, 'Grammar error: Unimplemented keys: ["maxItems"]', "lengths"),
    (400, 'Invalid JSON payload received. Unknown name "additional_properties"', "additionalProperties"),
]


@pytest.mark.parametrize(("status", "words", "part"), NAMED)
def test_a_part_that_a_refusal_names_is_left_out_whatever_is_said_about_it(status, words, part):
    sent = [part for part in ALL if part != "temperature 0"] + ["strict", "reasoning_effort none"]
    assert refused_part(Failure(status, words), sent) == part


def test_a_part_is_also_named_by_the_field_param():
    body = {"error": {"message": "Invalid value", "type": "invalid_request_error", "param": "temperature"}}
    assert refused_part(failure(400, orjson.dumps(body), {}), SENT) == "temperature"


@pytest.mark.parametrize(
    "words",
    [
        "temperature 0 is not supported",
        "temperature=0 is invalid; use do_sample=False",
        "'temperature' does not support 0 with this model; the range is (0, 2]",
        "temperature can't be 0",
        "temperature may not be null or 0",
        "temperature less than 0.01 is not supported",
        "minimum temperature is 0.1",
        "Input validation error: temperature must be >= 0.01",
        "temperature: 0.0 is outside of ]0, 1]",
        "invalid value for temperature",
    ],
)
def test_temperature_0_is_first_raised_and_only_then_left_out(words):
    for_a_judge = [*SENT, *parts({"temperature": 0})]
    assert refused_part(Failure(400, words), for_a_judge) == "temperature 0"
    raised = settings(a_call(temperature=0.0), {"temperature 0"})
    assert refused_part(Failure(400, words), [*SENT, *parts(raised)]) == "temperature"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "The model `qwen-thinking` does not exist"),
        (400, "The model `x-reasoning` does not exist or you do not have access to it"),
        (400, "Invalid API key for temperature"),
        (400, "The system prompt is too long: maximum context length is 4096 tokens"),
        (400, "system: text content blocks must be non-empty"),
        (400, "Prompt flagged by moderation: schema of an attack"),
        (400, "Invalid request: {'model': 'x', 'messages': [{'role': 'system'}], 'temperature': 0.7, 'max_tokens': 4}"),
        (500, "3 consecutive requests failed, it is not healthy"),
        (503, "temperature is not supported"),
        (500, "schema registry timed out"),
        (500, "this GPU is not supported"),
        (500, "the system prompt must not exceed the context window"),
    ],
)
def test_a_refusal_for_another_reason_leaves_every_part_in(status, words):
    sent = [part for part in ALL if part != "temperature 0"] + ["reasoning_effort none", "chat_template_kwargs"]
    assert refused_part(Failure(status, words), sent) is None


def test_a_place_in_a_failed_validation_is_read_without_the_input_that_it_repeats():
    place = {"type": "extra_forbidden", "loc": ["body", "top_p"], "msg": "Extra inputs are not permitted"}
    place["input"] = {"temperature": 0.3, "response_format": {}}
    for message in ({"detail": [place]}, {"message": {"detail": [place]}}, {"message": orjson.dumps([place]).decode()}):
        failed = failure(422, orjson.dumps(message), {})
        assert failed.message == "body.top_p: Extra inputs are not permitted (extra_forbidden)"
        assert refused_part(failed, ALL) == "top_p"


def test_a_keyword_is_taken_out_of_every_schema_and_no_property_of_that_name():
    inner = {"type": "array", "items": {"type": "array", "maxItems": 3}, "minItems": 1}
    schema = {"type": "object", "properties": {"minItems": inner}}
    left = {"type": "array", "items": {"type": "array"}}
    assert without(schema, LENGTHS) == {"type": "object", "properties": {"minItems": left}}


@given(st.text(), st.integers(200, 599), st.sets(st.sampled_from(SENT)))
def test_only_what_was_sent_can_be_refused(words, status, sent):
    assert refused_part(Failure(status, words), sent) in {None, *sent}
