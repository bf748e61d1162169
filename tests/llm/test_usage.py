"""Tokens as servers count them, and what they amount to."""

from __future__ import annotations

import pytest

from personagen.llm.usage import tokens
from personagen.records import Usage
from tests.llm.test_completions import BOTH, body, read


@pytest.mark.parametrize(
    ("usage", "output", "reasoning"),
    [
        pytest.param((10, 5, None, 15), 5, 0, id="nothing thought"),
        pytest.param((10, 50, 40, 60), 50, 40, id="within, as at OpenAI"),
        pytest.param((10120, 1499, 2809, 14428), 4308, 2809, id="outside, as at xAI"),
        pytest.param((10, 5, None, 900), 890, 885, id="outside and told by the total only, as at Gemini"),
        pytest.param((10, None, None, 900), 890, 0, id="the total only"),
        pytest.param((10, 5, 317, None), 322, 317, id="outside and no total"),
        pytest.param((10, 0, 317, 327), 317, 317, id="no answer after thinking"),
    ],
)
def test_reasoning_is_paid_wherever_it_is_counted(usage, output, reasoning):
    prompt, answered, reasoned, total = usage
    counted = tokens("x", prompt, answered, total=total, reasoned=reasoned)
    assert (counted.output_tokens, counted.reasoning_tokens) == (output, reasoning)


@pytest.mark.parametrize("odd", ["15", -1, [], 1.5])
def test_a_total_or_a_count_of_reasoning_that_can_not_be_understood_makes_the_usage_unknown(odd):
    assert tokens("x", 10, 5, total=odd) == tokens("x", 10, 5, reasoned=odd) == Usage(cost_usd=None)
    assert tokens("", 10, None) == Usage(cost_usd=None)


@pytest.mark.parametrize(
    ("total", "reasoned"),
    [
        pytest.param(15, 50, id="more reasoning than the total holds"),
        pytest.param(15, 8, id="more reasoning than output"),
        pytest.param(3, None, id="a total below the prompt"),
        pytest.param(12, None, id="a total below its parts"),
    ],
)
def test_counts_that_contradict_each_other_make_the_usage_unknown(total, reasoned):
    assert tokens("x", 10, 5, total=total, reasoned=reasoned) == Usage(cost_usd=None)


@pytest.mark.parametrize(
    "told",
    [
        {"completion_tokens_details": {"reasoning_tokens": 317}},
        {"output_tokens_details": {"thinking_tokens": 317}},
        {"reasoning_tokens": 317},
        {"completion_tokens_details": None, "reasoning_tokens": 317},
    ],
)
@BOTH
def test_reasoning_is_counted_wherever_a_server_tells_it(protocol, told):
    value = body(protocol, "Fine.")
    value["usage"] |= told
    value["usage"].pop("total_tokens", None)
    assert read(protocol, value).usage.reasoning_tokens == 317


@BOTH
def test_that_a_model_thought_is_known_where_its_reasoning_is_shown_and_not_counted(protocol):
    value = body(protocol, "Fine.")
    if protocol == "openai":
        value["choices"][0]["message"]["reasoning_content"] = "Well, well."
    else:
        value["content"].insert(0, {"type": "thinking", "thinking": "Well, well."})
    completion = read(protocol, value)
    assert completion.text == "Fine."
    assert 0 < completion.usage.reasoning_tokens <= completion.usage.output_tokens
    assert b"Well" not in completion.line()
