"""A message that says aloud what its prompt holds: the task, the persona, the inferences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from personagen.gates import TURN_GATES, Turn, texts_in
from personagen.records import Message
from tests.gates.replies import INFERENCES, PERSONA, asked
from tests.gates.talk import chat

SAID = ("My tap drips at night.", "Since when does it drip?")
TASK_ZH = "你是一位住在大阪的退休工人。请用简短自然的口吻写出下一条消息，不要透露自己的性格，也不要替助手说话。"


def echoes(role: str, text: str, *before: str, known: tuple[str, ...] | None = None) -> str | None:
    talk = chat(*before)
    told = (PERSONA if role == "user" else INFERENCES) if known is None else known
    return TURN_GATES["echo"](Turn(role, text, talk, prompt=asked(role, talk, told, turn=4), known=told))


@pytest.mark.parametrize(
    ("role", "text", "before"),
    [
        ("assistant", "You're right: be right, be concrete, and stay with what they asked.", SAID[:1]),
        ("assistant", "Never recite or mention this note. Anyway, close the valve.", SAID[:1]),
        ("assistant", "What they said so far suggests that you should turn it off.", SAID[:1]),
        ("user", "I ask the next thing I need to know, ask the next thing you need to know. No.", SAID),
        ("user", "My life holds only what your description says: invent nothing. I have a dog.", SAID),
        ("user", "I take part in a study of how people talk with an AI assistant. My tap drips.", ()),
        ("user", "<my_message>\nIt drips since May.\n</my_message>", SAID),
    ],
)
def test_words_and_tags_of_the_prompt_are_found(role: str, text: str, before: tuple[str, ...]):
    assert echoes(role, text, *before)


@pytest.mark.parametrize(
    "text",
    [
        "They live near the river in Naples. They have a deaf cat called Biscuit. They have been divorced since 1994.",
        "Hello there. They live near the river in Naples. They have a deaf cat called Biscuit. And so it goes on.",
        "I live near the river in Naples, have a deaf cat called Biscuit, have been divorced since 1994.",
        "So my tap drips. I live near the river in Naples, by the way, and I have a deaf cat called Biscuit. "
        "I have been divorced since 1994, after I drove a night bus for thirty years in Turin.",
    ],
)
def test_a_persona_read_out_is_found(text: str):
    assert echoes("user", text)


def test_a_detail_of_the_persona_in_its_own_words_is_no_recital():
    assert not echoes("user", "I live near the river in Naples and my tap drips. Who do I call at night, the landlord?")
    assert not echoes(
        "user", "Since May. I have a deaf cat called Biscuit, so nobody minds but me. What do I do?", *SAID
    )


def test_inferences_read_out_are_found_and_their_use_is_not():
    listed = "Here is what I know. The user works nights in a bakery. The user has a dog. So the tap should be mended."
    told = ("The user works nights in a bakery.", "The user has a dog and two cats.")
    assert echoes("assistant", listed.replace("a dog", "a dog and two cats"), SAID[0], known=told)
    assert not echoes("assistant", "Since you work nights in a bakery, mend it in the evening.", SAID[0], known=told)


def test_facts_within_sentences_of_ones_own_are_no_recital():
    told = ("Soap-opera hour is blocked in the calendar", "Night classes in Hindi take up the Tuesdays")
    text = (
        "I see that soap-opera hour is blocked in the calendar, so print before. The driver has a mode for black ink. "
        "You could also use the fact that night classes in Hindi take up the Tuesdays, and print on Mondays."
    )
    assert not echoes("assistant", text, SAID[0], known=told)
    assert echoes("assistant", f"{told[0]}. {told[1]}. Print before that, on Mondays, say.", SAID[0], known=told)


def test_words_of_the_conversation_are_nobodys_prompt():
    quoted = "The leaflet says: be right, be concrete, and stay with what they asked. Is that good advice for a judge?"
    assert echoes("user", "Ask the next thing you need to know, or else.", *SAID)
    reply = "'Be right, be concrete, and stay with what they asked' is fine advice for a judge."
    assert not echoes("assistant", reply, quoted)
    assert echoes("assistant", reply, SAID[0])


def test_a_tag_that_the_conversation_or_code_holds_is_let_through():
    assert not echoes("user", "<note>\nThat line, what is it for?", "What is XML?", "<note>\nsuch a tag\n</note>")
    assert not echoes("user", "I typed this:\n```\n<note>\n```\nand nothing happened.", *SAID)
    assert not echoes("user", "<table>\n<tr><td>1</td></tr>\n</table>\nWhy is it empty?", *SAID)


def test_a_prompt_in_a_script_without_spaces_is_found_too():
    prompt = [Message(role="user", content=TASK_ZH)]
    gate = TURN_GATES["echo"]
    assert gate(Turn("user", "不要透露自己的性格，也不要替助手说话。好的。", (), "any", prompt))
    assert gate(Turn("user", "水龙头晚上一直滴水，我该打电话给房东吗？", (), "any", prompt)) is None


def test_a_number_of_the_prompt_is_found_unless_the_conversation_has_it():
    prompt = [Message(role="user", content="A message in this chat usually has about 100 words; write more if asked.")]
    echoed = Turn("assistant", "Same answer, 100 words max.", chat("How do I begin?"), prompt=prompt)
    assert TURN_GATES["echo"](echoed)
    asked = chat("How do I cut my speech to 100 words?")
    assert TURN_GATES["echo"](Turn("assistant", echoed.text, asked, prompt=prompt)) is None


def test_without_a_prompt_nothing_is_found():
    text = "Be right, be concrete, and stay with what they asked."
    assert TURN_GATES["echo"](Turn("assistant", text, chat(SAID[0]))) is None


def test_the_texts_of_a_prompt_are_those_of_the_inputs_it_uses():
    inputs = {"conversation": chat(*SAID), "profile": "She rows.", "known": ["a", ""], "turn": 2, "facts": ("unused",)}
    assert texts_in(inputs, ("conversation", "profile", "known", "turn", "missing")) == ("She rows.", "a")


def test_the_topic_and_the_facts_of_a_brief_may_be_said():
    brief = {"topic": "a talk with the teacher of my son", "facts": [{"text": "keeps two deaf cats in the shed"}]}
    prompt = [Message(role="user", content=f"Open with: {brief['topic']}. May come up: {brief['facts'][0]['text']}.")]
    said = "I need a talk with the teacher of my son, and I am one who keeps two deaf cats in the shed."
    turn = Turn("user", said, (), prompt=prompt, known=texts_in({"brief": brief}, ("brief",)))
    assert not TURN_GATES["echo"](turn)
    assert TURN_GATES["echo"](replace(turn, known=()))
