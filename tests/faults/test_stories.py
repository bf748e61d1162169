"""The oracle: what it says about processes that lost an answer, paid twice, or were killed."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults.billing import Bill, Client
from tests.faults.driven import Ack, Ended
from tests.faults.stories import KILLED, TINY, Process, Reference, Story, workshop

needs_a_compiler = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="a failing disk needs Linux and a C compiler"
)
FILES = {"trees.jsonl": b"tree\n", "pairs.jsonl": b"", "rejections.jsonl": b""}
REFERENCE = Reference(FILES, {body: f"key-{body}" for body in "abc"}, 1.0, 1.0)


def process(billed: str, acked: str, status: int = KILLED, text: str = "said") -> Process:
    """A process that was billed for these bodies and gave these answers on."""
    acks = tuple(Ack(f"key-{body}", body, text) for body in acked)
    return Process(Client(bills=[Bill(body, 0.1) for body in billed]), Ended(status, acks, "", 0.1), 4)


def outcome(folder: Path, processes: Iterable[Process], kept: str = "abc", **files: bytes) -> dict[str, Any]:
    """What is said about ``processes`` that left these answers in the journal, and these files."""
    booked = SimpleNamespace(settle=lambda: None)
    story = Story(SimpleNamespace(billing=booked), TINY, folder / "story")  # type: ignore[arg-type]
    story.processes += processes
    run = story.folder / "run"
    run.mkdir(parents=True)
    with closing(sqlite3.connect(run / "journal.db")) as journal, journal:
        journal.execute("CREATE TABLE calls(key, completion)")
        journal.executemany("INSERT INTO calls VALUES(?,?)", [(f"key-{b}", f'{{"model": "{b}"}}') for b in kept])
    for name, content in FILES.items():
        (run / name).write_bytes(files.get(name.partition(".")[0], content))
    return story.outcome(REFERENCE)


def test_a_run_that_was_killed_and_went_on_has_no_fault_and_lost_what_was_in_flight(tmp_path: Path):
    told = outcome(tmp_path, [process("ab", "a"), process("bc", "abc", 0)])
    assert told == {"wrong": [], "lost": [(1, 4, 2)]}


@pytest.mark.parametrize(
    ("processes", "kept", "said"),
    [
        ([process("ab", "ab"), process("bc", "abc", 0)], "abc", "process 2: 1 acknowledged answers were asked again"),
        ([process("abbc", "abc", 0)], "abc", "process 1: 1 questions were asked twice"),
        ([process("abc", "abc", 0)], "ab", "1 acknowledged answers are not in the journal"),
        ([process("abx", "ab"), process("c", "abc", 0)], "abc", "process 1: 1 questions are none of this run's"),
        ([process("ab", "ab"), process("c", "abc", 0, "another")], "abc", "process 2: 2 answers have changed"),
        ([process("ab", "abc", 0)], "abc", "process 1: 1 answers came from nowhere"),
        ([process("ab", "ab"), process("c", "abc", 70)], "abc", "process 2: ended with 70: "),
    ],
)
def test_a_fault_is_named(tmp_path: Path, processes: list[Process], kept: str, said: str):
    assert said in outcome(tmp_path, processes, kept)["wrong"]


def test_a_result_that_is_not_the_uninterrupted_runs_is_a_fault(tmp_path: Path):
    told = outcome(tmp_path, [process("abc", "abc", 0)], trees=b"tre")
    assert told["wrong"] == ["trees.jsonl is another one"]


@needs_a_compiler
def test_a_real_run_is_killed_at_a_request_and_ended_by_another_process():
    with workshop() as shop:
        story = Story(shop, TINY, shop.fresh())
        client = Client(delay=0.001, kill_at=4)
        killed, second = story.attempt(client), story.attempt(Client())
        assert (killed.ended.status, second.ended.status) == (KILLED, 0)
        assert client.requests >= 4
        assert killed.ended.acks
        assert {ack.body for ack in killed.ended.acks}.isdisjoint(second.bodies())
