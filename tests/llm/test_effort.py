"""How much a model reasons is set by the field that its server knows."""

from __future__ import annotations

import pytest

from personagen.call import Sampling
from personagen.llm.effort import anthropic_fields, budget, openai_fields, reasons, refused_effort, with_extra

OPENAI, LOCAL = "api.openai.com", "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "model", "reasoning", "fields"),
    [
        (OPENAI, "gpt-5-mini", "none", {"reasoning_effort": "none"}),
        (OPENAI, "gpt-4o-mini", "none", {}),
        (OPENAI, "gpt-4o-mini", "", {}),
        (OPENAI, "o4-mini", "high", {"reasoning_effort": "high"}),
        (OPENAI, "o4-mini", "2000", {"reasoning_effort": "medium"}),
        ("generativelanguage.googleapis.com", "gemini-2.5-flash", "none", {"reasoning_effort": "none"}),
        ("openrouter.ai", "qwen/qwen3-8b", "none", {"reasoning": {"effort": "none"}}),
        ("openrouter.ai", "qwen/qwen3-8b", "2000", {"reasoning": {"max_tokens": 2000}}),
        ("api.deepseek.com", "deepseek-v4", "none", {"thinking": {"type": "disabled"}}),
        ("dashscope.aliyuncs.com", "qwen3-8b", "none", {"enable_thinking": False}),
        ("", "gemini/gemini-2.5-flash", "low", {"reasoning_effort": "low"}),
    ],
)
def test_every_host_gets_its_own_field(host, model, reasoning, fields):
    assert openai_fields(host, model, reasoning, ())[0] == fields


def test_an_open_server_gets_the_switch_of_the_chat_template_and_an_effort():
    fields, parts = openai_fields(LOCAL, "Qwen/Qwen3-8B", "none", ())
    assert fields["chat_template_kwargs"]["enable_thinking"] is False
    assert fields["reasoning_effort"] == "none"
    assert parts == ["chat_template_kwargs", "reasoning_effort none"]
    assert openai_fields(LOCAL, "m", "", ()) == ({}, [])


def test_after_a_refusal_the_next_lower_offer_is_made():
    refused = {"reasoning_effort none"}
    assert openai_fields(OPENAI, "gpt-5-mini", "none", refused)[0] == {"reasoning_effort": "minimal"}
    refused.add("reasoning_effort minimal")
    assert openai_fields(OPENAI, "gpt-5-mini", "none", refused)[0] == {"reasoning_effort": "low"}
    assert openai_fields(OPENAI, "gpt-5-mini", "none", {"reasoning_effort"}) == ({}, [])


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("Unsupported value: 'reasoning_effort' does not support 'none' with this model.", "reasoning_effort none"),
        ("unsupported_value reasoning.effort Supported values are: 'low'", "reasoning_effort none"),
        ("Unrecognized request argument supplied: reasoning_effort", "reasoning_effort"),
        ("unsupported_parameter Unsupported parameter: 'reasoning_effort'", "reasoning_effort"),
        ("UnsupportedParamsError does not support parameters: ['reasoning_effort']", "reasoning_effort"),
        ("extra_forbidden body.chat_template_kwargs", "chat_template_kwargs"),
        ("chat_template is not supported for Mistral tokenizers.", "chat_template_kwargs"),
        ('think value "low" is not supported for this model', "reasoning_effort none"),
        ('"llama3:8b" does not support thinking', "reasoning_effort none"),
        ("temperature is not supported", None),
    ],
)
def test_a_refusal_names_the_field_or_its_value(words, part):
    assert refused_effort(words, ["temperature", "chat_template_kwargs", "reasoning_effort none"]) == part


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("Thinking can't be disabled for this model.", "reasoning_effort none"),
        ("Budget 0 is invalid. This model only works in thinking mode.", "reasoning_effort none"),
        ("unknown variant `none`, expected `minimal`", "reasoning_effort none"),
        ("This model always thinks; thinking cannot be turned off", "reasoning_effort none"),
        ("Invalid effort level", "reasoning_effort none"),
        ("No endpoints found that support reasoning", "reasoning_effort"),
        ("enable_thinking must be set to true for this model", "chat_template_kwargs"),
        ("temperature is not supported", None),
    ],
)
def test_a_refusal_that_names_no_field_is_known_by_its_value_or_its_subject(words, part):
    sent = ["temperature", "chat_template_kwargs", "reasoning_effort none"]
    assert refused_effort(words, sent, loosely=True) == part


def test_anthropic_gets_a_thinking_budget_and_where_that_is_refused_an_effort():
    assert anthropic_fields("none", ())[0] == {"thinking": {"type": "disabled"}}
    assert anthropic_fields("low", ())[0] == {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    assert anthropic_fields("5000", ())[0] == {"thinking": {"type": "enabled", "budget_tokens": 5000}}
    fields = anthropic_fields("high", {"thinking enabled"})[0]
    assert fields == {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}
    assert anthropic_fields("", ()) == ({}, [])


@pytest.mark.parametrize(
    "model",
    "openai/gpt-5-mini openai/o3 openai/gpt-oss-20b Qwen/Qwen3-8B deepseek-ai/DeepSeek-R1 gemini/gemini-2.5-flash"
    " openai/QwQ-32B DeepSeek-R1-Distill-Llama-8B Kimi-K2-Thinking mistral/magistral-small"
    " Qwen3-Next-80B-A3B-Thinking allenai/Olmo-3-7B-Think"
    " ByteDance-Seed/Seed-OSS-36B-Instruct tencent/Hunyuan-A13B-Instruct".split(),
)
def test_models_that_reason_are_known_by_name(model):
    assert reasons(model)


@pytest.mark.parametrize(
    "model",
    "openai/gpt-4o openai/gpt-4.1-mini anthropic/claude-sonnet-4-5 Qwen/Qwen2.5-7B Qwen/Qwen3-4B-Instruct-2507"
    " meta-llama/Llama-3.1-8B openai/smollm2 gemini/gemini-2.0-flash openai/gpt-5-chat-latest offline"
    " grok-4-fast-non-reasoning deepseek-v3.1-nonthinking rethinker".split(),
)
def test_models_that_do_not_reason_are_not_taken_for_such(model):
    assert not reasons(model)


def test_further_fields_join_objects_and_leave_the_schema():
    body = {"chat_template_kwargs": {"enable_thinking": False}, "output_config": {"format": "schema"}, "top_p": 1}
    given = Sampling(extra='{"chat_template_kwargs":{"a":1},"output_config":{"format":"x","effort":"low"},"top_p":0.5}')
    assert with_extra(body, given) == {
        "chat_template_kwargs": {"enable_thinking": False, "a": 1},
        "output_config": {"format": "schema", "effort": "low"},
        "top_p": 0.5,
    }
    assert with_extra(body, Sampling()) == body


def test_a_budget_is_read_from_words_and_numbers():
    assert [budget(r) for r in ("", "none", "low", "300")] == [0, 0, 1024, 300]
