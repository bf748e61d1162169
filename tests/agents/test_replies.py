"""A model's reply becomes a value, or a ReplyError with a reason."""

from __future__ import annotations

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.agents import author, judge, observer
from personagen.agents import replies as parse
from personagen.agents.json_reply import json_objects
from personagen.errors import ReplyError
from personagen.records import Message

CHAT = [
    Message(role="user", content="My mum’s bees  died\nthis winter."),
    Message(role="assistant", content="I keep goats myself."),
]


def found(*entries):
    return verified(orjson.dumps({"inferences": entries}).decode())


def verified(text):
    return observer.verified(parse.parsed(observer.Guesses, text).inferences, CHAT)


def ranking(text, labels):
    return parse.parsed(judge.Ranking, text, labels=labels)


def json_object(text):
    return json_objects(parse.json_answer(text))[0]


def test_a_fenced_object_is_repaired():
    assert json_object('```json\n{"a": 1}\n```') == {"a": 1}


def test_prose_around_an_object_is_dropped():
    assert json_object('Sure! {"a": {"b": 2}} Hope that helps.') == {"a": {"b": 2}}


def test_a_reasoning_block_is_cut_off():
    assert json_object('<think>maybe {"a": 2}</think>{"a": 1}') == {"a": 1}
    assert parse.speech("<think>hm</think> Hello", "user").text == "Hello"


@pytest.mark.parametrize("text", ["", "no", "{", '{"a": ?}', "[1]", '{"a":' * 2000 + "1" + "}" * 2000])
def test_what_is_not_a_json_object_is_refused(text):
    with pytest.raises(ReplyError):
        json_object(text)


def test_a_reply_of_absurd_length_is_refused():
    with pytest.raises(ReplyError, match="more than"):
        parse.speech("a" * (parse.MAX_REPLY + 1), "user")


@pytest.mark.parametrize(
    "text",
    [
        "```" + "\n" * 150_000,
        "```json\n" * 20_000,
        "<think>" * 20_000,
        "*" * 150_000,
        "[" * 150_000,
        '{"a": "' + "\\" * 150_001,
    ],
)
def test_a_reply_that_repeats_itself_is_refused_without_trying_every_place(text):
    with pytest.raises(ReplyError):
        json_object(text)


def test_half_a_character_is_repaired_and_a_whole_one_left_alone():
    assert json_object(r'{"a": "x\ud83dy"}') == {"a": "x\ufffdy"}
    assert json_object(r'{"a": "\ud83d\ude00 \ude00\ud83d"}') == {"a": "😀 \ufffd\ufffd"}
    assert json_object(r'{"a": "\\ud83d \\\ud83d"}') == {"a": "\\ud83d \\\ufffd"}
    assert json_object('{"a": "x\ud83dy"}') == {"a": "x?y"}


def test_control_characters_are_dropped():
    assert parse.speech("\0My \x1b[31mbees\x07\n\tdied", "user").text == "My [31mbees\n\tdied"
    assert json_object('{"a": "x\0y"}') == {"a": "xy"}
    reply = r'{"descriptions": [{"text": "A \u0000b", "facts": ["c\u001bd"]}]}'
    assert author.written("profile", reply) == [("A b", ("cd",))]
    kept, _ = found({"fact": "has\0 bees", "quote": "this \0winter", "kind": "profile"})
    assert [(i.fact, i.quote) for i in kept] == [("has bees", "this winter")]


def test_reasoning_that_does_not_end_is_no_reply():
    with pytest.raises(ReplyError, match="does not end"):
        parse.speech("<think>Hm.", "user")


def test_an_empty_reply_is_called_so_where_json_was_asked_for_too():
    with pytest.raises(ReplyError, match="is empty"):
        json_object("\0\n")


def test_a_speaker_does_not_announce_itself():
    assert parse.speech("User: my bees died", "user") == parse.Spoken("my bees died", labelled=True)
    assert parse.speech("**Assistant:** Sorry.", "assistant").text == "Sorry."


def test_reasoning_whose_opening_tag_stood_in_the_prompt_is_cut_off():
    assert parse.speech("let me think</think> Hello", "user").text == "Hello"


def test_a_reason_that_is_no_text_is_left_out():
    nested = "[" * 500 + "]" * 500
    assert ranking(f'{{"ranking": ["A", "B"], "tie": false, "reason": {nested}}}', "AB").reason == ""


def test_an_empty_speech_is_refused():
    with pytest.raises(ReplyError, match="empty"):
        parse.speech(" \n ", "assistant")


def test_a_quote_that_is_not_verbatim_is_dropped():
    kept, dropped = found(
        {"fact": "has bees", "quote": "mum's bees died this winter", "kind": "profile"},
        {"fact": "is sad", "quote": "I am so sad", "kind": "personality"},
    )
    assert [i.fact for i in kept] == ["has bees"]
    assert dropped == 1


def test_a_quote_from_the_assistant_is_dropped():
    assert found({"fact": "keeps goats", "quote": "I keep goats", "kind": "profile"}) == ((), 1)


def test_an_empty_quote_is_dropped():
    assert found({"fact": "x", "quote": " ", "kind": "profile"}) == ((), 1)


def test_an_inference_of_another_kind_is_dropped():
    assert found({"fact": "x", "quote": "bees", "kind": "mood"}) == ((), 1)


def test_a_description_of_wrong_form_is_kept_as_an_empty_one():
    reply = '{"descriptions": [{"text": " A  b ", "facts": ["c", 3, " "]}, 7, "plain"]}'
    assert author.written("profile", reply) == [("A b", ("c",)), ("", ()), ("plain", ())]


def test_a_placeholder_of_the_prompt_is_no_answer():
    reply = '{"ranking": "A, B", "reason": "..."}'
    assert parse.parsed(judge.Ranking, reply, labels="AB", placeholders={"..."}).reason == ""
    guess = {"fact": "...", "quote": "bees", "kind": "profile"}
    text = orjson.dumps({"inferences": [guess]}).decode()
    told = parse.parsed(observer.Guesses, text, placeholders={"..."}).inferences
    assert observer.verified(told, CHAT) == ((), 1)


@pytest.mark.parametrize("nothing", ["...", "\u2026", " - ", "text"])
def test_what_has_no_words_or_stands_in_the_prompt_is_no_answer(nothing):
    text = orjson.dumps({"descriptions": [{"text": nothing, "facts": [nothing, "has bees"]}]}).decode()
    assert author.written("profile", text, {"...", "text"}) == [("", ("has bees",))]


def test_the_case_of_a_kind_does_not_matter():
    assert len(found({"fact": "has bees", "quote": "bees died", "kind": "Profile"})[0]) == 1


@pytest.mark.parametrize(
    "reply",
    [
        '{"a": "uses <think> and [/THINK]",}',
        '```json\n{"a": "uses <think> and [/THINK]",}\n```',
        '{"a": "uses <think> and [/THINK]"}\n\nReasoning: it is what they said.',
        '<json>\n{"a": "uses <think> and [/THINK]"}\n</json>',
    ],
)
def test_an_object_may_quote_marks_of_reasoning_and_stand_in_a_tag(reply):
    assert json_object(reply) == {"a": "uses <think> and [/THINK]"}


def test_an_object_within_reasoning_is_no_answer():
    assert json_object('{"a": 1} no </think> {"a": 2}') == {"a": 2}
    for reply in ('<plan>{"a": 1}</plan>', '{"a": 1} <think> but', '<think>{"a": 1}'):
        with pytest.raises(ReplyError, match="reasoning"):
            json_object(reply)


@pytest.mark.parametrize("quote", ['"bees died"', "'bees died'", "...bees died", "bees died...", "“bees died…”"])
def test_a_quote_may_stand_in_quotation_marks_or_end_in_dots(quote):
    assert len(found({"fact": "has bees", "quote": quote, "kind": "profile"})[0]) == 1


SENTENCES = "Feed them sugar water. " * 6


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"{SENTENCES}Then, when it", SENTENCES.strip()),
        ("喂它们糖水。" * 6 + "然后", "喂它们糖水。" * 6),
        ("1. Feed them well\n2. Keep them warm\n3. Ask the", "1. Feed them well\n2. Keep them warm"),
        ('He said: "Feed them." So I did. And the', 'He said: "Feed them." So I did.'),
    ],
)
def test_a_cut_reply_is_kept_up_to_its_last_whole_sentence(text, kept):
    spoken = parse.cut_speech(text, "assistant")
    assert spoken.text == kept
    assert spoken.cut == text[len(kept) :].rstrip()


@pytest.mark.parametrize(
    "text", ["Short. But this sentence goes on and on and", "no end", f"Run ```sh\n{SENTENCES}", "A. " + "b" * 50]
)
def test_a_cut_reply_of_which_most_would_be_lost_is_refused(text):
    with pytest.raises(ReplyError, match="cut off"):
        parse.cut_speech(text, "assistant")


@given(
    st.text()
    | st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    ).map(lambda v: orjson.dumps({"inferences": v, "descriptions": v, "ranking": v}).decode())
)
def test_any_reply_is_a_value_or_a_reply_error(text):
    for parser in (
        verified,
        lambda t: author.written("profile", t),
        lambda t: author.written("personality", t),
        lambda t: ranking(t, "AB"),
        lambda t: parse.speech(t, "user"),
    ):
        with suppress(ReplyError):
            assert parser(text) is not None


def test_no_schema_holds_a_constraint_that_providers_refuse():
    refused = {"minimum", "maximum", "minLength", "maxLength", "pattern", "format"}

    def keys(value):
        if isinstance(value, dict):
            return set(value).union(*(keys(v) for v in value.values()))
        return set().union(*(keys(v) for v in value)) if isinstance(value, list) else set()

    for reply in (*author.REPLIES.values(), observer.Guesses, judge.Ranking):
        assert not keys(parse.schema_of(reply)) & refused


def test_a_paragraph_that_opens_with_a_label_hides_no_line_of_the_other_speaker():
    spoken = parse.speech("Short answer: pause and drink.\n\nUser: And then?", "assistant")
    assert (spoken.text, bool(spoken.cut)) == ("Short answer: pause and drink.", True)
    assert parse.speech("Host: example.com\nUser: root", "assistant").cut == ""
