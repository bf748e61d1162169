"""When a run gives up on too many failures: the same at whatever order trees end in."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.errors import QualityError
from personagen.runs.failures import MIN_FAILURES, FailurePolicy


def ended(failed, order, before=()):
    """What is raised when the slots end in ``order``."""
    policy = FailurePolicy("conversations", len(failed), set(before))
    try:
        for slot in order:
            policy.add(slot, "no reply" if failed[slot] else "")
        policy.close()
    except QualityError as error:
        return str(error)
    return ""


@given(failed=st.lists(st.booleans(), min_size=1, max_size=60), seed=st.integers(0, 9))
def test_whether_a_run_gives_up_and_what_it_says_does_not_depend_on_the_order_of_arrival(failed, seed):
    slots = list(range(len(failed)))
    shuffled = Random(seed).sample(slots, len(slots))
    assert ended(failed, slots) == ended(failed, shuffled)


def test_failures_that_end_first_do_not_count_before_the_slots_in_front_of_them():
    failed = [slot % 2 == 1 for slot in range(40)]
    assert ended(failed, [*range(1, 40, 2), *range(0, 40, 2)]) == ""


def test_it_gives_up_at_the_first_slot_up_to_which_more_than_half_have_failed():
    policy = FailurePolicy("conversations", 100, set())
    for slot in range(MIN_FAILURES - 1):
        policy.add(slot, "no reply")
    with pytest.raises(QualityError, match="10 of 10 conversations failed, 10 of them because no reply"):
        policy.add(MIN_FAILURES - 1, "no reply")


def test_a_server_that_has_gone_counts_at_once_wherever_its_trees_stand():
    policy = FailurePolicy("conversations", 1000, set(range(500)))
    for slot in range(900, 900 + MIN_FAILURES - 1):
        policy.add(slot, "no answer", unanswered=True)
    with pytest.raises(QualityError, match="10 of 10 conversations failed, 10 of them because no answer"):
        policy.add(950, "no answer", unanswered=True)


def test_a_server_that_answers_in_between_has_not_gone():
    policy = FailurePolicy("conversations", 1000, set())
    for slot in range(500, 500 + 3 * MIN_FAILURES):
        policy.add(slot, "" if slot % MIN_FAILURES == 0 else "no answer", unanswered=True)


def test_what_was_grown_before_counts_in_its_place():
    assert ended([True] * 10 + [False] * 20, range(10), before=range(10, 30)) != ""
    assert ended([False] * 10 + [True] * 10, range(10, 20), before=range(10)) == ""


def test_failures_that_differ_in_numbers_only_or_are_of_one_kind_are_counted_as_one():
    policy = FailurePolicy("conversations", 9, set())
    for slot in (2, 1, 0):
        policy.add(slot, f"request ({440 + slot} tokens) exceeds 1,{slot}00")
    for slot, what in enumerate(("line 1", "a quotation mark"), 3):
        policy.add(slot, f"not valid JSON: {what}", kind="judge/prefer json")
    assert policy.by_reason() == {"request (440 tokens) exceeds 1,000": 3, "not valid JSON: line 1": 2}
    policy.add(5, "busy")
    with pytest.raises(QualityError, match=r"6 of 9 conversations failed, 3 of them because request \(440 tokens\)"):
        policy.close()


def test_items_that_are_done_but_brought_nothing_count_like_failed_ones():
    policy = FailurePolicy("conversations", 100, set())
    for slot in range(MIN_FAILURES - 1):
        policy.add(slot, "no verdict", barren=True)
    assert (policy.done, policy.by_reason()) == (set(range(MIN_FAILURES - 1)), {})
    with pytest.raises(
        QualityError, match="10 of 10 conversations failed or came to nothing, 9 of them because no verdict"
    ):
        policy.add(MIN_FAILURES - 1, "no reply")
