"""Splits of a run's trees that have no person, and nobody much like them, on both sides.

Trees are in one cluster, and so in one split, if their personas are the same, or share a profile, a trait list, or one
of these that the pool's filters call a repeat; if one answers a pair of the other (``ConversationTree.twin``); and if
they belong to one series, also where a trait ``changed``.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import orjson

from personagen.errors import CorruptError, UsageError
from personagen.options.export import REST
from personagen.personas.near import RULES, Repeats, trait_list, wording
from personagen.records import Persona
from personagen.store.files import numbered_lines, read_state

Held: TypeAlias = Mapping[str, Callable[[Persona], bool]]
UNKNOWN = "unknown"
TWIN = ".t"  # what the id of a twin has after that of the tree that it answers


@dataclass(frozen=True)
class Member:
    """A tree, what links it (trees with a key in common are in one cluster), and the splits that its persona is for."""

    tree: str
    keys: tuple[tuple[str, Hashable], ...]
    held: tuple[str, ...] = ()


def split_of(
    run: Path, shares: Mapping[str, float], held: Held | None = None, seed: int | None = None
) -> dict[str, str]:
    """The split of each tree of ``run`` by its id, drawn by ``shares``, which add up to 1.

    Clusters are drawn in the order of their first trees, each with the chances that bring the splits nearest to their
    shares of the trees before it. So trees that are added at the end change nothing for those that are there, with one
    exception: a tree that links two clusters moves the later one to the split of the earlier. A cluster of which a
    persona meets a condition of ``held`` is in the split of that name. ``seed`` is that of the run by default.

    Raises:
        UsageError: a split gets no tree.
    """
    if seed is None:
        seed = read_state(run).get("options", {}).get("seed", 0)
    members = list(members_of(run, held))
    clusters = _Clusters(dict(shares) or {REST: 1.0}, f"{seed}/split")
    for member in members:
        clusters.add(member)
    found = {member.tree: clusters.split(member) for member in members}
    sizes = Counter(found.values())
    if empty := next((name for name in held or () if not sizes[name]), ""):
        raise UsageError(f"the hold-out has no tree for {empty}: of {run} not one persona meets its condition")
    for name in clusters.shares:
        if not sizes[name]:
            most = max(Counter(map(clusters.root, members)).values(), default=0)
            raise UsageError(
                f"--split leaves no tree for {name}: of {len(members):,} trees of {run} {most:,} are linked by shared"
                " profiles or trait lists, or as twins; simulate more conversations, or expand with --per-profile 1 and"
                " --per-personality 1"
            )
    return found


def crossings(run: Path, split: Mapping[str, str]) -> Counter[str]:
    """How many people, profiles, trait lists, manners and trees, or repeats of one, the trees in ``split`` have in two.

    It does not know how clusters were made: what links trees is looked for on both sides. A tree that is not in
    ``split`` is on neither. ``UNKNOWN`` counts trees whose persona has no texts, so that nobody like it can be found.
    """
    sides: dict[tuple[str, Hashable], str] = {}
    found: Counter[str] = Counter()
    for member in members_of(run):
        side = split.get(member.tree)
        found[UNKNOWN] += bool(side) and {kind for kind, _ in member.keys} <= {"persona", "tree"}
        found.update(kind for kind, key in member.keys if side and sides.setdefault((kind, key), side) != side)
    return +found  # without those that are 0


def members_of(run: Path, held: Held | None = None) -> Iterator[Member]:
    """The trees of ``run`` in file order, with what links them. Of personas only hashes are kept in memory."""
    language = str(read_state(run).get("options", {}).get("language", "en"))
    kinds = {
        "profile": Repeats(RULES.duplicate, lambda text: wording(text, language)),
        "manner": Repeats(RULES.duplicate, lambda text: wording(text, language)),
        "traits": Repeats(RULES.traits, lambda text: frozenset(zlib.crc32(one.encode()) for one in text.split("\n"))),
    }
    rows = []
    for row in _rows(run / "trees.jsonl"):
        person = row["persona"]
        texts = {"profile": person["profile"], "manner": person["personality"]}
        texts["traits"] = "\n".join(sorted(trait_list(person["traits"], person["personality"])))
        numbers = tuple((kind, kinds[kind].number(text)) for kind, text in texts.items() if text)
        splits = [name for name, meets in held.items() if meets(Persona.model_validate(person))] if held else []
        rows.append((str(row["id"]), str(person["id"]), _related(row), numbers, tuple(splits)))
    links = {kind: repeats.links() for kind, repeats in kinds.items()}
    for tree, persona, trees, numbers, sides in rows:
        near = [(kind, other) for kind, number in numbers for other in links[kind][number]]
        yield Member(tree, (("persona", persona), *(("tree", one) for one in trees), *numbers, *near), sides)


def _related(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The id of a tree, of the first of its series, and of the tree that it answers."""
    tree = str(row["id"])
    original = tree.removesuffix(TWIN)
    series = original.removesuffix(f".s{row.get('session', 0)}")
    answered = [str(row["twin"]["tree"])] if row.get("twin") else []
    return tuple(dict.fromkeys([tree, original, series, *answered]))


def _rows(file: Path) -> Iterator[Mapping[str, Any]]:
    for number, line in numbered_lines(file):
        try:
            row = orjson.loads(line)
            if {"profile", "personality", "traits", "id"} <= row["persona"].keys() and row["id"]:
                yield row
                continue
        except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
            pass
        raise CorruptError(f"{file}:{number} is not a ConversationTree; run the command again")


class _Clusters:
    """Clusters of the trees so far, and how many trees each split has."""

    def __init__(self, shares: Mapping[str, float], draws: str) -> None:
        self.shares, self._draws = shares, draws
        self._trees: Counter[str] = Counter()  # by split
        self._top: dict[Hashable, Hashable] = {}
        self._clusters: dict[Hashable, _Cluster] = {}  # by root

    def _root(self, key: Hashable) -> Hashable:
        while self._top[key] != key:
            self._top[key] = key = self._top[self._top[key]]
        return key

    def root(self, member: Member) -> Hashable:
        """What is the same for all trees of a cluster."""
        return self._root(member.keys[0])

    def split(self, member: Member) -> str:
        """The split of a tree that was added."""
        return self._clusters[self.root(member)].split

    def add(self, member: Member) -> None:
        """Adds a tree to the clusters with one of its keys, which become one, or else to a new cluster."""
        roots = {self._root(key) for key in member.keys if key in self._top}
        found = sorted((self._clusters.pop(root) for root in roots), key=lambda cluster: cluster.number)
        for cluster in found:
            self._trees[cluster.split] -= cluster.trees
        first = found[0] if found else _Cluster(member.keys[0], len(self._top), self._drawn(member), 0, False)
        held = [cluster.split for cluster in found if cluster.held] + [*member.held]
        trees = 1 + sum(cluster.trees for cluster in found)
        joined = replace(first, split=held[0] if held else first.split, trees=trees, held=bool(held))
        for key in (*roots, *member.keys):
            self._top[key] = first.root
        self._clusters[first.root] = joined
        self._trees[joined.split] += trees

    def _drawn(self, member: Member) -> str:
        """A split, with a chance in proportion to the trees that it lacks."""
        trees = 1 + sum(self._trees[name] for name in self.shares)
        lacking = [max(0.0, share * trees - self._trees[name]) for name, share in self.shares.items()]
        [drawn] = Random(f"{self._draws}/{member.tree}").choices(list(self.shares), lacking)
        return drawn


@dataclass(frozen=True)
class _Cluster:
    """A cluster: its root, its place among the others, its split, its trees, and whether that split holds it out."""

    root: Hashable
    number: int
    split: str
    trees: int
    held: bool
