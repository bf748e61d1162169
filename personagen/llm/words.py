"""How servers say what is wrong: the words that tell one refusal from another."""

from __future__ import annotations

import re


def _words(*ways: str) -> re.Pattern[str]:
    return re.compile("|".join(ways), re.IGNORECASE)


CREDIT = _words(
    r"insufficient[_ ](?:quota|balance|funds|credit)|credit balance|exceeded your current quota|out of credit",
    r"billing|(?:usage|spend(?:ing)?) limit|balance is (?:negative|insufficient|too low)|arrear|key limit exceeded",
    r"overdue|past.due|(?:any|have no|not enough) credits?\b|all (?:\w+ )?credits|recharge|余额不足|额度不足|欠费",
    r"credits? (?:(?:is|are|has|have) )?(?:been )?(?:exhausted|expired|used up)|free tier .{0,40}exhausted",
    r"out of .{0,20}quota",
    r"budget_exceeded|exceeded(?: their| your| its|\w*)[_ ]?budget|(?<!thinking )budget has been exceeded",
)
SOON = _words(r"retry ?(?:delay|in|after)|per[ -]?minute|per[ -]?second|try again in")
# A quota of a day or longer; one of a minute is waited for.
LONG_QUOTA = _words(
    r"(?:per[-_ ]?|/ ?)(?:day|week|month|86400 ?s|24 ?h)|\b(?:daily|weekly|monthly)\b|\b[rt]pd\b|for today|today's",
    r"\blimit: 0\b",
)
SHORT_QUOTA = _words(r"(?:per[-_ ]?|/ ?)(?:min|sec)|\b[rt]p[ms]\b")
# A refusal because of the rate, whatever its status.
THROTTLED = _words(
    r"throttl|too many (?:requests|connections)|rate[-_ ]?limit(?:ed\b|_|error|.{0,20}(?:exceed|reach|hit))",
    r"exceed\w* .{0,30}rate[-_ ]?limit|temporarily rate",
)
# More tokens at once than the account may use in a minute: asking again does not help.
TOO_LARGE_FOR_ACCOUNT = _words(r"request too large for|single request exceeds|never succeed")
REQUESTED = _words(
    r"\brequested\b\D{0,20}(\d{1,9})\b|\brequest (?:of|size|has|\()\D{0,5}(\d{1,9})\b|\bhas (\d{1,9}) .{0,20}tokens"
)
TOKENS = _words(r"token|\btp[mds]\b")
GRANTED = _words(r"(?:limit|maximum(?: allowed)?|allowed|bucket(?: size)?|capacity|burst)\D{0,20}(\d{1,9})\b")
TOO_LONG = _words(
    r"context_length_exceeded|exceed_context_size|context[ _-]?(?:length|window|size|limit)|too many (?:input )?tokens",
    r"(?:prompt|input|request)(?!.{0,20}\bt(?:ook|ak(?:es?|ing))\b).{0,20} too long",
    r"maximum (?:context|input|prompt)|longer than the model",
    r"too large to process|reduce the length|max(?:imum)? size\D{0,5}\d{1,9} tokens",
    r"total text bytes|token count .{0,30}exceeds|must have less than|length is \d+ while limit",
    r"tokens`? \+ `?max|number of tokens .{0,60}exceed|sequence length|max_model_len",
    r"(?:prompt|input)\b.{0,30}(?:\+|\bplus\b).{0,30}(?:output|max|completion)|total tokens must",
)
# A reply may not be as long as was asked for, whatever the prompt.
_MAX_TOKENS = r"(?:(?:max|maximum)[_ ]?(?:new_|output_|completion_)?tokens|output length)"
REPLY_TOO_LONG = _words(
    r"(?:completion|output|response) tokens|maxoutputtokens|maximum output|maximum tokens you requested",
    rf"{_MAX_TOKENS}.{{0,80}}(?:less than|at most|range|<=|≤|>|exceed|too (?:large|high|big)|limit|larger|above"
    r"|between|bounds|allows|up to|(?:greater|more) than \d)",
    rf"(?:range of|limit|exceed|allowed|up to).{{0,40}}{_MAX_TOKENS}",
)
# The server checks the reply and refuses it; Groq's words, and those of others.
NOT_JSON = _words(
    r"json_validate_failed|fail\w* to generate (?:valid )?json|generated json (?:does not|doesn't|is not)",
    r"(?:before|without) (?:generating|producing) a valid",
)
# It sends no reply where the tokens did not suffice; OpenAI's words, of a model that reasons, and Groq's.
CUT_OFF = _words(r"(?:could not|unable to) finish the message|output limit was reached|tokens reached before")
# What was sent may not be said here; not the key, and not the account.
FILTERED = _words(
    r"content[_ ]?(?:filter|policy|management|exists risk)|responsibleai|invalid_prompt|data_?inspection|harmful",
    r"(?:usage|safety|acceptable use) polic|moderat(?:ion|ed)|\bflagged\b|guardrail|high risk|inappropriate content",
    r"(?:sensitive|unsafe|prohibited|disallowed)[- _](?:content|words?|input|prompt|information|topic)|敏感|不安全",
    r"(?:blocked|rejected|refused).{0,40}(?:safety|filter|risk)|violat.{0,40}(?:polic|guideline|safety)",
)
SAID = _words(r"\b(?:contents?|prompts?|inputs?|requests?|messages?|text|moderation)\b")
ACCOUNT = _words(r"\b(?:accounts?|organi[sz]ation|(?:api[ _-]?)?keys?|token|region|country|territory|ip)\b")
NO_MODEL = _words(
    r"model[_ ](?:name[_ ])?(?:not[_ ]found|not[_ ]exist)|model_not_supported|not supported by any provider",
    r"(?:invalid|unknown|unsupported|no such|no|no healthy|no available) (?:models?|deployments?)\b",
    r"\b(?:model|deployment)\b.{0,80}(?:not found|n[o']t exist|not (?:loaded|available|supported by)|not be served"
    r"|decommissioned|retired|has been (?:deprecated|removed|shut down)|(?:is|are) (?:un|dis)available|is unknown"
    r"|identifier is invalid|is invalid)",
    r"not a (?:valid model|chat(?: completion)? model)|model.{0,20}unrecogni[sz]ed",
)
NO_CHANNEL = _words(r"no available channel|无可用渠道")  # of a distributor
NO_ACCESS = _words(r"access.{0,40}\bmodel\b|\bmodel\b.{0,80}\baccess\b")
BAD_KEY = _words(
    r"no connected db|(?:invalid|incorrect|wrong|missing|expired|malformed) (?:x-)?api[ _-]?key",
    r"api[ _-]?key.{0,20}not valid|api[ _-]?key.{0,30}(?:invalid|expired|incorrect)|unauthorized",
    r"authentication (?:error|failed)|no auth credentials",
)
# The status of an error that came without one.
STATUSES = (
    (402, CREDIT),
    (401, BAD_KEY),
    (401, _words(r"authentication_error|login fail")),
    (429, THROTTLED),
    (429, _words(r"\b[rt]pm\b")),
    (404, _words(r"not_found")),
    (503, _words(r"overload|server_error|internal|timeout|unavailable(?! now)|try again|loading")),
    (400, _words(r"invalid|unsupported|not (?:supported|allowed|permitted)|bad.?request|must be|must not")),
)
CERTIFICATE = _words(
    r"certificate[ _](?:verify[ _]failed|signed by|has expired|is not (?:yet valid|trusted))|x509:|hostname mismatch",
    r"unable to get local issuer|self[- ]signed certificate|verify (?:the )?(?:first |leaf |server )?certificate",
)
LOADING = _words(
    r"(?<!error )(?<!failed )\bloading\b|warm(?:ing)?[ -]?up|\bwaking\b|\b(?:re)?starting\b|initiali[sz]ing|booting",
    r"not (?:yet )?ready|model is not loaded|being (?:\w+ )?(?:(?:down)?loaded|deployed|pulled|started|prepared)",
    r"\b(?:deploying|downloading|provisioning|scaling up)\b|cold[ -]start|maintenance",
)
STILL = _words(r"\b(?:still|currently|being|yet)\b")  # else the words may be those of any page
# The words of a server in front of one that is gone, or whose process died. One that has too much to do is there.
GATEWAY = _words(
    r"bad gateway|gateway time-?out|upstream|service (?:temporarily )?unavailable|connection (?:refused|reset)",
)
DIED = _words(
    r"(?:process|runner|worker|engine|model) (?:has |is |was |got )?(?:(?:been )?unloaded|terminated|exited|died|dead\b"
    r"|killed|crashed)|enginedead|unloaded or crashed|channel error|cuda (?:error|out of memory)",
)
# A tunnel that is closed while its page is still there; ngrok's and serveo's.
TUNNEL = _words(r"err_ngrok_\d|\b(?:endpoint|tunnel)\b.{0,120}\b(?:is offline|not found|unavailable|is closed)\b")
BUSY = _words(r"overload|\bbusy\b|capacity|too many|throttl|rate limit|quota|resource.?exhausted")
# Of a LiteLLM provider, on this machine.
NO_PACKAGE = _words(r"pip install|no module named|cannot import name|must be installed")
NO_CREDENTIALS = _words(
    r"(?:default )?credentials (?:were |was )?not found|unable to locate credentials|nocredentialserror",
    r"could not (?:find|load|automatically determine).{0,40}credentials|defaultcredentialserror|missing credentials",
    r"partial credentials|api_key client option must be set|credentials? (?:is|are) (?:missing|required)",
    r"failed to load .{0,30}credentials|missing .{0,40}(?:api[ _]|jwt )key|missing required parameters|_id not set",
)
_ROLES = r"(?:roles?|users?|assistant|messages?|requests?|turns?|contents?)"
NO_ALTERNATION = _words(
    rf"\b{_ROLES}\b.{{0,60}}\b(?:alternat(?:e|es|ing|ion)|interleaved)\b|alternat\w+ between",
    r"(?:roles?|messages?|turns?) in a row|(?:consecutive|successive) .{0,30}(?:roles?|messages?|turns?)|same role",
    r"unexpected role '?(?:user|assistant)|number of user and assistant|role of message \d",
    r"(?:last|final) (?:role|message|turn|content)\b.{0,40}\buser\b|\bends? with .{0,20}\buser\b",
)
USER_FIRST = _words(
    r"first (?:role|message|turn|content|non-system)\b.{0,40}\buser\b|\b(?:start|begin)s? with .{0,20}\buser\b"
)
# A refusal names it, whatever it says about it.
SYSTEM_NAMED = _words(
    r"\bsystem['`\"]? (?:role|messages?|prompts?|instructions?|field|parameter|turns?)\b|developer instruction",
    r"\broles?\b.{0,60}\bsystem\b|['`\"]system['`\"]",
    r"\brole\b.{0,60}(?:(?:should|must) be|not (?:one of|in)).{0,20}\buser\b.{0,12}\bassistant\b",
    r"\bonly ['`\"]?user\b.{0,12}\bassistant\b",
)
_TEXTS = r"(?:batch\w*|inputs?|texts?|items?|array|list|strings?|sentences?|documents?|contents?|elements|instances)"
_FEWER = (
    r"(?:at most|more than|larg|great|exceed|limit|max|[<>]|≤|\bonly\b|up to|too (?:many|long|large|big)|between"
    r"|permitted|\d+ to \d+|\bsize\b|in one batch|longer|less than|fewer)"
)
TOO_MANY_TEXTS = _words(rf"(?:\b|_){_TEXTS}\b.{{0,60}}{_FEWER}|{_FEWER}.{{0,60}}(?:\b|_){_TEXTS}\b")
