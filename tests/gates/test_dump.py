"""A user who tells the persona all at once."""

from __future__ import annotations

import pytest

from personagen.gates.dump import MIN_FACTS, dump, dump_score
from personagen.gates.pair import Comparison
from personagen.records import Message, Persona

FACTS = (
    "repairs church organs",
    "lives near the harbour of Porto",
    "has two old spaniels",
    "sings in a choir on Thursdays",
    "learned welding from an uncle",
    "owns a leaking rowing boat",
    "cannot stand coriander",
)
ASKED = "How do I get the damp out of my cellar?"
REPLY = Message(role="assistant", content="I guess you repair church organs, sing in a choir and own a rowing boat.")


def case(*said: str, facts=FACTS):
    before = [message for text in said for message in (Message(role="user", content=text), REPLY)][:-1]
    persona = Persona(id="p", profile="P", personality="Q", facts=facts)
    return Comparison("0.0", "0.1", {"0.0": "a", "0.1": "b"}, (), before=before, persona=persona)


@pytest.mark.parametrize(
    "text",
    [
        "I repair church organs, live near the harbour of Porto, have two old spaniels and sing in a choir. " + ASKED,
        "; ".join(FACTS),
    ],
)
def test_half_of_the_facts_in_one_message_are_a_dump(text):
    assert dump(case(text)).startswith("the user told ")
    assert dump(case(text)).endswith("% of the persona's facts in one message")


def test_it_is_a_dump_for_all_later_pairs_and_for_no_earlier_one():
    assert dump(case(ASKED, "; ".join(FACTS), ASKED)) is not None
    assert dump(case(ASKED, ASKED)) is None


def test_facts_told_one_by_one_are_none_and_what_the_assistant_says_does_not_count():
    assert dump(case(*(f"I {fact}. {ASKED}" for fact in FACTS))) is None
    assert 0.05 < dump_score(case(*(f"I {fact}. {ASKED}" for fact in FACTS))) < 0.3
    assert dump_score(case("Hm?", "Well?")) == 0


def test_two_facts_of_a_message_are_none_and_few_facts_are_not_judged():
    assert dump(case(f"I {FACTS[0]} and it {FACTS[1]}.")) is None
    assert dump(case("; ".join(FACTS), facts=FACTS[: MIN_FACTS - 1])) is None
