"""Conversations of real users, in the layouts of public sets and of chat APIs."""

from __future__ import annotations

import pytest

from personagen.readers.dialogues import Dialogue, dialogue_of

CHAT = [
    {"role": "user", "content": "my bees died"},
    {"role": "assistant", "content": "All of them?"},
    {"role": "user", "content": "half of them"},
]
TURNS = ("my bees died", "half of them")
MODERATION = {"turn": 2, "model": "m", "openai_moderation": [], "redacted": False}


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (
            {
                "conversation_hash": "h",
                "conversation": [{**m, "hashed_ip": "ip", "language": "English"} for m in CHAT],
                "language": "English",
                **MODERATION,
            },
            Dialogue("ip", TURNS, "English"),
        ),
        (
            {"conversation_hash": "h", "conversation": CHAT, "hashed_ip": "row", "language": "French"},
            Dialogue("row", TURNS, "French"),
        ),
        (
            {"conversation_id": "c", "conversation": CHAT, "language": "English", **MODERATION},
            Dialogue("c", TURNS, "English"),
        ),
        ({"messages": CHAT}, Dialogue("f:1", TURNS)),
        ({"messages": CHAT, "user_id": 7, "lang": "en"}, Dialogue("7", TURNS, "en")),
        ({"conversation": CHAT}, Dialogue("f:1", TURNS)),
        (
            {
                "conversations": [
                    {"from": "human", "value": "my bees died"},
                    {"from": "gpt", "value": "All?"},
                    {"from": "human", "value": "half of them"},
                ]
            },
            Dialogue("f:1", TURNS),
        ),
        ({"messages": [{"role": "assistant", "content": "Hello"}]}, None),
        ({"messages": [{"role": "user", "content": None}, {"role": "user", "content": "  "}]}, None),
        ({"profile": "She is 41."}, None),
        ("my bees died", None),
        ({"messages": "my bees died"}, None),
        ({"conversation_id": "c", "conversation": [None, 3, CHAT[0]]}, Dialogue("c", TURNS[:1])),
    ],
)
def test_the_users_side_of_a_row_is_read(row, found):
    assert dialogue_of(row, "f:1") == found


@pytest.mark.parametrize(
    ("language", "code", "inside"),
    [
        ("English", "en", True),
        ("en", "en", True),
        ("French", "en", False),
        ("", "en", True),
        ("French", "any", True),
        ("german", "de", True),
    ],
)
def test_a_conversation_in_another_language_is_left_out(language, code, inside):
    assert Dialogue("s", ("x",), language).is_in(code) is inside
