"""Results of any size: how fast a big run is stored, derived, read, exported and shown, and in how much memory.

    python benchmarks/results.py                      # 100,000 trees: about 20 GB of disk for a while, ten minutes
    python benchmarks/results.py --trees 2000 --dir /var/tmp

A few dozen distinct conversations of 10 turns are grown offline; then they are stored again under new ids, through the
journal, until it holds ``--trees`` of them. Every step after that is a process of its own, so that its peak memory is
its own. MB/s are those of the input a step reads (of what is stored, when storing), by wall and by CPU time; "of bare"
is the speed against ``orjson.loads`` of the same lines, one by one, by CPU time. Everything is removed at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = ("trees.jsonl", "pairs.jsonl", "rejections.jsonl")
TOGETHER = 64  # trees that wait for the disk at once, as conversations in flight do
BARE = {"trees.jsonl": "orjson.loads: trees", "pairs.jsonl": "orjson.loads: pairs"}


# -- the run -------------------------------------------------------------------------------------------------


def stored(run: Path, distinct: int) -> tuple[str, list[dict[str, bytes]]]:
    """What the run's settings are called in its journal, and the lines of its first trees by result file."""
    with sqlite3.connect(run / "journal.db") as journal:
        rows = journal.execute(
            "SELECT slot, file, fingerprint, lines FROM results WHERE slot < ? ORDER BY slot", (distinct,)
        ).fetchall()
    found: dict[int, dict[str, bytes]] = {}
    for slot, file, _, lines in rows:
        found.setdefault(slot, {})[file] = lines
    return rows[0][2], list(found.values())


def renamed(lines: dict[str, bytes], slot: int) -> dict[str, bytes]:
    """The same tree under the id of another one."""
    old: str = json.loads(lines["trees.jsonl"])["id"]
    new = f"{old.partition('-')[0]}-{slot}"
    return {file: part.replace(old.encode(), new.encode()) for file, part in lines.items()}


def grow(run: Path, trees: int, distinct: int) -> None:
    """Grows ``distinct`` trees and stores them until there are ``trees``; says how fast that was."""
    from personagen import simulate
    from personagen.personas.seeds import packaged
    from personagen.store.journal import Journal

    simulate(personas=str(packaged() / "profiles.jsonl"), out=str(run), conversations=distinct, turns=10)
    fingerprint, known = stored(run, distinct)
    size = 0

    async def store() -> None:
        nonlocal size
        with Journal(run / "journal.db") as journal:
            for begin in range(len(known), trees, TOGETHER):
                slots = range(begin, min(begin + TOGETHER, trees))
                made = [renamed(known[slot % len(known)], slot) for slot in slots]
                await asyncio.gather(*(journal.put(s, fingerprint, m) for s, m in zip(slots, made, strict=True)))
                size += sum(len(part) for m in made for part in m.values())

    begun, spent = time.perf_counter(), time.process_time()
    asyncio.run(store())
    wall, cpu = time.perf_counter() - begun, time.process_time() - spent
    speed = f"{size / 1e6 / wall:,.0f} MB/s, {size / 1e6 / cpu:,.0f} MB/CPU s"
    print(f"stored, {TOGETHER} at a time, each durable: {size / 1e6:,.0f} MB in {wall:.1f} s, {speed}\n")


# -- the steps: each returns the files it read and how many records came out ---------------------------------


def derive(run: Path) -> tuple[Iterable[Path], int]:
    from personagen.store.files import read_state
    from personagen.store.folder import Run
    from personagen.store.journal import Journal

    state = read_state(run)
    fingerprint, _ = stored(run, 1)
    with Journal(run / "journal.db") as journal:
        made = Run(run, "simulate", state["options"], state["prompts"], fingerprint, journal, state["started"])
        made.derive(*FILES)
    return (run / name for name in FILES), 0


def trees(run: Path) -> tuple[Iterable[Path], int]:
    from personagen import read_trees

    return [run / "trees.jsonl"], sum(1 for _ in read_trees(run))


def pairs(run: Path) -> tuple[Iterable[Path], int]:
    from personagen import read_pairs

    return [run / "pairs.jsonl"], sum(1 for _ in read_pairs(run))


def exported(format: str, *files: str) -> Callable[[Path], tuple[Iterable[Path], int]]:
    def step(run: Path) -> tuple[Iterable[Path], int]:
        from personagen import export

        out = run.parent / f"{format}.jsonl"
        rows = export(run, format, out, with_persona=format == "aloe").rows
        out.unlink()
        return [run / file for file in files], rows

    return step


def shown(*arguments: str) -> Callable[[Path], tuple[Iterable[Path], int]]:
    def step(run: Path) -> tuple[Iterable[Path], int]:
        from personagen.cli import main

        wanted = [_named(run, argument) for argument in arguments]
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            main(["show", str(run), *wanted], "personagen", standalone_mode=False)
        return [run / "trees.jsonl"], 1

    return step


def _named(run: Path, argument: str) -> str:
    """The last tree, by its place or by its id."""
    with (run / "trees.jsonl").open("rb") as file:
        file.seek(-min(1 << 20, os.fstat(file.fileno()).st_size), os.SEEK_END)
        last = file.read().splitlines()[-1]
    name: str = json.loads(last)["id"]
    return name if argument == "id" else str(int(name.partition("-")[2]) + 1)


def parsed(module: str, file: str) -> Callable[[Path], tuple[Iterable[Path], int]]:
    def step(run: Path) -> tuple[Iterable[Path], int]:
        loads = __import__(module).loads
        with (run / file).open("rb") as lines:
            return [run / file], sum(1 for line in lines if loads(line))

    return step


def loaded(file: str) -> Callable[[Path], tuple[Iterable[Path], int]]:
    def step(run: Path) -> tuple[Iterable[Path], int]:
        import datasets

        datasets.disable_progress_bars()
        with tempfile.TemporaryDirectory(dir=run.parent) as cache:
            made = datasets.load_dataset("json", data_files=str(run / file), split="train", cache_dir=cache)
            return [run / file], len(made)

    return step


STEPS: dict[str, Callable[[Path], tuple[Iterable[Path], int]]] = {
    "derive the three files": derive,
    "read_trees": trees,
    "json.loads: trees": parsed("json", "trees.jsonl"),
    "orjson.loads: trees": parsed("orjson", "trees.jsonl"),
    "read_pairs": pairs,
    "json.loads: pairs": parsed("json", "pairs.jsonl"),
    "orjson.loads: pairs": parsed("orjson", "pairs.jsonl"),
    "datasets.load_dataset: pairs": loaded("pairs.jsonl"),
    "export --format trl": exported("trl", "pairs.jsonl"),
    "export --format aloe": exported("aloe", "trees.jsonl", "pairs.jsonl"),
    "show": shown(),
    "show, the last by its place": shown("place"),
    "show, the last by its id": shown("id"),
}


# -- measuring -----------------------------------------------------------------------------------------------


def step(name: str, run: Path) -> None:
    """One step in this process; prints what it took as JSON."""
    if name.startswith(
        ("derive", "read", "export")
    ):  # who calls a library has imported it; who types a command waits for that as well
        import personagen.api  # noqa: F401
    begun, spent = time.perf_counter(), time.process_time()
    files, records = STEPS[name](run)
    took = {"wall": time.perf_counter() - begun, "cpu": time.process_time() - spent}
    size = sum(file.stat().st_size for file in files)
    print(json.dumps({**took, "bytes": size, "records": records}))


def measured(name: str, run: Path, times: int) -> dict[str, float]:
    """The median of several processes; ``memory`` is the largest peak in MB."""
    found = []
    for _ in range(times):
        command = [sys.executable, __file__, "--step", name, "--dir", str(run)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "HF_HUB_OFFLINE": "1"}) as process:
            assert process.stdout
            told = process.stdout.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{name} ended with {process.returncode}")
        found.append({**json.loads(told), "memory": used.ru_maxrss / 1024})
    middle = {key: statistics.median(one[key] for one in found) for key in ("wall", "cpu", "bytes", "records")}
    walls = [one["wall"] for one in found]
    return middle | {"memory": max(one["memory"] for one in found), "least": min(walls), "most": max(walls)}


def told(name: str, took: dict[str, float], bare: float | None) -> str:
    size = took["bytes"] / 1e6
    line = f"{name:30s} {took['wall']:8.2f} ({took['least']:.2f}-{took['most']:.2f})".ljust(56)
    line += f"{took['cpu']:8.2f} {size:8,.0f} {size / took['wall']:8,.0f} {size / took['cpu']:8,.0f}"
    return line + f" {took['memory']:7,.0f}" + (f" {size / took['cpu'] / bare:8.2f}" if bare else "")


def rows(run: Path, times: int, without: str) -> Iterator[str]:
    heads = f"{'CPU s':>8s} {'MB':>8s} {'MB/s':>8s} {'MB/CPU s':>8s} {'peak MB':>7s}"
    yield f"{'':30s} {'wall s':>8s}{'':17s}{heads}  of bare"
    found: dict[str, dict[str, float]] = {}
    for name in (name for name in STEPS if without not in name):
        if name.startswith("datasets") and find_spec("datasets") is None:
            yield f"{name:30s} not installed"
            continue
        found[name] = measured(name, run, times)
        kind = next((bare for bare in BARE.values() if bare[-5:] in name and bare in found), None)
        bare = found[kind]["bytes"] / 1e6 / found[kind]["cpu"] if kind else None
        yield told(name, found[name], bare)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trees", type=int, default=100_000, help="how many trees the run is to hold")
    parser.add_argument("--distinct", type=int, default=48, help="how many of them are grown")
    parser.add_argument("--runs", type=int, default=3, help="how often each step is run")
    parser.add_argument("--dir", type=Path, help="where to work, instead of the system's temporary folder")
    parser.add_argument(
        "--without", default="none", help="leave out steps with this text in their name, as in datasets"
    )
    parser.add_argument("--step", choices=["grow", *STEPS], help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if options.step == "grow":
        grow(options.dir, options.trees, options.distinct)
        return
    if options.step:
        step(options.step, options.dir)
        return
    with tempfile.TemporaryDirectory(dir=options.dir) as name:
        run = Path(name) / "run"
        free, needed = shutil.disk_usage(name).free, options.trees * 200_000
        if free < needed:
            raise SystemExit(
                f"{name} has {free / 1e9:.0f} GB free, and {needed / 1e9:.0f} are needed; give another --dir"
            )
        print(
            f"Python {sys.version.split()[0]}; {options.trees:,} trees, median of {options.runs} (least-most)",
            flush=True,
        )
        command = [sys.executable, __file__, "--step", "grow", "--dir", str(run)]
        numbers = ["--trees", str(options.trees), "--distinct", str(min(options.distinct, options.trees))]
        subprocess.run([*command, *numbers], check=True)
        for row in rows(run, options.runs, options.without):
            print(row, flush=True)


if __name__ == "__main__":
    main()
