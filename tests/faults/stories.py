"""What happens to one run folder until its run is done, and whether anything was lost, paid for twice or changed.

The truth is never read from the run folder: acknowledgements came over a pipe, and the server kept its own books.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.billing import PRICE, Billing, Client, billing
from tests.faults.disk import failing
from tests.faults.driven import Ack, Driver, Ended
from tests.faults.trial import RESULTS

KILLED = -signal.SIGKILL
PEOPLE = (
    ("I keep six hens behind my house. I bake bread on Sundays. I drive a bus at night.", "blunt, patient, curious"),
    ("I repair clocks in a small shop. My son is learning the cello. I cycle to work.", "orderly, shy, kind"),
    ("I teach chemistry in the evenings. I am allergic to nuts. I rent a flat by the port.", "hurried, witty, warm"),
)


@dataclass(frozen=True)
class Size:
    """How large a run is; ``twins`` are further personas in the words of the first ones."""

    conversations: int
    turns: int
    twins: int = 0

    @property
    def widest(self) -> int:
        """The most calls under way at once, at the server or on the way to the disk, however slow either is.

        A conversation goes on beside one call of each earlier turn, and has two under way in the turn it is at.
        """
        return self.conversations * (self.turns + 1)


TINY, SMALL, MORE = Size(1, 1), Size(2, 2), Size(3, 3)


@dataclass(frozen=True)
class Reference:
    """An uninterrupted run: its result files, who asked what (key by body), its cost, and how long it took."""

    files: dict[str, bytes]
    keys: dict[str, str]
    cost: float
    seconds: float


@dataclass(frozen=True)
class Process:
    """One process of a story: how it was served and how it ended."""

    client: Client
    ended: Ended
    concurrency: int
    expected: int = 0

    def bodies(self) -> set[str]:
        """What it asked and was billed for."""
        return {bill.body for bill in self.client.bills}


@dataclass
class Workshop:
    """A server, a fork server, and a folder for what they make."""

    billing: Billing
    driver: Driver
    folder: Path
    number: int = 0
    references: dict[Size, Reference] = field(default_factory=dict)

    def fresh(self) -> Path:
        """A new folder, in which a run makes its own."""
        self.number += 1
        made = self.folder / f"story{self.number}"
        made.mkdir()
        return made

    def reference(self, size: Size) -> Reference:
        """The run of this size that nobody disturbs, made once; by a driver whose sets have another order."""
        if size not in self.references:
            with Driver(self.folder, hashes=2) as driver:
                story = Story(Workshop(self.billing, driver, self.folder, self.number), size, self.fresh())
                process = story.attempt(Client(delay=0.001), concurrency=4)
            assert process.ended.status == 0, process.ended.said
            keys = {ack.body: ack.key for ack in process.ended.acks}
            assert len(keys) == len(process.client.bills), "two questions of the run are worded alike"
            self.references[size] = Reference(story.results(), keys, process.client.cost, process.ended.seconds)
            shutil.rmtree(story.folder)
        return self.references[size]


@contextmanager
def workshop() -> Iterator[Workshop]:
    """A workshop in a temporary folder."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="personagen-faults-")))
        yield Workshop(stack.enter_context(billing()), stack.enter_context(Driver(folder)), folder)


class Story:
    """The processes that worked on the run in ``folder``, one after another."""

    def __init__(self, workshop: Workshop, size: Size, folder: Path) -> None:
        self.workshop, self.size, self.folder = workshop, size, folder
        self.processes: list[Process] = []
        self.torn: list[str] = []

    def attempt(
        self,
        client: Client,
        *,
        concurrency: int = 16,
        budget: float | None = None,
        kill_after: float | None = None,
        disk: dict[str, Any] | None = None,
        expected: int = 0,
        mutant: str = "",
    ) -> Process:
        """One process; ``disk`` is what ``failing`` takes, ``expected`` the exit code that is no fault of it."""
        arguments = [*self._command(), "--base-url", self.workshop.billing.address(client)]
        arguments += ["--concurrency", str(concurrency), *(["--budget", f"{budget:.9f}"] if budget else [])]

        def started(pid: int) -> None:
            def kill() -> None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

            client.kill = kill

        ended = self.workshop.driver.run(
            arguments,
            disk=None if disk is None else failing(self.folder, **disk),
            mutant=mutant,
            kill_after=kill_after,
            started=started,
        )
        self.processes.append(Process(client, ended, concurrency, expected))
        return self.processes[-1]

    def _command(self) -> list[str]:
        people = [*PEOPLE[: self.size.conversations], *PEOPLE[: self.size.twins]]
        personas = self.folder.parent / f"personas-{len(people)}-{self.size.twins}.jsonl"
        if not personas.exists():
            rows = [{"id": f"p{n}", "profile": profile, "personality": who} for n, (profile, who) in enumerate(people)]
            personas.write_text("".join(json.dumps(row) + "\n" for row in rows))
        run = ["simulate", "--personas", str(personas), "--out", str(self.folder / "run"), "--quiet", "--seed", "7"]
        if self.size.twins:  # the packaged prompt shows a brief, which differs from conversation to conversation
            run += ["--prompts", str(_without_brief(self.folder.parent / "prompts-without-brief"))]
        return [*run, "--turns", str(self.size.turns), "--model", "openai/double", "--price", PRICE]

    def results(self) -> dict[str, bytes]:
        """The result files that are there."""
        files = (self.folder / "run" / name for name in RESULTS)
        return {file.name: file.read_bytes() for file in files if file.exists()}

    def look(self, reference: Reference, *, complete: bool = False) -> None:
        """Notes result files that a crash left neither whole nor, if the run had not ended (``complete``), absent."""
        found = self.results()
        for name, content in reference.files.items():
            if (name in found or complete) and found.get(name) != content:
                self.torn.append(f"after a crash {name} was {'not whole' if name in found else 'missing'}")

    def wrong(self, reference: Reference) -> list[str]:
        """What must not have happened in this story, in words; its last process is to have ended the run."""
        self.workshop.billing.settle()
        found, acked, billed = list(self.torn), dict[str, Ack](), set[str]()
        for number, process in enumerate(self.processes, 1):
            billed |= process.bodies()
            found += [f"process {number}: {fault}" for fault in _faults(process, acked, reference)]
            strange = sum(ack.body not in billed for ack in process.ended.acks)
            found += [f"process {number}: {strange} answers came from nowhere"] if strange else []
            acked |= {ack.body: ack for ack in process.ended.acks}
        last = self.processes[-1].ended
        if last.status:
            return [*found, f"the last process ended with {last.status}: {last.said.strip()[-300:]}"]
        found += [f"{name} is another one" for name, content in reference.files.items() if self._differs(name, content)]
        found += [f"{file.name} was left behind" for file in (self.folder / "run").rglob(".*.new")]
        kept = self._kept()
        lost = [ack for ack in acked.values() if kept.get(ack.key) != ack.body]
        return [*found, *([f"{len(lost)} acknowledged answers are not in the journal"] if lost else [])]

    def _differs(self, name: str, content: bytes) -> bool:
        return self.results().get(name) != content

    def _kept(self) -> dict[str, str]:
        with closing(sqlite3.connect(self.folder / "run" / "journal.db")) as journal:
            return dict(journal.execute("SELECT key, completion ->> '$.model' FROM calls").fetchall())

    def outcome(self, reference: Reference) -> dict[str, Any]:
        """What was wrong in words, and what was paid and lost, process by process. The folder is removed.

        That is the number of answers, of calls at once, and of calls that could be under way at once in this run.
        """
        wrong, bodies = self.wrong(reference), [process.bodies() for process in self.processes]
        again = [len(mine & set[str]().union(*bodies[n:])) for n, mine in enumerate(bodies[:-1], 1)]
        shutil.rmtree(self.folder)
        lost = [(n, p.concurrency, self.size.widest) for n, p in zip(again, self.processes, strict=False)]
        return {"wrong": wrong, "lost": lost}


def _faults(process: Process, acked: dict[str, Ack], reference: Reference) -> Iterator[str]:
    asked = Counter(bill.body for bill in process.client.bills)
    if again := sum(body in acked for body in asked):
        yield f"{again} acknowledged answers were asked again"
    if twice := sum(times > 1 for times in asked.values()):
        yield f"{twice} questions were asked twice"
    if unknown := sum(body not in reference.keys for body in asked):
        yield f"{unknown} questions are none of this run's"
    if changed := sum(ack.body in acked and ack.text != acked[ack.body].text for ack in process.ended.acks):
        yield f"{changed} answers have changed"
    if process.ended.status not in (0, KILLED, process.expected):
        yield f"ended with {process.ended.status}: {process.ended.said.strip()[-300:]}"


def drawn_client(rng: Random, slowest: float = 0.006) -> Client:
    """A client whose answers arrive in an order of their own."""
    return Client(delay=rng.choice((0.0, slowest / 4, slowest)), rng=Random(rng.random()))


def _without_brief(folder: Path) -> Path:
    """A folder with a prompt of the user that is the same for equal personas."""
    file = folder / "user" / "speak.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    front = "---\ndescription: Speaks.\ninputs: [conversation, profile, personality, turn]\n---\n"
    file.write_text(
        f"{front}system:\nPlay the user.\nuser:\n"
        '{% include "conversation.md" %}\n{{ profile }} {{ personality }} Turn {{ turn }}.\n',
        encoding="utf-8",
    )
    return folder
