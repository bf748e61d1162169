"""Replies in any script: labels, quotes and JSON as models write them in other languages."""

from __future__ import annotations

import orjson
import pytest

from personagen.agents import judge, observer
from personagen.agents.replies import Spoken, cut_speech, parsed, speech
from personagen.records import Message
from tests.gates.talk import rejected

OWN = (
    ("user", "Nutzer: {}"),
    ("user", "**Nutzerin:** {}"),
    ("user", "用户：{}"),
    ("user", "【用户】：{}"),
    ("user", "ユーザー：{}"),
    ("user", "사용자: {}"),
    ("user", "المستخدم: {}"),
    ("user", "उपयोगकर्ता: {}"),
    ("user", "Mtumiaji: {}"),
    ("user", "Turn 3 (user): {}"),
    ("user", "**Turn 3 (User):** {}"),
    ("user", "User (turn 3): {}"),
    ("user", "Turn 3 - User: {}"),
    ("user", "Turn 3: {}"),
    ("user", "第3轮（用户）：{}"),
    ("user", "Runde 2 (Nutzer): {}"),
    ("assistant", "AI: {}"),
    ("assistant", "KI: {}"),
    ("assistant", "AI助手：{}"),
    ("assistant", "Assistente: {}"),
    ("assistant", "ИИ: {}"),
    ("assistant", "المساعد: {}"),
    ("assistant", "सहायक: {}"),
    ("assistant", "Msaidizi: {}"),
    ("assistant", "Chatbot: {}"),
)


@pytest.mark.parametrize(("role", "form"), OWN)
def test_a_speakers_own_label_is_removed_in_any_language(role: str, form: str):
    assert speech(form.format("salt, 盐 or ملح?"), role) == Spoken("salt, 盐 or ملح?", labelled=True)


@pytest.mark.parametrize(
    ("role", "text"),
    [
        ("user", "我的汤没有味道。\n助手：放盐。"),
        ("user", "Die Suppe ist fad.\nKI: Salz sie."),
        ("assistant", "Salz sie.\nNutzer: Danke."),
        ("assistant", "塩を入れて。\nユーザー：ありがとう"),
        ("assistant", "Посолите.\n**Пользователь:** Спасибо"),
    ],
)
def test_the_other_speakers_line_is_cut_off_in_any_language(role: str, text: str):
    said, _, more = text.partition("\n")
    assert speech(text, role) == Spoken(said, cut=more)


@pytest.mark.parametrize(
    ("role", "text"), [("user", "助手：放盐。"), ("assistant", "Nutzer: Danke."), ("assistant", "Turn 2 (user): hi")]
)
def test_a_message_that_opens_as_the_other_is_rejected_in_any_language(role: str, text: str):
    assert rejected("speaker", role, speech(text, role).text)


@pytest.mark.parametrize(
    "text",
    [
        "Benutzerhandbuch: wo?",
        "Day 3: rain.",
        "我：你好",
        "User's bike: gone",
        "AI: hype or not?",
        "Kituo: Nairobi",
        "使用者介面：不好用",
    ],
)
def test_a_word_before_a_colon_is_not_a_label(text: str):
    assert speech(text, "user") == Spoken(text)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("先去修车，再问清楚价钱。然后付钱。再骑", "先去修车，再问清楚价钱。然后付钱。"),
        ("पहले दुकान पर जाओ और दाम पूछो। फिर पैसे दो। उसके", "पहले दुकान पर जाओ और दाम पूछो। फिर पैसे दो।"),
        ("هل ذهبت إلى المحل وسألت عن السعر؟ ادفع أولا. وبع", "هل ذهبت إلى المحل وسألت عن السعر؟ ادفع أولا."),
        ("คุณควรไปพบช่างซ่อมก่อน เพราะเขารู้ดีที่สุด จากนั้น", "คุณควรไปพบช่างซ่อมก่อน เพราะเขารู้ดีที่สุด"),
    ],
)
def test_a_reply_that_was_cut_off_ends_with_a_sentence_of_its_script(text: str, whole: str):
    assert cut_speech(text, "assistant").text == whole


def observed(reply: str, *said: str):
    chat = [Message(role="user", content=text) for text in said]
    return observer.verified(parsed(observer.Guesses, reply).inferences, chat)


@pytest.mark.parametrize(
    ("quote", "said"),
    [
        ("「東京に住んでいます」", "私は東京に住んでいます。"),
        ("我住在上海,用iPhone", "我住在上海，用 iPhone 打字。"),
        ("«я живу в Омске…»", "Вообще я живу в Омске."),
        ("„Ich backe Brot“", "Ich backe Brot, seit ich zwölf bin."),
        ("أعيش في القاهرة", "أنا أعيش في القاهرة\u200f، وأعمل هنا"),
        ("मैं दिल्ली में रहता हूँ", "हाँ, मैं दिल्ली में रहता हूँ।"),
        ("ｱｲｽが好き", "アイスが好き"),
        ("Ela é de E\u0301vora", "Ela é de Évora"),
    ],
)
def test_a_verbatim_quote_is_found_whatever_its_marks_and_width(quote: str, said: str):
    entry = {"fact": "f", "quote": quote, "kind": "profile"}
    found, dropped = observed(orjson.dumps({"inferences": [entry]}).decode(), said)
    assert (len(found), dropped) == (1, 0)


@pytest.mark.parametrize(("quote", "said"), [("我住在北京", "我住在上海。"), ("…", "hm."), ("「」", "「はい」")])
def test_a_quote_that_nobody_said_is_dropped(quote: str, said: str):
    entry = {"fact": "f", "quote": quote, "kind": "profile"}
    assert observed(orjson.dumps({"inferences": [entry]}).decode(), said) == ((), 1)


@pytest.mark.parametrize(
    "reply",
    [
        '{"inferences"：[{"fact"："住在上海"，"quote"："我住在上海"，"kind"："profile"}]}',
        "{“inferences”：[{“fact”：“住在上海”，“quote”：“我住在上海”，“kind”：“profile”}]}",
        "｛“inferences”：［｛“fact”：“住在上海”，“quote”：“我住在上海”，“kind”：“profile”｝］｝",
        '好的：\n```json\n{"inferences": [{"fact": "住在上海", "quote": "我住在上海", "kind": "profile"}，]}\n```',
        "{„inferences“: [{„fact“: „住在上海“, „quote“: „我住在上海“, „kind“: „profile“}]}",
    ],
)
def test_json_in_full_width_signs_is_read(reply: str):
    (found,), dropped = observed(reply, "我住在上海。")
    assert (found.fact, found.quote, dropped) == ("住在上海", "我住在上海", 0)


def test_full_width_signs_within_a_string_stay():
    reply = '{"inferences": [{"fact": "他说：“好，走！”", "quote": "好，走", "kind": "profile"},]}'
    (found,), _ = observed(reply, "好，走！")
    assert found.fact == "他说：“好，走！”"


@pytest.mark.parametrize("ranking", ["Ｂ，Ａ", "B＞A", "B、A", "B；A", "１．B ２．A"])
def test_a_verdict_in_full_width_letters_and_signs_is_read(ranking: str):
    verdict = orjson.dumps({"reason": "理由", "ranking": ranking}).decode()
    assert parsed(judge.Ranking, verdict, labels="AB").ranking == ("B", "A")
