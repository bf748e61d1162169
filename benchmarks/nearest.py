"""What comparing with a very large pool costs and misses: CPU a candidate, recall, memory, against brute force.

    python benchmarks/nearest.py                                  1,000,000 entries, 384 dims, some ten minutes
    python benchmarks/nearest.py --n 120000 --candidates 2000     the short form, under a minute

An entry is put together from sentences of different profiles of the offline author and encoded by the default encoder,
its 512 numbers turned into --dims by a random orthogonal projection. Half of the candidates are new in the same way,
half are near-duplicates of entries: three words changed, or one, two or three of about six sentences replaced. The
threshold is the default encoder's for a pool of that size. Brute force compares every pair in blocked products and says
which candidates had to be turned away. CPU is process time, BLAS held to one thread; a figure is the median of the
rounds, with the first and the ninth tenth.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import platform
import resource
import time
from collections.abc import Callable, Sequence
from random import Random

import numpy as np
import orjson

from personagen.encoders import hashed
from personagen.encoders.encoder import FloatArray, unit
from personagen.offline import author
from personagen.personas.english.text import sentences
from personagen.personas.filters.nearest import MAX_EXACT_ROWS, Rows
from personagen.personas.seeds import load_seeds

BATCH = 2000
BLOCK = 8192
KINDS = ("3 words changed", "1 sentence replaced", "2 sentences replaced", "3 sentences replaced")


def profiles(count: int) -> list[list[str]]:
    """``count`` profiles of the offline author, as sentences."""
    examples = [entry.text for entry in load_seeds(None).profiles]
    found: list[list[str]] = []
    while len(found) < count:
        reply = orjson.loads(author.profiles({"examples": examples, "count": 80}, Random(f"nearest {len(found)}")))
        found += [sentences(entry["text"]) for entry in reply["descriptions"]]
    return found[:count]


class Source:
    """Texts put together from the sentences of ``profiles``; the same name gives the same text."""

    def __init__(self, profiles: Sequence[Sequence[str]], dims: int) -> None:
        self.sentences = [sentence for profile in profiles for sentence in profile]
        self.lengths = [len(profile) for profile in profiles]
        seeds = load_seeds(None)
        self.idf = hashed.fit([entry.text for entry in (*seeds.profiles, *seeds.personalities)])
        self.turn = np.linalg.qr(np.random.default_rng(0).standard_normal((hashed.DIMS, dims)))[0]

    def text(self, name: object) -> list[str]:
        random = Random(f"text {name}")
        return random.choices(self.sentences, k=random.choice(self.lengths))

    def near(self, number: int, kind: int) -> list[str]:
        """The text of that number with ``KINDS[kind]``, one sentence at least left as it was."""
        random, parts = Random(f"near {number}"), self.text(number)
        if kind == 0:
            words = " ".join(parts).split()
            for at in random.sample(range(len(words)), min(3, len(words))):
                words[at] = random.choice(self.sentences).split()[-1]
            return words
        for at in random.sample(range(len(parts)), min(kind, len(parts) - 1)):
            parts[at] = random.choice(self.sentences)
        return parts

    def vectors(self, texts: Sequence[Sequence[str]]) -> FloatArray:
        return unit(hashed.hashed([" ".join(parts) for parts in texts], self.idf) @ self.turn)


def cpu(run: Callable[[], object]) -> float:
    begun = time.process_time()
    run()
    return time.process_time() - begun


def measure(rows: Rows, source: Source, size: int, per_round: int, candidates: int, listing: float) -> float:
    """Prints what a round costs in a pool of ``size``, and what it misses; gives the CPU ms a candidate."""
    threshold = hashed.THRESHOLDS["profile"].at(size)
    picked = Random(size).choices(range(size), k=candidates)
    spent, plain, kinds, hits, best = [], [], [], [], []
    matrix = rows.first(size)
    for low in range(0, candidates, per_round):
        asked = range(low, min(low + per_round, candidates))
        kind = [at // 2 % len(KINDS) if at % 2 else -1 for at in asked]
        texts = [
            source.text(f"new {size} {at}") if k < 0 else source.near(picked[at], k)
            for at, k in zip(asked, kind, strict=True)
        ]
        queries = source.vectors(texts)
        begun = time.process_time()
        hits += [found.row is not None for found in rows.search(queries, threshold, 0, size)]
        spent.append((time.process_time() - begun) / len(queries))
        begun, closest = time.process_time(), np.full(len(queries), -1.0, np.float32)
        for first in range(0, size, BLOCK):
            np.maximum(closest, (queries @ matrix[first : first + BLOCK].T).max(axis=1), out=closest)
        plain.append((time.process_time() - begun) / len(queries))
        best += closest.tolist()
        kinds += kind
    rejects, found, planted = np.array(best) >= threshold + 1e-6, np.array(hits), np.array(kinds)
    wrong = int((found & (np.array(best) < threshold - 1e-6)).sum())
    low, middle, high = 1e3 * np.quantile(spent, [0.1, 0.5, 0.9])
    brute = 1e3 * float(np.median(plain))
    print(
        f"{size:9,d} entries, threshold {threshold:.3f}: {middle:.3f} ms a candidate ({low:.3f} to {high:.3f},"
        f" {len(spent)} rounds) + {1e3 * listing:.3f} to list an entry; brute force {brute:.2f},"
        f" {brute / middle:.1f} times as much"
    )
    print(
        f"{'':9s} turned away by brute force {rejects.sum()} of {candidates},"
        f" of these found {found[rejects].mean():.5f}; wrongly turned away {wrong}"
    )
    for number, name in enumerate(KINDS):
        chosen = rejects & (planted == number)
        if chosen.any():
            print(
                f"{'':11s}{name:21s} turned away {chosen.sum():5d}, found {found[chosen].mean():.5f},"
                f" cosine from {np.array(best)[chosen].min():.3f}"
            )
    print(
        f"{'':9s} peak memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB",
        flush=True,
    )
    return float(middle) + 1e3 * listing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1_000_000, help="entries of the largest pool")
    parser.add_argument("--dims", type=int, default=384, help="numbers a vector has, 512 at most")
    parser.add_argument("--round", type=int, default=2000, help="candidates compared with one frozen pool")
    parser.add_argument("--candidates", type=int, default=12_000, help="candidates at each size")
    parser.add_argument("--profiles", type=int, default=10_000, help="profiles to take sentences from")
    options = parser.parse_args()
    print(f"numpy {np.__version__}, Python {platform.python_version()}, {options.dims} dims, rounds of {options.round}")
    source, rows = Source(profiles(options.profiles), options.dims), Rows()
    sizes = [size for size in (times * MAX_EXACT_ROWS for times in (1, 2, 5)) if size < options.n] + [options.n]
    costs = []
    for size in sizes:
        begun = len(rows)
        for low in range(begun, size, BATCH):
            for row in source.vectors([source.text(number) for number in range(low, min(low + BATCH, size))]):
                rows.add(row)
        probe = source.vectors([source.text("probe")])
        listing = cpu(lambda: rows.search(probe, 0.99, 0, size)) / (size - begun)  # noqa: B023
        costs.append(measure(rows, source, size, options.round, options.candidates, listing))
    for per_round in (160, 1000):
        threshold, spent = hashed.THRESHOLDS["profile"].at(len(rows)), []
        for number in range(5):
            queries = source.vectors([source.text(f"small {per_round} {number} {at}") for at in range(per_round)])
            spent.append(1e3 * cpu(lambda: rows.search(queries, threshold, 0, len(rows))) / per_round)  # noqa: B023
        print(f"{len(rows):9,d} entries, rounds of {per_round}: {np.median(spent):.3f} ms a candidate")
    if len(sizes) > 1:
        print(f"from {sizes[0]:,d} to {sizes[-1]:,d} entries, {sizes[-1] / sizes[0]:.1f} times as many,"
              f" the cost a candidate grows by {costs[-1] / costs[0]:.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
