"""A conversation that says the same again."""

from __future__ import annotations

import pytest

from tests.gates.talk import rejected

LONG = (
    "Start with the part that annoys you most, because it is "
    "usually the shortest, and only then look at the rest of it.",
    "I keep four hens behind the shed and since last week one "
    "of them lays nothing at all, though she eats like a horse.",
    "Give it ten minutes a day for a week, write down what "
    "you notice each time, and look at the notes again on Sunday.",
    "My sister says I should leave it alone, and I would rather "
    "not, since the roof has been leaking on my bed for a month.",
    "Check the small print of the contract first, that is where "
    "the fee hides, then call them and ask for it in writing.",
    "It went differently from what I expected: the dough rose, the oven died, and half the street came to eat it raw.",
    "Ask two people you trust for a quote before you decide, "
    "and tell both of them that you are asking somebody else too.",
    "Put the date into your calendar, tell one person about it, "
    "and lay out what you need by the door the night before.",
    "I can spare an hour for it this week at best, since the "
    "harvest is on and my brother has broken his leg in two places.",
    "Borrow the tool from a neighbour before you buy one, and if "
    "you use it more than three times get a used one instead.",
)


def changed(text: str) -> tuple[str, ...]:
    """Near copies of ``text``."""
    return (text, text.upper().capitalize(), text.replace(",", ""), f"{text} Yes.", text.replace(" the ", " that ", 1))


BAD = tuple((text, copy) for text in LONG for copy in changed(text))


def test_copies_and_near_copies_of_an_earlier_turn_are_found_as_often_as_this():
    found = [
        copy for text, copy in BAD if rejected("repeats", "user", copy, text, "Hm, tell me more about it.", "ok", "So?")
    ]
    assert len(found) >= 49


@pytest.mark.parametrize("text", [text for text in LONG if " again " not in text and " instead" not in text])
def test_an_echo_of_the_other_side_is_found(text: str):
    assert rejected("repeats", "assistant", text, text)


MAIL = (
    "Dear Ms Okafor, thank you for seeing me on Monday. I was glad to hear of your plans for the school garden and "
    "would like to help with the beds. I could come by with my tools in the first week of May. Please write to me "
    "which day would suit you. Kind regards, Ana"
)
CODE = (
    "Here it is:\n\n```python\ndef total(items):\n    result = 0\n    for item in items:\n        result += item\n```"
)


@pytest.mark.parametrize(
    ("said", "asked", "reply"),
    [
        (MAIL, "It was Tuesday, not Monday. Change that please", MAIL.replace("Monday", "Tuesday")),
        (MAIL, "It was Tuesday, not Monday.", MAIL.replace("Monday", "Tuesday")),
        (MAIL, "She is a doctor, so it should say Dr.", MAIL.replace("Ms", "Dr")),
        (MAIL, "Make it June.", MAIL.replace("May", "June")),
        (MAIL, "Sorry, I lost that, can you say it again?", MAIL),
        (CODE, "result should start as a float", CODE.replace("= 0", "= 0.0")),
        (CODE, "Hm, and as a float?", CODE.replace("= 0", "= 0.0")),
    ],
)
def test_an_assistant_may_say_again_what_it_was_asked_to_change_or_repeat(said: str, asked: str, reply: str):
    assert not rejected("repeats", "assistant", reply, "Write it for me.", said, asked)


def test_an_assistant_that_says_the_same_to_another_question_is_found():
    assert rejected("repeats", "assistant", MAIL, "Write it for me.", MAIL, "Thanks. How do I plant leeks?")
    assert rejected("repeats", "assistant", MAIL, "Write it for me.", MAIL, "Thanks. Are wifi repeaters any good?")
    assert rejected("repeats", "user", MAIL, MAIL, "Say that again?")


def test_an_assistant_that_changes_nothing_when_it_is_asked_to_is_found():
    assert rejected("repeats", "assistant", MAIL, "Write it for me.", MAIL, "It was Tuesday. Change that please")


def test_a_short_refusal_that_an_assistant_says_twice_is_found_and_a_users_short_words_are_not():
    before = ("Why did the handle come off?", "I will not do that.", "Would you tell me how to fix it?")
    assert rejected("repeats", "assistant", "I will not do that.", *before)
    assert not rejected("repeats", "user", "I will not do that.", "I will not do that.", "Then leave it.")


def test_other_sentences_about_the_same_are_no_repetition():
    for text in LONG:
        assert not rejected("repeats", "user", text, *(other for other in LONG if other != text))


@pytest.mark.parametrize("text", ["Thanks!", "And then?", "Yes, please do.", "Hm, I am not sure.", "Good. What next?"])
def test_people_may_say_a_few_words_again(text: str):
    assert not rejected("repeats", "user", text, text, "Salt it last.")


def test_an_exact_copy_of_one_short_sentence_is_found():
    assert rejected(
        "repeats", "assistant", "Salt it last, then taste it.", "Hm.", "Salt it last, then taste it!", "So?"
    )


@pytest.mark.parametrize("words", [20, 40, 80])
def test_from_one_word_in_ten_changed_it_is_a_new_turn(words: int):
    text = [f"word{n}" for n in range(words)]
    other = [f"new{n}" if n % 10 == 5 else f"word{n}" for n in range(words)]
    assert not rejected("repeats", "user", " ".join(other), " ".join(text))


def test_an_assistant_that_takes_most_of_its_words_from_its_earlier_messages_is_found():
    before = (f"{LONG[1]} Why?", f"{LONG[0]} {LONG[2]}", "And then?", f"{LONG[3]} {LONG[4]}", "What else?")
    assert rejected("repeats", "assistant", f"{LONG[4]} {LONG[2]} So do it.", *before)
    assert not rejected("repeats", "assistant", f"{LONG[4]} {LONG[9]}", *before)
    assert not rejected("repeats", "assistant", f"{LONG[4]} {LONG[2]}", *before[:-1], "Say that once more?")
