"""A message that goes round in circles."""

from __future__ import annotations

import pytest

from tests.gates.talk import rejected

TIP = "I'll keep an eye out for that, but I'm not sure what that is. "
CHORUS = "Rain, rain, come down on me,\nwash the dust off the old pear tree.\n\n"
SONG = (
    f"Grey is the morning, grey is the street,\nI count the drops that fall on my feet.\n\n{CHORUS}"
    f"Warm is the kitchen, loud is the drain,\nmy mother hums along with the rain.\n\n{CHORUS}"
)


@pytest.mark.parametrize(
    "text",
    [
        TIP * 4,
        "It's a light, and it does not work alone. It's a light, and it does not work alone.",
        "You may ask them. "
        + "They are kind, and they know the way. They know the way, and they are kind to you. " * 2,
        "我不知道该怎么办，请你告诉我该怎么办。" * 4,
        "วันนี้ฉันไปตลาดมาและซื้อผลไม้ " * 4,
        f"{SONG.replace(CHORUS, '')}The lamp goes out in the house of the miller,\nand the dog lies down at the gate.\n"
        + "a night and a child at play,\n" * 4,
        "a line of the poem that comes again\n" * 9,
        "You can plan. " * 6,
        "Bread is good because bread is good because bread is good because bread is good.",
        "no " * 10,
        "Try to " + "rest and " * 9,
        "Just try it, just try it, just try it, just try it.",
        "\n".join(f"{n}. Plan the week with them." for n in range(1, 5)),
        "\n".join(f"{n}) Talk to your {who} about it." for n, who in enumerate(["boss"] * 5)),
        "好的。" * 12,
    ],
)
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_saying_the_same_over_and_over_is_found(role: str, text: str):
    assert rejected("loops", role, text, language="any")


@pytest.mark.parametrize(
    "text",
    [
        SONG,
        "If you have a spare quarter of an hour, oil the hinge. It may squeak for a day, and then the door will close "
        "by itself. If you have a spare quarter of an hour left, oil the lock as well, with graphite and not with fat.",
        TIP,
        "- 500 g of oats\n- 500 g of rice\n- 500 g of beans\n- 1 kg of apples\n- 1 kg of pears\n- 1 jar of honey",
        "Sing with me:\n"
        + "Are you sleeping, are you sleeping,\nBrother John?\n" * 2
        + "Morning bells are ringing.\n" * 3,
        "No, no, no, no, no, no! Not the blue one, not the blue one!",
        "Thank you! Thank you! Thank you!",
        "Yes yes yes! I did it, I really did it! Thanks so much!",
        "1. Plan on Monday.\n2. Shop on Tuesday.\n3. Cook on Friday.\n4. Rest on Sunday.",
        "Step by step, day by day, week by week, and year by year.",
        "If it rains, stay. If it snows, stay. If the sun shines, go.",
        "哈哈哈哈哈哈",
        "```\n" + "x = next(x)\n" * 30 + "```\nThat is the loop.",
        "先把米淘洗两三遍，泡二十分钟，再按一比一点二的比例加水。水开以后转小火煮十二分钟，关火焖十分钟。",
    ],
)
def test_refrains_lists_code_and_short_texts_are_no_loops(text: str):
    assert not rejected("loops", "assistant", text, language="any")


def test_a_long_message_says_no_whole_sentence_of_ten_words_twice():
    sentence = "Slow breathing and slow walking in the park do better in every test. "
    others = (
        "Put sleep and three hours of sport a week at the top of your list. Note the time, the place and what happened"
        " an hour earlier. Where the same day is concerned, the night makes it bigger on both sides. Ask somebody who"
        " did this last year what they'd drop. A group near you is full of ordinary people and cheaper than doors. "
    )
    assert rejected("loops", "assistant", sentence + others + sentence)
    assert not rejected("loops", "assistant", sentence + others + "Slow breathing and slow walking help.")
