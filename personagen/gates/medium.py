"""The gate ``medium``: rejects an assistant that comments on messages and wording instead of answering (English)."""

from __future__ import annotations

import re

from personagen.gates.turn import Turn, prose

# Faster to look for than the patterns; each match holds one of them.
_STEMS = (
    *(
        "message",
        "note",
        "respon",
        "repl",
        "prompt",
        "request",
        "statement",
        "sentence",
        "phrase",
        "input",
        "[insert",
        "[here",
        "[your",
    ),
    *(
        "gramma",
        "idiom",
        "spell",
        "punctuat",
        "possessive",
        "play on",
        "saying",
        "context",
        "expression",
        "question that",
    ),
    *("answer", "version", "referring", "joke", "scene", "stor", "trope", "pun", "riddle", "text", "quote", "passage"),
    *("narrative", "metaphor", "relatable", "example", "creative language", "convey", "way to"),
)
_SAID = r"(?:messages?|notes?|response|repl(?:y|ies)|prompts?|requests?|statements?|input)"
_COMMENTS = (
    r"(?:is|was|isn't|seems|appears|addresses|acknowledges|shows|suggests|conveys|aims|provides|reads|sounds|has been"
    r"|implies|refers|highlights|emphasi[sz]es|expresses|reflects|maintains|uses|includes|captures)\b"
)
_SENT = re.compile(
    r"\b(?:the|this|my|your|a|any) (?:last|previous|next|original|above|following|final|given) (?:messages?|notes?)\b"
    r"|\b(?:it's|be|is) (?:not )?(?:just )?(?:a|another) (?:note|message)\b"
    rf"|\ban? (?:note|message), (?:not|but)\b|\b(?:this|that|your) message {_COMMENTS}"
    r"|\ba (?:message|note) that (?:seems|appears|is|has|could)\b"
    r"|\b(?:respond|reply|copy|answer|reacting|responding|replying)(?: to)? (?:your|this) (?:message|note)s?\b"
)
_HIDDEN = re.compile(r"\b(?<!with )(?:the|this|that) note\b")  # as in the prompt of ``aware``
_WORDED = re.compile(
    rf"\b(?:the|this|my|your|any) (?:last|previous|next|original|above|following|final|possible|given) {_SAID}\b"
    rf"|\b(?:this|that|your) {_SAID} {_COMMENTS}|\bthe response {_COMMENTS}"
    r"|\ba (?:response|statement|sentence|phrase|question) that (?:seems|appears|is|has|could)\b"
    r"|\bhere(?:'s| is) (?:a|one|another|the|my) (?:(?:possible|sample|revised|potential|suggested|rewritten) )+"
    r"(?:answer|response|reply|version|message|sentence)\b"
    r"|\byour next (?:sentence|message)\b|\brephrase it (?:to|as|like)\b|\bprecise with (?:the|my) answer\b"
    r"|\byou're referring to an? (?:\w+ )?(?:joke|saying|expression|idiom|phrase|person)\b"
    r"|\bprovide (?:me with )?(?:an?|the|your) (?:(?:more )?\w+ )?(?:response|context)\b"
    r"|\bcommon (?:idiom|saying|expression)s?\b|\bthe (?:saying|sentence|phrase) (?:[\"'\u201c]|is\b)"
    r"|\badd (?:a|the|your|[\"'\u201c][^\"'\u201d]{1,30}[\"'\u201d]) ?(?:phrase|to the sentence)"
    r"|\[(?:insert|here(?:'s| is)|your)\b|\bmade (?:the|this|your) (?:sentence|message|text|response|reply) more\b"
)
_GRAMMAR = re.compile(
    r"\bgrammatical(?:ly)?\b|\bmistake in grammar\b|\bmisspell\w*|\bpunctuation\b|\bpossessive\b|\bidiomatic\b"
    r"|\bplay on words\b"
)
# A message taken for a piece of writing, which the user did not say it is.
_PIECE = r"(?:jokes?|scenes?|stor(?:y|ies)|tropes?|quotes?|passages?|narratives?|metaphors?|puns?|riddles?)"
_STAGED = re.compile(
    rf"\b(?:this|that|your) {_PIECE} {_COMMENTS}|\b(?:this|the) joke (?:{_COMMENTS}|about\b)"
    rf"|\b(?:a|another|an) (?:classic|common|great|typical|funny|lighthearted|humorous) {_PIECE}\b"
    r"|\bused to convey\b|\bcreative language\b|\bcommon and relatable\b"
    r"|\b(?:first|second|third|last|next|rest) (?:part|half|line|section|sentence) of (?:your|this) (?:text|quote)\b"
    r"|(?:\A|[.!?]\s+)(?:this|that|it)(?:'s| is) (?:just )?(?:a|one of (?:the )?many) (?:\w+ )?examples? of\b"
    r"|\Aan? (?:\w+ )?example of an?\b"
    r"|\bcommon (?:and \w+ )?way to (?:express|address|say|ask)\b"
)
_WRITTEN = re.compile(
    r"jok|scene|stor(?:y|ies)|trope|quot|passage|narrat|metaphor|\bpuns?\b|riddle|film|movie|novel|book|\bread|play\b"
    r"|show\b|series|game|theat|text|writ|wrote|poe[mt]|comed|funny|laugh|humou?r|speech|essay|example"
)
# If the user brought up a text or a wording, it is the matter itself.
_ABOUT_TEXT = re.compile(r"messag|\bnotes?\b|\btext|mail|letter|\bchat|\bsms|\bcards?\b|\bpost")
_ABOUT_GRAMMAR = re.compile(
    rf"{_ABOUT_TEXT.pattern}|gramma|spell|typo|sentence|phras|language|translat|essay|story|poem|draft|proofread"
    r"|correct|english|lesson|learn|write"
)
_ABOUT_WORDS = re.compile(
    rf"{_ABOUT_TEXT.pattern}|\b(?:respon|repl(?:y|ie)|answer|request|prompt|writ|wrote|words?\b|sentence|phras|saying"
    r"|quote|spell|grammar|typo|language|translat|speech|essay|story|poem|draft|form\b|applica|appeal|complain|read"
    r"|say it|put it|how do i (?:say|tell)|what do i (?:say|tell))"
)


def medium(turn: Turn) -> str | None:
    """Rejects an assistant that speaks about messages, notes or wording that no user turn brought up."""
    if turn.role != "assistant" or not any(map(turn.folded.__contains__, _STEMS)):
        return None
    text, asked = prose(turn.folded), [message.content.lower() for message in turn.before if message.role == "user"]
    checks = [(_SENT, _ABOUT_TEXT), (_WORDED, _ABOUT_WORDS), (_GRAMMAR, _ABOUT_GRAMMAR)]
    checks.append((_STAGED, _WRITTEN))
    if any(_HIDDEN.search(message.content) for message in turn.prompt):
        checks.append((_HIDDEN, _ABOUT_TEXT))
    for comment, brought_up in checks:
        found = comment.search(text)
        if found and not any(map(brought_up.search, asked)):
            return f"the assistant comments on the messages: {found.group()!r}"
    return None
