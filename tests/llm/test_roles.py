"""Servers that refuse roles, a temperature, or parts of a schema: what they are sent instead, told once."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.llm import anthropic, openai
from personagen.llm.roles import alternating, refused_role, shaped, without_system
from personagen.records import Message
from tests.llm.calls import SCHEMA, a_call, ask, opened
from tests.servers import chat, message, refusal, serving

BACKENDS = pytest.mark.parametrize(("backend", "say"), [(openai.backend, chat), (anthropic.backend, message)])
MANY = [("system", "Be brief."), ("user", "Hi."), ("user", "Again."), ("assistant", "Yes?"), ("assistant", "Well?")]
SAID = st.lists(
    st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text(min_size=1, max_size=3)), max_size=7
)
WANTED = "Conversation roles must alternate user/assistant/user/assistant/..."


def roles(got):
    return [m["role"] for m in got.messages]


def as_messages(said):
    return [Message(role=role, content=content) for role, content in said]


def template(*, system):
    """The check of Mistral's and Gemma's chat templates."""

    def answer(got):
        rest = roles(got)[1:] if system and roles(got)[0] == "system" else roles(got)
        if any(role != ("user", "assistant")[i % 2] for i, role in enumerate(rest)):
            return refusal(400, WANTED)
        return chat("Fine.")

    return answer


@pytest.mark.parametrize("status", [400, 422, 500])
@BACKENDS
def test_a_model_without_a_system_role_reads_its_text_in_the_first_user_message(backend, say, status, caplog):
    def answer(got):
        return refusal(status, "System role not supported") if roles(got)[0] == "system" else say("Fine.")

    with serving(answer) as server:
        ask(opened(server.v1, backend), a_call(), a_call("Again?"))
    assert [m["content"] for m in server.requests[1].messages] == ["Be brief.\n\nHow are you?"]
    assert len(server.requests) == 3
    assert caplog.text.count("refuses the system role") == 1


@pytest.mark.parametrize(("system", "requests"), [(True, 2), (False, 3)])
def test_where_roles_must_alternate_those_of_one_role_are_joined(system, requests, caplog):
    with serving(template(system=system)) as server:
        ask(opened(server.v1), a_call(messages=MANY))
        assert len(server.requests) == requests
        ask(opened(server.v1), a_call(messages=MANY[:2]))
    last = server.requests[requests - 1].messages
    assert "".join(m["content"] for m in last).count("Hi.") == 1
    assert last[-1]["content"] == "Yes?\n\nWell?"
    assert caplog.text.count("adjacent messages of one role are now joined") == 1


@given(SAID)
def test_no_text_is_lost_and_roles_alternate_beginning_with_the_user(said):
    messages, parts = shaped(as_messages(said), {"system", "alternate"})
    assert parts == []
    assert all(one.role != other.role for one, other in pairwise(messages))
    assert not messages or messages[0].role == "user"
    assert all(content in "".join(m.content for m in messages) for _, content in said)


@given(SAID)
def test_messages_that_are_as_the_server_wants_them_are_left_alone(said):
    messages = as_messages(said)
    if not shaped(messages, set())[1]:
        assert alternating(messages) == messages
    assert "system" not in {m.role for m in without_system(messages)}


@pytest.mark.parametrize(
    "words",
    [
        "role 'system' is invalid",
        "`system` is not a valid role",
        "This model doesn't take system messages.",
        "got role system: expected one of [user, assistant]",
        "The system message must be omitted for this model",
        "System instruction is disabled for this model",
        "The first content should be with role 'user', got system",
        "A system turn cannot be processed",
        "First message must be from user",
    ],
)
def test_a_refusal_of_the_system_role_is_known_in_any_words(words):
    def answer(got):
        return refusal(400, words) if roles(got)[0] == "system" else chat("Fine.")

    with serving(answer) as server:
        ask(opened(server.v1), a_call())
    assert [roles(got) for got in server.requests] == [["system", "user"], ["user"]]


@pytest.mark.parametrize(
    "words",
    [
        "Please ensure that multiturn requests alternate between user and model.",
        "Please ensure that multiturn requests start with a user turn.",
        "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant",
        "two messages with the same role in sequence",
        "consecutive user messages are not allowed",
        "messages must be strictly interleaved",
        "the role of message 3 should be assistant",
        "The number of user and assistant messages must match",
    ],
)
def test_a_refusal_of_the_order_of_roles_is_known_in_any_words(words):
    assert refused_role(words, ["alternate", "system"]) == "alternate"
    assert refused_role(words, ["temperature"]) is None


@BACKENDS
def test_temperature_0_becomes_a_low_one_where_it_must_be_positive(backend, say, caplog):
    def answer(got):
        cold = got.body.get("temperature") == 0
        return refusal(422, "Input validation error: `temperature` must be strictly positive") if cold else say("Fine.")

    with serving(answer) as server:
        calls = (a_call(temperature=0.0), a_call("Again?", temperature=0.0), a_call("Warm?", temperature=0.7))
        ask(opened(server.v1, backend), *calls)
    assert [got.body["temperature"] for got in server.requests] == [0.0, 0.01, 0.01, 0.7]
    assert caplog.text.count("refuses temperature 0") == 1


@pytest.mark.parametrize("words", ["only 1 is allowed for this model", "may only be set to 1 when thinking is enabled"])
def test_a_temperature_that_can_only_be_1_is_left_out(words):
    def answer(got):
        return refusal(400, f"invalid `temperature`: {words}") if "temperature" in got.body else chat("Fine.")

    with serving(answer) as server:
        ask(opened(server.v1), a_call(temperature=0.0), a_call("Again?", temperature=0.8))
    assert ["temperature" in got.body for got in server.requests] == [True, False, False]


LISTS = {
    **SCHEMA,
    "properties": {"words": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3}},
}


def test_lengths_of_arrays_are_left_out_where_they_are_refused_and_the_schema_stays(caplog):
    def answer(got):
        text = str(got.schema)
        return refusal(400, "Invalid schema: 'minItems' is not permitted.") if "minItems" in text else chat("{}")

    with serving(answer) as server:
        ask(opened(server.v1), a_call(schema=LISTS), a_call("Again?", schema=LISTS))
    assert [got.schema for got in server.requests] == [LISTS, SCHEMA, SCHEMA]
    assert caplog.text.count("refuses minItems and maxItems") == 1


def test_anthropic_is_sent_no_lengths_of_arrays():
    with serving(lambda _: message("{}")) as server:
        ask(opened(server.v1, anthropic.backend), a_call(schema=LISTS))
    assert server.requests[0].schema == SCHEMA


@pytest.mark.parametrize("objects", [True, False])
def test_a_server_that_takes_json_objects_is_asked_for_one_with_the_schema_in_words(objects, caplog):
    def answer(got):
        form = got.body.get("response_format", {}).get("type")
        if form == "json_schema" or (form and not objects):
            return refusal(400, "response_format.type must be one of 'text', 'json_object', not json_schema")
        return chat("{}")

    with serving(answer) as server:
        ask(opened(server.v1), a_call(schema=SCHEMA), a_call("Again?", schema=SCHEMA))
    forms = [got.body.get("response_format", {}).get("type") for got in server.requests]
    assert forms == (["json_schema"] + ["json_object"] * 2 if objects else ["json_schema", "json_object", None, None])
    assert "follows this JSON schema" in server.requests[-1].messages[-1]["content"]
    assert caplog.text.count("takes JSON objects but no JSON schemas") == 1


@BACKENDS
def test_a_call_may_ask_for_the_schema_in_words_as_well(backend, say):
    call = a_call(schema=SCHEMA)
    with serving(lambda _: say("{}")) as server:
        ask(opened(server.v1, backend), call, replace(call, in_words=True))
    assert [got.schema for got in server.requests] == [SCHEMA, SCHEMA]
    assert ["JSON schema" in got.messages[-1]["content"] for got in server.requests] == [False, True]
    assert replace(call, in_words=True).key == call.key
