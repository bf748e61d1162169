"""Whatever a server sends as an answer, in either protocol: a completion that can be stored, or an error of ours."""

from __future__ import annotations

import copy

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.errors import PersonagenError, ServerError
from personagen.llm import anthropic, openai
from personagen.llm.batch.anthropic import AnthropicBatches
from personagen.llm.batch.openai import OpenAIBatches
from personagen.llm.errors import Server
from personagen.llm.usage import finish_reason, tokens
from personagen.records import Completion, Usage
from tests.servers import chat, message

SERVER = Server("openai/m", "http://127.0.0.1/v1", "OPENAI_API_KEY")
PROTOCOLS = {"openai": (openai.completion, chat), "anthropic": (anthropic.completion, message)}
BOTH = pytest.mark.parametrize("protocol", PROTOCOLS)
COUNTS = {"openai": ("prompt_tokens", "completion_tokens"), "anthropic": ("input_tokens", "output_tokens")}
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


def body(protocol, text="Fine."):
    return orjson.loads(orjson.dumps(PROTOCOLS[protocol][1](text).body))


def read(protocol, value):
    raw = value if isinstance(value, bytes) else orjson.dumps(value)
    return PROTOCOLS[protocol][0](SERVER, "m", raw)


def places(value, path=()):
    """The path of every value within nested lists and objects."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def replaced(value, path, by):
    """A copy of ``value`` with ``by`` at ``path``."""
    if not path:
        return by
    changed = copy.deepcopy(value)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = by
    return changed


def outcome(protocol, value):
    """The completion, or the error of ours."""
    try:
        return read(protocol, value)
    except PersonagenError as error:
        return error


def is_ours(how):
    """Whether it is an error told on one line, or a completion that can be stored and read again."""
    if isinstance(how, PersonagenError):
        return len(str(how).splitlines()) == 1
    return Completion.model_validate_json(how.line()) == how and how.usage.cost_usd is None


@BOTH
@given(st.binary() | ANY.map(orjson.dumps))
def test_any_body_is_a_completion_or_an_error_of_ours(protocol, raw):
    assert is_ours(outcome(protocol, raw))


@BOTH
@given(st.data(), ANY)
def test_any_value_anywhere_in_an_answer_leaves_a_completion_or_an_error_of_ours(protocol, data, value):
    good = body(protocol)
    changed = replaced(good, data.draw(st.sampled_from(list(places(good)))), value)
    assert is_ours(outcome(protocol, changed))


@BOTH
def test_half_a_character_costs_no_answer(protocol):
    raw = orjson.dumps(body(protocol, "A @ bee 🐝.")).replace(b"@", rb"\ud83d")
    assert read(protocol, raw).text == "A \ufffd bee 🐝."


@BOTH
def test_half_a_character_within_the_json_of_a_batchs_results_costs_no_answer(protocol):
    answer = body(protocol, "A @ bee.")
    line = {
        "openai": {"custom_id": "w-1", "response": {"status_code": 200, "body": answer}},
        "anthropic": {"custom_id": "w-1", "result": {"type": "succeeded", "message": answer}},
    }[protocol]
    batches = {"openai": OpenAIBatches, "anthropic": AnthropicBatches}[protocol]
    api = batches("m", base_url="http://127.0.0.1:9", roles="user")
    outcomes = api.outcomes(orjson.dumps(line).replace(b"@", rb"\ud83d"))
    assert api.completion(outcomes["w-1"]).text == "A \ufffd bee."


@BOTH
@pytest.mark.parametrize("text", [None, ""])
def test_an_answer_without_content_is_an_empty_reply(protocol, text):
    value = body(protocol, text)
    if text is None and protocol == "anthropic":
        value["content"] = None
    assert read(protocol, value).text == ""


@BOTH
@pytest.mark.parametrize("usage", [None, [], 7, "many", {}, {"prompt_tokens": 5, "input_tokens": 5}])
def test_an_answer_whose_tokens_are_not_counted_is_kept_and_its_usage_unknown(protocol, usage):
    completion = read(protocol, body(protocol) | {"usage": usage})
    assert completion.text == "Fine."
    assert completion.usage == Usage(cost_usd=None)


@BOTH
@pytest.mark.parametrize("number", [-1, "12", True, 1e300, [], 2**53, 1.5])
@pytest.mark.parametrize("which", [0, 1])
def test_a_count_that_can_not_be_true_makes_the_usage_unknown(protocol, which, number):
    value = body(protocol)
    value["usage"][COUNTS[protocol][which]] = number
    completion = read(protocol, value)
    assert (completion.text, completion.usage) == ("Fine.", Usage(cost_usd=None))


@pytest.mark.parametrize(
    ("counts", "known"),
    [
        (("Fine.", 10, 2, 4, 3), True),
        (("", 10, 0), True),
        (("Fine.", 10.0, 2), True),
        (("Fine.", 10, 2, None, None), True),
        (("Fine.", 10, 0), False),
        (("Fine.", 0, 2), False),
        (("Fine.", None, 2), False),
        (("Fine.", 10, 2, 11), False),
        (("Fine.", 10, 2, 6, 6), False),
    ],
)
def test_what_is_counted_must_be_possible(counts, known):
    usage = tokens(*counts)
    assert usage.cost_usd is None
    assert (usage != Usage(cost_usd=None)) == known


@BOTH
@pytest.mark.parametrize("odd", [7, [], {"a": 1}, "x" * 999, ""])
def test_a_name_or_an_ending_of_another_kind_does_not_spoil_an_answer(protocol, odd):
    value = body(protocol) | {"model": odd}
    if protocol == "openai":
        value["choices"][0]["finish_reason"] = odd
    else:
        value["stop_reason"] = odd
    completion = read(protocol, value)
    assert completion.text == "Fine."
    assert len(completion.finish_reason) <= 40


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (
            "stop eos eos_token end_turn stop_sequence COMPLETE STOP tool_calls stop_token OTHER finished EOS_TOKEN "
            "eosFound stopStringFound STOP_CRITERIA_MET END_ID stopped_eos eot_id endoftext </s> null "
            "response.completed FINISH_REASON_UNSPECIFIED no_error last_token",
            "stop",
        ),
        (
            "length max_tokens MAX_TOKENS max_output_tokens max_new_tokens token_limit incomplete pause_turn max_token "
            "cut_off cutoff token_budget out_of_tokens max_seq_len num_predict limit stopped_limit tokens truncated "
            "NOT_FINISHED maxPredictedTokensReached thinking_budget_exceeded",
            "length",
        ),
        (
            "model_length model_context_window_exceeded ERROR_LIMIT context_length max_context_length kv_cache_full "
            "ctx_full n_ctx max_model_len prompt_too_long input_limit_exceeded contextLengthReached",
            "context",
        ),
        (
            "content_filter SAFETY RECITATION guardrail_intervened ERROR_TOXIC sensitive content_filtered "
            "flagged policy_violation content_policy unsafe MODEL_ARMOR risk_control LANGUAGE IMAGE_SAFETY censored",
            "content_filter",
        ),
        (
            "error ERROR network_error abort cancelled insufficient_system_resource timeout overloaded "
            "engine_overloaded preempted disconnected oom MALFORMED_FUNCTION_CALL TOO_MANY_TOOL_CALLS repetition "
            "time_limit TIMED_OUT userStopped modelUnloaded quota_exceeded",
            "error",
        ),
        ("refusal refused declined rejected denied disallowed", "refusal"),
    ],
)
def test_an_ending_is_a_normal_stop_unless_it_is_known_to_be_a_cut_or_a_refusal(words, meaning):
    assert {word: finish_reason(word) for word in words.split()} == dict.fromkeys(words.split(), meaning)


@pytest.mark.parametrize(
    ("how", "meaning"),
    [
        (None, "stop"),
        (1, "stop"),
        (True, "stop"),
        (["stop"], "stop"),
        ([], "stop"),
        ({}, "stop"),
        ({"type": "stop", "matched": "error"}, "stop"),
        ({"type": "length", "length": 16}, "length"),
        ({"matched": "</s>", "type": "abort"}, "error"),
        ({"reason": ["max_tokens"]}, "length"),
        ([[[[["length"]]]]], "stop"),
    ],
)
def test_the_word_for_an_ending_is_looked_for_in_lists_and_objects(how, meaning):
    assert finish_reason(how) == meaning


@BOTH
def test_a_reply_that_its_provider_broke_off_may_be_asked_again_and_is_paid(protocol):
    value = body(protocol, "Well, I")
    (value["choices"][0] if protocol == "openai" else value).update(finish_reason="error", stop_reason="error")
    with pytest.raises(ServerError, match="broke its reply off") as told:
        read(protocol, value)
    assert told.value.billed


@pytest.mark.parametrize("raw", ["[" * 100_000, b'{"choices":' + b"[" * 100_000, b"9" * 5000, b'{"choices": NaN}'])
def test_nesting_digits_and_nan_are_told_in_a_sentence(raw):
    raw = raw if isinstance(raw, bytes) else raw.encode()
    for protocol in PROTOCOLS:
        with pytest.raises(ServerError, match="not a completion"):
            read(protocol, raw)
