"""Checks of rows before a model is trained on them: what TRL would learn wrongly, cut or drop without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from personagen.errors import UsageError

Row: TypeAlias = dict[str, Any]
Messages: TypeAlias = Sequence[Mapping[str, str]]
Placed: TypeAlias = tuple[str, Row]  # FILE:LINE and the row

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sft": ("prompt", "completion"),
    "dpo": ("prompt", "chosen", "rejected"),
    "kto": ("prompt", "completion", "label"),
    "reward": ("prompt", "chosen", "rejected", "margin"),
}
KINDS: Mapping[str, str] = {
    "empty": "with an empty reply",
    "equal": "with a chosen reply equal to the rejected one",
    "prompt": "with a prompt that does not end with the user",
    "template": "that the chat template can't render",
    "long": "over the tokens that the model or the recipe takes",
}


@dataclass(frozen=True)
class Chat:
    """A model's chat template and context.

    ``render`` gives the text of messages, with the start of the assistant's turn if its second argument is true;
    ``count`` the tokens of a text. A text of more than ``most`` tokens does not fit; None is no limit.
    """

    render: Callable[[Messages, bool], str]
    count: Callable[[str], int]
    most: int | None


@dataclass
class Checked:
    """The rows that can be trained on, and how many others there are by kind, with the first of each.

    ``longest`` is the number of tokens of the longest row, of all ``seen``.
    """

    rows: list[Row] = field(default_factory=list)
    seen: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    longest: int = 0

    def __str__(self) -> str:
        """``3 rows with an empty reply (train.jsonl:4), 1 row over ...``; empty if every row is right."""
        return ", ".join(
            f"{self.counts[kind]:,} {'row' if self.counts[kind] == 1 else 'rows'} {words} ({self.first[kind]})"
            for kind, words in KINDS.items()
            if self.counts[kind]
        )


def check(method: str, rows: Iterable[Placed], chat: Chat) -> Checked:
    """Sorts the rows of ``method`` into those that train as they should and the others.

    Raises:
        UsageError: a row is not of the method's format, or the labels of all KTO rows are the same.
    """
    found = Checked()
    for place, row in rows:
        check_form(method, place, row)
        found.seen += 1
        kind, words, tokens = _objection({name: row[name] for name in COLUMNS[method]}, chat)
        found.longest = max(found.longest, tokens)
        if kind:
            found.counts[kind] += 1
            found.first.setdefault(kind, f"{place}{': ' if words else ''}{words}")
        else:
            found.rows.append(row)
    if method == "kto" and found.rows and len({row["label"] for row in found.rows}) < 2:
        label = str(found.rows[0]["label"]).lower()
        raise UsageError(f"every row has the label {label}: KTO needs desirable and undesirable replies")
    return found


def check_form(method: str, place: str, row: Row) -> None:
    """Raises ``UsageError`` if ``row`` lacks a column of ``method``, or one has another type."""
    for name in COLUMNS[method]:
        if name not in row:
            raise UsageError(f"{place} has no {name}: export the run with --format trl-{method}")
        value = row[name]
        if name == "label":
            fits, takes = isinstance(value, bool), "true or false"
        elif name == "margin":
            fits, takes = type(value) in (int, float) and value >= 0, "a number of at least 0, for every row"
        else:
            fits, takes = _are_messages(value), "a list of messages, each with role and content"
        if not fits:
            raise UsageError(f"{place}: {name} is not {takes}; export the run with --format trl-{method}")


def shared_people(train: Iterable[Row], test: Iterable[Row]) -> list[str]:
    """``persona p1``, ``tree t1``, ... that are on both sides; rows without these columns share nobody."""
    train_side, test_side = (
        {f"{name} {row[name]}" for row in rows for name in ("persona", "tree") if row.get(name)}
        for rows in (train, test)
    )
    return sorted(train_side & test_side)


def _are_messages(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and isinstance(one.get("role"), str) and isinstance(one.get("content"), str)
        for one in value
    )


def _objection(row: Row, chat: Chat) -> tuple[str, str, int]:
    """The kind of fault, in words, and the tokens of the longer reply with its prompt."""
    replies = [row[name] for name in ("chosen", "rejected", "completion") if name in row]
    if any(not reply or not all(message["content"].strip() for message in reply) for reply in replies):
        return "empty", "", 0
    if len(replies) == 2 and _texts(replies[0]) == _texts(replies[1]):
        return "equal", "", 0
    if not row["prompt"] or row["prompt"][-1]["role"] != "user":
        return "prompt", "", 0
    try:
        opened = chat.render(row["prompt"], True)
        whole = [chat.render([*row["prompt"], *reply], False) for reply in replies]
    except Exception as error:
        return "template", f"{' '.join(str(error).split())[:120]}; roles {_roles(row['prompt'])}", 0
    for reply, text in zip(replies, whole, strict=True):
        if lost := next((one for one in (*row["prompt"], *reply) if one["content"].strip() not in text), None):
            return "template", f"it leaves out a message of the role {lost['role']}", 0
        if not text.startswith(opened):
            return "template", "the prompt alone is not how the prompt with its reply begins", 0
    tokens = max(map(chat.count, whole))
    return ("long", f"{tokens:,} tokens", tokens) if chat.most and tokens > chat.most else ("", "", tokens)


def _texts(reply: Messages) -> list[str]:
    return [message["content"].strip() for message in reply]


def _roles(messages: Messages) -> str:
    return ", ".join(dict.fromkeys(message["role"] for message in messages))
