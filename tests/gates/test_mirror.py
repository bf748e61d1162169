"""A message that gives the other side's words back."""

from __future__ import annotations

import pytest

from tests.gates.talk import rejected

ASKED = "My tap drips at night since we moved in, and the landlord never answers. What can I do about it before Friday?"
SHORT = "The bath tap upstairs: what stops it from dripping all night"
CHECKED = "is it the washer or the valve (I check my letter box twice before I leave)"
TIP = "Close the valve under the sink, unscrew the handle and put in a new washer, which costs less than a coffee."


@pytest.mark.parametrize(
    ("role", "text", "before"),
    [
        ("assistant", "Your tap drips at night since we moved in, and the landlord never answers.", (ASKED,)),
        ("assistant", "What can I do about it before Friday? The landlord never answers.", (ASKED,)),
        ("assistant", "The landlord never answers, and my tap drips at night since we moved in.", (ASKED, TIP, "And?")),
        ("user", TIP.replace("coffee", "beer"), (ASKED, TIP)),
        ("assistant", f"{SHORT} is a classic of plumbing. It takes a washer, a wrench and ten calm minutes.", (SHORT,)),
        ("assistant", "Your tap drips at night since we moved in.", (ASKED,)),
        ("assistant", f"The tap: {CHECKED.replace('my', 'your')}?", (f"The tap: {CHECKED}?",)),
        (
            "assistant",
            "我家的水龙头晚上一直滴水，房东从来不接电话。",
            ("我家的水龙头晚上一直滴水，房东从来不接电话。怎么办？",),
        ),
    ],
)
def test_the_other_sides_words_given_back_are_found(role: str, text: str, before: tuple[str, ...]):
    assert rejected("mirror", role, text, *before, language="any")


@pytest.mark.parametrize(
    ("role", "text", "before"),
    [
        ("assistant", f"You say the landlord never answers. {TIP}", (ASKED,)),
        ("assistant", ASKED.replace("drips", "dripped"), (f"Please correct this: {ASKED}",)),
        ("user", "A new washer, then. Where do I find the valve if there is no sink?", (ASKED, TIP)),
        ("user", ASKED, (ASKED, f"So: {ASKED} Let us see.")),
        ("assistant", "The landlord never answers?", (ASKED,)),
        ("assistant", "Yes, the landlord never answers before Friday.", (ASKED,)),
        (
            "assistant",
            "If the landlord never answers, what can I do about it before Friday, you ask: close it and write to him.",
            (ASKED,),
        ),
        ("user", "Fine, unscrew the handle and put in a new washer, and done.", (ASKED, TIP)),
    ],
)
def test_a_quotation_a_wished_correction_and_a_question_asked_again_are_let_through(role: str, text: str, before):
    assert not rejected("mirror", role, text, *before)


def test_a_short_reply_that_is_the_question_with_other_letters_is_found():
    asked = "The loneliness. Whats a first step that isnt embarrassing (I learned Dutch from songs)"
    assert rejected("mirror", "assistant", "The loneliness. What's the first step that'snt embarrassing?", asked)
    assert not rejected("mirror", "assistant", "The first step is a class where nobody has to talk much.", asked)
