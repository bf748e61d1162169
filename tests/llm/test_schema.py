from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.agents import author, judge, observer
from personagen.agents.replies import schema_of
from personagen.llm.errors import Failure
from personagen.llm.schema import in_words, refused_part
from personagen.records import Message

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
        (500, "json_schema is not supported", None),
    ],
)
def test_which_part_a_server_refuses_is_read_off_its_words(status, words, part):
    assert refused_part(Failure(status, words), SENT) == part


@given(st.text(), st.integers(200, 599), st.sets(st.sampled_from(SENT)))
def test_only_what_was_sent_can_be_refused(words, status, sent):
    assert refused_part(Failure(status, words), sent) in {None, *sent}
