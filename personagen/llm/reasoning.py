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
    r"thin?k|thought|reason|reflect|deliberat|ruminat|ponder|contemplat|analy[sz]|scratch|monolog|(?<![a-z])inner"
    r"|(?<![a-z])internal|chain.?of|brainstorm|planning|^cot$|^plan$|^unused1[67]$|思考|推理"
)
_THINKS = re.compile(_STEMS, re.IGNORECASE)
_ANSWERS = re.compile(
    r"^(?:(?:start|begin|end|stop)[\W_]*(?:of[\W_]*)?)?(?:the[\W_]*)?(?:final[\W_]*)?"
    r"(?:answer|reply|response|message|output|result|solution|final|text|user|assistant|human|content)$",
    re.IGNORECASE,
)
_OPENS, _CLOSES = (
    re.compile(r"^(?:start|begin)(?![a-z])", re.I),
    re.compile(r"^(?:end|stop)(?![a-z])|suffix$|^unused17$", re.I),
)
_MARK = re.compile(
    r"(?P<bracket>[<\[◁＜【⟨《«])[|｜]?[ ]?(?P<slash>/?)[|｜]?[ ]?(?P<name>[^\W\d](?:[\w:.▁-]| (?=\w)){0,40})"
    r"(?P<more>[ ][^<>\[\]◁▷＜＞【】⟨⟩《》«»\n]{0,80}?)?[|｜]?\s?(?P<selfclosing>/?)[>\]▷＞】⟩》»]"
)
_ASIDE = re.compile(r"(?<!thought)s$", re.I)  # [thinks]
_CODE = re.compile(
    r"(?:^[ \t>*+-]*|(?<=[ :])(?=[`~]+\w*\n))(?P<fence>```|~~~).*?^[ \t>]*(?P=fence)"
    r"|(?<!`)(?P<tick>`++)[^`\n]++(?P=tick)(?!`)",
    re.DOTALL | re.MULTILINE,
)
_FENCE_BEGINS, _CODE_BEGINS = re.compile(r"[ \t>*+-]*(?:`+|~+)\w*[ ]*\n\s*"), re.compile(r"`+[ ]?")
_CODE_ENDS = re.compile(r"\s*(?:`+|~+)")
# A block of code, or one that a page folds up, whose title may speak of thinking.
_TITLED = re.compile(
    r"\A\s*(?:(?P<fence>```+|~~~+)(?P<info>[^\n`]*)\n|<details(?P<more>[^>]*)>\s*(?:<summary>(?P<summary>[^<]*))?)"
)
_HTML_NAMES = """
    a abbr article audio b blockquote body br button canvas caption center cite code col colgroup dd del details
    dialog div dl dt em fieldset figcaption figure font footer form g h1 h2 h3 h4 h5 h6 head header hr html i iframe
    img input ins kbd label legend li link main mark math nav ol option p path picture pre q s samp script section
    select small source span strong style sub summary sup svg table tbody td template textarea tfoot th thead time
    title tr u ul var video
"""
_HTML = frozenset(_HTML_NAMES.split())
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)")
_CHANNEL_TEXT = re.compile(r"[^\n]*?<\|message\|>|(?=\s)")
_CHANNEL_END = re.compile(r"<\|(?:end|return|start|call|channel)\|>")
# What is left of channels whose special tokens a server left out; Gemma's is called thought.
_BARE_CHANNELS = re.compile(
    r"\A\s*(?:(?:analysis|commentary)(?=[^\W_]|[\"'{<\n])|thought\n|final(?=[A-Z])"
    r"|[<\[◁][|｜ ]?[^\W\d][\w:]*\Z)"  # cut off within a mark
    r"|assistant(?:analysis|commentary|final)"
)
_BARE_FINAL = re.compile(r".*assistantfinal|\s*final", re.DOTALL)
_LABEL = re.compile(
    r"\A[\s#*_>(\[-]*(?:(?:my|here(?:'s| is)(?: my| a)?|okay,? here(?:'s| is) my)\s+)?"
    r"(?:thinking(?: process)?|thought process|thoughts|reasoning(?: process)?|chain of thought"
    r"|scratchpad|(?:here are my )?reasoning steps"
    r"|(?:inner|internal) (?:monologue|thoughts?|thinking|reasoning)|思考(?:过程|過程)?|推理(?:过程|過程)?|gedankengang"
    r"|überlegung(?:en)?|raisonnement|réflexion|razonamiento|pensamiento|рассуждени[ея]|размышлени[ея])"
    r"(?:\.\.\.|…)?\s*[*_]*(?:[:：]|\n)",
    re.IGNORECASE,
)
_ANSWER_LABEL = re.compile(
    r"^[\s#*_>-]*(?:(?:my|here(?:'s| is)(?: my| the)?)\s+)?(?:final\s+)?(?:answer|reply|response|message|output"
    r"|(?:最终|最終)?(?:回答|答案|回复|回覆|答复|返信)|antwort|réponse|respuesta|ответ)\s*[*_]*(?:[:：][*_]*|[*_]*\n)",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNS = frozenset("<[◁＜【⟨《«")


def answer_of(text: str) -> str:
    """The reply ``text`` without reasoning.

    Raises:
        ReplyError: the reasoning does not end, or nothing else is there.
    """
    rest = _without_reasoning(text)
    return _unwrapped(_without_named_block(rest), after_reasoning=rest != text)


def reasoned(text: str) -> int:
    """How many characters of ``text`` are marked as reasoning.

    A block between tags of an unusual name is none: models repeat the tags of a prompt.
    """
    try:
        rest = _without_reasoning(text)
    except ReplyError:
        return len(text)
    return 0 if rest == text else len(text) - len(rest.strip())


def _without_reasoning(text: str) -> str:
    if "<|channel|>" in text:
        text = _final_channel(text)
    elif "<|channel>" in text or "<channel|>" in text:  # Gemma's
        text = _after(text, "<channel|>")
    elif _BARE_CHANNELS.search(text):
        text = _final_of_bare_channels(text)
    rest = _without_titled_block(_without_blocks(text))
    return _labelled_answer(rest) if _LABEL.match(rest) else rest


def thinks(name: str) -> bool:
    """Whether a tag of this name marks reasoning."""
    return bool(_THINKS.search(name))


def _without_blocks(text: str) -> str:
    """``text`` without what stands between marks that speak of thinking."""
    if _SIGNS.isdisjoint(text):
        return text
    marks = list(_marks(text))
    closed = {mark["name"] for mark in marks if mark["slash"]}
    kept, start, opened = "", 0, -1
    for mark in marks:
        if _begins_answer(mark):
            kept, start, opened = "", mark.start(), -1
        elif not _THINKS.search(mark["name"]) or mark["selfclosing"]:
            continue
        elif _is_closing(mark):
            # Without an opening mark everything before it is reasoning.
            kept = kept + text[start:opened] if opened >= 0 else ""
            start, opened = mark.end(), -1
        elif opened < 0 and (mark["name"] in closed or _opens_reasoning(mark)):
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
    return (
        bool(_OPENS.match(name) and _ANSWERS.match(name)) and (name.isupper() or "|" in mark[0]) and not mark["slash"]
    )


def _opens_reasoning(mark: re.Match[str]) -> bool:
    """Whether ``mark``, which nothing closes, is more than a word in brackets: a link, a type, an aside."""
    before, after = mark.string[: mark.start()], mark.string[mark.end() :]
    if mark["bracket"] in "<◁＜":
        return not (before[-1:].isalnum() and mark["name"][0].isupper() and not mark["name"].isupper())
    if " " in mark["name"] or mark["more"] or after.startswith("("):
        return False
    return mark["name"].isupper() or not (before.strip() or _ASIDE.search(mark["name"]))


def _without_titled_block(text: str) -> str:
    """``text`` without a block of code or details before the answer whose title speaks of thinking."""
    block = _TITLED.match(text)
    if not block or not _THINKS.search(f"{block['info']} {block['more']} {block['summary']}"):
        return text
    rest = text[block.end() :].partition(f"\n{block['fence']}" if block["fence"] else "</details>")[2]
    if not rest.strip():
        raise _unended()
    return rest


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
        if not rest.strip():
            return text  # the end of something in the prompt, which a gate rejects
    elif text[: first.start()].strip():
        return text
    else:
        rest = text[first.end() :].partition(f"</{name}>")[2]
    if not rest.strip():
        raise ReplyError(f"the reply is marked as {name}, and nothing else is there", cause="markup")
    return rest


def _unwrapped(text: str, *, after_reasoning: bool) -> str:
    """``text`` without the marks of an answer around the whole of it; after reasoning the last one may be missing."""
    stripped = text.strip()
    first = _MARK.match(stripped)
    if first is None or first["slash"] or not _ANSWERS.match(first["name"]) or first["name"].lower() in _SPEAKERS:
        return text
    inner = stripped[first.end() :]
    ends = [mark for mark in _marks(inner) if _is_closing(mark) and _ANSWERS.match(mark["name"])]
    if ends and not inner[ends[-1].end() :].strip():
        return inner[: ends[-1].start()].strip()
    return inner if after_reasoning and not ends else text


_SPEAKERS = ("user", "assistant", "human")  # labels, which the parser of messages knows


def _may_mark_reasoning(name: str) -> bool:
    return name.lower() not in _HTML and " " not in name and not _ANSWERS.match(name)


def _is_closing(mark: re.Match[str]) -> bool:
    return bool(mark["slash"] or _CLOSES.search(mark["name"])) and not _OPENS.match(mark["name"])


def _marks(text: str) -> Iterator[re.Match[str]]:
    """The marks in ``text`` outside code.

    A closing mark counts in code too, unless that is about marks: reasoning may open code that the answer seems to end.
    """
    spans = _CODE.finditer(text) if "`" in text or "~~~" in text else iter(())
    span, opened = next(spans, None), False
    for mark in _MARK.finditer(text):
        while span and span.end() <= mark.start():
            span, opened = next(spans, None), False
        if span and span.start() < mark.start():
            begins = (_FENCE_BEGINS if span["fence"] else _CODE_BEGINS).fullmatch(text, span.start(), mark.start())
            alone = begins and _CODE_ENDS.fullmatch(text, mark.end(), span.end())
            if opened or alone or not (thinks(mark["name"]) and _is_closing(mark)):
                opened = opened or thinks(mark["name"])
                continue
        yield mark


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
