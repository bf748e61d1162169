"""The whole loop once, on a real model: expand, simulate, train, evaluate before and after; a few hours on two cores.

    make loop          # 100 personas x 10 turns
    make loop-short    # 12 personas x 4 turns and a few steps of training: half an hour

SmolLM2-135M-Instruct is trained on pairs of the offline cast by SFT and DPO (`train --recipe smoke`), and evaluated on
our evaluation set with the offline user and judge: before training, after it, with the persona in its prompt, with
another's persona, and after training on the same pairs with shuffled labels, a control that must not improve. All
weights are served alike, in 8 bits by llama.cpp. Each step is resumed or skipped if its folder is there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.real import KEY, free_port, prompts, serving, weights

HERE = Path(__file__).parent
CONTEXT, SLOTS = 8192, 4
SEED = "7"
ARMS = ("trained", "shuffled")


def personagen(python: str, *arguments: str) -> None:
    """Runs the command line; ends this script if it fails."""
    env = os.environ | {"OPENAI_API_KEY": KEY, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(HERE.parent)}
    began = time.monotonic()
    print(f"\n$ personagen {' '.join(arguments)}", flush=True)
    code = subprocess.run([python, "-W", "ignore", "-m", "personagen", *arguments], env=env, check=False).returncode
    print(f"ended with {code} after {time.monotonic() - began:,.0f} s", flush=True)
    if code:
        sys.exit(code)


def grown(out: Path, conversations: int) -> Path:
    """The pairs to train on: a run whose people are not in the evaluation set."""
    pool, run = out / "pool", out / "run"
    size = ["--target", str(max(60, conversations // 3)), "--personalities", str(max(40, conversations // 4))]
    personagen(sys.executable, "expand", *size, "--seed", SEED, "--out", str(pool), "--no-report")
    simulated = ["--conversations", str(conversations), "--turns", "3", "--seed", SEED, "--no-report"]
    people = ["--personas", str(pool / "personas.jsonl")]
    personagen(sys.executable, "simulate", *people, *simulated, "--out", str(run))
    return run


def arms(run: Path, out: Path, where: str) -> None:
    """The rows of each arm, ``ARM/METHOD/train.jsonl``; in ``shuffled`` chosen and rejected are swapped by a coin."""
    pairs = out / "pairs"
    if not pairs.is_dir():
        split = ["--split", "train=0.8,test=0.2", "--where", where]
        personagen(sys.executable, "export", str(run), "--format", "trl-dpo", *split, "--out", str(pairs))
    for arm in ARMS:
        for split in ("train", "test"):
            rows = [json.loads(line) for line in (pairs / f"{split}.jsonl").open(encoding="utf-8")]
            if arm == "shuffled" and split == "train":
                rows = [swapped(row, Random(f"{SEED}/{number}")) for number, row in enumerate(rows)]
            for method in ("sft", "dpo"):
                file = out / arm / method / f"{split}.jsonl"
                file.parent.mkdir(parents=True, exist_ok=True)
                made = [row | {"completion": row["chosen"]} if method == "sft" else row for row in rows]
                file.write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")


def swapped(row: dict[str, Any], random: Random) -> dict[str, Any]:
    """``row`` with chosen and rejected exchanged in half of the cases."""
    return row | {"chosen": row["rejected"], "rejected": row["chosen"]} if random.random() < 0.5 else row


def trained(out: Path, python: str, recipe: str) -> dict[str, Path]:
    """A GGUF file for the model before training and for each arm after it."""
    base = str(weights())
    models = {}
    for arm in ARMS:
        model = base
        for method in ("sft", "dpo"):
            made = out / f"{arm}-{method}"
            words = ["--model", model, "--recipe", recipe, "--drop", "--out", str(made), "--seed", SEED]
            personagen(python, "train", method, str(out / arm / method), *words)
            model = str(made)
        models[arm] = model
    models = {"before": str(out / "trained-sft" / "base"), **models}
    files = {name: out / f"{name}.gguf" for name in models}
    for name, file in files.items():
        if not file.is_file():
            part = file.with_suffix(".part")
            command = [python, "-W", "ignore", str(HERE / "gguf_weights.py"), models[name], base, str(part)]
            subprocess.run(command, check=True, env=os.environ | {"HF_HUB_OFFLINE": "1"})
            part.replace(file)
    return files


def evaluated(out: Path, files: dict[str, Path], size: Sequence[str]) -> None:
    """Evaluates each model, the one before training with the baselines too."""
    for name, file in files.items():
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        server = [sys.executable, str(HERE / "llama_server.py"), str(file), str(port), str(CONTEXT), str(SLOTS)]
        with serving(server, f"{url}/health", out / f"{name}-llama.log"):
            words = ["--model", "openai/smollm2", "--base-url", f"{url}/v1", "--timeout", "300", *size]
            words += ["--prompts", str(prompts(out)), "--against", str(out / "run"), "--seed", SEED, "--quiet"]
            words += ["--baselines"] if name == "before" else []
            personagen(sys.executable, "evaluate", *words, "--out", str(out / f"evaluation-{name}"))


def main() -> None:
    """Runs every step that is not done yet, and prints the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train-python", required=True, help="the interpreter that has the extra train")
    parser.add_argument("--out", type=Path, default=Path("outputs/loop"), help="the folder of the runs")
    parser.add_argument("--recipe", default="smoke", help="of the training")
    parser.add_argument("--conversations", type=int, default=600, help="to train on")
    parser.add_argument("--where", default="personal and knowable", help="the pairs to train on")
    parser.add_argument("--limit", default="100", help="personas to evaluate on")
    parser.add_argument("--turns", default="10", help="of each conversation of the evaluation")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    run = grown(given.out, given.conversations)
    arms(run, given.out, given.where)
    files = trained(given.out, given.train_python, given.recipe)
    evaluated(given.out, files, ["--limit", given.limit, "--turns", given.turns])
    runs = [str(given.out / f"evaluation-{name}") for name in files]
    page = ["--out", str(given.out / "compare.html")]
    personagen(sys.executable, "evaluate", "--compare", *runs, *page)
    print(f"\n{(time.monotonic() - began) / 60:,.0f} minutes; everything is in {given.out}")


if __name__ == "__main__":
    main()
