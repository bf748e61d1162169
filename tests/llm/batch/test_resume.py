"""Batches that outlive the process that sent them."""

from __future__ import annotations

import asyncio

import pytest

from personagen.llm.errors import ServerError
from tests.llm.batch_runs import Setting, calls, echo, said, texts
from tests.llm.calls import SCHEMA
from tests.servers import refusal
from tests.servers.batches import batching

BOTH = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


def left(tmp_path, double, count, protocol="openai", **settings):
    """A run folder whose process ended while a batch of ``count`` calls was pending."""
    setting = Setting(tmp_path, double, protocol)
    setting.leave(*calls(count, **settings), until=lambda: setting.pending() and setting.pending()[0].provider_id)
    return setting


@BOTH
def test_calls_in_a_pending_batch_are_waited_for_and_new_ones_go_in_another(tmp_path, protocol):
    with batching(echo, held=True) as double:
        setting = left(tmp_path, double, 4, protocol)
        double.held = False
        assert texts(setting.ask(*calls(6))) == said(6)
    assert [len(batch.requests) for batch in double.batches] == [4, 2]
    assert setting.pending() == []


def test_answers_that_nobody_asks_for_yet_stay_to_be_had(tmp_path):
    with batching(echo, held=True) as double:
        setting = left(tmp_path, double, 4)
        double.held = False
        assert texts(setting.ask(*calls(2))) == said(2)
        assert [list(batch.keys) for batch in setting.pending()] == [double.batches[0].keys[2:]]
        assert texts(setting.ask(*calls(4))) == said(4)
    assert len(double.batches) == 1
    assert setting.pending() == []


def test_an_answer_asked_for_late_comes_without_another_download(tmp_path):
    with batching(echo, held=True) as double:
        setting = left(tmp_path, double, 4)
        double.held = False

        async def run():
            async with setting.opened() as llm:
                return [(await llm(call)).text for call in calls(4)]

        assert asyncio.run(run()) == said(4)
    assert double.asked.count("GET /v1/files/output_batch_1/content") == len(double.batches) == 1


def test_a_request_that_failed_meanwhile_is_told_once_and_then_sent_anew(tmp_path):
    replies = iter([refusal(500, "internal")] * 1)

    def answer(request):
        return next(replies, None) or echo(request)

    with batching(answer, held=True) as double:
        setting = left(tmp_path, double, 1)
        double.held = False
        [failed] = setting.ask(*calls(1))
        assert isinstance(failed, ServerError)
        assert texts(setting.ask(*calls(1))) == said(1)
    assert len(double.batches) == 2


def test_what_a_server_refused_in_a_batch_of_an_earlier_process_is_left_out_from_then_on(tmp_path):
    def answer(request):
        return refusal(400, "response_format is not supported") if request.schema else echo(request)

    with batching(answer, held=True) as double:
        setting = left(tmp_path, double, 2, schema=SCHEMA)
        double.held = False
        assert all("JSON schema" in text for text in texts(setting.ask(*calls(2, schema=SCHEMA))))
    assert [len(batch.requests) for batch in double.batches] == [2, 2]


@BOTH
def test_a_batch_that_the_provider_keeps_no_longer_is_sent_anew_and_said_so(tmp_path, protocol, caplog):
    with batching(echo, held=True) as double:
        setting = left(tmp_path, double, 3, protocol)
        double.batches.clear()
        double.held = False
        assert texts(setting.ask(*calls(3))) == said(3)
    assert "has deleted batch batch_1" in caplog.text
    assert setting.pending() == []


def test_a_batch_at_another_address_is_not_waited_for_and_said_so(tmp_path, caplog):
    with batching(echo, held=True) as before, batching(echo) as double:
        setting = left(tmp_path, before, 3)
        setting.double = double
        assert texts(setting.ask(*calls(3))) == said(3)
    assert "they are sent again" in caplog.text


@BOTH
def test_a_wave_that_was_never_sent_is_sent_by_the_next_process(tmp_path, protocol):
    def refuse(method, path):
        # No answer, and nothing taken in: what a process sees that ends right then.
        return refusal(503, "away") if method == "POST" and path.endswith("batches") else None

    with batching(echo, refuse=refuse) as double:
        setting = Setting(tmp_path, double, protocol)
        setting.leave(*calls(3), until=setting.pending)
        assert [batch.provider_id for batch in setting.pending()] == [None]
        double.refuse = lambda *_: None
        assert texts(setting.ask(*calls(3))) == said(3)
    assert len(double.batches) == 1
    assert setting.pending() == []
