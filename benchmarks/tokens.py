"""Input tokens per preference pair that no prefix cache serves: `simulate` against ALOE's procedure.

    python benchmarks/tokens.py                              30 conversations of 10 turns, three times
    python benchmarks/tokens.py --reply-words 60 150 250     for other lengths of replies
    python benchmarks/tokens.py --conversations 6 --turns 4 --seeds 1

Both sides talk to one loopback server, about the same personas, for the same number of turns, with texts of the same
lengths; `simulate` with its own prompt files and journal, ALOE by the message lists in aloe_procedure.py. Texts are
sentences of the packaged seeds, drawn at random: a prefix cache sees nothing of them but where they differ. A user's
message has 50 words, a reply 150, about what people type and what a model answers in 700 tokens at most; ALOE itself
asks for three sentences, which --reply-words 60 shows. Every message of a user gives away one fact, which both sides
then carry along as inferred.

The server counts tokens with o200k_base and a chat template of three marks a message. What a call brings is in the
cache only when its answer begins, --delay seconds after it came: siblings that leave together do not help each other.
ALOE's calls go one after another and need no delay. The baseline makes a pair of every turn. Ours asks twice, in both
orders, and drops a turn where the verdict depends on the order: the share is --flips (published rates of current
models lie between 0.1 and 0.25; see arXiv 2406.07791). A pair is counted when it stands in pairs.jsonl.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import product
from pathlib import Path
from random import Random
from statistics import median

import orjson

import personagen
from benchmarks import aloe_procedure
from benchmarks.prefix_cache import Cache, chain, prompt_tokens, tokens
from benchmarks.runs import spread
from personagen.personas.english.text import sentences
from personagen.personas.seeds import load_seeds
from tests.servers import CHAT, Reply, Request, serving

GOAL = "blocks of 16"
FACT = re.compile(r"One thing about me: ([^.]*)\.")
CODE = re.compile(r"Answer ([0-9a-f]{8})\.")
PATH = f"/{{role}}{CHAT}"
ROLES = ("user", "observer", "assistant", "judge")


@dataclass
class Cast:
    """Says something of the right length and form for every agent, whoever asks; ``flips`` as on the command line."""

    user_words: int
    reply_words: int
    flips: float
    bank: Sequence[str]
    facts: Sequence[str]
    flipped: dict[tuple[str, str], bool] = field(default_factory=dict)

    def said(self, role: str, messages: Sequence[Mapping[str, str]], wants_json: bool) -> str:
        """The answer of the agent ``role``: the same question, the same answer."""
        asked = messages[-1]["content"]
        rng = Random(hashlib.sha256(orjson.dumps([role, messages])).digest())
        if role == "observer":
            known = list(dict.fromkeys(FACT.findall(asked)))
            quoted = [{"fact": f, "quote": f"One thing about me: {f}.", "kind": "profile"} for f in known]
            return orjson.dumps({"inferences": quoted}).decode() if wants_json else ". ".join(known)
        if role == "judge":
            return self._verdict(CODE.findall(asked)[-2:])
        if role == "user":
            return self._text(f"One thing about me: {rng.choice(self.facts)}.", self.user_words, rng)
        return self._text(f"Answer {rng.randbytes(4).hex()}.", self.reply_words, rng)

    def _text(self, opening: str, words: int, rng: Random) -> str:
        text, wanted = opening, words * rng.uniform(0.8, 1.2)
        unsaid: list[str] = []
        while len(text.split()) < wanted:
            unsaid = unsaid or rng.sample(self.bank, len(self.bank))  # a gate rejects what is said twice
            text += f" {unsaid.pop()}"
        return text

    def _verdict(self, shown: Sequence[str]) -> str:
        first, second = sorted(shown)
        if (first, second) not in self.flipped:  # evenly spread, so that the share is met in small runs too
            count = len(self.flipped)
            self.flipped[first, second] = int((count + 1) * self.flips) > int(count * self.flips)
        ranking = "AB" if self.flipped[first, second] or shown[0] == first else "BA"
        return orjson.dumps({"reason": "It suits them better.", "ranking": list(ranking), "tie": False}).decode()


@dataclass
class Counts:
    """What one side sent: calls, and for each cache the input tokens it was shown and those it held; each by role."""

    calls: Counter[str]
    sent: dict[str, Counter[str]]
    held: dict[str, Counter[str]]
    pairs: int = 0

    def size(self) -> tuple[float, float]:
        """Calls and input tokens a pair."""
        return self.calls.total() / self.pairs, self.sent[GOAL].total() / self.pairs

    def missed(self, cache: str, role: str | None = None) -> float:
        """Input tokens a pair that ``cache`` did not hold."""
        roles = [role] if role else list(self.calls)
        return sum(self.sent[cache][r] - self.held[cache][r] for r in roles) / self.pairs

    def cached(self, cache: str) -> float:
        """The share of the input that ``cache`` held."""
        return self.held[cache].total() / self.sent[cache].total()


def caches(capacity: int) -> dict[str, Cache]:
    """The caches that count side by side, empty."""
    return {
        GOAL: Cache(16),
        f"the same, {capacity:,} tokens LRU": Cache(16, capacity=capacity),
        "the same, replies too (vLLM)": Cache(16, keeps_replies=True),
        "OpenAI: from 1,024, steps of 128": Cache(128, least=1024, schema_first=True),
    }


@contextmanager
def counting(cast: Cast, delay: float, capacity: int) -> Iterator[tuple[int, Counts]]:
    """A server in a thread that counts; yields the port and the counts."""
    kept = caches(capacity)
    counts = Counts(Counter(), sent={name: Counter() for name in kept}, held={name: Counter() for name in kept})

    def answer(request: Request) -> Reply:
        role, prompt = request.path.split("/")[1], prompt_tokens(request.body["messages"])
        schema = tokens(orjson.dumps(request.schema).decode()) if request.schema else []
        prompts = {False: prompt, True: [*schema, *prompt]}
        keys = {form: chain(prompts[form[1]], form[0]) for form in {(c.block, c.schema_first) for c in kept.values()}}
        counts.calls[role] += 1
        for name, cache in kept.items():
            counts.sent[name][role] += len(prompts[cache.schema_first])
            counts.held[name][role] += cache.matched(keys[cache.block, cache.schema_first])
        text = cast.said(role, request.body["messages"], request.schema is not None)

        def store() -> None:
            for cache in kept.values():
                if cache.keeps_replies:
                    cache.store(chain([*prompts[cache.schema_first], *tokens(text)], cache.block))
                else:
                    cache.store(keys[cache.block, cache.schema_first])

        message = {"role": "assistant", "content": text}
        body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        return Reply(body, delay=delay, sent=store)

    with serving(answer, log=False) as server:
        yield server.port, counts


def personas(count: int, seed: int) -> list[dict[str, object]]:
    """``count`` personas: a profile and a personality of the packaged seeds each."""
    seeds = load_seeds(None)
    couples = list(product(seeds.profiles, seeds.personalities))
    return [
        {"profile": p.text, "personality": q.text, "facts": list(p.items), "traits": list(q.items)}
        for p, q in Random(seed).sample(couples, count)
    ]


def ours(port: int, people: Sequence[Mapping[str, object]], args: argparse.Namespace, seed: int) -> int:
    """`simulate` in a folder of its own; the number of pairs."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "personas.jsonl"
        file.write_bytes(b"".join(orjson.dumps(person) + b"\n" for person in people))
        summary = personagen.simulate(
            personas=str(file),
            out=f"{folder}/run",
            prompts=args.prompts,
            turns=args.turns,
            seed=seed,
            model="openai/loopback",
            base_url=[f"{role}=http://127.0.0.1:{port}/{role}/v1" for role in ROLES],
            concurrency=args.concurrency,
        )
        assert not summary.failed, summary
        assert not summary.quotes_dropped, summary
        return len(list(personagen.read_pairs(summary.report.out)))


def aloe(port: int, people: Sequence[Mapping[str, object]], args: argparse.Namespace, seed: int) -> int:
    """ALOE's procedure; the number of pairs."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(role: str, messages: Sequence[Mapping[str, str]]) -> str:
        connection.request("POST", PATH.format(role=role), orjson.dumps({"messages": messages}))
        return str(orjson.loads(connection.getresponse().read())["choices"][0]["message"]["content"])

    coin = Random(seed)
    return sum(aloe_procedure.converse(ask, str(p["profile"]), str(p["personality"]), args.turns, coin) for p in people)


def measured(args: argparse.Namespace, words: int, seed: int) -> tuple[Counts, Counts]:
    """The counts of `simulate` and of ALOE's procedure."""
    seeds = load_seeds(None)
    bank = [s for entry in (*seeds.profiles, *seeds.personalities) for s in sentences(entry.text)]
    facts = [item.replace(".", "") for entry in seeds.profiles for item in entry.items]
    people = personas(args.conversations, seed)
    found = []
    for side, delay in ((ours, args.delay), (aloe, 0.0)):
        cast = Cast(args.user_words, words, args.flips, bank, facts)
        with counting(cast, delay, args.capacity) as (port, counts):
            counts.pairs = side(port, people, args, seed)
        found.append(counts)
    return found[0], found[1]


def told(words: int, runs: Sequence[tuple[Counts, Counts]], turns: int) -> None:
    """Prints medians over the seeds, with the lowest and highest of each ratio."""
    mine, theirs = zip(*runs, strict=True)
    print(f"\nreplies of {words} words, {len(runs)} seeds of {turns} turns, medians; tokens and calls are per pair")
    for name, side in (("simulate", mine), ("ALOE", theirs)):
        pairs, calls, sent = (median(row) for row in zip(*((s.pairs / turns, *s.size()) for s in side), strict=True))
        print(f"  {name:9}{pairs:5.2f} pairs a turn {calls:6.2f} calls {sent:8,.0f} input tokens")
    print(f"  {'input tokens not cached':33}simulate cached     ALOE cached  of ALOE's input   of ALOE's not cached")
    for cache in mine[0].held:
        cells = [
            f"{median(s.missed(cache) for s in side):8,.0f} {median(s.cached(cache) for s in side):6.1%}"
            for side in (mine, theirs)
        ]
        of_input = [m.missed(cache) / t.size()[1] for m, t in runs]
        of_missed = [m.missed(cache) / t.missed(cache) for m, t in runs]
        print(f"  {cache:33}{cells[0]} {cells[1]}  {spread(of_input, '.3f')}  {spread(of_missed, '.3f')}")
    for role in ROLES:
        cells = [f"{median(s.missed(GOAL, role) for s in side):8,.0f}       " for side in (mine, theirs)]
        print(f"    {role:31}{cells[0]} {cells[1]}")


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=30, help="at most 400")
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--user-words", type=int, default=50)
    parser.add_argument("--reply-words", type=int, nargs="+", default=[150])
    parser.add_argument("--flips", type=float, default=0.15, help="share of verdicts that depend on the order")
    parser.add_argument("--seeds", type=int, default=3, help="repeats, each with other personas and texts")
    parser.add_argument("--concurrency", type=int, default=12)
    parser.add_argument("--delay", type=float, default=0.1, help="seconds from a question to the answer's beginning")
    parser.add_argument("--capacity", type=int, default=150_000, help="tokens the LRU cache has room for")
    parser.add_argument("--prompts", help="a folder of prompt files to use instead")
    args = parser.parse_args()
    print(", ".join(f"{name} {version(name)}" for name in ("personagen", "aiohttp", "tiktoken")))
    for words in args.reply_words:
        runs = [measured(args, words, seed) for seed in range(args.seeds)]
        told(words, runs, args.turns * args.conversations)
    print(f"\n{time.process_time():.0f} s CPU")


if __name__ == "__main__":
    main()
