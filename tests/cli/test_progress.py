"""Progress in one line."""

from __future__ import annotations

from personagen.cli import progress
from personagen.records import Usage
from personagen.runs.progress import Status


def status(**changes):
    usage = Usage(input_tokens=1000, output_tokens=200, cost_usd=0.5)
    numbers = {"done": 5, "done_before": 0, "total": 20, "failed": 0, "calls": 60, "reused": 0, "errors": 0}
    numbers |= {"retried": 0, "refused": 0, "in_flight": 8, "limit": 32}
    fields = {"unit": "trees", **numbers, "usage": usage, "seconds": 30.0}
    return Status(**{**fields, **changes})


def test_a_line_tells_jobs_calls_tokens_cost_rate_errors_and_time_left():
    line = progress.line(status())
    assert (
        line == "trees 5/20 · calls 60 · 1,200 tokens · 0.5000 USD · 2 calls/s, 8 of 32 in flight · errors 0 ·"
        " 1 min 30 s left"
    )


def test_requests_sent_again_are_told_and_how_many_a_limit_refused():
    assert "errors 0, retries 3 · " in progress.line(status(retried=3))
    assert "errors 0, retries 3 (2 rate-limited) · " in progress.line(status(retried=3, refused=2))


def test_replies_asked_again_are_told_apart_from_errors():
    assert "errors 0, re-asked 5 · " in progress.line(status(re_asked=5))


def test_time_left_counts_only_what_this_process_did():
    assert progress.line(status(done_before=4)).endswith("7 min 30 s left")


def test_an_unknown_price_is_not_shown_as_zero():
    assert "unknown" in progress.line(status(usage=Usage(cost_usd=None)))


def test_what_is_not_a_terminal_gets_plain_lines_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    with progress.shown(quiet=False) as show:
        show(status())
    assert capsys.readouterr().err.startswith("trees 5/20")


def test_quiet_shows_none():
    with progress.shown(quiet=True) as show:
        assert show is None


def test_what_batches_are_waited_for_is_told_at_the_end_of_the_line():
    told = "2 batches pending: 3 of 9 requests done, next poll in 60 s"
    assert progress.line(status(batches=told)).endswith(f" · {told}")
