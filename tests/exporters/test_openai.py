"""Rows for OpenAI's fine-tuning."""

from __future__ import annotations

import pytest

from personagen.errors import UsageError
from personagen.exporters import EXPORTERS
from personagen.pairs import pairs_of
from personagen.records import Message
from tests.exporters.rows import rows_of
from tests.trees import conversation


def test_a_preference_has_the_three_fields_and_one_assistant_message_in_each_output():
    row = rows_of("openai-dpo", conversation(turns=2))[1]
    assert row == {
        "input": {
            "messages": [
                {"role": "user", "content": "This was my day 1 at the organ."},
                {"role": "assistant", "content": "Reply 0 in turn 1."},
                {"role": "user", "content": "This was my day 2 at the organ."},
            ]
        },
        "preferred_output": [{"role": "assistant", "content": "Reply 0 in turn 2."}],
        "non_preferred_output": [{"role": "assistant", "content": "Reply 1 in turn 2."}],
    }


def test_only_the_last_message_of_a_supervised_example_is_learned():
    [_, row] = rows_of("openai-sft", conversation(turns=2, candidates=3))
    assert set(row) == {"messages"}
    weights = [(message["role"], message.get("weight")) for message in row["messages"]]
    assert weights == [("user", None), ("assistant", 0), ("user", None), ("assistant", 1)]


@pytest.mark.parametrize("kind", ["openai-dpo", "openai-sft"])
def test_an_empty_message_is_refused_with_its_pair(kind: str):
    tree = conversation(turns=1)
    pair = pairs_of(tree)[0][0].model_copy(update={"chosen": (Message(role="assistant", content=" "),)})
    with pytest.raises(UsageError, match=r"refuses empty messages, and the assistant says nothing in pair t1/0: "):
        rows_of(kind, tree, pairs=[pair])


@pytest.mark.parametrize("kind", ["openai-dpo", "openai-sft"])
def test_fewer_than_ten_examples_and_further_columns_are_not_for_openai(kind: str):
    assert EXPORTERS[kind].least == 10
    assert EXPORTERS[kind].exact
