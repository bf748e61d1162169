"""A model's reply as a value, or a ``ReplyError`` with the reason; and the JSON schemas the replies are asked for with.

A reply is taken as it is, or repaired by one of these fixed rules, or refused: a reasoning block before the answer is
cut off, a code fence around JSON is removed, prose around one JSON object is dropped, the speaker's own label in
front of a spoken reply is removed, and so is whatever it goes on with in the other speaker's name, control characters
are dropped, half characters become U+FFFD. The schemas hold no constraint keywords, which some providers refuse: limits
are checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast, get_args

from personagen.errors import ReplyError
from personagen.llm.json import loads
from personagen.records import Inference, Kind, Message

MAX_REPLY = 200_000
_REASONING = re.compile(r"\A(?:\s*<think>)?(?:(?!<think>).)*?</think>", re.DOTALL)
_FENCE = re.compile(r"```[A-Za-z]*[^\S\n]*\n(.*?)```", re.DOTALL)  # \s would try every blank line anew
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LABELS = {
    "user": re.compile(r"\A\s*(?:\**(?:user|human)\**\s*:\**|<user>)\s*", re.I),
    "assistant": re.compile(r"\A\s*(?:\**assistant\**\s*:\**|<assistant>)\s*", re.I),
}
# A line that goes on as the other speaker, or closes the tag that a transcript puts around what is said.
_GOES_ON = {
    "user": re.compile(r"^[ \t]*(?:\**(?:Assistant|ASSISTANT|AI Assistant)\**[ \t]*:|</?assistant>)|</user>", re.M),
    "assistant": re.compile(r"^[ \t]*(?:\**(?:User|USER|Human|HUMAN)\**[ \t]*:|</?user>)|</assistant>", re.M),
}
_EXAMPLES = 20  # lines of a dialogue that are looked at
# A line of a list of settings, or what somebody else says in a script.
_LISTED = re.compile(
    r"[ \t>*-]*(?!(?:user|human|assistant|ai|ai assistant|chatgpt)\b\**[ \t]*:)\w+(?: \w+)?\**[ \t]*:", re.I
)
_SPACE = re.compile(r"\s+")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"'})


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TEXT = {"type": "string"}
PROFILES = _object(descriptions=_list(_object(text=_TEXT, facts=_list(_TEXT))))
PERSONALITIES = _object(descriptions=_list(_object(text=_TEXT, traits=_list(_TEXT))))
INFERENCES = _object(
    inferences=_list(_object(fact=_TEXT, quote=_TEXT, kind={"type": "string", "enum": list(get_args(Kind))}))
)
RANKING = _object(reason=_TEXT, ranking=_list(_TEXT), tie={"type": "boolean"})


@dataclass(frozen=True)
class Ranking:
    """A judge's ranking of labels, best first; ``tie`` says that none is better."""

    ranking: tuple[str, ...]
    tie: bool
    reason: str


@dataclass(frozen=True)
class Spoken:
    """What a speaker says. ``labelled``: its own label was removed in front; ``cut`` is what was cut off behind."""

    text: str
    labelled: bool = False
    cut: str = ""


def speech(text: str, role: str, *, acted: bool = False) -> Spoken:
    """What ``role`` (``user`` or ``assistant``) says: the reply without reasoning, its own label and the other's lines.

    ``acted``: it was asked for a dialogue, and lines of both are one.

    Raises:
        ReplyError: nothing is left, or the reply is longer than ``MAX_REPLY`` characters.
    """
    answer = _answer(text).strip()
    if acted and _GOES_ON[role].search(answer):
        return Spoken(answer)
    label = _LABELS[role].match(answer)
    said = answer[label.end() :].strip() if label else answer
    cut = _cut(said, role)
    kept, rest = said[:cut].rstrip(), said[cut:]
    if not kept:
        raise ReplyError("the reply is empty")
    return Spoken(kept, bool(label), rest)


def _cut(said: str, role: str) -> int:
    """Where ``said`` goes on as the other speaker; not where it shows an example: in code, after a colon or in a list.

    What begins as the other is left as it is, for a gate to turn away.
    """
    for found in islice(_GOES_ON[role].finditer(said), _EXAMPLES):
        before = said[: found.start()].rstrip()
        if before.count("```") % 2 or before.count("`") % 2:
            continue
        after = said[found.end() :].partition("\n")[2].lstrip()
        if not before or before.endswith(":") or any(map(_LISTED.match, (before[before.rfind("\n") + 1 :], after))):
            return len(said)
        return found.start()
    return len(said)


def json_object(text: str) -> dict[str, Any]:
    """The one JSON object of a reply.

    Raises:
        ReplyError: there is none, or what looks like one is not valid JSON.
    """
    answer = _answer(text).strip()
    if not answer:
        raise ReplyError("the reply is empty")
    fence = _FENCE.search(answer)
    if fence and not answer.startswith("{"):
        answer = fence[1].strip()
    if not answer.startswith("{") or not answer.endswith("}"):
        start, end = answer.find("{"), answer.rfind("}")
        if start < 0 or end < start:
            raise ReplyError("the reply holds no JSON object")
        answer = answer[start : end + 1]
    try:
        value = loads(answer)
    except ValueError as error:
        raise ReplyError(f"the reply is not valid JSON: {str(error)[:120]}") from None
    return cast(dict[str, Any], value)


def descriptions(text: str, items: str) -> list[tuple[str, tuple[str, ...]]]:
    """The author's descriptions: (text, facts or traits), in the order given; ``items`` names the list's key.

    Entries that are not of this form are kept as empty texts, so that every one is counted and can be rejected.

    Raises:
        ReplyError: no JSON object, or no list of descriptions in it.
    """
    entries = json_object(text).get("descriptions")
    if not isinstance(entries, list) or not entries:
        raise ReplyError("the reply has no list named descriptions")
    return [_description(entry, items) for entry in entries]


def _description(entry: Any, items: str) -> tuple[str, tuple[str, ...]]:
    if isinstance(entry, str):
        return _clean(entry), ()
    if not isinstance(entry, Mapping) or not isinstance(entry.get("text"), str):
        return "", ()
    listed = entry.get(items)
    statements = listed if isinstance(listed, list) else []
    return _clean(entry["text"]), tuple(_clean(s) for s in statements if isinstance(s, str) and s.strip())


def inferences(text: str, conversation: Sequence[Message]) -> tuple[tuple[Inference, ...], int]:
    """The observer's inferences whose quote stands verbatim in a user turn, and how many were dropped.

    Verbatim means: the same characters, once runs of white space and curly quotation marks are folded.

    Raises:
        ReplyError: no JSON object, or no list of inferences in it.
    """
    entries = json_object(text).get("inferences")
    if not isinstance(entries, list):
        raise ReplyError("the reply has no list named inferences")
    said = [_folded(m.content) for m in conversation if m.role == "user"]
    kept = [found for entry in entries if (found := _inference(entry, said))]
    unique = tuple(dict.fromkeys(kept))
    return unique, len(entries) - len(unique)


def _inference(entry: Any, said: Iterable[str]) -> Inference | None:
    if not isinstance(entry, Mapping):
        return None
    fact, quote, kind = (entry.get(name) for name in ("fact", "quote", "kind"))
    if not (isinstance(fact, str) and isinstance(quote, str) and kind in get_args(Kind)):
        return None
    wanted = _folded(quote)
    if not wanted or not _clean(fact) or not any(wanted in turn for turn in said):
        return None
    return Inference(fact=_clean(fact), quote=_CONTROL.sub("", quote), kind=cast(Kind, kind))


def ranking(text: str, labels: Sequence[str]) -> Ranking:
    """The judge's verdict about ``labels``.

    Raises:
        ReplyError: no JSON object, or its ranking is not an order of exactly these labels.
    """
    value = json_object(text)
    ranked, tie = value.get("ranking"), value.get("tie", False)
    if (
        not isinstance(ranked, list)
        or not all(isinstance(label, str) for label in ranked)
        or sorted(ranked) != sorted(labels)
    ):
        raise ReplyError(f"the ranking is not an order of {', '.join(labels)}")
    if not isinstance(tie, bool):
        raise ReplyError("tie is neither true nor false")
    reason = value.get("reason")
    return Ranking(tuple(ranked), tie, _clean(reason) if isinstance(reason, str) else "")


def _answer(text: str) -> str:
    if len(text) > MAX_REPLY:
        raise ReplyError(f"the reply has {len(text):,} characters, more than {MAX_REPLY:,}")
    answer = _CONTROL.sub("", _REASONING.sub("", text, count=1) if "</think>" in text else text)
    if answer.lstrip().startswith("<think>"):
        raise ReplyError("the reply is reasoning that does not end")
    return answer


def _clean(text: str) -> str:
    return _SPACE.sub(" ", _CONTROL.sub("", text)).strip()


def _folded(text: str) -> str:
    return _clean(text.translate(_QUOTES))
