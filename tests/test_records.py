"""Records: closed, frozen, and the same again after the disk."""

from __future__ import annotations

import subprocess
import sys

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from personagen.pairs import pairs_of
from personagen.records import ConversationTree, Message, PreferencePair, Rejection, Usage, content_id
from tests.trees import conversation, trees


def test_a_record_does_not_change():
    message = Message(role="user", content="Hello.")
    with pytest.raises(ValidationError, match="frozen"):
        message.content = "Bye."


def test_an_unknown_field_is_an_error():
    with pytest.raises(ValidationError, match="Extra inputs"):
        Message(role="user", content="Hello.", mood="good")


def test_an_unknown_role_is_an_error():
    with pytest.raises(ValidationError, match="role"):
        Message(role="tool", content="Hello.")


@settings(deadline=None)
@given(trees())
def test_a_tree_comes_back_from_its_line_as_it_was(tree: ConversationTree):
    assert ConversationTree.model_validate_json(tree.line()) == tree


def test_a_pair_comes_back_from_its_line_as_it_was():
    pair = pairs_of(conversation())[0][-1]
    assert PreferencePair.model_validate_json(pair.line()) == pair


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_line_is_one_line_whatever_the_text(text: str):
    line = Message(role="user", content=text).line()
    assert len(line.splitlines()) == 1
    assert orjson.loads(line)["content"] == text


def test_a_score_that_was_not_measured_is_null_and_not_zero():
    rejection = orjson.loads(Rejection(place="t1/0", gate="tie", reason="a tie").line())
    assert rejection["score"] is None


def test_usage_adds_up():
    a = Usage(input_tokens=10, output_tokens=2, cached_input_tokens=4, cache_write_input_tokens=3, cost_usd=0.5)
    assert a + a == Usage(
        input_tokens=20, output_tokens=4, cached_input_tokens=8, cache_write_input_tokens=6, cost_usd=1.0
    )


@pytest.mark.parametrize("side", ["prompt", "chosen", "rejected"])
def test_a_pair_without_a_message_on_a_side_is_an_error(side: str):
    pair = pairs_of(conversation(turns=1))[0][0].model_dump()
    with pytest.raises(ValidationError, match="at least 1 item"):
        PreferencePair.model_validate(pair | {side: ()})


@pytest.mark.parametrize("turned", [False, True])
def test_a_sum_with_an_unknown_price_is_unknown(turned: bool):
    known, unknown = Usage(cost_usd=0.5), Usage(cost_usd=None)
    assert (unknown + known if turned else known + unknown).cost_usd is None


def test_equal_content_has_an_equal_id_in_every_process():
    code = "from personagen.records import content_id; print(content_id('a', {'y': 1, 'x': 2}))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert content_id("a", {"x": 2, "y": 1}) == other


@pytest.mark.parametrize("other", [("a", "bc"), ("ab",), ("ab", "c", ""), (["ab", "c"],), ("ab", None)])
def test_other_content_has_another_id(other: tuple):
    assert content_id("ab", "c") != content_id(*other)


def test_an_id_is_16_hex_digits():
    assert len(content_id("x")) == 16
    assert int(content_id("x"), 16) >= 0
