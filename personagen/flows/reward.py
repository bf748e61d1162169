"""``evaluate --reward``: how often a reward model gives the chosen reply of a run's pairs the higher reward."""

from __future__ import annotations

import asyncio
import inspect
import math
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from personagen.errors import ConfigError, UsageError
from personagen.exporters.columns import UNKNOWN_MARGIN, chat
from personagen.flows.alignment import named
from personagen.flows.train import best_shortcut
from personagen.llm.functions import awaitable, raised, returned
from personagen.metrics.pairwise import Accuracy, Rewarded, accuracy, by_group, by_kind, by_turn, hard_margin
from personagen.metrics.shortcuts import MAX_PAIRS, Compared, shortcuts
from personagen.options import NamedFunction
from personagen.plugins import function, is_async
from personagen.records import PreferencePair
from personagen.store.files import dump, make_folder, read_records, write
from personagen.train.checks import Messages
from personagen.train.rows import read

FILE = "reward.json"
AT_ONCE = 64  # pairs
CALLS_AT_ONCE = 32  # of an async function
BATCHED = ("prompts", "replies")
_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")

Scorer: TypeAlias = Callable[[Sequence[Messages], Sequence[str]], Awaitable[list[float]]]


@dataclass(frozen=True)
class RewardSummary:
    """The accuracy of ``reward`` on the ``pairs`` of ``run``, of ``personas`` people; ``out`` is ``reward.json``.

    The two rewards are the same in ``ties`` pairs, which count half. ``by_kind`` is as in ``metrics.pairwise``, and a
    pair is hard up to ``hard_margin``. ``shortcut`` is the rule that picks the chosen reply most often without knowing
    the user, and how often.
    """

    out: str
    reward: str
    run: str
    pairs: int
    personas: int
    ties: int
    overall: Accuracy
    by_turn: dict[str, Accuracy]
    by_kind: dict[str, Accuracy]
    by_group: dict[str, Accuracy]
    hard_margin: float | None
    shortcut: tuple[str, float] | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Pair:
    """A pair as it is scored, what is known of it, and for the shortcuts of a file who wrote its replies."""

    prompt: Messages
    chosen: str
    rejected: str
    known: Mapping[str, Any]
    agents: tuple[str, str] = ("", "")


async def evaluate_reward(reward: str, run: Path, out: Path) -> RewardSummary:
    """Measures ``reward`` on the pairs of ``run``, a folder of ``simulate`` or a file of an export; writes ``FILE``.

    Raises:
        UsageError: the reward model or the pairs can't be loaded, or there is no pair.
        ConfigError: a function raised an error, or returned something else than a number for each reply.
    """
    is_file, pairs = _pairs(run)
    score = scorer(reward)
    found: list[Rewarded] = []
    texts: list[Compared] = []
    while some := list(islice(pairs, AT_ONCE)):
        replies = [reply for pair in some for reply in (pair.chosen, pair.rejected)]
        values = await score([pair.prompt for pair in some for _ in range(2)], replies)
        for at, pair in enumerate(some):
            found.append(Rewarded(chosen=values[2 * at], rejected=values[2 * at + 1], **pair.known))
        if is_file and len(texts) < MAX_PAIRS:
            texts += map(_compared, some)
    cut = getattr(getattr(score, "model", None), "cut", 0)
    notes = (f"{cut:,} conversations were too long and lost their oldest tokens",) if cut else ()
    return recorded(found, reward, run, out, _best(texts) if is_file else best_shortcut(run), notes)


def recorded(
    pairs: Sequence[Rewarded],
    reward: str,
    run: Path,
    out: Path,
    shortcut: tuple[str, float] | None,
    notes: tuple[str, ...] = (),
) -> RewardSummary:
    """The summary of the rewarded ``pairs``, which is also written to ``FILE``; without a pair a ``UsageError``."""
    overall = accuracy(pairs)
    if overall is None:
        raise UsageError(f"{run} has no pair; finish it with `personagen simulate`, or export another selection")
    summary = RewardSummary(
        out=str(out / FILE),
        reward=str(reward),
        run=str(run),
        pairs=overall.pairs,
        personas=overall.personas,
        ties=sum(pair.won == 0.5 for pair in pairs),
        overall=overall,
        by_turn={str(turn): one for turn, one in by_turn(pairs).items()},
        by_kind=by_kind(pairs),
        by_group=by_group(pairs),
        hard_margin=hard_margin(pairs),
        shortcut=shortcut,
        notes=notes,
    )
    make_folder(out)
    write(out / FILE, [dump(asdict(summary)), b"\n"])
    return summary


# -- the pairs ---------------------------------------------------------------------------------------------------------


def _pairs(run: Path) -> tuple[bool, Iterator[_Pair]]:
    """Whether ``run`` is a file, and its pairs."""
    if run.is_file():
        return True, _exported(run)
    file = run / "pairs.jsonl"
    if not file.is_file():
        raise UsageError(
            f"{run} has no pairs.jsonl: give a run of `personagen simulate`, or a file of trl-reward pairs"
        )
    return False, map(_of_run, read_records(file, PreferencePair))


def _of_run(pair: PreferencePair) -> _Pair:
    return _Pair(chat(pair.prompt), pair.chosen[0].content, pair.rejected[0].content, known_of(pair))


def known_of(pair: PreferencePair) -> dict[str, Any]:
    """The fields of ``Rewarded`` that ``pair`` has by itself."""
    known = {name: getattr(pair, name) for name in ("persona", "turn", "margin", "personal", "knowable")}
    return known | {"twin": bool(pair.twin), "groups": frozenset(named(pair.attributes))}


def _exported(file: Path) -> Iterator[_Pair]:
    """The rows of a file that was exported as trl-dpo or trl-reward.

    Such a row does not say whether a preference is personal or knowable, nor the attributes of its persona.
    """
    if file.suffix not in (".jsonl", ".parquet"):
        raise UsageError(f"{file} is neither .jsonl nor .parquet: export a run with `personagen export`")
    for place, row in read(file):
        try:
            margin = row.get("margin")
            yield _Pair(
                list(row["prompt"]),
                str(row["chosen"][0]["content"]),
                str(row["rejected"][0]["content"]),
                {
                    "persona": str(row["persona"]),
                    "turn": int(row["turn"]),
                    "margin": None if margin in (None, UNKNOWN_MARGIN) else float(margin),
                    "twin": bool(row.get("twin")),
                },
                (str(row.get("chosen_agent")), str(row.get("rejected_agent"))),
            )
        except (KeyError, TypeError, ValueError, IndexError):
            raise UsageError(
                f"{place} is no row of pairs: export the run with --format trl-reward or trl-dpo"
            ) from None


def _compared(pair: _Pair) -> Compared:
    user = pair.known["persona"]
    return Compared(pair.chosen, pair.rejected, pair.agents, about="", user=user, group=user)


def _best(pairs: Sequence[Compared]) -> tuple[str, float] | None:
    rates = {name: one.value for name, one in shortcuts(pairs).items() if not name.startswith("aware")}
    return max(rates.items(), key=lambda item: item[1]) if rates else None


# -- the reward models -------------------------------------------------------------------------------------------------


def scorer(reward: str) -> Scorer:
    """The reward model that ``reward`` names: the user's function, or a trained model.

    Raises:
        UsageError: it can't be loaded.
    """
    if isinstance(reward, NamedFunction) or (_FUNCTION.fullmatch(reward) and not Path(reward).exists()):
        return _of_function(reward)
    from personagen.train.reward_model import load

    return _Model(load(reward))


@dataclass(frozen=True)
class _Model:
    model: Any

    async def __call__(self, prompts: Sequence[Messages], replies: Sequence[str]) -> list[float]:
        whole = [
            [*prompt, {"role": "assistant", "content": reply}] for prompt, reply in zip(prompts, replies, strict=True)
        ]
        found: list[float] = await asyncio.to_thread(self.model.rewards, whole)
        return found


def _of_function(name: str) -> Scorer:
    """The function ``name`` of ``(prompt, reply)``, or of ``(prompts, replies)`` for many at a time."""
    found = function(name)
    call = awaitable(found)
    limit = asyncio.Semaphore(CALLS_AT_ONCE if is_async(found) else 1)

    async def ask(*inputs: Any) -> Any:
        async with limit:
            try:
                return await call(*inputs)
            except Exception as error:  # a user's function can raise anything
                raise ConfigError(raised(name, found, error)) from error

    async def many(prompts: Sequence[Messages], replies: Sequence[str]) -> list[float]:
        answer = await ask([*map(list, prompts)], [*replies])
        values = answer.tolist() if hasattr(answer, "tolist") else answer
        if not isinstance(values, list | tuple) or len(values) != len(replies):
            raise ConfigError(returned(name, found, answer, f"a list of {len(replies)} numbers, one for each reply"))
        return [_number(name, found, value) for value in values]

    async def each(prompts: Sequence[Messages], replies: Sequence[str]) -> list[float]:
        asked = (ask(list(prompt), reply) for prompt, reply in zip(prompts, replies, strict=True))
        return [_number(name, found, value) for value in await asyncio.gather(*asked)]

    return many if is_batched(found) else each


def is_batched(found: Any) -> bool:
    """Whether the parameters of ``found`` are named ``prompts`` and ``replies``: it takes many at a time."""
    with suppress(TypeError, ValueError):
        return tuple(inspect.signature(found).parameters)[:2] == BATCHED
    return False


def _number(name: str, found: Any, value: Any) -> float:
    number = math.nan
    if not isinstance(value, str | bytes):
        with suppress(TypeError, ValueError, RuntimeError):
            number = float(value)
    if not math.isfinite(number):
        raise ConfigError(returned(name, found, value, "a finite number"))
    return number
