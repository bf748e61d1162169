"""Escapes text from models and files in a prompt, so that it holds no tag of the prompt and no control token."""

from __future__ import annotations

import re

# Control tokens of chat templates; a tokenizer may interpret them anywhere.
SPECIAL = re.compile(
    r"<[|\uff5c][^<>|\uff5c\s][^<>|\uff5c\n]{0,40}[|\uff5c]>"  # <|im_start|>, <|eot_id|>
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<</?SYS>>"
    r"|</?(?:start_of_turn|end_of_turn|start_header_id|end_header_id|bos|eos)>"
)
_TAG = re.compile(r"</?([A-Za-z_][\w-]*)")
_ESCAPES = {"<": "&lt;", "[": "&#91;"}


def tags_of(source: str) -> re.Pattern[str]:
    """A pattern of the tags in the prompt file ``source`` and in conversation transcripts."""
    names = {*_TAG.findall(source), "conversation", "user", "assistant", "system"}
    return re.compile(rf"</?(?:{'|'.join(sorted(names))})\b", re.I)


def as_data(text: str, tags: re.Pattern[str]) -> str:
    """``text`` with the first character of each of ``tags`` and control tokens as ``&lt;`` or ``&#91;``."""
    if "<" not in text and "[" not in text:
        return text
    for pattern in (SPECIAL, tags):
        text = pattern.sub(lambda found: _ESCAPES[found[0][0]] + found[0][1:], text)
    return text
