"""A speaker who opens every message with the same words."""

from __future__ import annotations

from tests.gates.talk import rejected

OPENING = "I'll give you a few words to help you get started"
FIRST, SECOND, THIRD = (f"{OPENING}: {word} is what I would begin with." for word in ("soap", "salt", "sand"))


def test_the_same_first_eight_words_for_the_third_time_are_found():
    assert rejected("openings", "assistant", THIRD, "How?", FIRST, "And then?", SECOND, "And then?")
    assert rejected("openings", "assistant", THIRD.upper(), "How?", FIRST, "And then?", SECOND, "And then?")
    ours = ("我会给你几个简单的词来帮助你慢慢开始，先用肥皂。", "我会给你几个简单的词来帮助你慢慢开始，再用盐。")
    last = "我会给你几个简单的词来帮助你慢慢开始，最后用沙子。"
    assert rejected("openings", "assistant", last, "怎么办？", ours[0], "然后呢？", ours[1], "然后呢？", language="any")


def test_twice_or_from_the_other_side_or_with_fewer_words_it_is_let_through():
    assert not rejected("openings", "assistant", THIRD, "How?", FIRST, "And then?", "Rinse it.", "And then?")
    assert not rejected("openings", "assistant", THIRD, FIRST, "Rinse it.", SECOND, "Dry it.", "And then?")
    short = ("That sounds like a great plan: soap it.", "That sounds like a great plan: rinse it.")
    third = "That sounds like a great plan: dry it."
    assert not rejected("openings", "assistant", third, "So?", short[0], "So?", short[1], "So?")
