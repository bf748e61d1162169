"""What filtering costs and what it catches: encoder speed, detection, calibration, CPU per candidate as a pool grows.

    python benchmarks/filter.py                        20,000 candidates, about a minute
    python benchmarks/filter.py --n 110000 --dims 384  until the pool has 100,000 entries, some ten minutes
    python benchmarks/filter.py --n 2000               the short form
    python benchmarks/filter.py --data DIR             also on ALOE's profile.jsonl and personality.jsonl in DIR

CPU is process time, BLAS held to one thread. The growing pool is written by the offline author, so that it needs no
model and no data; figures about ALOE's texts need the texts. Larger pools still: benchmarks/nearest.py.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import asyncio
import platform
import resource
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import orjson

from personagen.encoders import Encoder, hashed, open_encoder
from personagen.encoders.calibration import repeats
from personagen.encoders.encoder import FloatArray, unit
from personagen.offline import author
from personagen.personas import pool
from personagen.personas.english.text import normalised, sentences
from personagen.personas.filters import FILTERS, SCREENS, Candidate, PoolView, Refusal, Rules, Threshold, candidate
from personagen.personas.filters.pool_view import shingles
from personagen.personas.filters.threshold import fit
from personagen.personas.seeds import load_seeds
from personagen.records import Description, Kind, content_id

# What expand asks for in a round: 8 calls for 20 descriptions.
ROUND = 160
# Words and word triples; the screens; the vectors; the triples of all entries; their vectors, and joining them.
STAGES = ("prepare", "form+kind", "encode", "duplicates", "similarity")


def written(count: int, examples: Sequence[str], place: str) -> list[Description]:
    """``count`` profiles of the offline author, who has seen ``examples`` and repeats one now and then."""
    reply = orjson.loads(author.profiles({"examples": list(examples), "count": count}, Random(place)))
    return [described(entry["text"], tuple(entry["facts"])) for entry in reply["descriptions"]]


def described(text: str, items: tuple[str, ...] = (), kind: Kind = "profile") -> Description:
    return Description(id=content_id(kind, text), kind=kind, text=text, items=items)


def auc(positive: FloatArray, negative: FloatArray) -> float:
    """The chance that a positive scores above a negative (ties count half)."""
    above = np.searchsorted(np.sort(negative), positive, "left") + np.searchsorted(np.sort(negative), positive, "right")
    return float(above.mean() / 2 / len(negative))


WORDS = """enjoys/likes loves/adores works/earns-a-living lives/resides house/home apartment/flat small/little big/large
    children/kids kids/children often/frequently frequently/often weekends/Saturdays job/position married/wed
    cooking/cuisine reading/books friends/companions friend/companion city/town town/city always/constantly likes/enjoys
    very/extremely great/excellent student/pupil teacher/instructor runs/manages owns/has collects/gathers spare/free
    allergic/sensitive expert/specialist member/part local/nearby studying/learning playing/practising
    watching/following volunteers/helps-out quickly/fast calm/composed helps/assists able/capable others/people"""
SYNONYMS = dict(pair.split("/") for pair in WORDS.split())


def paraphrased(text: str, random: Random) -> str:
    """Much the same said in other words: sentences in another order, words for words, a new opening."""
    parts = sentences(text)
    random.shuffle(parts)
    words = [
        SYNONYMS.get(w.strip(".,"), w.strip(".,")).replace("-", " ") + w[len(w.rstrip(".,")) :]
        for w in " ".join(parts).split()
    ]
    opening = random.choice(["", "As it happens, ", "Those close by will tell you: ", "To sum up, "])
    return opening + " ".join(words).replace(" is a ", random.choice([" is a ", ", being a "]))


async def detection(encoder: Encoder, texts: Sequence[str], name: str) -> None:
    vectors = await encoder.encode(texts)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    new = cosines.max(axis=1)
    again = repeats(texts)
    for what, pairs in (
        ("1-3 details changed", again),
        ("paraphrased", [(at, paraphrased(text, Random(f"{at}"))) for at, text in enumerate(texts)]),
    ):
        found = await encoder.encode([text for _, text in pairs])
        scores = (found @ vectors.T).max(axis=1)
        print(f"  {name}: {what:20s} AUC {auc(scores, new):.3f}  5 % below {np.quantile(scores, 0.05):.3f}"
              f"  (new: 5 % above {np.quantile(new, 0.95):.3f})")  # fmt: skip


async def calibration(encoder: Encoder, texts: Sequence[str], kind: Kind) -> None:
    vectors = await encoder.encode(texts)
    again = repeats(texts)
    copies = await encoder.encode([text for _, text in again])
    cosines = vectors @ vectors.T
    repeated = np.einsum("ij,ij->i", vectors[[at for at, _ in again]], copies)
    fitted = fit(cosines[np.triu_indices(len(texts), 1)], repeated)
    for name, threshold in (("fitted", fitted), ("default", (encoder.thresholds or {}).get(kind, fitted))):
        draws = np.random.default_rng(0)
        row = []
        for size in (5, 20, 70, 330):
            if size < len(texts):
                orders = (draws.permutation(len(texts))[: size + 1] for _ in range(3000))
                wrong = np.mean([cosines[o[0], o[1:]].max() >= threshold.at(size) for o in orders])
                row.append(f"{size}: {threshold.at(size):.3f} {wrong:.1%}")
        missed = np.mean(repeated < threshold.at(100_000))
        print(f"  {kind} {name} {threshold}\n    new taken for a repeat, by pool size: {', '.join(row)};"
              f" repeats missed at 100,000: {missed:.1%}")  # fmt: skip


def sanity(encoder: Encoder, entries: Sequence[Description], vectors: FloatArray) -> None:
    """How many of ``entries`` each filter alone would turn away, were they candidates one after the other."""
    kind = entries[0].kind
    threshold = (encoder.thresholds or {}).get(kind, Threshold.fixed(0.9))
    view = PoolView(Rules(similarity=threshold))
    asking = [
        candidate(entry, str(at), vector) for at, (entry, vector) in enumerate(zip(entries, vectors, strict=True))
    ]
    for name, ask in SCREENS.items():
        rejected = pool.screen(asking, view, {name: ask})[1]
        why = Counter(r.reason.partition(":")[0] for r in rejected).most_common(3)
        print(f"  {kind:12s} {name:11s} {len(rejected):4d} of {len(entries)}  {why or ''}")
    for name, ask in FILTERS[kind].items():
        rejections = pool.admit(asking, PoolView(view.rules), {name: ask}).rejections
        scores = ", ".join(f"{r.score:.2f}" for r in rejections[:6])
        print(f"  {kind:12s} {name:11s} {len(rejections):4d} of {len(entries)}  {scores}")


async def growth(encoder: Encoder, n: int, dims: int) -> None:
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((hashed.DIMS, dims)))[0] if dims else None
    view = PoolView(Rules(similarity=(encoder.thresholds or {})["profile"]))
    clocks: list[tuple[float, ...]] = []
    rejected: Counter[str] = Counter()
    vectors = np.zeros((0, hashed.DIMS), np.float32)
    plain: list[float] = []
    spent_on = [0.0]

    def duplicates(new: Candidate, view: PoolView) -> Refusal | None:
        begun = time.process_time()
        verdict = FILTERS["profile"]["duplicates"](new, view)
        spent_on[0] += time.process_time() - begun
        return verdict

    filters = {**FILTERS["profile"], "duplicates": duplicates}
    for at in range(0, n, ROUND):
        examples = [entry.text for entry in pool.draw(view, 0, str(at))]
        drafts = written(ROUND, examples, f"round {at}")
        begun = time.process_time()
        asking = [candidate(draft, f"{at}/{slot}") for slot, draft in enumerate(drafts)]
        prepared = time.process_time()
        passed, screened = pool.screen(asking, view, SCREENS)
        looked = time.process_time()
        vectors = await encoder.encode([new.description.text for new in passed])
        encoded = time.process_time()
        if turn is not None:
            vectors = unit(vectors @ turn)
        turned = time.process_time()
        ready = [replace(new, vector=vector) for new, vector in zip(passed, vectors, strict=True)]
        spent_on[0] = 0.0
        admission = pool.admit(ready, view, filters)
        ended = time.process_time()
        if at // ROUND % 10 == 9:
            plain.append(brute(view, vectors))
        view = admission.view
        rejected.update(r.gate for r in (*screened, *admission.rejections))
        rest = ended - turned - spent_on[0]
        clocks.append((prepared - begun, looked - prepared, encoded - looked, spent_on[0], rest))
    spent = 1e3 * np.array(clocks)
    print(f"  {n} candidates, {vectors.shape[1]} dims, pool {len(view)}, rejected {dict(rejected)}")
    last = len(spent) // 10
    for name, part in (("mean over growth", spent), ("in the last tenth", spent[-last:])):
        rounds = part / ROUND
        means = rounds.mean(axis=0)
        low, high = np.quantile(rounds.sum(axis=1), [0.1, 0.9])
        stages = ", ".join(f"{s} {v:.3f}" for s, v in zip(STAGES, means, strict=True))
        print(f"  CPU ms a candidate, {name}: {means.sum():.3f} (rounds {low:.3f} to {high:.3f}): {stages}")
    print(f"  blocked numpy products instead of similarity, in every tenth round: mean {np.mean(plain):.3f},"
          f" at the end {plain[-1]:.3f}")  # fmt: skip
    pairs, here = naive(view, drafts[-20:], vectors[-20:]), float(spent[-last:].sum() / last / ROUND)
    print(f"  at the final size, every pair for itself: {pairs:.1f} ms, {pairs / here:.0f} times as much as all stages")
    print(f"  peak memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def brute(view: PoolView, vectors: FloatArray) -> float:
    """CPU ms a candidate for all products of a round's vectors with the pool's, in blocks."""
    rows = view.vectors
    begun = time.process_time()
    for low in range(0, len(rows), 8192):
        (vectors @ rows[low : low + 8192].T).max(axis=1)
    return 1e3 * (time.process_time() - begun) / len(vectors)


def naive(view: PoolView, drafts: Sequence[Description], vectors: FloatArray) -> float:
    """CPU ms a candidate when every pair is compared for itself: what a first version does."""
    known = [shingles(normalised(entry.text)) for entry in view.entries]
    rows = list(view.vectors)
    begun = time.process_time()
    for draft, vector in zip(drafts, vectors, strict=False):
        own = shingles(normalised(draft.text))
        max(len(own & other) / len(own | other) for other in known)
        max(float(vector @ row) for row in rows)
    return 1e3 * (time.process_time() - begun) / len(drafts)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=20_000, help="candidates the pool grows by")
    parser.add_argument(
        "--dims", type=int, default=0, help="turn the vectors into this many dimensions (0: as they are)"
    )
    parser.add_argument("--data", type=Path, help="a folder with ALOE's profile.jsonl and personality.jsonl")
    parser.add_argument("--encoder", default="hashed", help="whose detection and calibration to measure")
    options = parser.parse_args()
    print(f"numpy {np.__version__}, Python {platform.python_version()}")
    seeds = load_seeds(None)
    texts = [entry.text for entry in (*seeds.profiles, *seeds.personalities)]
    async with open_encoder(options.encoder, texts) as encoder, open_encoder("hashed", texts) as default:
        count = 4096 if encoder.name == default.name else 64
        drafts = [draft.text for draft in written(256 + count, texts, "speed")]
        await encoder.encode(drafts[:256])
        begun, wall = time.process_time(), time.perf_counter()
        await encoder.encode(drafts[256:])
        print(f"encoder {encoder.name}: {count / (time.process_time() - begun):,.0f} texts a CPU second,"
              f" {count / (time.perf_counter() - wall):,.0f} a second")  # fmt: skip
        print("detection")
        # One at a time, the author has nothing of its own to repeat.
        alone = dict.fromkeys(written(1, ["No."], str(at))[0].text for at in range(300))
        await detection(encoder, list(alone), "offline")
        pools: list[tuple[Kind, Sequence[Description]]] = []
        if options.data:
            aloe = load_seeds(options.data)
            pools = [("profile", aloe.profiles), ("personality", aloe.personalities)]
        for kind, entries in pools:
            await detection(encoder, [entry.text for entry in entries], f"ALOE {kind}")
        for kind, entries in pools:
            print("calibration" if kind == "profile" else "")
            await calibration(encoder, [entry.text for entry in entries], kind)
        for _, entries in pools:
            print("turned away by each filter alone")
            sanity(encoder, entries, await encoder.encode([entry.text for entry in entries]))
        print("growth")
        await growth(default, options.n, options.dims)


if __name__ == "__main__":
    asyncio.run(main())
