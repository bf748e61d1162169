"""Labels that tell the answer from the reasoning."""

from __future__ import annotations

import pytest

from personagen.errors import ReplyError
from personagen.llm.labelled import after_final_label
from personagen.llm.reasoning import answer_of


@pytest.mark.parametrize("label", ["think: ", "Think:\n", "**Think:** ", "THOUGHT\n", "Thought: ", "Thinking:\n"])
def test_a_reply_under_a_label_of_thinking_is_refused_unless_an_answer_is_labelled(label):
    with pytest.raises(ReplyError):
        answer_of(f"{label}They want a short reply.\n\nTake the train.")
    assert answer_of(f"{label}They want a short reply.\n\nAnswer: Take the train.").strip() == "Take the train."


@pytest.mark.parametrize(
    "text",
    ["Thought\nfor the day: rest.", "Think twice: it is a long way.", "I'd think: is it worth it?", "Rethink: no."],
)
def test_a_message_that_begins_with_such_a_word_stays(text):
    assert answer_of(text) == text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("They are tired.\n\n\\boxed{Take the train.}", "Take the train."),
        ("They are tired. $\\boxed{Take the train}$.", "Take the train"),
        ("\\boxed{Take the train.}", "Take the train."),
        ("So it is $\\boxed{42}$", "So it is $\\boxed{42}$"),
        ("So it is \\boxed{7 km}", "So it is \\boxed{7 km}"),
        ("A \\boxed{frame of text} is drawn so.", "A \\boxed{frame of text} is drawn so."),
    ],
)
def test_an_answer_in_a_box_at_the_end_is_taken_out_unless_it_is_a_mere_value(text, answer):
    assert after_final_label(text) == answer
