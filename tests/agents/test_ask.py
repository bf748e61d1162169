"""Agents ask again within a bound, and nothing they were told in vain is passed on."""

from __future__ import annotations

import asyncio

import pytest

from personagen.agents import assistant, author, judge, observer, user
from personagen.agents.ask import CallSite, ask
from personagen.agents.reply_counts import discarded_part
from personagen.errors import ReplyError, ServerError
from personagen.records import Completion, Message, Usage
from tests.fakes import PERSONA, Fake, answer, context

TALK = (Message(role="user", content="my bees died"),)


def infer(fake, attempts=3):
    made = context(fake, attempts)
    return asyncio.run(observer.infer(made, TALK, CallSite("t/0", "0"))), made


def test_an_unusable_reply_is_asked_for_again_as_another_sample():
    replies = ["no json", '{"inferences": []}']
    fake = Fake(lambda c: replies.pop(0))
    found, made = infer(fake)
    assert found.value == ((), 0, ())
    assert [c.sample for c in fake.calls] == ["0/0", "0/1"]
    assert found.call == fake.calls[1].key != fake.calls[0].key
    assert made.tally.re_asked == 1


def test_asking_again_ends_with_the_last_reason():
    fake = Fake(lambda c: "no json")
    with pytest.raises(ReplyError, match=r"observer/infer gave no usable reply in 2 attempts: .*no JSON object"):
        infer(fake, attempts=2)
    assert len(fake.calls) == 2


@pytest.mark.parametrize(
    ("finish", "reason"), [("length", "cut off"), ("refusal", "refused"), ("content_filter", "content filter")]
)
def test_a_reply_that_did_not_end_by_itself_is_not_used(finish, reason):
    fake = Fake(lambda c: answer('{"inferences": [{"fact": "has', finish_reason=finish))
    with pytest.raises(ReplyError, match=reason):
        infer(fake)
    assert len(fake.calls) == 3


def test_no_attempt_repeats_the_question_of_another():
    fake = Fake(lambda c: "no json")
    with pytest.raises(ReplyError):
        infer(fake)
    first, second, third = fake.calls
    assert first.messages != second.messages == third.messages
    assert "no JSON object" in second.messages[-1].content
    assert [c.sampling.temperature for c in fake.calls] == [0.0, 0.4, 0.8]
    assert [c.in_words for c in fake.calls] == [False, True, True]


def test_after_a_cut_reply_there_is_twice_the_room():
    fake = Fake(lambda c: answer('{"inferences": [{"fact": "has', finish_reason="length"))
    with pytest.raises(ReplyError, match="cut off"):
        infer(fake)
    assert [c.sampling.max_tokens for c in fake.calls] == [1200, 2400, 2400]
    assert fake.calls[0].messages == fake.calls[1].messages


def test_the_whole_entries_of_a_cut_list_are_used():
    guess = '{"fact": "has bees", "quote": "my bees died", "kind": "profile"}'
    fake = Fake(lambda c: answer(f'{{"inferences": [{guess}, {{"fact": "is', finish_reason="length"))
    found, _ = infer(fake)
    assert [one.fact for one in found.value[0]] == ["has bees"]
    assert len(fake.calls) == 1


def test_an_assistants_cut_reply_is_kept_up_to_its_last_sentence_and_a_users_is_asked_for_again():
    said = "Feed them sugar water. Keep them warm, and wait. And then"
    fake = Fake(lambda c: answer(said, finish_reason="length"))
    reply = asyncio.run(assistant.plain(context(fake, 3), TALK, (), CallSite("t/0", "0"))).value
    assert reply.text == "Feed them sugar water. Keep them warm, and wait."
    assert reply.cut == " And then"
    with pytest.raises(ReplyError, match="cut off"):
        asyncio.run(user.speak(context(fake, 2), PERSONA, (), 1, 3, CallSite("t/0", "0")))
    assert [c.sampling.max_tokens for c in fake.calls[1:]] == [400, 800]


def test_an_assistants_cut_reply_that_is_all_reasoning_is_not_kept():
    usage = Usage(input_tokens=3, output_tokens=20, reasoning_tokens=20)
    said = "Okay, they lost their bees. I should be kind. Maybe"
    fake = Fake(lambda c: Completion(text=said, finish_reason="length", usage=usage))
    with pytest.raises(ReplyError, match="reasoned for 20 tokens"):
        asyncio.run(assistant.plain(context(fake, 3), TALK, (), CallSite("t/0", "0")))


def test_a_full_context_is_not_asked_again():
    fake = Fake(lambda c: answer("half", finish_reason="context"))
    with pytest.raises(ReplyError, match="in 1 attempt:"):
        infer(fake)
    assert len(fake.calls) == 1


def test_a_server_that_ignores_schemas_is_noticed_and_asked_in_words(caplog):
    fake = Fake(lambda c: "no json")
    made = context(fake, 3)
    for _ in range(2):
        with pytest.raises(ReplyError):
            asyncio.run(observer.infer(made, TALK, CallSite("t/0", "0")))
    assert [c.in_words for c in fake.calls] == [False, True, True, True, True, True]
    assert caplog.text.count("seems to ignore JSON schemas") == 1


def test_a_failed_request_is_not_asked_again_here():
    fake = Fake(lambda c: ServerError("busy"))
    with pytest.raises(ServerError):
        infer(fake)
    assert len(fake.calls) == 1


def test_a_call_carries_its_place_prompt_schema_and_sampling():
    fake = Fake(lambda c: '{"inferences": []}')
    infer(fake)
    call = fake.calls[0]
    assert (call.place, call.prompt, call.role, call.model) == ("t/0", "observer/infer", "observer", "fake")
    assert call.schema["required"] == ["inferences", "retracts"]
    assert call.sampling.temperature == 0.0


def test_the_key_does_not_depend_on_where_a_question_is_asked():
    fake = Fake(lambda c: "x")
    made = context(fake)
    for place in ("a", "b"):
        asyncio.run(ask(made, "assistant/plain", {"conversation": TALK, "words": 50}, str, CallSite(place, "0")))
    assert fake.calls[0].key == fake.calls[1].key


def test_the_user_speaks_without_its_label():
    said = asyncio.run(user.speak(context(Fake(lambda c: "User: hi")), PERSONA, (), 1, 3, CallSite("", "0")))
    assert said.value.text == "hi"


def test_the_judge_ranks_the_labels_it_was_shown():
    fake = Fake(lambda c: '{"ranking": ["B", "A", "C"], "tie": false, "reason": "warm"}')
    verdict = asyncio.run(judge.prefer(context(fake), PERSONA, TALK, ["x", "y", "z"], CallSite("", "0")))
    assert verdict.value.ranking == ("B", "A", "C")
    assert [r["label"] for r in fake.calls[0].inputs["replies"]] == ["A", "B", "C"]


def test_the_author_gives_texts_with_their_items():
    fake = Fake(lambda c: '{"descriptions": [{"text": "She is blunt.", "traits": ["blunt"]}]}')
    made = asyncio.run(author.write(context(fake), "personality", ["an example"], 1, CallSite("", "0")))
    assert made.value == [("She is blunt.", ("blunt",))]
    assert "an example" in fake.calls[0].messages[-1].content


def test_an_unusable_reply_says_what_came_how_it_ended_and_after_how_many_attempts():
    with pytest.raises(ReplyError) as failure:
        infer(Fake(lambda c: answer("{" + "x" * 3000, finish_reason="length")), attempts=2)
    error = failure.value
    assert (error.cause, error.finish_reason, error.prompt, error.attempts) == ("length", "length", "observer/infer", 2)
    assert error.text == "{" + "x" * 1999


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("no json", "json"),
        ('{"inferences": [,', "json"),
        ('{"guesses": []}', "form"),
        ("", "empty"),
        (answer("", finish_reason="content_filter"), "content_filter"),
        (ReplyError("too long", cause="context"), "context"),
    ],
)
def test_an_unusable_reply_has_its_cause(said, cause):
    with pytest.raises(ReplyError) as failure:
        infer(Fake(lambda c: said))
    assert (failure.value.cause, failure.value.prompt) == (cause, "observer/infer")


def test_discarded_replies_are_counted_by_prompt_and_cause_with_what_they_cost():
    replies = [answer("cut", finish_reason="length"), "no json", '{"inferences": []}']
    _, made = infer(Fake(lambda c: replies.pop(0)))
    counts = made.counts.by_name()
    assert counts["replies"] == {"observer/infer": 3}
    assert counts["discarded"] == {"observer/infer length": 1, "observer/infer json": 1}
    assert counts["re_asked"] == counts["discarded"]
    assert counts["cost"] == {"input_tokens": 6, "output_tokens": 4, "cost_usd": 1.0}
    part = discarded_part(counts)
    assert (part["replies"], part["discarded"], part["cost_usd"]) == (3, 2, 1.0)
    assert part["by_prompt"] == {"observer/infer": {"json": 1, "length": 1}}
    assert part["by_role"] == {"observer": {"asked": 1, "first": 0, "again": 1}}
    assert part["re_asked"] == {"json": 1, "length": 1}


def test_the_last_discarded_reply_is_not_asked_again_and_an_unknown_price_stays_unknown():
    unpriced = Completion(text="no json", usage=Usage(input_tokens=3, output_tokens=2, cost_usd=None))
    made = context(Fake(lambda c: unpriced))
    with pytest.raises(ReplyError):
        asyncio.run(observer.infer(made, TALK, CallSite("t/0", "0")))
    part = discarded_part(made.counts.by_name())
    assert (part["discarded"], part["re_asked"], part["cost_usd"]) == (3, {"json": 2}, None)
