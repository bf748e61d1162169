"""Export of a run of a million pairs: rows per second and peak memory, beside the writer of Hugging Face ``datasets``.

    python benchmarks/export.py                    # 1,000,000 pairs: about 20 GB of disk, half an hour on two cores
    python benchmarks/export.py --pairs 20000      # the short form: a minute

A few dozen offline conversations of 10 turns are grown; their lines are written again under new ids, each about one of
``--people`` personas, until there are ``--pairs`` pairs, so Parquet files are smaller than those of real runs. Each
export is a process of its own; ``datasets`` gets the same rows from a generator that reads ``pairs.jsonl`` with orjson,
and writes them with ``to_json`` or ``to_parquet``. Rows per second are pairs read by wall time of the whole process.
Everything is removed at the end.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.runs import COMMAND, Measured, personas, run, versions

DISTINCT = 48
COLUMNS = ("prompt", "chosen", "rejected")
EXPORTS = {
    "export": (),
    "export --limit, --where": ("--limit", "1000", "--where", "turn >= 2 or not leaking"),
    "export --split": ("--split", "train=0.9,test=0.1"),
    "export --with-persona --with-provenance": ("--with-persona", "--with-provenance"),
}


def grow(folder: Path, pairs: int, people: int) -> Path:
    """A run folder of about ``pairs`` pairs, and of the trees that they are from."""
    pool = personas(folder, people)
    small, big = folder / "small", folder / "run"
    size = ("--conversations", str(DISTINCT), "--turns", "10")
    run([*COMMAND, "simulate", "--personas", str(pool), *size, "--out", str(small), "--quiet"])
    known = [orjson.loads(line) for line in pool.read_bytes().splitlines()]
    trees = [orjson.loads(line) for line in (small / "trees.jsonl").read_bytes().splitlines()]
    own: dict[str, list[dict[str, Any]]] = {tree["id"]: [] for tree in trees}
    for line in (small / "pairs.jsonl").read_bytes().splitlines():
        pair = orjson.loads(line)
        own[pair["tree"]].append(pair)
    big.mkdir()
    (big / "run.json").write_bytes((small / "run.json").read_bytes())
    made = number = 0
    with (big / "trees.jsonl").open("wb") as tree_file, (big / "pairs.jsonl").open("wb") as pair_file:
        while made < pairs:
            tree, person = trees[number % len(trees)], known[number % len(known)]
            name = f"{person['id']}-{number}"
            tree_file.write(orjson.dumps({**tree, "id": name, "persona": person}) + b"\n")
            about = {"tree": name, "persona": person["id"], "attributes": person["attributes"]}
            for pair in own[tree["id"]][: pairs - made]:
                pair_file.write(orjson.dumps({**pair, **about}) + b"\n")
                made += 1
            number += 1
    return big


def rows(file: str) -> Iterator[dict[str, Any]]:
    """The rows of ``--format trl``, as a script of one's own would make them."""
    with Path(file).open("rb") as lines:
        for line in lines:
            pair = orjson.loads(line)
            yield {name: pair[name] for name in COLUMNS}


def with_datasets(folder: Path, to: str) -> None:
    """Writes the same rows with ``datasets``."""
    import datasets

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        file = {"file": str(folder / "run" / "pairs.jsonl")}
        made = datasets.Dataset.from_generator(rows, gen_kwargs=file, cache_dir=cache)
        out = str(folder / f"datasets.{to}")
        made.to_parquet(out) if to == "parquet" else made.to_json(out)


def line(name: str, took: Measured, pairs: int, size: int) -> str:
    return f"{name:50s} {took.wall:8.1f} {pairs / took.wall:9,.0f} {took.peak:9,.0f} {size / 1e6:9,.0f}"


def measured(folder: Path, pairs: int) -> Iterator[str]:
    """A line for each export."""
    yield f"{'':50s} {'wall s':>8s} {'rows/s':>9s} {'peak MB':>9s} {'MB':>9s}"
    for to in ("jsonl", "parquet"):
        for name, options in EXPORTS.items():
            out = folder / "out"
            command = [*COMMAND, "export", str(folder / "run"), "--to", to, "--out", str(out), "--quiet", *options]
            took = run(command)
            files = [out] if out.is_file() else list(out.iterdir())
            yield line(f"{name} --to {to}", took, pairs, sum(file.stat().st_size for file in files))
            for file in (*files, *folder.glob("*.selection.jsonl")):
                file.unlink()
            if out.exists():
                out.rmdir()
        took = run([sys.executable, __file__, "--step", to, "--dir", str(folder)])
        made = folder / f"datasets.{to}"
        yield line(f"datasets: from_generator, to_{'json' if to == 'jsonl' else to}", took, pairs, made.stat().st_size)
        made.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000, help="how many pairs the run is to hold")
    parser.add_argument("--people", type=int, default=2000, help="how many personas they are about")
    parser.add_argument("--dir", type=Path, help="where to work, instead of the system's temporary folder")
    parser.add_argument("--step", choices=["jsonl", "parquet"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        with_datasets(options.dir, options.step)
        return
    os.environ["HF_HUB_OFFLINE"] = "1"
    with tempfile.TemporaryDirectory(dir=options.dir) as name:
        big = grow(Path(name), options.pairs, min(options.people, max(20, options.pairs // 100)))
        files = [big / "trees.jsonl", big / "pairs.jsonl"]
        sizes = ", ".join(f"{file.name} {file.stat().st_size / 1e6:,.0f} MB" for file in files)
        print(f"{versions('datasets', 'pyarrow')}; {options.pairs:,} pairs; {sizes}", flush=True)
        for row in measured(Path(name), options.pairs):
            print(row, flush=True)


if __name__ == "__main__":
    main()
