"""Takes a model's reasoning out of its reply, however the reply marks it.

Servers with a reasoning parser send the answer apart; all others leave the reasoning in the text, between marks that
differ from model to model. What is taken out: blocks between tags or brackets whose name speaks of thinking, or prose
between those of any other name; what stands before a closing mark without an opening one; comments; all channels but
the final one; a part that is labelled as reasoning before one that is labelled as the answer; all before a tag or label
of the answer that closes the reply. Where the answer can't be told from the reasoning, there is none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from personagen.errors import ReplyError
from personagen.llm.json import loads
from personagen.llm.labelled import after_final_label, begins_reasoning, labelled_answer
from personagen.llm.marks import (
    ANSWERS,
    OPENS,
    code_in,
    is_angled,
    is_closing,
    marks,
    may_mark_reasoning,
    opens_reasoning,
    thinks,
    unescaped,
    without_stop_tokens,
)

MIN_PROSE, MIN_SIGNS = 4, 8  # words of a block that may be reasoning; signs where words have no spaces
# A block of code, or one that a page folds up, whose title may speak of thinking.
_TITLED = re.compile(
    r"\A\s*(?:(?P<fence>```+|~~~+)(?P<info>[^\n`]*)\n|<details(?P<more>[^>]*)>\s*(?:<summary>(?P<summary>[^<]*))?)"
)
_COMMENT = re.compile(r"^[ \t]*<!--(?P<text>.*?)-->(?P<rest>[ \t]*$)?", re.DOTALL | re.MULTILINE)
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)")
_CHANNEL_TEXT = re.compile(r"[^\n]*?<\|message\|>|(?=\s)")
_CHANNEL_END = re.compile(r"<\|(?:end|return|start|call|channel)\|>")
# What is left of channels whose special tokens a server left out; Gemma's is called thought.
_BARE_CHANNELS = re.compile(
    r"\A\s*(?:(?:analysis|commentary)(?=[^\W_]|[\"'{<\n])|thought\n|final(?=[A-Z])"
    r"|[<\[◁][|｜ ]?[^\W\d][\w:]*\Z)"  # cut off within a mark
    r"|assistant(?:analysis|commentary|final)|\A\s*(?:analysis|commentary)\s(?=.*\sassistant\s+final\s)",
    re.DOTALL,
)
_BARE_FINAL = re.compile(r".*assistant\s*final|\s*final", re.DOTALL)
_INDENT = 80  # spaces before a mark on its line, at most
_SIGNS = frozenset("<[◁＜【⟨《«({$")
_SPEAKERS = ("user", "assistant", "human")  # labels, which the parser of messages knows
_VAGUE = (*_SPEAKERS, "text", "content")  # names of an answer only around the whole of it
_LINE_OR_SENTENCE_ENDS = re.compile(r"(?:\A|[\n.!?…。！？>\])}]) *\Z")


def answer_of(text: str) -> str:
    """The reply ``text`` without reasoning.

    Raises:
        ReplyError: the reasoning does not end, or nothing else is there.
    """
    plain = without_stop_tokens(unescaped(text))
    rest = _without_reasoning(plain)
    answer = _without_comments(_without_named_blocks(rest))
    answer = after_final_label(_unwrapped(answer, after_reasoning=rest != plain))
    return text if answer == plain == unescaped(text) else answer


def reasoned(text: str) -> int:
    """How many characters of ``text`` are marked as reasoning.

    A block between tags of an unusual name is none: models repeat the tags of a prompt.
    """
    plain = unescaped(text)
    try:
        rest = _without_reasoning(plain)
    except ReplyError:
        return len(text)
    return 0 if rest == plain else len(plain) - len(rest.strip())


def _without_reasoning(text: str) -> str:
    if "<|channel|>" in text:
        text = _final_channel(text)
    elif "<|channel>" in text or "<channel|>" in text:  # Gemma's
        text = _after(text, "<channel|>")
    elif _BARE_CHANNELS.search(text):
        text = _final_of_bare_channels(text)
    rest = _without_titled_block(_without_blocks(_answer_in_object(text)))
    if not begins_reasoning(rest):
        return rest
    answer = labelled_answer(rest)
    if answer is None:
        raise _unended()
    return answer


def _answer_in_object(text: str) -> str:
    """The answer in a reply that is a JSON object with the reasoning apart."""
    if text.lstrip()[:1] != "{" or text.rstrip()[-1:] != "}":
        return text
    try:
        value = loads(text)
    except ValueError:
        return text
    if not any(thinks(key) and key.lower() != "plan" for key in value):
        return text
    answers = [said for key, said in value.items() if ANSWERS.match(key) and isinstance(said, str) and said.strip()]
    if len(answers) != 1:
        raise _unended()
    return answers[0]


def _without_blocks(text: str) -> str:
    """``text`` without what stands between marks that speak of thinking."""
    if _SIGNS.isdisjoint(text):
        return text
    found = list(marks(text))
    closed = {mark["name"] for mark in found if mark["slash"]}
    kept, start, opened = "", 0, -1
    for mark in found:
        if _begins_answer(mark):
            kept, start, opened = "", mark.start(), -1
        elif not thinks(mark["name"]) or mark["selfclosing"]:
            continue
        elif is_closing(mark):
            # Without an opening mark everything before it is reasoning.
            kept = kept + text[start:opened] if opened >= 0 else ""
            start, opened = mark.end(), -1
        elif opened < 0 and (mark["name"] in closed or opens_reasoning(mark)):
            opened = mark.start()
    if opened >= 0:
        raise _unended()
    kept += text[start:]
    if start and not kept.strip():
        raise _unended()
    return kept


def _begins_answer(mark: re.Match[str]) -> bool:
    """Whether ``mark`` is a special token before the answer, such as ``<|START_RESPONSE|>``."""
    name = mark["name"]
    return bool(OPENS.match(name) and ANSWERS.match(name)) and (name.isupper() or "|" in mark[0]) and not mark["slash"]


def _without_titled_block(text: str) -> str:
    """``text`` without a block of code or details before the answer whose title speaks of thinking."""
    block = _TITLED.match(text)
    if not block or not thinks(f"{block['info']} {block['more']} {block['summary']}"):
        return text
    rest = text[block.end() :].partition(f"\n{block['fence']}" if block["fence"] else "</details>")[2]
    if not rest.strip():
        raise _unended()
    return rest


@dataclass(frozen=True)
class _Block:
    """A block from ``start`` to ``end``, between two marks of one ``name``."""

    name: str
    start: int
    end: int
    text: str
    nested: bool


def _without_named_blocks(text: str) -> str:
    """``text`` without blocks between marks of any other name: before the answer, or of prose within it.

    Data keeps its tags: blocks in each other, and short values.
    """
    if _SIGNS.isdisjoint(text):
        return text
    kept, start = "", 0
    for block in _blocks(text):
        before = kept + text[start : block.start]
        if before.strip() and (block.nested or not _is_prose(block.text)):
            continue
        kept, start = before, block.end
        while before.endswith("\n") and text[start : start + 1] == "\n":
            start += 1
        if not (kept + text[start:]).strip():
            raise ReplyError(f"the reply is marked as {block.name}, and nothing else is there", cause="markup")
    return _without_half_block(kept + text[start:])


def _blocks(text: str) -> Iterator[_Block]:
    """The outermost blocks between an opening and a closing mark of one name and in equal brackets."""
    opened = defaultdict[tuple[str, str], list[re.Match[str]]](list)
    found: list[_Block] = []
    for mark in marks(text):
        if mark["selfclosing"] or not may_mark_reasoning(mark):
            continue
        key = mark["name"].lower(), mark["bracket"]
        if not mark["slash"]:
            opened[key].append(mark)
        elif opened[key]:
            first = opened[key].pop()
            nested = bool(found) and found[-1].start > first.start()
            while found and found[-1].start > first.start():
                found.pop()
            inner = text[first.end() : mark.start()]
            found.append(_Block(mark["name"], first.start(), mark.end(), inner, nested))
    yield from found


def _without_half_block(text: str) -> str:
    """``text`` without what stands before the first mark, if that closes what a prompt may have opened."""
    first = next(filter(may_mark_reasoning, marks(text)), None)
    if first is None or not (is_angled(first) or first["slash"]) or first["selfclosing"] or "|" in first[0]:
        return text  # a special token of a chat template, which a gate rejects
    if first["slash"]:
        rest, forum = text[first.end() :], "[" in first["bracket"] and not first["name"].isupper()
        return rest if rest.strip() and not forum and first["bracket"][0] in "<[◁＜【" else text
    if text[: first.start()].strip() or " " in first["name"]:
        return text
    raise ReplyError(f"the reply is marked as {first['name']}, and nothing else is there", cause="markup")


def _is_prose(text: str) -> bool:
    return len(text.split()) >= MIN_PROSE or (not text.isascii() and len(text.strip()) >= MIN_SIGNS)


def _without_comments(text: str) -> str:
    """``text`` without comments in prose at its beginning or on lines of their own, except between tags of a page."""
    if "<!--" not in text:
        return text
    codes, kept, start = code_in(text), "", 0
    for comment in _COMMENT.finditer(text):
        before, after = (kept + text[start : comment.start()]).rstrip(), text[comment.end() :].lstrip()
        whole = comment["rest"] is not None or not before
        page = before.endswith(">") or after.startswith("<")
        if not whole or page or not (_is_prose(comment["text"]) or thinks(comment["text"])):
            continue
        if not any(begin <= comment.start() < end for begin, end in codes):
            kept, start = kept + text[start : comment.start()], comment.end()
    if start and not (kept + text[start:]).strip():
        raise _unended()
    return kept + text[start:]


def _unwrapped(text: str, *, after_reasoning: bool) -> str:
    """``text`` without the marks of an answer around it, and what stands before it."""
    stripped = text.strip()
    found = [mark for mark in marks(stripped) if ANSWERS.match(mark["name"]) and mark["name"].lower() not in _SPEAKERS]
    ends = [mark for mark in found if is_closing(mark)]
    if ends and stripped[ends[-1].end() :].strip():
        return text
    end = ends[-1].start() if ends else None
    for mark in found:
        at = mark.start()
        if is_closing(mark) or (at and mark["name"].lower() in _VAGUE):
            continue
        alone = at and stripped[at - 1] == "\n" and stripped.startswith("\n", mark.end(), end)
        ended = _LINE_OR_SENTENCE_ENDS.search(stripped, max(0, at - _INDENT), at)
        if ended and (ends or alone or (after_reasoning and not at)):
            return stripped[mark.end() : end].strip()
    return text


def _final_channel(text: str) -> str:
    finals = [found for found in _CHANNEL.finditer(text) if found[1] == "final"]
    if not finals:  # llama.cpp leaves the marks of the final channel out
        rest = text.rpartition("<|end|>")[2]
        if "<|end|>" in text and rest.strip() and not rest.lstrip().startswith("<|"):
            return rest
        raise _unended()
    begin = _CHANNEL_TEXT.match(text, finals[-1].end())
    rest = text[begin.end() if begin else finals[-1].end() :]
    end = _CHANNEL_END.search(rest)
    return rest[: end.start()] if end else rest


def _final_of_bare_channels(text: str) -> str:
    """The final channel of a reply whose special tokens a server left out: ``analysisHm.assistantfinalHello``."""
    found = _BARE_FINAL.match(text)
    if not found or not text[found.end() :].strip():
        raise _unended()
    return text[found.end() :]


def _after(text: str, mark: str) -> str:
    if mark not in text:
        raise _unended()
    return text.rpartition(mark)[2]


def _unended() -> ReplyError:
    return ReplyError("the reply is reasoning that does not end", cause="reasoning")
