"""The observer's reply: how sure it is, and what the user took back."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from personagen.agents import observer
from personagen.agents.ask import CallSite
from personagen.records import ConversationTree, Message
from tests import fakes
from tests.trees import conversation

TALK = (Message(role="user", content="I keep bees and I am 41. No, no bees any more."),)
BEES, AGE = ("The user keeps bees.", "I keep bees"), ("The user is 41", "I am 41")


def infer(*rows, **more):
    reply = {"inferences": [{"kind": "profile", **row} for row in rows], **more}
    fake = fakes.Fake(lambda call: orjson.dumps(reply).decode())
    return asyncio.run(observer.infer(fakes.context(fake), TALK, CallSite())).value


@pytest.mark.parametrize(
    ("given", "sure"),
    [
        ({"sure": "low"}, "low"),
        ({"sure": "LOW"}, "low"),
        ({"sure": "HIGH"}, "high"),
        ({"sure": "very"}, "high"),
        ({"sure": None}, "high"),
        ({}, "high"),
    ],
)
def test_how_sure_an_inference_is_is_read_and_high_where_it_is_not_said(given, sure):
    [found], dropped, _ = infer({"fact": BEES[0], "quote": BEES[1], **given})
    assert (found.sure, dropped) == (sure, 0)


@pytest.mark.parametrize(
    ("quote", "second", "kept"),
    [
        ("Hmm...", "hmm, and the hive", True),
        ("Hmm... And?", "And?", True),
        ("And?", "And?", True),
        ("“And?”", '"And?"', True),
        ("no,", "no", True),
        ("Hmm", "", False),
        ("Hmm", "Hmm...", False),
        ("the hive", "hive", False),
        ("hive", "the hive", False),
        ("And?", "not said", False),
    ],
)
def test_a_trait_that_only_shows_needs_two_places(quote, second, kept):
    talk = [Message(role="user", content=text) for text in ("Hmm... And?", "no, hmm, and the hive", "And?", "no.")]
    trait = {"fact": "The user hesitates.", "quote": quote, "second_quote": second, "kind": "personality"}
    found, dropped = observer.verified([observer.Guess(**trait, sure="low")], talk)
    assert (len(found), dropped) == ((1, 0) if kept else (0, 1))


@pytest.mark.parametrize(("kind", "sure"), [("personality", "high"), ("profile", "low"), ("profile", "high")])
def test_what_the_user_states_needs_one_place(kind, sure):
    [found], dropped, _ = infer({"fact": BEES[0], "quote": BEES[1], "kind": kind, "sure": sure})
    assert (found.kind, dropped) == (kind, 0)


@pytest.mark.parametrize("second", [None, 3, ["I am 41"], {}])
def test_a_second_quote_that_is_no_text_loses_no_fact(second):
    [found], dropped, _ = infer({"fact": BEES[0], "quote": BEES[1], "second_quote": second})
    assert (found.fact, dropped) == (BEES[0], 0)


@pytest.mark.parametrize(
    ("retracts", "kept", "gone"),
    [
        ([], [BEES, AGE], ()),
        (["the user keeps bees"], [AGE], ("the user keeps bees",)),
        (["The user keeps bees!", "The user sails"], [AGE], ("The user keeps bees!", "The user sails")),
        (["The user keeps bees.", "The user keeps bees."], [AGE], ("The user keeps bees.",)),
        (None, [BEES, AGE], ()),
        ("The user keeps bees.", [BEES, AGE], ()),
        ([3], [BEES, AGE], ()),
        (["", " ", "..."], [BEES, AGE], ()),
    ],
)
def test_what_the_user_took_back_leaves_the_list(retracts, kept, gone):
    rows = [{"fact": fact, "quote": quote} for fact, quote in (BEES, AGE)]
    found = infer(*rows, retracts=retracts)
    assert ([(one.fact, one.quote) for one in found[0]], found[1], found[2]) == (kept, 0, gone)


def test_an_answer_from_before_there_were_retractions_is_read():
    assert infer({"fact": BEES[0], "quote": BEES[1]})[2] == ()


def test_what_was_taken_back_is_kept_with_the_belief(run, tmp_path, model):
    def reply(call):
        if call.prompt != "observer/infer":
            return fakes.cast(call)
        said = call.inputs["conversation"][0].content
        rows = [{"fact": fact, "quote": said, "kind": "profile"} for fact in ("sails", "sings")]
        return orjson.dumps({"inferences": rows, "retracts": ["Sings"]}).decode()

    model(reply)
    run(turns=1)
    line = (tmp_path / "run" / "trees.jsonl").read_bytes().splitlines()[0]
    [belief] = ConversationTree.model_validate_json(line).beliefs
    assert ([one.fact for one in belief.inferences], belief.retracts) == (["sails"], ("Sings",))


WATCH = """
from personagen.agents.ask import Answer


def watch(ctx, conversation, site):
    return Answer(((), 0))
"""


def test_a_users_observer_may_leave_out_what_was_taken_back(run, model, own):
    model(fakes.cast)
    assert run(turns=2, agent=f"observer/infer={own(WATCH)}:watch").trees == 6


def test_trees_from_before_there_were_styles_and_certainty_are_read():
    old = orjson.loads(conversation().line())
    del old["style"]
    for belief in old["beliefs"]:
        del belief["retracts"]
        for inference in belief["inferences"]:
            del inference["sure"]
    assert ConversationTree.model_validate(old) == conversation()
