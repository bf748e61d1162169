"""Rows that would train wrongly: each kind is found, counted and placed; the others stay."""

from __future__ import annotations

from typing import Any

import pytest

from personagen.errors import UsageError
from personagen.train.checks import Chat, Messages, check, shared_people


def chatml(messages: Messages, opened: bool) -> str:
    text = "".join(f"<{m['role']}>{m['content']}</>" for m in messages)
    return f"{text}<assistant>" if opened else text


def gemma(messages: Messages, opened: bool) -> str:
    """As a template that knows no system role, and wants roles in turn."""
    for at, message in enumerate(messages):
        if message["role"] != ("user", "assistant")[at % 2]:
            raise ValueError("Conversation roles must alternate user/assistant")
    return chatml(messages, opened)


def forgetful(messages: Messages, opened: bool) -> str:
    """As a template that leaves the system message out."""
    return chatml([m for m in messages if m["role"] != "system"], opened)


def reasoning(messages: Messages, opened: bool) -> str:
    """As a template that opens with a thought which a finished reply does not have."""
    return f"{chatml(messages, opened)}{'<think>' if opened else ''}"


def said(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}


def pair(prompt: str = "Hello.", chosen: str = "Good.", rejected: str = "Bad.", system: str = "") -> dict[str, Any]:
    return {
        "prompt": [*([said("system", system)] if system else []), said("user", prompt)],
        "chosen": [said("assistant", chosen)],
        "rejected": [said("assistant", rejected)],
        "margin": 1.0,
    }


def checked(rows: list[dict[str, Any]], method: str = "dpo", render: Any = chatml, most: int | None = None) -> Any:
    placed = ((f"train.jsonl:{at}", row) for at, row in enumerate(rows, 1))
    return check(method, placed, Chat(render, len, most))


def test_rows_that_are_right_stay_in_order():
    rows = [pair("One."), pair("Two.")]
    found = checked(rows)
    assert found.rows == rows
    assert (found.seen, str(found)) == (2, "")
    assert found.longest == len("<user>One.</><assistant>Good.</>")


@pytest.mark.parametrize("method", ["dpo", "reward"])
def test_equal_and_empty_replies_are_counted_with_the_place_of_the_first(method: str):
    found = checked([pair(), pair(rejected=" Good.\n"), pair(chosen=" "), pair(chosen="Bad.")], method)
    assert len(found.rows) == 1
    assert str(found) == (
        "1 row with an empty reply (train.jsonl:3),"
        " 2 rows with a chosen reply equal to the rejected one (train.jsonl:2)"
    )


def test_a_row_over_the_context_is_found_by_its_longer_reply():
    long = pair(rejected="x" * 50)
    whole = len("<user>Hello.</><assistant></>") + 50
    assert str(checked([pair(), long], most=whole)) == ""
    assert str(checked([pair(), long], most=whole - 1)) == (
        f"1 row over the tokens that the model or the recipe takes (train.jsonl:2: {whole} tokens)"
    )


def test_a_prompt_that_ends_with_the_assistant_is_found():
    row = pair()
    row["prompt"].append(said("assistant", "Yes?"))
    assert str(checked([row])) == "1 row with a prompt that does not end with the user (train.jsonl:1)"


@pytest.mark.parametrize(
    ("render", "why"),
    [
        (gemma, "Conversation roles must alternate user/assistant; roles system, user"),
        (forgetful, "it leaves out a message of the role system"),
    ],
)
def test_a_template_without_a_system_role_is_found_whether_it_fails_or_keeps_silent(render: Any, why: str):
    found = checked([pair(), pair(system="Be brief.")], render=render)
    assert len(found.rows) == 1
    assert str(found) == f"1 row that the chat template can't render (train.jsonl:2: {why})"


def test_a_template_that_wants_roles_in_turn_is_found():
    row = pair()
    row["prompt"].insert(0, said("user", "Well."))
    assert checked([row], render=gemma).counts == {"template": 1}


def test_a_prompt_that_is_rendered_otherwise_without_its_reply_is_found():
    assert "the prompt alone is not how the prompt with its reply begins" in str(checked([pair()], render=reasoning))


def test_sft_and_kto_rows_are_checked_by_their_one_reply():
    def row(text: str, label: bool) -> dict[str, Any]:
        return {"prompt": [said("user", "Hi.")], "completion": [said("assistant", text)], "label": label}

    rows = [row("Good.", True), row("", True), row("Bad.", False)]
    for method in ("sft", "kto"):
        assert str(checked(rows, method)) == "1 row with an empty reply (train.jsonl:2)"
    with pytest.raises(UsageError, match="every row has the label true: KTO needs desirable and undesirable"):
        checked(rows[:1], "kto")


def test_columns_of_another_method_are_not_looked_at():
    more = {"completion": [said("assistant", "Other.")], "label": 3}
    assert "equal to the rejected one" in str(checked([pair(rejected="Good.") | more]))
    assert str(checked([pair() | more | {"chosen": None}], "sft")) == ""


@pytest.mark.parametrize(
    ("method", "change", "message"),
    [
        ("dpo", {"chosen": None}, r"train.jsonl:1: chosen is not a list of messages"),
        ("dpo", {"prompt": "Hello."}, "prompt is not a list of messages"),
        ("reward", {"margin": None}, "margin is not a number of at least 0, for every row"),
        ("reward", {"margin": -1.0}, "margin is not a number"),
        ("reward", {"margin": True}, "margin is not a number"),
        ("sft", {}, "train.jsonl:1 has no completion: export the run with --format trl-sft"),
    ],
)
def test_a_row_of_another_format_is_one_sentence(method: str, change: dict[str, Any], message: str):
    with pytest.raises(UsageError, match=message):
        checked([pair() | change], method)


def test_people_and_conversations_on_both_sides_are_found():
    train = [{"persona": "p1", "tree": "t1"}, {"persona": "p2", "tree": "t2"}]
    assert shared_people(train, [{"persona": "p3", "tree": "p1"}]) == []
    assert shared_people(train, [{"persona": "p2", "tree": "t1"}]) == ["persona p2", "tree t1"]
    assert shared_people([{}], [{}]) == []
