"""Rows for TRL."""

from __future__ import annotations

from personagen.exporters import EXPORTERS
from personagen.exporters.trl import trl
from personagen.pairs import pairs_of
from tests.trees import conversation


def test_a_row_holds_prompt_chosen_and_rejected_as_plain_messages_and_nothing_else():
    tree = conversation(turns=2, said=[1, 0])
    assert list(trl(tree, pairs_of(tree)[0]))[1] == {
        "prompt": [
            {"role": "user", "content": "This was my day 1 at the organ."},
            {"role": "assistant", "content": "Reply 1 in turn 1."},
            {"role": "user", "content": "This was my day 2 at the organ."},
        ],
        "chosen": [{"role": "assistant", "content": "Reply 0 in turn 2."}],
        "rejected": [{"role": "assistant", "content": "Reply 1 in turn 2."}],
    }


def test_there_is_one_row_a_pair_in_order():
    tree = conversation(turns=5)
    assert [len(row["prompt"]) for row in trl(tree, pairs_of(tree)[0])] == [1, 3, 5, 7, 9]


def test_both_formats_are_on_the_list():
    assert set(EXPORTERS) == {"trl", "aloe"}
