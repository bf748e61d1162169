"""The JSON object in a reply is found, and what is plainly meant is repaired."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.agents.json_reply import json_objects
from personagen.errors import ReplyError

CUT = '{"descriptions": [{"text": "a", "facts": ["b"]}, {"text": "c", "facts": ["d"]}, {"text": "He is'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1,}', {"a": 1}),
        ('{"a": [1, 2, ], "b": {"c": 3 , } }', {"a": [1, 2], "b": {"c": 3}}),
        ('{"a": "x,}"}', {"a": "x,}"}),
        ('{"a": "x,]",}', {"a": "x,]"}),
        ('{"a": "one\ntwo\tthree"}', {"a": "one\ntwo\tthree"}),
        ('{"a": "say \\"hi\\"\n{", }', {"a": 'say "hi"\n{'}),
        ('Here it is:\n```json\n{"a": 1}\n```\nAnything else?', {"a": 1}),
        ('{"draft": true}\n{"a": 1}', {"a": 1}),
        ('I think {so}. {"a": 1}', {"a": 1}),
        ('if (x) { then: {"a": 1}', {"a": 1}),
        ("{'a': 'it's', 'b': False, 'c': None}", {"a": "it's", "b": False, "c": None}),
        ('{a: "x", b_c: [true, NaN], }', {"a": "x", "b_c": [True, None]}),
        ('{"a": 1,, "b": 2}', {"a": 1, "b": 2}),
        ('{"a": "x"; "b": 2}', {"a": "x", "b": 2}),
        ('{"a": "x"\n"b": ["y"\n"z"]}', {"a": "x", "b": ["y", "z"]}),
        ('{"a": "x", // why\n "b": /* so */ 2}', {"a": "x", "b": 2}),
        ('{"a": "he said "no" to it, and "why"", "b": 2}', {"a": 'he said "no" to it, and "why"', "b": 2}),
        ('{"a": ["say "hi" now", "b"]}', {"a": ['say "hi" now', "b"]}),
        ('{"a": "it\\\'s 5 \\% \\d"}', {"a": "it's 5 \\% \\d"}),
        ('{“a”: “say "hi"”, ‘b’: ‘c’}', {"a": 'say "hi"', "b": "c"}),
        ('Well: {"a": "the \'home\': it is \\"b\\": c"}', {"a": "the 'home': it is \"b\": c"}),
        (json.dumps(json.dumps({"a": "x"})), {"a": "x"}),
        ('So: [{"a": 1}, {"a": 2}] [1]', [{"a": 1}, {"a": 2}]),
    ],
)
def test_a_plain_fault_is_repaired(text, value):
    assert json_objects(text)[0] == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (CUT, {"descriptions": [{"text": "a", "facts": ["b"]}, {"text": "c", "facts": ["d"]}]}),
        ('{"reason": "r", "ranking": "A, B", "tie": fal', {"reason": "r", "ranking": "A, B"}),
        ('{"inferences": [{"fact": "a"}, {"fact": "b"}', {"inferences": [{"fact": "a"}, {"fact": "b"}]}),
        ('```json\n{"inferences": [{"fact": "a"},', {"inferences": [{"fact": "a"}]}),
        ('{"reason": "r", "ranking": "A, B"', {"reason": "r", "ranking": "A, B"}),
        ('{"ranking": "A, B", "tie": false', {"ranking": "A, B", "tie": False}),
        ('{"ranking": "A, B", "confidence": 4\n', {"ranking": "A, B", "confidence": 4}),
        ('{"ranking": "A, B", "confidence": 4', {"ranking": "A, B"}),
        ('{"ranking": "A, B", "confidence" ', {"ranking": "A, B"}),
        ('{"ranking": "A, B", "because": [1, 2', {"ranking": "A, B"}),
        ('[{"fact": "a"}, {"fact": "b"}, {"fac', [{"fact": "a"}, {"fact": "b"}]),
    ],
)
def test_the_whole_entries_of_a_cut_object_are_kept(text, value):
    assert json_objects(text)[0] == value


@pytest.mark.parametrize("text", ['{"inferences": [{"fact": "a', '{"reason": "because', "{", "{]}", "}{", "[{"])
def test_a_cut_object_without_a_whole_entry_is_refused(text):
    with pytest.raises(ReplyError):
        json_objects(text)


@pytest.mark.parametrize(
    "text",
    [
        "{a: b}",
        '{"ranking": A, B}',
        '{"a": "x" and "y": 2}',
        '{"a": "he said "no": it is"}',
        '{"a": fal',
        "{'a': }",
        '{"a": "she said "yes", "no" and "maybe""}',
        '{"a": "x", "b"}',
    ],
)
def test_what_would_have_to_be_guessed_is_refused(text):
    with pytest.raises(ReplyError):
        json_objects(text)


@pytest.mark.parametrize(
    "text", ["{" * 200_000, '{"a": ' * 50_000, "[{" * 100_000, '{"' * 100_000, '{"a": "' + 'x" ' * 60_000 + "x"]
)
def test_braces_without_end_take_no_time(text):
    with pytest.raises(ReplyError):
        json_objects(text)


@given(st.dictionaries(st.text(), st.text() | st.integers(-9, 9) | st.lists(st.text(), max_size=3), max_size=4))
def test_an_object_survives_prose_around_it(value: dict[str, object]) -> None:
    assert json_objects(f"Well: {json.dumps(value)} Right?")[0] == value


@given(
    st.lists(st.dictionaries(st.sampled_from("ab"), st.text(), min_size=1), min_size=1, max_size=4), st.integers(1, 60)
)
def test_a_cut_list_keeps_a_prefix_of_its_entries(entries, length):
    try:
        kept = json_objects(json.dumps({"entries": entries})[:-length])[0]["entries"]
    except ReplyError:
        return
    assert kept == entries[: len(kept)]
