"""What a reply may know of the persona: what was said or inferred."""

from __future__ import annotations

import pytest

from personagen.gates.leak import LEAKED, leak, leak_score, leaked
from personagen.gates.pair import Comparison
from personagen.records import Belief, Inference, Message, Persona

MARTA = Persona(
    id="p",
    profile="P",
    personality="Q",
    facts=("repairs church organs in Porto", "has two spaniels", "is 61"),
    traits=("blunt", "impatient", "frugal", "witty"),
)
ASKED = [Message(role="user", content="What should I read on the train?")]
FINE = "Read a short novel."


def inferred(fact, quote="q", kind="profile"):
    return (Inference(fact=fact, quote=quote, kind=kind),)


def case(reply, *, before=ASKED, known=(), other=FINE, persona=MARTA):
    belief = Belief(node="0", inferences=known)
    return Comparison("0.0", "0.1", {"0.0": reply, "0.1": other}, (), before=before, persona=persona, belief=belief)


@pytest.mark.parametrize(
    "reply",
    [
        "As you repair organs in a church in Porto, read Bach's life.",
        "Fine. Take the spaniels along.",
        "At 61, read what you like.",
        "You are impatient, witty and frugal, so borrow a short one.",
    ],
)
def test_a_reply_that_uses_what_nobody_said_leaks_on_either_side(reply):
    assert leak(case(reply)).startswith("reply 0.0 knows what the user has not revealed: ")
    assert leak(case(FINE, other=reply)).startswith("reply 0.1 ")
    assert leak_score(case(reply)) >= LEAKED


def test_a_reply_that_uses_what_was_said_or_inferred_does_not_leak():
    reply = "As you repair church organs in Porto, read Bach's life."
    said = [Message(role="user", content="I repair church organs in Porto."), *ASKED]
    assert leak(case(reply, before=said)) is None
    assert leak(case(reply, known=inferred("repairs church organs in Porto"))) is None
    assert leak(case(reply, known=inferred("a craftsman", "my church organs in Porto, all those repairs"))) is None


def test_what_an_earlier_reply_said_is_no_news():
    said = [*ASKED, Message(role="assistant", content="Do you repair church organs in Porto?"), *ASKED]
    assert leak(case("Since you repair church organs in Porto, rest.", before=said)) is None


@pytest.mark.parametrize(
    "reply",
    [
        "Read a novel, to be blunt.",
        "Porto. Organs. Churches.",
        "Two books will do.",
        "",
        "Repairs take time.",
        "Sixty minutes are enough, or 60.",
    ],
)
def test_stray_words_and_single_traits_do_not_leak(reply):
    assert leak(case(reply)) is None


@pytest.mark.parametrize(("age", "leaks"), [("is 30", False), ("is 12", False), ("is 37", True)])
def test_a_round_or_small_number_alone_does_not_leak(age, leaks):
    made = case("Wait 12 or 30 minutes, or 37.", persona=MARTA.model_copy(update={"facts": (age,)}))
    assert (leak(made) is not None) is leaks


def test_the_words_of_a_fact_must_stand_in_one_sentence():
    def share(reply, *known):
        return leaked(MARTA.facts[:1], (), reply, known)[0]

    assert share("You repair church organs in Porto.") == 1
    assert share("You repair it. The church is shut. Organs are in Porto.") < LEAKED
    assert share("You repair church organs in Porto.", "My organs, my church, my repairs.") == 0


def test_without_facts_the_sentences_of_the_profile_count():
    persona = Persona(id="p", profile="She repairs church organs in Porto. She has two dogs.", personality="Blunt.")
    assert leak(case("You repair church organs in Porto, so read.", persona=persona)) is not None
    assert leak(case(FINE, persona=persona)) is None


@pytest.mark.parametrize(
    ("facts", "leaky", "fine"),
    [
        (
            ("repariert Kirchenorgeln in Porto",),
            "Da du in Porto Kirchenorgeln reparierst, lies Bach.",
            "Lies etwas Kurzes.",
        ),
        (
            ("彼女は教会のオルガンを修理する",),
            "教会のオルガンを修理するあなたには、この本です。",
            "短い小説を読んでください。",
        ),
    ],
)
def test_it_counts_words_in_any_language(facts, leaky, fine):
    persona = MARTA.model_copy(update={"facts": facts})
    assert leak(case(leaky, persona=persona)) is not None
    assert leak(case(fine, persona=persona)) is None


def test_one_word_that_is_left_of_a_fact_proves_nothing():
    line = "went to vocational school and became a seamstress"
    known = "I went to a vocational school for seamstresses."
    assert leaked((line,), (), "It is so because of that.", (known,))[0] == 0
    assert leaked((line,), (), "You became a seamstress after school.", ())[0] > 0.5
