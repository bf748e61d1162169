"""Reads the files of a run folder for its page, also of one that is damaged or not finished."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from personagen.agents.judge import BEST
from personagen.errors import PersonagenError
from personagen.ratings import Rating
from personagen.records import ConversationTree, Persona, PreferencePair, Record, Rejection
from personagen.store.files import BUFFER_BYTES, read_state
from personagen.tree import turn

Row = dict[str, Any]
MAX_PROBLEMS = 20  # that are listed
MAX_TURNS = 2000  # of a rated conversation: twice the most of `--turns`, for --protocol sessions
KINDS: Mapping[str, type[Record]] = {
    "trees.jsonl": ConversationTree,
    "pairs.jsonl": PreferencePair,
    "rejections.jsonl": Rejection,
    "personas.jsonl": Persona,
    "ratings.jsonl": Rating,
}
_TABLES = ("options", "summary", "report", "usage", "prompts")
_PATH = re.compile(r"\d{1,9}(?:\.\d{1,9})*")


@dataclass(frozen=True)
class Asked:
    """What descriptions were asked for with.

    ``values`` counts them by attribute and value: how many were received, and how many kept. ``traits`` has the share
    of personalities that were asked for each trait.
    """

    values: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)
    traits: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Source:
    """A run folder; ``problems`` says in words what could not be read. ``state`` is ``run.json`` with whole tables."""

    folder: Path
    problems: list[str] = field(default_factory=list)
    state: Row = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            self.state = dict(read_state(self.folder))
        except (PersonagenError, OSError, ValueError, TypeError):
            self.note("run.json can't be read, so the figures and settings that it holds are missing")
        for name in _TABLES:
            if not isinstance(self.state.get(name, {}), dict):
                self.note(f"run.json: {name} is damaged, and missing here")
                self.state[name] = {}
        status = self.state.get("status", "done")
        if status != "done":
            self.note(f"the run is {status}: this is what was finished so far")

    @property
    def is_pool(self) -> bool:
        """Whether it has personas, not conversations."""
        made = self.state.get("of") or self.state.get("command")
        has = [(self.folder / name).exists() for name in ("personas.jsonl", "trees.jsonl")]
        return has == [True, False] or (made == "expand" and not has[1])

    @property
    def is_evaluation(self) -> bool:
        """Whether its conversations have ratings, not pairs."""
        made = self.state.get("of") or self.state.get("command")
        return made == "evaluate" or (not made and (self.folder / "ratings.jsonl").exists())

    def asked(self) -> Asked:
        """What the author of a run of ``expand`` was asked for; empty for other runs."""
        try:
            pools = self.state.get("summary", {}).get("pools") or {}
            profiles, personalities = (_drawn(pools.get(name) or {}) for name in ("profile", "personality"))
        except (AttributeError, TypeError, ValueError, LookupError):
            self.note("run.json: what was asked for is damaged, and missing here")
            return Asked()
        count = sum(drawn for drawn, _ in personalities.get("pronoun", {}).values())
        traits = {trait: drawn / count for trait, (drawn, _) in personalities.get("traits", {}).items() if count}
        return Asked(profiles, traits)

    def pool_asked(self) -> Asked:
        """What was asked for in the run of ``expand`` that the personas come from; empty if that is not there."""
        place = self.state.get("options", {}).get("personas")
        if not isinstance(place, str):
            return Asked()
        folder = Path(place) if Path(place).is_dir() else Path(place).parent
        return Source(folder).asked()

    def note(self, problem: str) -> None:
        """Adds a problem, once."""
        if problem not in self.problems and len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)

    def rows(self, name: str) -> Iterator[Row]:
        """The records in ``name``; lines that hold no sound one, and a file that is not there, are problems."""
        yield from (row for _, row in self._placed(name))

    def trees(self) -> Iterator[tuple[Row, list[Row]]]:
        """Each conversation with its pairs, which may be in any order; those of no conversation are a problem."""
        places: defaultdict[str, list[int]] = defaultdict(list)
        for offset, pair in self._placed("pairs.jsonl"):
            places[pair["tree"]].append(offset)
        for tree in self.rows("trees.jsonl"):
            yield tree, list(self._at("pairs.jsonl", places.pop(tree["id"], ())))
        if lost := sum(map(len, places.values())):
            self.note(f"pairs.jsonl: pairs of conversations that could not be read are left out ({lost:,})")

    def _placed(self, name: str) -> Iterator[tuple[int, Row]]:
        bad: list[int] = []
        offset = 0
        try:
            with (self.folder / name).open("rb", buffering=BUFFER_BYTES) as lines:
                for number, line in enumerate(lines, 1):
                    if row := _sound(line, KINDS[name]):
                        yield offset, row
                    elif line.strip():
                        bad.append(number)
                    offset += len(line)
        except FileNotFoundError:
            self.note(f"{name} is not there")
        except OSError as error:
            self.note(f"{name} can't be read: {error.strerror}")
        if bad:
            more = f" and {len(bad) - 1:,} more" if len(bad) > 1 else ""
            self.note(f"{name}, line {bad[0]}{more}: can't be read, and what it held is missing")

    def _at(self, name: str, offsets: Sequence[int]) -> Iterator[Row]:
        if offsets:
            with (self.folder / name).open("rb") as file:
                for offset in offsets:
                    file.seek(offset)
                    yield orjson.loads(file.readline())


def _drawn(pool: Row) -> dict[str, dict[str, tuple[int, int]]]:
    by_value = (pool.get("draws") or {}).get("by_value") or {}
    return {
        name: {value: (int(counts["drawn"]), int(counts["kept"])) for value, counts in values.items()}
        for name, values in by_value.items()
    }


def _sound(line: bytes, kind: type[Record]) -> Row | None:
    """The record in ``line``, or None if it is damaged."""
    try:
        made = kind.model_validate_json(line)
        row: Row = orjson.loads(line)
    except (ValidationError, orjson.JSONDecodeError):
        return None
    if isinstance(made, Rating) and not _is_on_scale(made):
        return None
    nodes = made.nodes if isinstance(made, ConversationTree) else ()
    if isinstance(made, ConversationTree) and not nodes:
        return None
    return row if all(_PATH.fullmatch(node.id) for node in nodes) else None


def _is_on_scale(rating: Rating) -> bool:
    scores = (rating.style, rating.content, rating.quality)
    placed = _PATH.fullmatch(rating.node) and turn(rating.node) == rating.turn <= MAX_TURNS
    return bool(placed) and 1 <= rating.score <= BEST and all(0 <= score <= BEST for score in scores)
