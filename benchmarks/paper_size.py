"""The size of ALOE's paper, offline: 3,310 personas, a conversation of 10 turns each, and memory against their number.

    python benchmarks/paper_size.py            # about five minutes
    python benchmarks/paper_size.py --short

The scripted cast plays all parts, so this is the cost of everything but the model: 198,600 calls, each rendered, made
durable, parsed, and all trees, pairs and rejections written. ALOE's data set has 3,310 conversations (arXiv 2410.03642,
section 3.3).
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import orjson
from runs import COMMAND, Measured, personas, run, versions

TURNS = 10


def simulated(file: Path, out: Path, conversations: int) -> tuple[Measured, int, int]:
    """One run, its calls and its pairs."""
    size = ("--conversations", str(conversations), "--turns", str(TURNS))
    measured = run([*COMMAND, "simulate", "--personas", str(file), "--out", str(out), "--quiet", *size])
    state = orjson.loads((out / "run.json").read_bytes())
    with (out / "pairs.jsonl").open("rb") as lines:
        return measured, state["usage"]["calls"], sum(1 for _ in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="small sizes, to see that it works")
    parser.add_argument("--conversations", type=int, default=3310)
    options = parser.parse_args()
    most = 60 if options.short else options.conversations
    print(versions())
    with tempfile.TemporaryDirectory() as name:
        file = personas(Path(name), most)
        print("conversations    calls    pairs  seconds  CPU ms a call  peak MB")
        for conversations in (most // 10, most):
            measured, calls, pairs = simulated(file, Path(name) / f"run-{conversations}", conversations)
            cpu = 1000 * measured.cpu / calls
            print(
                f"{conversations:13,}  {calls:7,}  {pairs:7,}  {measured.wall:7.1f}  {cpu:13.2f}  {measured.peak:7,.0f}"
            )


if __name__ == "__main__":
    main()
