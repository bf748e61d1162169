"""Publishing many pairs: how fast a run is written as a dataset, scanned and sent to a Hub on this machine.

    python benchmarks/publish.py                     # 100,000 pairs: about 2 GB of disk for a while, minutes
    python benchmarks/publish.py --pairs 2000

A few offline conversations of 10 turns are stored under new ids, each reply with its own words, until there are
``--pairs`` pairs; the run is published by ``personagen publish`` as a process of its own to the double of the Hub that
the tests use (tests/servers/hub.py), without Xet, and a second time, when nothing changed. MB/s are those of the run's
files that are read, by wall time; "written" is the speed to a folder, without the Hub. Everything is removed at the
end.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.runs import COMMAND, Measured, personas, run  # noqa: E402
from tests.servers.hub import TOKEN, Hub  # noqa: E402
from tests.servers.hub_server import running  # noqa: E402

FILES = ("trees.jsonl", "pairs.jsonl", "rejections.jsonl")


def grown(folder: Path, pairs: int) -> tuple[Path, int]:
    """A run of at least ``pairs`` pairs, and how many they are."""
    people, small, large = personas(folder, 20), folder / "small", folder / "run"
    run([*COMMAND, "simulate", "--personas", str(people), "--turns", "10", "--out", str(small), "--quiet"])
    shutil.copytree(small, large, ignore=shutil.ignore_patterns("journal.db*", ".lock", *FILES))
    lines = {name: (small / name).read_bytes() for name in FILES}
    trees = [json.loads(line)["id"] for line in lines["trees.jsonl"].splitlines()]
    each = lines["pairs.jsonl"].count(b"\n")
    copies = -(-pairs // each)
    for name in FILES:
        with (large / name).open("wb") as out:
            for number in range(copies):
                out.write(renamed(lines[name], trees, number))
    return large, copies * each


def renamed(text: bytes, trees: list[str], number: int) -> bytes:
    """The records with other ids, and a word in each message that no copy shares."""
    for tree in trees:
        text = text.replace(tree.encode(), f"{tree}.{number}".encode())
    word = str(number).translate(str.maketrans("0123456789", "bdfgklmnrt"))  # digits might look like a phone number
    return text.replace(b'","agent"', f' No. {word}.","agent"'.encode()).replace(
        b'"role":"assistant","content":"', f'"role":"assistant","content":"({word}) '.encode()
    )


def published(source: Path, *words: str, **environment: str) -> Measured:
    """``personagen publish`` as a process of its own."""
    command = [*COMMAND, "publish", str(source), *words, "--allow-offline-data", "--with-persona", "--quiet"]
    before = dict(os.environ)
    os.environ.update(environment, PYTHONPATH=str(ROOT))
    try:
        return run(command)
    finally:
        os.environ.clear()
        os.environ.update(before)


def row(name: str, measured: Measured, size: float) -> None:
    """Prints one line of the table."""
    speed = size / 1e6 / measured.wall
    print(
        f"{name:<28}{measured.wall:8.1f} s {measured.cpu:8.1f} s CPU {speed:8.1f} MB/s {measured.peak:7.0f} MB peak",
        flush=True,
    )


def measure(folder: Path, pairs: int, hub: Hub) -> None:
    """Grows the run, publishes it three times and prints the table."""
    source, count = grown(folder, pairs)
    size = sum((source / name).stat().st_size for name in FILES)
    print(
        f"{count:,} pairs, {size / 1e6:,.0f} MB of JSON lines; huggingface_hub {version('huggingface_hub')}", flush=True
    )
    row("written to a folder", published(source, "--to-folder", str(folder / "dataset")), size)
    shutil.rmtree(folder / "dataset")
    settings = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(folder / "hf")}
    row("published to the Hub", published(source, "me/pairs", "--yes", **settings), size)
    sent, commits = hub.received, len(hub.repos["me/pairs"].commits)
    row("again, nothing changed", published(source, "me/pairs", "--yes", **settings), size)
    again, more = hub.received - sent, len(hub.repos["me/pairs"].commits) - commits
    print(f"{sent / 1e6:,.1f} MB sent in {commits - 1} commit; again {again / 1e6:,.1f} MB in {more}")


def version(package: str) -> str:
    """The installed version of ``package``."""
    from importlib.metadata import version

    return version(package)


def main() -> None:
    """Reads the options and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--dir", type=Path, help="where to work (default: the system's folder for temporary files)")
    args = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=args.dir) as folder, running() as hub:
        measure(Path(folder), args.pairs, hub)
    print(f"{time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
