"""Rows for FastChat, LLaMA-Factory, axolotl and OpenRLHF."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from personagen.exporters import EXPORTERS
from personagen.exporters.llama_factory import dataset_info
from personagen.pairs import pairs_of
from personagen.records import ConversationTree, Judgment
from tests.exporters.rows import rows_of
from tests.trees import branching, conversation, trees


def said(row: dict) -> list[str]:
    return [message["value"] for message in row["conversations"] if message["from"] == "gpt"]


def test_a_sharegpt_row_is_the_whole_conversation_if_each_reply_is_the_chosen_one():
    [row] = rows_of("sharegpt", conversation(turns=3))
    assert said(row) == [f"Reply 0 in turn {turn}." for turn in (1, 2, 3)]
    assert [message["from"] for message in row["conversations"]] == ["human", "gpt"] * 3


def test_a_sharegpt_conversation_ends_before_its_first_reply_that_lost():
    [row] = rows_of("sharegpt", conversation(turns=3, said=[0, 1, 0]))
    assert said(row) == ["Reply 0 in turn 1.", "Reply 0 in turn 2."]


def test_a_reply_that_lost_in_a_pair_that_is_not_exported_is_not_learned_either():
    tree = conversation(turns=3, said=[1, 0, 0])
    later = [pair for pair in pairs_of(tree)[0] if pair.turn > 1]
    assert rows_of("sharegpt", tree, pairs=later) == []


def test_a_turn_that_ended_in_a_tie_is_passed():
    tree = conversation(turns=2)
    tied = [made.model_copy(update={"tie": made.node == "0"}) for made in tree.judgments]
    [row] = rows_of("sharegpt", tree.model_copy(update={"judgments": tuple(tied)}))
    assert said(row) == ["Reply 0 in turn 1.", "Reply 0 in turn 2."]


@settings(deadline=None)
@given(trees())
def test_no_conversation_begins_another_one_and_none_has_a_reply_that_was_rejected(tree: ConversationTree):
    ends = [row["node"] for row in rows_of("sharegpt", tree)]
    assert not [(one, other) for one in ends for other in ends if other.startswith(f"{one}.")]
    lost = {pair.rejected_node for pair in pairs_of(tree)[0]}
    assert not [end for end in ends for reply in lost if f"{end}.".startswith(f"{reply}.")]


def test_llama_factory_has_tagged_messages_with_one_reply_on_each_side():
    row = rows_of("llama-factory", conversation(turns=2))[1]
    assert [message["from"] for message in row["conversations"]] == ["human", "gpt", "human"]
    assert row["chosen"] == {"from": "gpt", "value": "Reply 0 in turn 2."}
    assert row["rejected"] == {"from": "gpt", "value": "Reply 1 in turn 2."}


def test_llama_factory_s_index_names_the_file_and_its_columns():
    name, made = EXPORTERS["llama-factory"].beside or ("", dataset_info)
    assert name == "dataset_info.json"
    assert json.loads(made("pairs.jsonl", b"")) == {
        "pairs": {
            "file_name": "pairs.jsonl",
            "formatting": "sharegpt",
            "ranking": True,
            "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"},
        }
    }


def test_other_entries_of_the_index_stay_and_the_same_export_changes_nothing():
    once = dataset_info("a.jsonl", b'{"identity": {"file_name": "identity.json"}}')
    assert list(json.loads(once)) == ["identity", "a"]
    assert dataset_info("a.jsonl", once) == once
    assert list(json.loads(dataset_info("a.v2.jsonl", once))) == ["identity", "a", "a.v2"]


@pytest.mark.parametrize("before", [b"[]", b"{", b"\xff"])
def test_an_index_that_is_none_is_not_overwritten(before: bytes):
    with pytest.raises(ValueError, match=r"."):
        dataset_info("a.jsonl", before)


def test_axolotl_has_messages_and_one_message_on_each_side():
    row = rows_of("axolotl", conversation(turns=1))[0]
    assert row["messages"] == [{"role": "user", "content": "This was my day 1 at the organ."}]
    assert row["chosen"] == {"role": "assistant", "content": "Reply 0 in turn 1."}
    assert row["rejected"] == {"role": "assistant", "content": "Reply 1 in turn 1."}


def test_openrlhf_reads_the_rows_for_a_reward_model():
    tree = branching(2)
    assert rows_of("openrlhf", tree) == rows_of("trl-reward", tree)


def test_an_imported_tree_with_one_verdict_a_turn_has_conversations_too():
    tree = conversation(turns=2, said=[1, 0])
    single = tuple(Judgment(node=made.node, order=made.order, ranking=made.ranking) for made in tree.judgments[::2])
    given_pairs = tree.model_copy(update={"judgments": single, "keep": "given"})
    assert [said(row) for row in rows_of("sharegpt", given_pairs)] == [["Reply 0 in turn 1."]]
