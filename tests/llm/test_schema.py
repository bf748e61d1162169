from __future__ import annotations

import copy

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.agents import replies as parse
from personagen.llm.errors import Failure
from personagen.llm.schema import in_words, refused_part, strict, strict_once
from personagen.records import Message

SENT = ("schema", "temperature", "top_p", "max_tokens", "cache_control", "prompt_cache_key")


def test_constraints_go_and_objects_are_closed_at_every_depth():
    item = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0}}}
    schema = {
        "type": "object",
        "properties": {"list": {"type": "array", "minItems": 2, "items": item}, "either": {"anyOf": [item]}},
        "required": ["list"],
        "$defs": {"x": item},
    }
    closed = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    before = copy.deepcopy(schema)
    assert strict(schema) == {
        "type": "object",
        "properties": {"list": {"type": "array", "items": closed}, "either": {"anyOf": [closed]}},
        "required": ["list", "either"],
        "$defs": {"x": closed},
        "additionalProperties": False,
    }
    assert schema == before


REFUSED = {
    **{"minItems": 1, "maxItems": 9, "uniqueItems": True, "contains": {}, "prefixItems": [{}]},
    **{"minLength": 1, "maxLength": 9, "pattern": "a", "format": "date", "default": 1, "examples": [1], "$schema": "x"},
    **{"minimum": 0, "maximum": 9, "exclusiveMinimum": 0, "exclusiveMaximum": 9, "multipleOf": 2, "not": {}},
    **{"minProperties": 1, "maxProperties": 9, "patternProperties": {}, "propertyNames": {}, "unevaluatedItems": {}},
    **{"if": {}, "then": {}, "else": {}, "allOf": [{}], "dependentRequired": {}, "dependentSchemas": {}},
}


@given(
    st.recursive(
        st.sampled_from([{"type": "string"}, {"type": "integer"}, {"enum": ["a"]}, {"const": 1}, {"type": "object"}]),
        lambda inner: st.one_of(
            st.builds(lambda x: {"type": "array", "items": x}, inner),
            st.builds(lambda x: {"anyOf": [x]}, inner),
            st.builds(lambda x: {"oneOf": [x, {"type": "null"}]}, inner),
            st.builds(lambda x: {"type": "object", "properties": {"a": x, "b": x}, "$defs": {"c": x}}, inner),
        ),
    ).map(lambda schema: _everywhere(schema, REFUSED))
)
def test_no_keyword_that_a_strict_mode_refuses_is_left_at_any_depth(schema):
    assert _keywords(strict(schema)) <= {
        *("type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const", "$defs")
    }


def _everywhere(schema, more):
    """``schema`` with ``more`` in each of the schemas it is made of."""
    out = {**schema, **more}
    for name in ("properties", "$defs"):
        if name in schema:
            out[name] = {key: _everywhere(inner, more) for key, inner in schema[name].items()}
    for name in ("anyOf", "oneOf"):
        if name in schema:
            out[name] = [_everywhere(inner, more) for inner in schema[name]]
    return {**out, "items": _everywhere(schema["items"], more)} if "items" in schema else out


def _keywords(schema):
    found = set(schema)
    for name in ("properties", "$defs"):
        found |= {word for inner in schema.get(name, {}).values() for word in _keywords(inner)}
    found |= {word for inner in schema.get("anyOf", []) for word in _keywords(inner)}
    return found | (_keywords(schema["items"]) if "items" in schema else set())


def test_a_reference_stands_alone_and_an_object_without_properties_is_closed_too():
    assert strict({"$ref": "#/$defs/a", "description": "x"}) == {"$ref": "#/$defs/a"}
    empty = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    assert strict({"type": "object", "additionalProperties": {"type": "string"}}) == empty


def test_a_choice_is_told_by_the_one_keyword_that_all_take():
    either = [{"type": "string"}, {"type": "null"}]
    assert strict({"oneOf": either}) == strict({"anyOf": either}) == {"anyOf": either}


def test_a_schema_is_made_strict_once():
    assert strict_once(parse.RANKING) is strict_once(dict(parse.RANKING))
    assert strict_once(parse.RANKING) == strict(parse.RANKING)


def test_a_property_that_is_called_like_a_constraint_stays():
    named = {"pattern": {"type": "string"}, "format": {"type": "string"}}
    assert strict({"type": "object", "properties": named, "$defs": named})["properties"] == named
    assert strict({"$ref": "#/$defs/format", "$defs": named})["$defs"] == named


@pytest.mark.parametrize("schema", [parse.PROFILES, parse.PERSONALITIES, parse.INFERENCES, parse.RANKING])
def test_our_own_schemas_are_strict_already(schema):
    assert strict(schema) == schema


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text()), max_size=6))
def test_words_change_only_the_last_user_message(said):
    messages = [Message(role=role, content=content) for role, content in said]
    asked = in_words(messages, parse.RANKING)
    users = [i for i, m in enumerate(messages) if m.role == "user"]
    last = users[-1] if users else len(messages)
    assert [m for i, m in enumerate(asked) if i != last] == [m for i, m in enumerate(messages) if i != last]
    assert asked[last].role == "user"
    assert asked[last].content.startswith(messages[last].content if users else "")
    assert orjson.dumps(parse.RANKING).decode() in asked[last].content


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
