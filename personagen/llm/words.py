"""How servers say what is wrong: the words that tell one refusal from another."""

from __future__ import annotations

import re


def _words(*ways: str) -> re.Pattern[str]:
    return re.compile("|".join(ways), re.IGNORECASE)


CREDIT = _words(
    r"insufficient[_ ](?:quota|balance|funds|credit)|credit balance|exceeded your current quota|out of credit",
    r"billing|(?:usage|spend(?:ing)?) limit",
)
SOON = _words(r"retry ?(?:delay|in|after)|per[ -]?minute|per[ -]?second|try again in")
# More tokens at once than the account may use in a minute: asking again does not help.
TOO_LARGE_FOR_ACCOUNT = _words(r"request too large for|limit:? (\d+),? requested:? (\d+)")
TOO_LONG = _words(
    r"context_length_exceeded|exceed_context_size|context[ _-]?(?:length|window|size|limit)|too many (?:input )?tokens",
    r"(?:prompt|input|request).{0,20} too long|maximum (?:context|input|prompt)|longer than the model",
    r"reduce the length",
    r"total text bytes|token count .{0,30}exceeds|must have less than|length is \d+ while limit",
    r"tokens`? \+ `?max|number of tokens .{0,60}exceed",
)
# A reply may not be as long as was asked for, whatever the prompt.
REPLY_TOO_LONG = _words(
    r"(?:completion|output|response) tokens|maxoutputtokens|maximum output|maximum tokens you requested",
    r"range of .{0,5}max_?tokens",
    r"max[_ ]?(?:new_|output_|completion_)?tokens\W.{0,60}(?:less than|at most|range|<=|exceed|too large)",
)
FILTERED = _words(
    r"content[_ ]?filter|content[_ ]?policy|content management policy|responsibleai|invalid_prompt|usage policy",
)
NO_MODEL = _words(
    r"model[_ ](?:name[_ ])?(?:not[_ ]found|not[_ ]exist)|(?:invalid|unknown|unsupported|no such) model\b",
    r"\bmodel\b.{0,80}(?:not found|n[o']t exist|is not available|is unknown|is invalid|identifier is invalid)",
    r"not a valid model|model_not_(?:found|supported)|not supported by any provider|deployment.{0,40}not exist",
)
BAD_KEY = _words(
    r"no connected db|(?:invalid|incorrect|wrong|missing|expired) (?:x-)?api[ _-]?key|api[ _-]?key.{0,20}not valid",
    r"api[ _-]?key.{0,30}(?:invalid|expired|incorrect)|unauthorized|authentication (?:error|failed)",
)
CERTIFICATE = _words(r"certificate[ _]verify[ _]failed|self[- ]signed certificate|unable to get local issuer")
LOADING = _words(
    r"\bloading\b|warm(?:ing)?[ -]?up|\bstarting\b|initiali[sz]ing|not (?:yet )?ready|model is not loaded|booting"
)
GATEWAY = _words(r"bad gateway|gateway time-?out|upstream|service (?:temporarily )?unavailable")
# Of a LiteLLM provider, on this machine.
NO_PACKAGE = _words(r"pip install|no module named|cannot import name|must be installed")
NO_CREDENTIALS = _words(
    r"(?:default )?credentials (?:were |was )?not found|unable to locate credentials|nocredentialserror",
    r"could not (?:find|load|automatically determine).{0,40}credentials|defaultcredentialserror|missing credentials",
    r"partial credentials|api_key client option must be set|credentials? (?:is|are) (?:missing|required)",
    r"failed to load .{0,30}credentials|missing .{0,40}(?:api[ _]|jwt )key|missing required parameters|_id not set",
)
NO_ALTERNATION = _words(
    r"(?:role|user|assistant|message).{0,60}\balternat(?:e|ing)\b|(?:roles?|messages?) in a row",
    r"consecutive .{0,30}(?:roles?|messages?)",
    r"unexpected role '?(?:user|assistant)",
)
NO_SYSTEM = _words(
    r"\bsystem['`\"]? (?:role|message|prompt|instruction|field)s?\b.{0,60}(?:not|n't|unsupported)",
    r"(?:not|n't) (?:support|allow|enabl|recogni|accept)\w*.{0,60}\bsystem\b|developer instruction",
    r"(?:invalid|unexpected|unknown|unsupported) (?:value|role|message role)\b.{0,60}\bsystem\b|not [\"'`]system",
    r"\brole\b.{0,60}(?:should|must) be.{0,20}\buser\b.{0,12}\bassistant\b|only [\"'`]?user\b.{0,12}\bassistant\b",
)
TOO_MANY_TEXTS = _words(
    r"batch.{0,60}(?:larger|greater|more|longer|exceed|invalid|limit|max|>)|(?:max|limit).{0,30}batch|in one batch",
    r"too many (?:texts|inputs|items|strings|documents)|(?:number of|total|max\w*) (?:texts|inputs|items|documents)",
    r"(?:inputs?|array|list|texts).{0,40}(?:too (?:long|large|many)|at most|not exceed|no more than|less than|maximum)",
    r"at most .{0,20}(?:texts|inputs|items)",
)
