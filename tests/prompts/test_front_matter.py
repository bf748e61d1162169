"""The settings that say how a model reasons, and what else a request holds."""

from __future__ import annotations

import pytest

from personagen.prompts.front_matter import effort, extra


@pytest.mark.parametrize(
    ("value", "meant"),
    [(None, ""), ("default", ""), (False, "none"), ("None", "none"), (" High ", "high"), (2000, "2000")],
)
def test_an_effort_is_read_from_any_plain_form(value, meant):
    assert effort(value) == meant


@pytest.mark.parametrize("value", ["off", True, 0, -1, "1.5", "1e3", "\u0661", "200001", "9" * 5000, [], "low,high"])
def test_another_effort_is_refused_in_one_sentence(value):
    with pytest.raises(ValueError, match=r"^reasoning .{0,40}: choose none, low, medium, high or a number of tokens"):
        effort(value)


@pytest.mark.parametrize(
    ("value", "meant"), [(None, ""), ("", ""), ({}, ""), ("{}", ""), ('{"top_k": 40}', '{"top_k":40}')]
)
def test_further_fields_are_kept_as_text(value, meant):
    assert extra(value) == meant


@pytest.mark.parametrize("value", ["[]", [], 0, False, "null", '"x"', "{", "{'a': 1}", {1: 2}, "{" * 10_000])
def test_further_fields_that_are_no_object_are_refused(value):
    with pytest.raises(ValueError, match=r"^extra .{1,80}: write a JSON object"):
        extra(value)


@pytest.mark.parametrize("name", ["model", "Model", "messages", "prompt", "n", "best_of", "max_new_tokens", "timeout"])
def test_further_fields_can_not_set_what_is_asked_or_what_it_may_cost(name):
    with pytest.raises(ValueError, match=f"^extra sets {name}, which personagen sets itself"):
        extra({name: 1})
