"""The marks in a reply that may tell reasoning from the answer: ``<think>``, ``[/MIND]``, ``<|end_of_thought|>``."""

from __future__ import annotations

import re
from collections.abc import Iterator

_STEMS = (
    r"thin?k|thought|reason|reflect|deliberat|ruminat|ponder|contemplat|analy[sz]|scratch|monolog|(?<![a-z])inner"
    r"|(?<![a-z])internal|chain.?of|brainstorm|planning|^cot$|^plan$|^unused1[67]$|思考|推理"
)
_THINKS = re.compile(_STEMS, re.IGNORECASE)
ANSWERS = re.compile(
    r"^(?:(?:start|begin|end|stop)[\W_]*(?:of[\W_]*)?)?(?:the[\W_]*)?(?:final[\W_]*)?"
    r"(?:answer|reply|response|message|output|result|solution|final|text|user|assistant|human|content|box)$",
    re.IGNORECASE,
)
OPENS, _CLOSES = (
    re.compile(r"^(?:start|begin)(?![a-z])", re.I),
    re.compile(r"^(?:end|stop)(?![a-z])|suffix$|^unused17$", re.I),
)
_BRACKETS, _ENDS = r"<\[◁＜【⟨《«({$", r">\]▷＞】⟩》»)}$"
MARK = re.compile(
    rf"(?P<bracket>[{_BRACKETS}]{{1,3}})[|｜]?[ ]?(?P<slash>/?)[|｜]?[ ]?(?P<name>[^\W\d](?:[\w:.▁#-]| (?=\w)){{0,40}})"
    r"(?P<more>[ ][^<>\[\]◁▷＜＞【】⟨⟩《》«»\n]{0,80}?)?"
    rf"[|｜]?\s?(?P<selfclosing>/?)[{_ENDS}]{{1,3}}"
)
_WEAK = frozenset("({$")  # signs that mean many things, so that such a mark counts only with its closing one
_ASIDE = re.compile(r"(?<!thought)s$", re.I)  # [thinks]
_CODE = re.compile(
    r"(?:^[ \t>*+-]*|(?<=[ :])(?=[`~]+\w*\n))(?P<fence>```|~~~).*?^[ \t>]*(?P=fence)"
    r"|(?<!`)(?P<tick>`++)[^`\n]++(?P=tick)(?!`)",
    re.DOTALL | re.MULTILINE,
)
_FENCE_BEGINS, _CODE_BEGINS = re.compile(r"[ \t>*+-]*(?:`+|~+)\w*[ ]*\n\s*"), re.compile(r"`+[ ]?")
_CODE_ENDS = re.compile(r"\s*(?:`+|~+)")
_HTML_NAMES = """
  a abbr article audio b blockquote body br button canvas center cite code col colgroup dd del details
  dialog div dl dt em fieldset figure font footer form g h1 h2 h3 h4 h5 h6 head header hr html i iframe
  img input ins kbd label li link main mark math nav ol option p path picture pre q s samp script section
  select small source span strong style sub sup svg table tbody td template textarea tfoot th thead time
  title tr u ul var video
"""
_HTML = frozenset(_HTML_NAMES.split())
_BBCODE = frozenset(("url", "quote", "spoiler", "size", "color", "list"))
_WITHIN = {"summary": "<details", "caption": "<table", "figcaption": "<figure", "legend": "<fieldset"}
# Tags that a page shows as text, and what LaTeX has for them.
_ESCAPED = re.compile(r"(?:\\<|&lt;)\s?(?P<slash>/?)\s?(?P<name>[^\W\d][\w:#-]{0,40})\s?(?:\\?>|&gt;)")
# What ends a turn in the templates of models, where a server prints it.
_STOP_TOKEN = re.compile(
    r"(?:<[|｜](?:im_end|eot_id|eom_id|eot|end|return|endoftext|end[_▁]of[_▁](?:text|turn|sentence|message|response)"
    r"|END_OF_TURN_TOKEN|END_RESPONSE)[|｜]>|</s>|<eos>|<end_of_turn>|<turn[|]>)\Z"
)
_LONGEST_STOP_TOKEN = 24
_LATEX = re.compile(r"\\(?P<what>begin|end)\{(?P<name>\w{1,40})\}")


def thinks(name: str) -> bool:
    """Whether a tag of this name marks reasoning."""
    return bool(_THINKS.search(name))


def is_html(name: str, text: str) -> bool:
    """Whether a tag of this name in ``text`` belongs to a page; parts of an element do so only with that."""
    name = name.lower()
    return name in _HTML or (name in _WITHIN and _WITHIN[name] in text)


def may_mark_reasoning(mark: re.Match[str]) -> bool:
    """Whether ``mark`` is of a name that is neither an answer's nor one of HTML or a forum."""
    name = mark["name"]
    forum = "[" in mark["bracket"] and name.lower() in _BBCODE
    return not (forum or is_html(name, mark.string) or ANSWERS.match(name))


def is_closing(mark: re.Match[str]) -> bool:
    if mark["slash"] or _WEAK.issuperset(mark["bracket"]):
        return bool(mark["slash"])
    return bool(_CLOSES.search(mark["name"])) and not OPENS.match(mark["name"])


def opens_reasoning(mark: re.Match[str]) -> bool:
    """Whether ``mark``, which nothing closes, is more than a word in brackets: a link, a type, an aside."""
    before, after = mark.string[: mark.start()], mark.string[mark.end() :]
    if is_angled(mark):
        return not (before[-1:].isalnum() and mark["name"][0].isupper() and not mark["name"].isupper())
    if " " in mark["name"] or mark["more"] or after.startswith("("):
        return False
    if _WEAK.issuperset(mark["bracket"]):  # "(thinking) Hm, ...", but not "{plan}" as all that is there
        return mark["bracket"] == "(" and bool(after.strip()) and not (before.strip() or _ASIDE.search(mark["name"]))
    return mark["name"].isupper() or not (before.strip() or _ASIDE.search(mark["name"]))


def is_angled(mark: re.Match[str]) -> bool:
    return not set("<◁＜").isdisjoint(mark["bracket"])


def marks(text: str) -> Iterator[re.Match[str]]:
    """The marks in ``text`` outside code.

    A closing mark counts in code too, unless that is about marks: reasoning may open code that the answer seems to end.
    """
    spans = _CODE.finditer(text) if "`" in text or "~~~" in text else iter(())
    span, opened = next(spans, None), False
    for mark in MARK.finditer(text):
        while span and span.end() <= mark.start():
            span, opened = next(spans, None), False
        if span and span.start() < mark.start():
            begins = (_FENCE_BEGINS if span["fence"] else _CODE_BEGINS).fullmatch(text, span.start(), mark.start())
            alone = begins and _CODE_ENDS.fullmatch(text, mark.end(), span.end())
            if opened or alone or not (thinks(mark["name"]) and is_closing(mark)):
                opened = opened or thinks(mark["name"])
                continue
        yield mark


def code_in(text: str) -> list[tuple[int, int]]:
    """Where blocks of code begin and end in ``text``."""
    return [found.span() for found in _CODE.finditer(text)] if "`" in text or "~~~" in text else []


def unescaped(text: str) -> str:
    """``text`` with tags where it has ``&lt;mind&gt;``, ``\\<mind\\>`` or ``\\begin{thinking}``."""

    def tag(found: re.Match[str]) -> str:
        return found[0] if is_html(found["name"], text) else f"<{found['slash']}{found['name']}>"

    def environment(found: re.Match[str]) -> str:
        slash = "/" if found["what"] == "end" else ""
        return f"<{slash}{found['name']}>" if thinks(found["name"]) else found[0]

    if "&lt;" in text or "\\<" in text:
        text = _ESCAPED.sub(tag, text)
    return _LATEX.sub(environment, text) if "\\begin{" in text else text


def without_stop_tokens(text: str) -> str:
    """``text`` without what a template of the model has at its end; ``</s>`` after ``<s>`` is a page's."""
    end, page = len(text), "<s>" in text
    cut = end
    while True:
        while end and text[end - 1].isspace():
            end -= 1
        found = _STOP_TOKEN.search(text, max(0, end - _LONGEST_STOP_TOKEN), end)
        if not found or (page and found[0] == "</s>"):
            return text[:cut].rstrip() if cut < len(text) else text
        end = cut = found.start()
