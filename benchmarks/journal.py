"""How many answers a second the journal makes durable, against one commit an answer.

    python benchmarks/journal.py                   # 20,000 answers of 3 KB, five runs
    python benchmarks/journal.py --answers 2000 --runs 2

Every answer is on disk (SQLite in WAL mode, ``synchronous = FULL``) before its caller goes on. What the disk does with
a sync differs most from machine to machine, so the time of one is printed too.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import platform
import sqlite3
import tempfile
import time
from pathlib import Path
from statistics import median

from personagen.records import Completion, Usage
from personagen.store.journal import Journal

ANSWER = Completion(text="x" * 2900, model="double", usage=Usage(input_tokens=900, output_tokens=700))


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


async def journal(folder: Path, answers: int, in_flight: int) -> tuple[float, float, float]:
    """Answers a second, CPU milliseconds an answer, and the median milliseconds an answer waits."""
    numbers, waits = iter(range(answers)), list[float]()
    with Journal(folder / "journal.db") as store:

        async def asker() -> None:
            for number in numbers:
                began = time.perf_counter()
                await store.store(key(number), "user", "double", "tree/0.1.0", ANSWER, 0.2)
                waits.append(time.perf_counter() - began)

        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(asker() for _ in range(in_flight)))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return answers / wall, 1000 * cpu / answers, 1000 * median(waits)


def one_by_one(folder: Path, answers: int) -> tuple[float, float, float]:
    """The same with plain SQLite and one commit an answer."""
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE calls(key TEXT PRIMARY KEY, completion BLOB)")
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(answers):
        connection.execute("INSERT INTO calls VALUES(?, ?)", (key(number), ANSWER.line()))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    connection.close()
    return answers / wall, 1000 * cpu / answers, 1000 * wall / answers


def sync(folder: Path) -> float:
    """The median milliseconds of writing 3 KB and syncing it."""
    times = []
    with (folder / "sync").open("wb") as file:
        for _ in range(50):
            file.write(ANSWER.line())
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return 1000 * median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--answers", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", help="where to write [default: the system's temporary folder]")
    options = parser.parse_args()
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {len(ANSWER.line()):,} bytes an answer"
    )
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for run in range(options.runs + 1):  # the first warms up
        for in_flight in (0, 16, 64, 256):
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                if in_flight:
                    got = asyncio.run(journal(Path(folder), options.answers, in_flight))
                else:
                    got = one_by_one(Path(folder), min(500, options.answers))
                if run:
                    name = f"journal, {in_flight} in flight" if in_flight else "one commit an answer"
                    rows.setdefault(name, []).append(got)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        print(f"one sync of this disk: {sync(Path(folder)):.1f} ms")
    base = median(rate for rate, _, _ in rows["one commit an answer"])
    print(f"{'':24}  answers/s (least to most)     ratio  CPU ms  wait ms")
    for name, got in rows.items():
        rates, cpus, waits = ([row[i] for row in got] for i in range(3))
        spread = f"{median(rates):7,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"
        print(f"{name:24}  {spread:28}  {median(rates) / base:5.1f}  {median(cpus):6.3f}  {median(waits):7.1f}")


if __name__ == "__main__":
    main()
