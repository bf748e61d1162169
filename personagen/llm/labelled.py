"""Tells the answer from reasoning by labels on lines of their own: ``Thought: ...``, ``**Final answer:** ...``."""

from __future__ import annotations

import re

from personagen.llm.marks import code_in, thinks

_COLON = r"[^\w\n:：]*(?:[:：][*_ ]*|\n)"
# A reply that begins so is reasoning, with an answer or without.
_LABEL = re.compile(
    r"\A[^\w}]*(?:(?:step\s)?\d{1,2}[^\w\n]{1,3})?"
    r"(?:(?:thought|thinks?)(?=[*_ ]*[:：])|(?-i:THOUGHT)(?= *\n)"
    r"|(?:(?:my|here(?:'s| is)(?: my| a)?|okay,? here(?:'s| is) my)\s+)?"
    r"(?:thinking(?: process)?|thought process|thoughts|reasoning(?: process)?|chain of thought"
    r"|scratchpad|(?:here are my )?reasoning steps"
    r"|(?:inner|internal) (?:monologue|thoughts?|thinking|reasoning)|思考(?:过程|過程)?|推理(?:过程|過程)?|gedankengang"
    r"|überlegung(?:en)?|raisonnement|réflexion|razonamiento|pensamiento|рассуждени[ея]|размышлени[ея]))"
    r"(?:\.\.\.|…)?" + _COLON,
    re.IGNORECASE,
)
# Other labels speak of reasoning only where one of the answer follows.
_FIRST = re.compile(r"\A[^\w}]*(?P<label>[^\W\d][^\n:：=*#]{0,30}?)" + _COLON)
_STEMS = re.compile(
    r"gedanke|überleg|denk|pens[éai]|razona|raisonn|réflex|reflex|ragion|rifless|racioc|myśl|rozważ|мысл|рассужд|размышл"
    r"|думк|міркув|düşün|analy|análi|анал|^plan|^план|思|考|推理|分析|생각|추론|분석|تفكير|विचार",
    re.IGNORECASE,
)
_MAX_WORDS = 3  # of such a label
_ANSWER = (
    r"(?:answer|reply|response|message|output|回答|答案|回复|回覆|答复|返信|antwort|réponse|respuesta|risposta|resposta"
    r"|antwoord|odpowiedź|cevap|yanıt|ответ|відповідь|답변|대답|जवाब|उत्तर)"
)
_FINAL = r"(?:final|endgültige|finale|окончательный|итоговый|остаточна|最终|最終|최종)"
_ANSWER_LABEL = re.compile(
    r"^[^\w\n]*(?:(?:step\s)?\d{1,2}[^\w\n]{1,3})?(?:(?:my|here(?:'s| is)(?: my| the)?)\s+)?"
    rf"(?:{_FINAL}\s*)?{_ANSWER}(?:\s+finale?)?{_COLON}",
    re.IGNORECASE | re.MULTILINE,
)
_FINAL_LABEL = re.compile(
    rf"^[^\w\n]*(?:(?:my|the)\s+)?(?:{_FINAL}\s*{_ANSWER}|{_ANSWER}\s+finale?){_COLON}", re.IGNORECASE | re.MULTILINE
)
_BOXED = re.compile(r"\\boxed\{([^{}]*)\}[\s$.]*\Z")
_LETTERS = re.compile(r"[^\W\d_]{2,}")


def begins_reasoning(text: str) -> bool:
    """Whether ``text`` begins with a label of reasoning."""
    if _LABEL.match(text):
        return True
    first = _FIRST.match(text)
    if not first or not (thinks(first["label"]) or _STEMS.search(first["label"])):
        return False
    one_word = " " not in first["label"]
    labelled = one_word or first[0].rstrip(" *_\n").endswith((":", "："))
    return labelled and len(first["label"].split()) <= _MAX_WORDS and bool(_ANSWER_LABEL.search(text, first.end()))


def labelled_answer(text: str) -> str | None:
    """What follows the last label of an answer in ``text``, or None."""
    labels = list(_ANSWER_LABEL.finditer(text, 1))
    if not labels or not text[labels[-1].end() :].strip():
        return None
    return text[labels[-1].end() :]


def after_final_label(text: str) -> str:
    """What follows a label of the final answer in ``text``, or is in a box at its end, unless it is a mere value."""
    codes, found = code_in(text), None
    for label in _FINAL_LABEL.finditer(text):
        if text[: label.start()].strip() and not any(begin < label.end() <= end for begin, end in codes):
            found = label
    boxed = _BOXED.search(text)
    answer = boxed[1] if boxed else text[found.end() :] if found else ""
    letters = _LETTERS.findall(answer)
    mere = not letters or (len(letters) <= 2 and any(map(str.isdigit, answer)))
    return text if mere else answer
