"""A context that is too small, in the words of many servers, and replies that show that it was full."""

from __future__ import annotations

import re

import pytest

from personagen.errors import ReplyError
from personagen.llm import anthropic, openai
from personagen.llm.context import room
from personagen.llm.failures import Failure
from tests.llm.calls import a_call, ask, failing, opened
from tests.servers import chat, message, refusal, serving
from tests.servers.words import REPLY_TOO_LONG, TOO_SMALL

BACKENDS = pytest.mark.parametrize(("backend", "say"), [(openai.backend, chat), (anthropic.backend, message)])
PROSE = "The bees were loud this morning and nobody at the market could say why. " * 200  # 14 words


def sizes(server):
    return [got.body["max_tokens"] for got in server.requests]


@pytest.mark.parametrize("who", TOO_SMALL)
def test_what_a_server_says_is_left_is_read_off_its_words(who):
    words, limit, prompt, wished = TOO_SMALL[who]
    assert room(Failure(400, words), wished) == (None if limit is None else (limit, prompt))


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("who", REPLY_TOO_LONG)
def test_a_reply_that_may_not_be_so_long_is_asked_for_shorter(who, status, caplog):
    words, most = REPLY_TOO_LONG[who]

    def answer(got):
        return refusal(status, words) if got.body["max_tokens"] > most else chat("Fine.")

    with serving(answer) as server:
        ask(opened(server.v1), a_call(max_tokens=9000), a_call("Again?", max_tokens=9000))
        assert sizes(server) == [9000, most, most]
    assert caplog.text.count(f"writes at most {most:,} tokens") == 1


@pytest.mark.parametrize("status", [400, 413, 422])
@BACKENDS
def test_a_call_without_room_for_its_reply_is_asked_again_with_the_room_that_is_left(backend, say, status, caplog):
    words = "This model's maximum context length is 8192 tokens. However, you requested {} tokens ({} in the messages,"

    def answer(got):
        prompt, wished = sum(len(m["content"]) for m in got.messages) // 4, got.body["max_tokens"]
        if prompt + wished > 8192:
            return refusal(status, f"{words.format(prompt + wished, prompt)} {wished} in the completion).")
        return say("Fine.")

    with serving(answer) as server:
        texts = [PROSE, PROSE * 2 + "!"]
        served = opened(server.v1, backend)
        completions = ask(served, *(a_call(text, max_tokens=8000) for text in texts))
    assert [c.text for c in completions] == ["Fine.", "Fine."]
    first, again, later = sizes(server)
    assert (first, again) == (8000, 8192 - (len(PROSE) + 9) // 4 - 16)
    assert 64 <= later < again
    assert caplog.text.count("has a context of 8,192 tokens: replies get at most what the prompt leaves") == 1


@pytest.mark.parametrize("prompt", [200, 862, 3000, 6000, 7600])
def test_a_call_is_asked_again_where_only_a_bound_of_its_prompt_is_told(prompt):
    """vLLM counts no further than the room that ``max_tokens`` leave."""

    def answer(got):
        asked = got.body["max_tokens"]
        if prompt + asked <= 8192:
            return chat("Fine.", usage=(prompt, 5, 0))
        return refusal(
            400,
            words.replace("193 ", f"{8193 - asked} ").replace("=193", f"={8193 - asked}").replace("8000", str(asked)),
        )

    words, wished = TOO_SMALL["vllm, later"][0], 8000 if prompt < 7000 else 700
    texts = ["bee " * int(0.99 * prompt) + str(n) for n in range(2)]
    with serving(answer) as server:
        completions = ask(opened(server.v1), *(a_call(text, max_tokens=wished) for text in texts))
    assert [c.text for c in completions] == ["Fine.", "Fine."]
    assert len(server.requests) <= 4


@BACKENDS
def test_a_prompt_that_leaves_no_room_is_told_with_both_numbers_and_as_no_conversation(backend, say):
    words, limit, prompt, wished = TOO_SMALL["llama.cpp"]
    with serving(lambda _: refusal(400, words, code="exceed_context_size_error")) as server:
        error = failing(opened(server.v1, backend), a_call(max_tokens=wished))
    assert type(error) is ReplyError
    assert f"the prompt ({prompt:,} tokens) does not fit into the context of" in str(error)
    assert f"({limit:,} tokens)" in str(error)
    assert error.cause == "context"
    assert len(server.requests) == 1


def test_a_server_that_never_has_enough_room_is_not_asked_for_ever():
    def answer(got):
        wished = got.body["max_tokens"]
        return refusal(400, f"maximum context length is {wished - 1} tokens, you requested {wished + 20} tokens")

    with serving(answer) as server:
        error = failing(opened(server.v1), a_call(max_tokens=8000))
    assert type(error) is ReplyError
    assert len(server.requests) <= 3


@pytest.mark.parametrize("words", ["context_length_exceeded", "Input is too long for requested model."])
def test_a_context_that_is_too_small_is_known_without_numbers(words):
    with serving(lambda _: refusal(400, words)) as server:
        error = failing(opened(server.v1), a_call(max_tokens=700))
    assert (type(error), error.cause, len(server.requests)) == (ReplyError, "context", 1)
    assert "conversation" not in str(error)


@BACKENDS
@pytest.mark.parametrize(
    ("output", "how"), [(400, "length"), (399, "length"), (105, "context"), (350, "context"), (5, "context")]
)
def test_a_reply_cut_off_below_its_limit_was_cut_off_by_the_context(backend, say, output, how):
    reply = {chat: {"finish_reason": "length"}, message: {"stop_reason": "max_tokens"}}[say]
    with serving(lambda _: say("cut", usage=(406, output, 0), **reply)) as server:
        [completion] = ask(opened(server.v1, backend), a_call(max_tokens=400))
    assert completion.finish_reason == how


@BACKENDS
def test_a_server_that_drops_the_beginning_of_a_prompt_is_noticed_and_told_once(backend, say, caplog):
    with serving(lambda _: say("Fine.", usage=(1026, 5, 0))) as server:
        completions = ask(opened(server.v1, backend), a_call(PROSE), a_call(PROSE + "!"), a_call("Short."))
    assert [c.finish_reason for c in completions] == ["context", "context", "stop"]
    assert caplog.text.count("silently drops the beginning") == 1
    assert "OLLAMA_CONTEXT_LENGTH" in caplog.text


TEXTS = {
    "english": (PROSE, 2800),
    "a tokenizer that joins words": (PROSE, 2200),
    "thai": ("ผึ้งส่งเสียงดังเมื่อเช้านี้และไม่มีใครในตลาดบอกได้ว่าทำไม" * 60, 700),
    "chinese": ("今天早上蜜蜂很吵，市场上没有人能说出原因。" * 200, 1600),
    "code": (("        return self.value\n" * 400), 1200),
    "a server that counts what it did not have in its cache": (PROSE, 20),
    "a server that counts nothing": (PROSE, 0),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_no_text_and_no_tokenizer_gives_a_false_alarm(kind, caplog):
    text, count = TEXTS[kind]
    with serving(lambda _: chat("Fine.", usage=(count, 5, 0))) as server:
        [completion] = ask(opened(server.v1), a_call(text))
    assert completion.finish_reason == "stop"
    assert not re.search("drops", caplog.text)
