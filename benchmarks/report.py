"""The report of a large run: how long it takes to write, its size, and how fast it is in a browser.

    python benchmarks/report.py [--conversations 5000] [--turns 10] [--base 60] [--seed 7] [--keep FOLDER]

``--base`` conversations of the offline cast are simulated, and copied under other ids until there are enough. Measured
in headless Chromium, opened from disk: until the first paint, until the overview is drawn, until a conversation is
drawn while Chromium still reads the file, until one that was not shown before is drawn after that (median and slowest
of 30), and until a search over all messages has its result (of 10 words), once all texts are read. Goals: 2,000, -, -,
200 and 300 ms. Without Chromium only the writing is measured.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from random import Random
from statistics import median

from personagen import expand, read_pairs, read_trees, simulate
from personagen.flows.report import report
from personagen.runs.interrupt import run_sync
from personagen.store.files import dump


def large_run(folder: Path, conversations: int, turns: int, base: int, seed: int) -> Path:
    """A run of so many conversations, copies of ``base`` simulated ones."""
    expand(target=base, personalities=base, seed=seed, out=folder / "pool")
    people = folder / "pool" / "personas.jsonl"
    simulate(personas=people, conversations=base, turns=turns, seed=seed, out=folder / "base")
    run = folder / "run"
    run.mkdir()
    trees, pairs = list(read_trees(folder / "base")), list(read_pairs(folder / "base"))
    with (run / "trees.jsonl").open("wb") as trees_file, (run / "pairs.jsonl").open("wb") as pairs_file:
        for number in range(conversations):
            tree = trees[number % len(trees)]
            name = f"{tree.id}x{number}"
            persona = tree.persona.model_copy(update={"id": f"{tree.persona.id}x{number}"})
            trees_file.write(tree.model_copy(update={"id": name, "persona": persona}).line() + b"\n")
            for pair in (pair for pair in pairs if pair.tree == tree.id):
                pairs_file.write(pair.model_copy(update={"tree": name, "persona": persona.id}).line() + b"\n")
    (run / "rejections.jsonl").touch()
    state = json.loads((folder / "base" / "run.json").read_bytes())
    (run / "run.json").write_bytes(dump(state))
    return run


def in_browser(file: Path, folder: Path, names: list[str], seed: int) -> list[tuple[str, str]]:
    """The times in Chromium, in words."""
    from tests.browser.chromium import browser

    rng = Random(seed)
    with browser(folder) as window:
        window.open(file)
        paint = window.run("return performance.getEntriesByType('paint')[0].startTime")
        drawn = window.run("return performance.now()")
        first, *others = rng.sample(names, 31)
        early = timed(window, first)
        window.until("document.readyState === 'complete'")
        opened = [timed(window, name) for name in others]
        window.until("document.documentElement.dataset.searchable")
        words = [
            "insulin",
            "telescope",
            "neighbour",
            "budget",
            "sourdough",
            "xyzzy",
            "the",
            "morning",
            "organ",
            "chess",
        ]
        searched = [searching(window, word) for word in words]
    return [
        ("first paint", f"{paint:,.0f} ms"),
        ("overview drawn", f"{drawn:,.0f} ms"),
        ("one while it is read", f"{early:,.0f} ms"),
        ("a conversation opens", f"{median(opened):,.0f} ms, slowest {max(opened):,.0f} ms"),
        ("a search", f"{median(searched):,.0f} ms, slowest {max(searched):,.0f} ms"),
    ]


_WATCH = """
const [route, done] = arguments;
const root = document.documentElement, before = root.dataset.ready, begin = performance.now();
location.hash = route;
const look = () => root.dataset.ready === before ? setTimeout(look, 1)
  : requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin)));
look();
"""


def timed(window: object, name: str) -> float:
    """Milliseconds until the conversation is drawn, the next frame included."""
    return float(window.driver.execute_async_script(_WATCH, f"#/conversations/{name}"))  # type: ignore[attr-defined]


def searching(window: object, word: str) -> float:
    """Milliseconds until the list of a search is drawn."""
    return float(window.driver.execute_async_script(_WATCH, f"#/conversations?q={word}"))  # type: ignore[attr-defined]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=5000)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--base", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="write the run and its report here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        run = large_run(folder, given.conversations, given.turns, given.base, given.seed)
        began = time.perf_counter()
        made = run_sync(report([run]))
        seconds = time.perf_counter() - began
        rows = [
            ("conversations, pairs", f"{made.conversations:,}, {made.pairs:,}"),
            ("written in", f"{seconds:,.1f} s"),
            ("size", f"{made.bytes / 1e6:,.1f} MB, of {sum(f.stat().st_size for f in run.iterdir()) / 1e6:,.0f} MB"),
        ]
        if find_spec("selenium"):
            from tests.browser.chromium import program

            rows += (
                in_browser(Path(made.file), folder, [tree.id for tree in read_trees(run)], given.seed)
                if program()
                else []
            )
        for name, value in rows:
            print(f"{name:22} {value}")


if __name__ == "__main__":
    main()
