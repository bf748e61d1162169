"""``evaluate`` of 100 personas x 10 turns against a server that answers after 200 ms, beside the least time possible.

    python benchmarks/evaluate.py            # a minute
    python benchmarks/evaluate.py --short    # 12 personas

The least time is the longer of two: the critical path of one conversation (user and model under test, turn by turn, and
the last rating), and all calls divided by the calls in flight. The time is the server's, from the first request to the
last answer, so the start of the program does not count.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from runs import COMMAND, personas, run, spread, versions
from server import running

DELAY = 0.2  # seconds an answer takes


def main() -> None:
    """Runs the evaluation at several numbers of calls in flight and prints the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="12 personas x 3 turns, once")
    parser.add_argument("--runs", type=int, default=3, help="of each; the median counts")
    given = parser.parse_args()
    people, turns, times = (12, 3, 1) if given.short else (100, 10, given.runs)
    print(f"{people} personas x {turns} turns, {1000 * DELAY:.0f} ms an answer; {versions()}")
    print(f"{'in flight':>10}{'calls':>8}{'seconds':>26}{'least':>8}{'ratio':>24}")
    with tempfile.TemporaryDirectory() as folder, running(DELAY) as server:
        file = personas(Path(folder), people)
        for in_flight in ("16", "64", "auto"):
            seconds, ratios, calls, least = [], [], 0, 0.0
            for number in range(times):
                out = Path(folder) / f"{in_flight}-{number}"
                server.reset()
                words = ["--model", "openai/double", "--user-model", "openai/double", "--judge-model", "openai/double"]
                urls = [f"--base-url={role}={server.url}" for role in ("user", "assistant", "judge")]
                size = ["--personas", str(file), "--turns", str(turns), "--concurrency", in_flight]
                run([*COMMAND, "evaluate", *words, *urls, *size, "--no-report", "--quiet", "--out", str(out)])
                log = server.log()
                calls = len(log)
                peak = max(json.loads((out / "run.json").read_bytes())["report"]["peak_concurrency"].values())
                least = max((2 * turns + 1) * DELAY, calls * DELAY / peak)
                seconds.append(max(left for _, left, _ in log) - min(arrived for arrived, _, _ in log))
                ratios.append(seconds[-1] / least)
            print(f"{in_flight:>10}{calls:>8,}{spread(seconds):>26}{least:>8.1f}{spread(ratios):>24}", flush=True)


if __name__ == "__main__":
    main()
