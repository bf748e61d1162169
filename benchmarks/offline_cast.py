"""What the offline cast's pairs are like: grows conversations (coin growth) and measures them against their goals.

    python benchmarks/offline_cast.py [--conversations 200] [--turns 10] [--noise 0.2] [--aloe DIR] [--show N]

Personas are as many as conversations, expanded from the packaged seeds; with ``--aloe`` (or TEST_PERSONAGEN_ALOE) they
are ALOE's. ``--show`` prints sentences fitted to a person, and ``--read`` whole conversations. Takes two minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import orjson
from cast_figures import figures, noise_by_kind, observed, observed_traits, pairs_of

from personagen import expand
from personagen.agents.brief import brief_of, style_of
from personagen.agents.replies import speech
from personagen.call import LLM, Call
from personagen.offline import judge, offline
from personagen.offline.circumstances import advice_in, circumstances_of
from personagen.offline.style import leading, wished_length
from personagen.personas.english.text import facts_of, pronoun_of, sentences, words
from personagen.personas.seeds import load_seeds
from personagen.personas.topics import load_topics
from personagen.personas.traits import traits_of
from personagen.records import Message, Persona


@dataclass
class PoolProgress:
    """One conversation with everything the benchmark measures about it."""

    persona: dict
    messages: list[Message] = field(default_factory=list)
    turns: list[dict] = field(default_factory=list)


def personas(count: int, aloe: Path | None, seed: int = 0) -> list[dict]:
    """``count`` personas expanded from the packaged seeds, or ``count`` profiles of ALOE's, each with a personality."""
    if aloe is None:
        with TemporaryDirectory() as folder:
            expand(target=max(count, 40), seed=seed, model="offline", out=f"{folder}/pool")
            pool = [orjson.loads(line) for line in Path(f"{folder}/pool/personas.jsonl").read_bytes().splitlines()]
        pairs = [(p["profile"], p["personality"], p["facts"], p["traits"]) for p in Random(seed).sample(pool, count)]
    else:
        seeds, rng = load_seeds(aloe), Random(seed)
        profiles = [rng.choice(seeds.profiles) for _ in range(count)]
        chosen = [
            (p, rng.choice([q for q in seeds.personalities if pronoun_of(q.text) == pronoun_of(p.text)]))
            for p in profiles
        ]
        pairs = [(p.text, q.text, list(p.items), list(q.items)) for p, q in chosen]
    return [
        {
            "profile": profile,
            "personality": personality,
            "facts": list(facts or facts_of(profile)),
            "traits": list(traits or traits_of(personality)),
        }
        for profile, personality, facts, traits in pairs
    ]


async def grow(llm: LLM, persona: dict, turns: int, place: str, spent: Counter[str]) -> PoolProgress:
    """One conversation: briefed user, observer, both assistants, the judge in both orders, a coin for what goes on."""
    grown, coin, topics = PoolProgress(persona), Random(f"coin/{place}"), load_topics()
    asked = 0

    async def ask(prompt: str, inputs: dict) -> str:
        nonlocal asked
        asked += 1
        head = f"{persona['profile']}/{persona['personality']}/{asked}"
        call = Call("offline", (Message(role="user", content=head),), prompt=prompt, inputs=inputs)
        start = time.process_time()
        text = (await llm(call)).text
        spent[prompt] += time.process_time() - start
        spent[f"{prompt} n"] += 1
        return text

    whole = Persona(id=persona["profile"], **persona)
    style = style_of(whole, place)
    for turn in range(1, turns + 1):
        brief = brief_of(whole, grown.messages, style, place, topics)
        speaker = {**persona, "conversation": grown.messages[:], "turn": turn, "turns": turns, "brief": brief.inputs()}
        spoken = speech(await ask("user/speak", speaker), "user", may_end=turn > 1)
        said = spoken.text
        if not said:
            break
        grown.messages.append(Message(role="user", content=said))
        so_far = grown.messages[:]
        raw = orjson.loads(await ask("observer/infer", {"conversation": so_far}))["inferences"]
        users = [m.content for m in so_far if m.role == "user"]
        kept = [i for i in raw if any(i["quote"] in u for u in users)]
        aware = await ask("assistant/aware", {"conversation": so_far, "inferences": [i["fact"] for i in kept]})
        plain = await ask("assistant/plain", {"conversation": so_far})
        replies = [{"label": "A", "text": aware}, {"label": "B", "text": plain}]
        inputs = {**persona, "conversation": so_far, "replies": replies}
        first = orjson.loads(await ask("judge/prefer", inputs))
        swapped = [{"label": "A", "text": plain}, {"label": "B", "text": aware}]
        second = orjson.loads(await ask("judge/prefer", {**inputs, "replies": swapped}))
        truth = judge.truth(inputs)
        grown.turns.append(
            {
                "user": said,
                "aware": aware,
                "plain": plain,
                "inferred": len(kept),
                "dropped": len(raw) - len(kept),
                "inferences": [i["fact"] for i in kept],
                "sure": [i["fact"] for i in kept if i["sure"] == "high"],
                "truth": truth.ranking[0],
                "gap": truth.gap,
                "verdict": first["ranking"][:1],
                "consistent": first["ranking"] != second["ranking"],
                "tie": "tie" in (first["ranking"], second["ranking"]),
                "reason": first["reason"],
            }
        )
        grown.messages.append(Message(role="assistant", content=coin.choice((aware, plain)) if kept else plain))
        if spoken.ended:
            break
    return grown


def distinct(texts: list[str], n: int) -> float:
    """Distinct n-grams over all n-grams, as in the literature: over the whole corpus."""
    grams = [g for t in texts for g in zip(*(words(t)[i:] for i in range(n)), strict=False)]
    return len(set(grams)) / max(1, len(grams))


def commonest(texts: list[str], top: int = 5) -> Iterator[tuple[str, float]]:
    """The sentences found in the largest share of texts."""
    counts = Counter(s for t in texts for s in {x.lower() for x in sentences(t)})
    for sentence, count in sorted(counts.items(), key=lambda row: (-row[1], row[0]))[:top]:
        yield sentence, count / len(texts)


def show(grown: PoolProgress) -> None:
    """A conversation to read."""
    print("=" * 110, "\n", grown.persona["profile"], "\n", "TRAITS", ", ".join(grown.persona["traits"]))
    for number, (turn, kept) in enumerate(zip(grown.turns, grown.messages[1::2], strict=True), 1):
        print(f"\n[{number}] USER: {turn['user']}")
        for name in ("aware", "plain"):
            mark = "*" if turn["truth"] == ("A" if name == "aware" else "B") else " "
            goes_on = "->" if kept.content == turn[name] else "  "
            print(f"  {goes_on}{mark}{name}: {turn[name]}")
        print(f"    gap {turn['gap']:.2f} tie {turn['tie']} | {turn['reason']}")
    print("OBSERVED", grown.turns[-1]["inferences"])


async def run(args: argparse.Namespace, noise: float) -> tuple[list[PoolProgress], Counter[str]]:
    """All conversations at one level of noise."""
    spent: Counter[str] = Counter()
    llm = offline(args.seed, noise)
    out = []
    for i, persona in enumerate(personas(args.conversations, args.aloe)):
        out.append(await grow(llm, persona, args.turns, f"{args.seed}/{i}", spent))
    return out, spent


def verdicts(grown: list[PoolProgress]) -> dict[str, float]:
    """Shares of the judged pairs."""
    turns = [t for g in grown for t in g.turns]
    decided = [t for t in turns if t["consistent"] and not t["tie"]]
    return {
        "aware truly better": sum(t["truth"] == "A" for t in turns) / len(turns),
        "aware wins verdicts": sum(t["verdict"] == "A" for t in decided) / len(decided),
        "order decides": sum(not t["consistent"] and not t["tie"] for t in turns) / len(turns),
        "ties": sum(t["tie"] for t in turns) / len(turns),
        "verdict against truth": sum(t["verdict"] != t["truth"] for t in decided) / len(decided),
        "inferences a turn": sum(t["inferred"] for t in turns) / len(turns),
        "unverified a turn": sum(t["dropped"] for t in turns) / len(turns),
    }


def tailored(grown: list[PoolProgress], count: int) -> Iterator[str]:
    """A sample of the sentences that fit a reply to a circumstance, each with the question and the facts behind it."""
    found = []
    for g in grown:
        for at, turn in enumerate(g.turns):
            for advice in advice_in(turn["aware"]):
                facts = [f for f in turn["inferences"] if advice.circumstance in circumstances_of(f)]
                found.append(f"{g.messages[2 * at].content}\n   KNOWN {'; '.join(facts)}\n   FITTED {advice.text}")
    return iter(Random(0).sample(found, min(count, len(found))))


def main() -> None:
    """Prints the figures, then samples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--noise", type=float, default=0.2, help="share of each kind of error")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--read", type=int, default=0)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--aloe", type=Path, default=os.environ.get("TEST_PERSONAGEN_ALOE"))
    args = parser.parse_args()
    grown, spent = asyncio.run(run(args, 0.0))
    users = [t["user"] for g in grown for t in g.turns]
    replies = [t[k] for g in grown for t in g.turns for k in ("aware", "plain")]
    pairs = pairs_of(grown)
    print(f"{len(grown)} conversations, {len(users)} turns, {len(pairs)} pairs")
    for name, value, goal in figures(pairs, [g.persona for g in grown]):
        print(f"   {name:44s} {value:.3f}  {goal and 'goal: ' + goal}")
    for name, (precision, recall) in (("facts", observed(grown)), ("traits", observed_traits(grown))):
        print(f"   {f'observer, {name}: precision':44s} {precision:.3f}  goal: 0.97")
        print(f"   {f'observer, {name}: recall of what was shown':44s} {recall:.3f}  goal: 0.90")
    lengths = {k: sorted(len(t[k].split()) for g in grown for t in g.turns) for k in ("aware", "plain")}
    for name, counts in lengths.items():
        tenths = [counts[len(counts) * n // 10] for n in (1, 5, 9)]
        print(f"   words of {name}: 10th, 50th, 90th percentile {tenths}")
    wishes = sorted(wished_length(leading(g.persona["traits"])) for g in grown)
    print(f"   wished words: 10th, 50th, 90th percentile {[round(wishes[len(wishes) * n // 10]) for n in (1, 5, 9)]}")
    with_advice = sum(bool(advice_in(t["aware"])) for g in grown for t in g.turns) / len(users)
    print(f"   aware replies with advice for a circumstance {with_advice:.3f}")
    for key, value in verdicts(grown).items():
        print(f"   {key:44s} {value:.3f}")
    if args.noise:
        print(
            f"errors of each kind at {args.noise}: wrong in one order, left after both orders, two samples, two models,"
        )
        print("   pairs whose verdict differs without the persona")
        for kind, left in noise_by_kind(grown, args.noise, args.seed).items():
            print(f"   {kind:8s} {'  '.join(f'{value:.3f}' for value in left)}")
    print(f"user turns: words {sum(len(u.split()) for u in users) / len(users):.1f} a turn")
    print(f"distinct-1 {distinct(users, 1):.3f}  distinct-2 {distinct(users, 2):.3f}")
    for name, texts in (("user", users), ("assistant", replies)):
        print(f"commonest sentences, {name} turns:")
        for sentence, share in commonest(texts):
            print(f"   {share:.2%}  {sentence}")
    calls = sum(v for k, v in spent.items() if k.endswith(" n"))
    total = sum(v for k, v in spent.items() if not k.endswith(" n"))
    print(f"{calls} calls, {1000 * total / calls:.3f} ms CPU each")
    for name in sorted(k for k in spent if not k.endswith(" n")):
        print(f"   {name:16s} {1000 * spent[name] / spent[f'{name} n']:.3f} ms")
    for number, text in enumerate(tailored(grown, args.show), 1):
        print(f"{number}. {text}")
    for one in grown[args.skip : args.skip + args.read]:
        show(one)


if __name__ == "__main__":
    main()
