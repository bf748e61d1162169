"""Rows for TRL's trainers."""

from __future__ import annotations

import pytest

from personagen.exporters import EXPORTERS
from personagen.pairs import pairs_of
from tests.exporters.rows import rows_of
from tests.trees import conversation

MESSAGES = {"prompt", "chosen", "rejected"}
ORIGIN = {"persona", "tree", "node", "turn", "chosen_agent", "rejected_agent", "margin", "twin"}


def test_a_row_holds_prompt_chosen_and_rejected_as_plain_messages():
    row = rows_of("trl-dpo", conversation(turns=2, said=[1, 0]))[1]
    assert {name: row[name] for name in MESSAGES} == {
        "prompt": [
            {"role": "user", "content": "This was my day 1 at the organ."},
            {"role": "assistant", "content": "Reply 1 in turn 1."},
            {"role": "user", "content": "This was my day 2 at the organ."},
        ],
        "chosen": [{"role": "assistant", "content": "Reply 0 in turn 2."}],
        "rejected": [{"role": "assistant", "content": "Reply 1 in turn 2."}],
    }


def test_a_row_says_where_it_comes_from_and_nothing_about_the_persona():
    row = rows_of("trl-dpo", conversation(turns=1))[0]
    assert set(row) == MESSAGES | ORIGIN
    assert "Marta" not in str(row)


def test_there_is_one_row_a_pair_in_order():
    assert [len(row["prompt"]) for row in rows_of("trl-dpo", conversation(turns=5))] == [1, 3, 5, 7, 9]


def test_trl_is_short_for_trl_dpo():
    assert EXPORTERS["trl"] is EXPORTERS["trl-dpo"]


@pytest.mark.parametrize(("margin", "written"), [(None, 0.0), (2.5, 2.5), (0.0, 0.0)])
def test_every_row_for_a_reward_model_has_a_margin_that_is_a_number(margin: float | None, written: float):
    tree = conversation(turns=1)
    pair = pairs_of(tree)[0][0].model_copy(update={"margin": margin})
    [row] = rows_of("trl-reward", tree, pairs=[pair])
    assert row["margin"] == written
    assert type(row["margin"]) is float
    assert set(row) == MESSAGES | ORIGIN


def test_kto_has_the_desirable_replies_first_then_the_others_and_leaves_out_the_middle():
    rows = rows_of("trl-kto", conversation(turns=2, candidates=3))
    assert [(row["completion"][0]["content"], row["label"], row["agent"]) for row in rows] == [
        ("Reply 0 in turn 1.", True, "aware"),
        ("Reply 0 in turn 2.", True, "aware"),
        ("Reply 2 in turn 1.", False, "plain"),
        ("Reply 2 in turn 2.", False, "plain"),
    ]


def test_sft_learns_each_chosen_reply_once_and_the_conversation_before_it_is_the_prompt():
    rows = rows_of("trl-sft", conversation(turns=2, candidates=3, said=[2, 0]))
    assert [row["completion"] for row in rows] == [
        [{"role": "assistant", "content": f"Reply 0 in turn {turn}."}] for turn in (1, 2)
    ]
    assert rows[1]["prompt"][1] == {"role": "assistant", "content": "Reply 2 in turn 1."}


def test_a_prompt_occurs_once_and_the_persona_stands_in_columns_of_its_own():
    rows = rows_of("trl-prompt", conversation(turns=2, candidates=3))
    assert [row["node"] for row in rows] == ["0", "0.0.0"]
    assert rows[0]["profile"] == "Marta, 61, repairs church organs in Porto."
    assert rows[0]["traits"] == ["blunt", "impatient"]
    assert "Marta" not in str(rows[1]["prompt"])


def test_formats_with_the_texts_of_the_persona_say_so():
    tree = conversation(turns=2)
    having = {name for name in EXPORTERS if "repairs church organs in Porto" in str(rows_of(name, tree))}
    assert {name for name, format in EXPORTERS.items() if format.persona} == having == {"trl-prompt", "beliefs", "aloe"}
