"""What is said holds no token that steers a model, and no tag of the prompts that it answers; what is told, as data."""

from __future__ import annotations

import re

from personagen.gates.turn import Turn, prose

# Chat templates' control tokens; a tokenizer may read them as such wherever they stand.
SPECIAL = re.compile(
    r"<[|\uff5c][^<>|\uff5c\s][^<>|\uff5c\n]{0,40}[|\uff5c]>"  # <|im_start|>, <|eot_id|>
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<</?SYS>>"
    r"|</?(?:start_of_turn|end_of_turn|start_header_id|end_header_id|bos|eos)>"
)
_STOP = re.compile(r"\A<s>|</s>\s*\Z")  # in between, <s> is HTML
# People ask about <think>, so that and <system> only where they would stand.
_OWN = re.compile(
    r"</?(?:conversation|who_you_are|the_user)>|^[ \t]*<(?:think|system)>|</(?:think|system)>[ \t]*$"
    r"|^[ \t]*</?(?:user|assistant)>[ \t]*$",
    re.M,
)
_HEADING = re.compile(
    r"^###[ \t]*(?:(?:human|assistant)[ \t]*:|(?:instruction|user|system)[ \t]*:[ \t]*$|response[ \t]*:\s*\Z)",
    re.M | re.I,
)


_TAG = re.compile(r"</?([A-Za-z_][\w-]*)")
_ESCAPES = {"<": "&lt;", "[": "&#91;"}


def tags_of(source: str) -> re.Pattern[str]:
    """Finds the tags with which the prompt file ``source`` and the transcripts of a conversation are marked up."""
    names = {*_TAG.findall(source), "conversation", "user", "assistant", "system"}
    return re.compile(rf"</?(?:{'|'.join(sorted(names))})\b", re.I)


def as_data(text: str, tags: re.Pattern[str]) -> str:
    """``text`` such that nothing in it can open or close one of ``tags``, or be read as a control token.

    Their first character becomes ``&lt;`` or ``&#91;``; all else stays as it is, and so does nearly every text.
    """
    if "<" not in text and "[" not in text:
        return text
    for pattern in (SPECIAL, tags):
        text = pattern.sub(lambda found: _ESCAPES[found[0][0]] + found[0][1:], text)
    return text


def markup(turn: Turn) -> str | None:
    """No special tokens, no headings of training templates, no tags of our own; all of it may stand in code marks."""
    for pattern in (SPECIAL, _STOP, _OWN, _HEADING):
        if pattern.search(turn.text) and (found := pattern.search(prose(turn.text))):
            return f"it holds {found.group().strip()!r}, which marks up conversations"
    return None
