"""Time and memory of commands on very many rows of one's own: 200,000 personas, each with a profile and a personality.

    python benchmarks/reading.py                     # about two minutes
    python benchmarks/reading.py --rows 20000

The rows are made here, differ from one another, and have no facts and traits of their own, so that these are read off
the texts. `expand` gets a target that the seeds reach, so that it reads, embeds and combines them and asks for nothing.
CPU time is that of user and system, memory the peak that is resident, both as the operating system counts them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
JOBS = [
    "nurse",
    "driver",
    "baker",
    "welder",
    "teacher",
    "librarian",
    "sailor",
    "florist",
    "mason",
    "judge",
    "chemist",
    "tailor",
]
DONE = [
    "keeps bees",
    "mends clocks",
    "bakes bread",
    "rows on Sundays",
    "collects maps",
    "paints boats",
    "plays the cello",
]
TRAITS = [
    "patient",
    "blunt",
    "curious",
    "stubborn",
    "generous",
    "shy",
    "witty",
    "vain",
    "loyal",
    "warm",
    "strict",
    "bold",
    "calm",
    "anxious",
]


def write_rows(path: Path, count: int) -> None:
    """``count`` different people, as JSON lines."""
    random = Random(1)
    words = ["".join(random.choices("bcdfglmnprstaeiou", k=random.randint(4, 8))) for _ in range(5000)]
    with path.open("w", encoding="utf-8") as out:
        for number in range(count):
            who = "She" if number % 2 else "He"
            one, two, three, four = random.sample(words, 4)
            profile = (
                f"{who} is a {random.randint(18, 90)}-year-old {random.choice(JOBS)} from {one}. {who} "
                f"{random.choice(DONE)} and saves for a {two} {three}. {who} has {random.randint(2, 9)} cousins near "
                f"the {four} {one}. {who} wakes at {random.randint(4, 9)} and drinks {two} tea with {three}."
            )
            a, b, c = random.sample(TRAITS, 3)
            out.write(json.dumps({"profile": profile, "personality": f"{who} is {a}, {b} and {c} at {four}."}) + "\n")


def measured(*words: str) -> tuple[float, float, float]:
    """Wall and CPU seconds and peak memory in MB of ``personagen`` with ``words``."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "personagen", *words, "--quiet"]
    began = time.monotonic()
    _, status, used = os.wait4(os.spawnve(os.P_NOWAIT, sys.executable, command, env), 0)
    if status:
        raise SystemExit(f"{' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args().rows
    with TemporaryDirectory() as folder:
        path = Path(folder) / "people.jsonl"
        write_rows(path, rows)
        simulate = ("simulate", "--personas", str(path), "--conversations", "2", "--turns", "1")
        expand = ("expand", "--seeds", str(path), "--target", str(rows), "--personalities", str(rows))
        for name, words in (("simulate --personas", simulate), ("expand --seeds", expand)):
            wall, cpu, memory = measured(*words, "--out", str(Path(folder) / words[0]))
            print(f"{name:<20} {rows:,} rows: {wall:6.1f} s, CPU {cpu:6.1f} s, {memory:7,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
