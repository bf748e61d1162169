"""Takes a model's reasoning out of its reply, however the reply marks it.

Servers with a reasoning parser send the answer apart; all others leave the reasoning in the text, between marks that
differ from model to model. What is taken out: blocks between tags or brackets whose name speaks of thinking, or of any
name before the answer; what stands before a closing mark without an opening one; all channels but the final one; a part
that is labelled as reasoning before one that is labelled as the answer. Where the answer can't be told from the
reasoning, there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from personagen.errors import ReplyError

_STEMS = (
    r"thin?k|thought|reason|reflect|deliberat|ruminat|ponder|contemplat|analy[sz]|scratch|monolog|inner|internal"
    r"|chain.?of|brainstorm|planning|^cot$|^plan$"
)
_THINKS = re.compile(_STEMS, re.IGNORECASE)
_ANSWERS = re.compile(
    r"^(?:(?:start|begin)[\W_]*(?:of[\W_]*)?)?(?:the[\W_]*)?(?:final[\W_]*)?"
    r"(?:answer|reply|response|message|output|result|solution|final|text|user|assistant|human|content)$",
    re.IGNORECASE,
)
_OPENS, _CLOSES = re.compile(r"^(?:start|begin)(?![a-z])", re.I), re.compile(r"^(?:end|stop)(?![a-z])|suffix$", re.I)
_MARK = re.compile(
    r"(?P<bracket>[<\[◁＜【⟨《«])[|｜]?[ ]?(?P<slash>/?)[|｜]?[ ]?(?P<name>[^\W\d](?:[\w:.▁-]| (?=\w)){0,40})"
    r"(?P<more>[ ][^<>\[\]\n]{0,80})?[|｜]?[ ]?(?P<selfclosing>/?)[>\]▷＞】⟩》»]"
)
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_HTML_NAMES = """
    a abbr article b blockquote body br button center cite code col dd del details div dl dt em font footer form h1
    h2 h3 h4 h5 h6 head header hr html i img input ins kbd label li link main mark nav ol option p pre q s samp
    script section select small span strong style sub summary sup svg table tbody td textarea tfoot th thead time
    title tr u ul var video
"""
_HTML = frozenset(_HTML_NAMES.split())
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)")
_CHANNEL_TEXT = re.compile(r"[^\n]*?<\|message\|>|(?=\s)")
_CHANNEL_END = re.compile(r"<\|(?:end|return|start|call|channel)\|>")
_BARE_CHANNELS = re.compile(r"\A\s*(?:(?:assistant)?(?:analysis|commentary)(?=[A-Z\"'{<])|assistantfinal)")
_BARE_FINAL = "assistantfinal"
_LABEL = re.compile(
    r"\A[\s#*_>-]*(?:(?:my|here(?:'s| is)(?: my| a)?|okay,? here(?:'s| is) my)\s+)?"
    r"(?:thinking(?: process)?|thought process|thoughts|reasoning(?: process)?|chain of thought|scratchpad"
    r"|(?:inner|internal) (?:monologue|thoughts?|thinking|reasoning))\s*[*_]*(?::|\n)",
    re.IGNORECASE,
)
_ANSWER_LABEL = re.compile(
    r"^[\s#*_>-]*(?:(?:my|here(?:'s| is)(?: my| the)?)\s+)?(?:final\s+)?(?:answer|reply|response|message|output)"
    r"\s*[*_]*(?::[*_]*|[*_]*\n)",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNS = frozenset("<[◁＜【⟨《«")
MAX_MARKS = 200  # that are looked at in a reply


def answer_of(text: str) -> str:
    """The reply ``text`` without reasoning.

    Raises:
        ReplyError: the reasoning does not end, or nothing else is there.
    """
    if _BARE_CHANNELS.match(text):
        return _final_of_bare_channels(text)
    if _LABEL.match(text):
        return _labelled_answer(text)
    if _SIGNS.isdisjoint(text):
        return text
    if "<|channel|>" in text:
        text = _final_channel(text)
    if "<|channel>" in text or "<channel|>" in text:  # Gemma's
        text = _after(text, "<channel|>")
    return _unwrapped(_without_named_block(_without_blocks(text)))


def is_unfinished(text: str) -> bool:
    """Whether a reply holds nothing but reasoning, or nothing at all."""
    try:
        return not answer_of(text).strip()
    except ReplyError:
        return True


def _without_blocks(text: str) -> str:
    """``text`` without what stands between marks that speak of thinking."""
    kept, start, opened = "", 0, -1
    for mark in _marks(text):
        if not _THINKS.search(mark["name"]) or mark["selfclosing"]:
            continue
        if _is_closing(mark):
            # Without an opening mark everything before it is reasoning.
            kept = kept + text[start:opened] if opened >= 0 else ""
            start, opened = mark.end(), -1
        elif opened < 0:
            opened = mark.start()
    if opened >= 0:
        raise _unended()
    kept += text[start:]
    if start and not kept.strip():
        raise _unended()
    return kept


def _without_named_block(text: str) -> str:
    """``text`` without a block before the answer between tags of any other name."""
    first = next(_marks(text), None)
    if first is None or first["bracket"] != "<" or first["selfclosing"] or "|" in first[0]:
        return text  # a special token of a chat template, which a gate rejects
    if not _may_mark_reasoning(first["name"]):
        return text
    name = first["name"]
    if first["slash"]:
        rest = text[first.end() :]
    elif text[: first.start()].strip():
        return text
    else:
        rest = text[first.end() :].partition(f"</{name}>")[2]
    if not rest.strip():
        raise ReplyError(f"the reply is marked as {name}, and nothing else is there", cause="reasoning")
    return rest


def _unwrapped(text: str) -> str:
    """``text`` without the marks of an answer around the whole of it."""
    first = _MARK.match(text.strip())
    if first is None or first["slash"] or not _ANSWERS.match(first["name"]) or first["name"].lower() in _SPEAKERS:
        return text
    inner = text.strip()[first.end() :]
    last = next((mark for mark in _marks(inner) if _is_closing(mark)), None)
    if last is not None and not inner[last.end() :].strip():
        return inner[: last.start()].strip()
    return text


_SPEAKERS = ("user", "assistant", "human")  # labels, which the parser of messages knows


def _may_mark_reasoning(name: str) -> bool:
    return name.lower() not in _HTML and not _ANSWERS.match(name)


def _is_closing(mark: re.Match[str]) -> bool:
    return bool(mark["slash"] or _CLOSES.search(mark["name"])) and not _OPENS.match(mark["name"])


def _marks(text: str) -> Iterator[re.Match[str]]:
    """The marks in ``text`` outside code, at most ``MAX_MARKS``."""
    code = [found.span() for found in _CODE.finditer(text)] if "`" in text else []
    for number, mark in enumerate(_MARK.finditer(text)):
        if number >= MAX_MARKS:
            return
        if not any(start < mark.start() < end for start, end in code):
            yield mark


def _final_channel(text: str) -> str:
    finals = [found for found in _CHANNEL.finditer(text) if found[1] == "final"]
    if not finals:
        raise _unended()
    begin = _CHANNEL_TEXT.match(text, finals[-1].end())
    rest = text[begin.end() if begin else finals[-1].end() :]
    end = _CHANNEL_END.search(rest)
    return rest[: end.start()] if end else rest


def _final_of_bare_channels(text: str) -> str:
    """The final channel of a reply whose special tokens a server left out: ``analysisHm.assistantfinalHello``."""
    if _BARE_FINAL not in text:
        raise _unended()
    return text.rpartition(_BARE_FINAL)[2]


def _labelled_answer(text: str) -> str:
    labels = list(_ANSWER_LABEL.finditer(text, 1))
    if not labels or not text[labels[-1].end() :].strip():
        raise _unended()
    return text[labels[-1].end() :]


def _after(text: str, mark: str) -> str:
    if mark not in text:
        raise _unended()
    return text.rpartition(mark)[2]


def _unended() -> ReplyError:
    return ReplyError("the reply is reasoning that does not end", cause="reasoning")
