"""Progress in one line."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

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
    line = progress.line(status(left=90.0))
    assert (
        line == "trees 5/20 · calls 60 · 1,200 tokens · 0.5000 USD · 2 calls/s, 8 of 32 in flight · errors 0 ·"
        " 1 min 30 s left"
    )


def test_requests_sent_again_are_told_and_how_many_a_limit_refused():
    assert "errors 0, retries 3 · " in progress.line(status(retried=3))
    assert "errors 0, retries 3 (2 rate-limited) · " in progress.line(status(retried=3, refused=2))


def test_replies_asked_again_are_told_apart_from_errors():
    assert "errors 0, re-asked 5 · " in progress.line(status(re_asked=5))


def test_an_unknown_price_is_not_shown_as_zero():
    assert "unknown" in progress.line(status(usage=Usage(cost_usd=None)))


def test_where_nothing_can_cost_no_price_is_told():
    for cost in (None, 0.0):
        told = status(usage=Usage(cost_usd=cost), free=True)
        for shown in (progress.line(told), *progress.lines(told, 200)):
            assert not re.search("USD|cost|unknown|price", shown)
    assert "0.5000 USD" in progress.line(status(free=True))


def test_calls_are_told_against_the_estimate_and_items_begun_beside_those_done():
    assert progress.line(status(begun=13, expected=360)).startswith("trees 5/20, 13 begun · calls 60/360 · ")
    assert " · calls 60/60 · " in progress.line(status(expected=40))


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (31.4, "31 calls/s"),
        (2.0, "2 calls/s"),
        (1.26, "1.3 calls/s"),
        (0.5, "0.5 calls/s"),
        (0.49, "29 calls/min"),
        (0.01, "100 s/call"),
        (0.0, ""),
    ],
)
def test_a_slow_server_has_calls_a_minute_or_seconds_a_call(rate, told):
    assert f" USD · {told}{', ' * bool(told)}8 of 32 in flight · " in progress.line(status(rate=rate))


def test_without_a_server_nothing_is_told_to_be_in_flight():
    assert "in flight" not in progress.line(status(in_flight=0, limit=0))


def test_a_server_that_is_away_is_told_with_the_time_and_the_reason_and_no_time_left():
    away = status(away=(("openai/a at http://h:1/v1", 90.0, "nothing listens there"),), left=30.0)
    since = r"away since \d\d:\d\d:\d\d, nothing listens there: openai/a at http://h:1/v1"
    for shown in (progress.line(away), "".join(progress.lines(away, 100))):
        assert re.search(since, shown)
        assert " left" not in shown


def test_what_a_stopped_run_waits_for_is_told_with_how_to_drop_it():
    assert progress.ending(status(finishing=12, again="press Ctrl-C again")) == (
        "finishing 12 calls; press Ctrl-C again to drop them"
    )
    assert progress.ending(status(finishing=1, again="send SIGTERM again")) == (
        "finishing 1 call; send SIGTERM again to drop it"
    )
    assert progress.ending(status(finishing=1)) == "finishing 1 call"
    assert progress.ending(status()) == ""
    assert progress.lines(status(finishing=12, again="press Ctrl-C again"), 40)[0].startswith("finishing 12 calls")


MANY = {"done": 12_345, "total": 100_000, "begun": 12_399, "calls": 741_234, "expected": 6_000_000, "left": 99_999.0}
TROUBLE = {"errors": 31, "re_asked": 412, "failed": 1_207, "retried": 1_700, "refused": 900, "reused": 70_000}
SHOWN = {
    "little": {},
    "much": MANY | TROUBLE | {"unit": "conversations"},
    "away": MANY | {"away": (("openai/\u6a21\u578b at http://\u8a9e.example/v1" * 3, 9.0, "the model is loading"),)},
    "ending": MANY | TROUBLE | {"finishing": 1_000, "again": "press Ctrl-C again"},
    "batches": MANY | {"batches": "2 batches pending: 3 of 9 requests done, next poll in 60 s" * 2},
    "many units": {"unit": "descriptions" * 9},
}


@pytest.mark.parametrize("width", [10, 39, 79, 99, 200])
@pytest.mark.parametrize("name", SHOWN)
def test_a_terminal_gets_two_lines_that_fit(name, width):
    shown = progress.lines(status(**SHOWN[name]), width)
    assert len(shown) == 2
    assert [cell_len(part) for part in shown if cell_len(part) > width or "\n" in part] == []


def test_the_bar_shows_calls_against_the_estimate_and_a_wider_terminal_shows_more():
    some = status(begun=13, expected=240, left=90.0, re_asked=3, retried=4)
    first, second = progress.lines(some, 79)
    bar = re.search("[━─]+", first)[0]
    assert first == f"trees 5/20, 13 begun {bar} calls 60/240 · 1 min 30 s left"
    assert bar.count("━") / len(bar) == pytest.approx(0.25, abs=0.02)
    assert second == "2 calls/s · 8 of 32 in flight · 0.5000 USD · re-asked 3 · retries 4"
    assert progress.lines(some, 119)[1].endswith("retries 4 · 1,200 tokens")
    assert "failed 3" in progress.lines(status(failed=3), 24)[1]


def test_the_bar_is_full_and_not_more_where_the_estimate_was_too_low():
    assert "─" not in progress.lines(status(expected=40), 79)[0]


def test_what_is_no_terminal_is_told_at_once_that_calls_are_finished(capsys):
    with progress.shown(quiet=False) as show:
        for count in (3, 2):
            show(status(finishing=count, again="press Ctrl-C again"))
    assert capsys.readouterr().err == "finishing 3 calls; press Ctrl-C again to drop them\n"


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
