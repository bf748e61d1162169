"""Mutants: the program with one thing left out that its promises rest on. The harness has to notice each of them.

A mutant is put into a process that has just been forked, before the command begins.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any


@dataclass(frozen=True)
class Mutant:
    """What is wrong with the program, how it becomes so, and the check (in ``hunt.py``) that can see it."""

    what: str
    become: Callable[[], None]
    check: str


def become(name: str) -> None:
    """Makes this process the mutant of that name, or lets its journal move its pages very often, which is no fault."""
    if name == "checkpoints often":
        from personagen.store import writer

        _put(writer, "CHECKPOINT", 12)
    else:
        MUTANTS[name].become()


def _put(place: Any, name: str, new: Any) -> None:
    """Puts ``new`` where ``place`` has something of that name; AttributeError where the program has outgrown it."""
    getattr(place, name)
    setattr(place, name, new)


def _no_recovery() -> None:
    from personagen.store import database
    from personagen.store.journal import Journal

    opened = Journal.__init__

    def init(self: Journal, file: Path) -> None:
        for end in ("-wal", "-shm"):
            file.with_name(file.name + end).unlink(missing_ok=True)
        opened(self, file)

    _put(Journal, "__init__", init)
    _put(database, "_logged_more", lambda connection: False)


def _acknowledged_early() -> None:
    from personagen.store.writer import Writer, _Write

    async def write(self: Writer, statements: Any) -> None:
        self._queue.put(_Write(tuple(statements), asyncio.get_running_loop().create_future()))

    _put(Writer, "write", write)


def _not_synchronous() -> None:
    from personagen.store import writer

    connect = writer.connect

    def unsynced(file: Path) -> Any:
        connection = connect(file)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    _put(writer, "connect", unsynced)


def _failures_ignored() -> None:
    from personagen.store.writer import Writer, sqlite3

    commit = Writer._commit

    def careless(self: Writer, connection: Any, group: Any) -> None:
        with suppress(sqlite3.Error):
            commit(self, connection, group)

    _put(Writer, "_commit", careless)


def _looked_up_never() -> None:
    from personagen.store.journal import Journal

    _put(Journal, "completion", lambda self, key: None)


def _results_in_pieces() -> None:
    from personagen.store.journal import Journal, crc

    async def put(self: Journal, slot: int, fingerprint: str, files: dict[str, bytes]) -> None:
        for name, lines in files.items():
            if lines:
                row = (name, slot, fingerprint, lines)
                await self.write([("INSERT OR REPLACE INTO results VALUES(?,?,?,?,?)", (*row, crc(*row)))])

    _put(Journal, "put", put)


def _rows_as_they_came() -> None:
    from personagen.store.journal import Journal

    def lines(self: Journal, file: str, fingerprint: str) -> Iterator[bytes]:
        query = "SELECT lines FROM results WHERE file = ? AND fingerprint = ? ORDER BY rowid"
        return iter([row[0] for row in self.rows(query, (file, fingerprint))])

    _put(Journal, "lines", lines)


def _used_early() -> None:
    from personagen.llm import middleware

    def with_journal(llm: Any, journal: Any, tally: Any) -> Any:
        storing = set()

        async def ask(call: Any) -> Any:
            stored = journal.completion(call.key)
            if stored is None:
                stored = await llm(call)
                storing.add(
                    asyncio.create_task(journal.store(call.key, call.role, call.model, call.place, stored, 0.0))
                )
            return stored

        return ask

    _put(middleware, "with_journal", with_journal)


def _never_merged() -> None:
    from personagen.llm import middleware

    def with_journal(llm: Any, journal: Any, tally: Any) -> Any:
        async def ask(call: Any) -> Any:
            stored = journal.completion(call.key)
            if stored is None:
                stored = await llm(call)
                await journal.store(call.key, call.role, call.model, call.place, stored, 0.0)
            return stored

        return ask

    _put(middleware, "with_journal", with_journal)


def _keys_at_random() -> None:
    from personagen.call import Call

    salt = os.urandom(4).hex()
    key = Call.__dict__["key"]
    computed = key.func
    _put(key, "func", lambda call: salt + computed(call)[8:])


def _coins_in_order_of_arrival() -> None:
    from personagen.flows import conversation, growth
    from personagen.flows.plan import Plan

    rng = Random(7)
    coins: dict[tuple[str, str, int], int] = {}

    def coin(plan: Plan, message: str, sides: int = 0) -> int:
        sides = sides or plan.candidates
        return coins.setdefault((plan.id, message, sides), rng.randrange(sides))

    for module in (conversation, growth):
        _put(module, "drawn", coin)


def _refused_keys_tried_again() -> None:
    from personagen.errors import ConfigError
    from personagen.llm import middleware

    with_retries = middleware.with_retries

    def again(llm: Any, *rest: Any, **more: Any) -> Any:
        async def twice(call: Any) -> Any:
            try:
                return await llm(call)
            except ConfigError:
                return await llm(call)

        return with_retries(twice, *rest, **more)

    _put(middleware, "with_retries", again)


def _written_in_place() -> None:
    from personagen.store import folder as run

    def write(file: Path, parts: Any) -> int:
        with file.open("wb", buffering=0) as out:
            return sum(out.write(part) for part in parts)

    _put(run, "write", write)


def _renamed_unsynced() -> None:
    from personagen.store import files

    def fsync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            os.fsync(handle)

    _put(files, "os", SimpleNamespace(**{**vars(os), "fsync": fsync}))


def _names_unsynced() -> None:
    from personagen.store import files

    _put(files, "sync_folder", lambda folder: None)


def _new_folders_unsynced() -> None:
    from personagen.store import folder as run

    _put(run, "make_folder", lambda folder: folder.mkdir(parents=True, exist_ok=True))


def _unlocked() -> None:
    from personagen.store import folder as run

    _put(run, "locked", lambda folder: nullcontext())


def _not_reserved() -> None:
    from personagen.llm.budget import Ledger

    reserve = Ledger.reserve

    async def no_more_than_asked(self: Ledger, most: float) -> None:
        await reserve(self, 0.0)

    _put(Ledger, "reserve", no_more_than_asked)


def _settled_before_sent() -> None:
    from personagen.llm import middleware

    def with_budget(llm: Any, ledger: Any, bound: Any) -> Any:
        async def ask(call: Any) -> Any:
            most = bound(call) or 0.0
            await ledger.reserve(most)
            ledger.settle(most, None)
            answer = await llm(call)
            ledger.spent += answer.usage.cost_usd
            return answer

        return ask

    _put(middleware, "with_budget", with_budget)


def _earlier_processes_forgotten() -> None:
    from personagen.llm import budget as money

    _put(money, "spent", lambda run, prices: 0.0)


MUTANTS = {
    "no recovery": Mutant("the WAL is thrown away when a journal is opened", _no_recovery, "answers"),
    "acknowledged early": Mutant("a write is acknowledged before it is committed", _acknowledged_early, "calls"),
    "not synchronous": Mutant("commits are not synced to disk", _not_synchronous, "cuts"),
    "failures ignored": Mutant("a commit that failed counts as done", _failures_ignored, "full"),
    "looked up never": Mutant("a resumed run does not look into its journal", _looked_up_never, "answers"),
    "results in pieces": Mutant("a slot's results are stored in several commits", _results_in_pieces, "results"),
    "rows as they came": Mutant("rows stand in the order of completion", _rows_as_they_came, "orders"),
    "used early": Mutant("an answer is used before it is stored", _used_early, "calls"),
    "never merged": Mutant("equal calls in flight are sent twice", _never_merged, "twins"),
    "keys at random": Mutant("keys differ from process to process", _keys_at_random, "answers"),
    "coins by arrival": Mutant("coins are not drawn from the place", _coins_in_order_of_arrival, "orders"),
    "401 tried again": Mutant("a refused key is tried again", _refused_keys_tried_again, "refused"),
    "written in place": Mutant("result files are written in place", _written_in_place, "results"),
    "renamed unsynced": Mutant("result files are renamed before they are synced", _renamed_unsynced, "ends"),
    "names unsynced": Mutant("renamed files and new folders are not synced by name", _names_unsynced, "ends"),
    "folders unsynced": Mutant("the name of a new run folder is not synced", _new_folders_unsynced, "cuts"),
    "unlocked": Mutant("a second process may enter the folder", _unlocked, "raced"),
    "not reserved": Mutant("nothing is reserved of the budget", _not_reserved, "spent"),
    "settled before sent": Mutant(
        "what was reserved is given back before the call is sent", _settled_before_sent, "spent"
    ),
    "forgotten": Mutant("what earlier processes spent is forgotten", _earlier_processes_forgotten, "spent"),
}
