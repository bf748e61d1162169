"""The conversations that ``evaluate`` plans: one of each persona in each condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from personagen.errors import UsageError
from personagen.options import checked_texts
from personagen.options.environment import EnvironmentOptions
from personagen.options.evaluate import MAX_JUDGES, EvaluateOptions
from personagen.personas.distance import distance, farthest
from personagen.personas.english.facts import facts_of, pronoun_of
from personagen.personas.seeds import load_personas, load_seeds, packaged
from personagen.personas.traits import canonical, traits_of
from personagen.ratings import CONDITIONS, OTHER, PLAIN, Condition
from personagen.records import ConversationTree, Description, Persona, content_id
from personagen.store.files import read_records, read_state

PERSONALITIES = 5  # of a folder that ALOE's lists are in: it pairs each profile with the first five
_LISTS = ("profile", "personalit")  # in the names of its files


@dataclass(frozen=True)
class Case:
    """One planned conversation of ``persona`` with the model under test in a ``condition``.

    From turn ``shift_at`` on, if not 0, the user is ``later``; from ``second_at`` on it is another conversation, with
    the first one before it in the model's context; from ``test_from`` on nothing new is revealed. ``other`` is whose
    description the model gets in the condition ``other``. ``replayed`` are user turns, in place of calls. ``probes`` is
    the share of the conversations that are probed, those of the condition ``plain``; 0 for a run without probes.
    """

    persona: Persona
    condition: Condition
    turns: int
    seed: int
    topics: tuple[str, ...]
    other: Persona
    later: Persona
    panel: tuple[str, ...] = ("judge",)
    shift_at: int = 0
    second_at: int = 0
    test_from: int = 0
    generic: bool = False
    probes: float = 0.0
    repeat_rate: float = 0.0
    replayed: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The id of its tree, the same in every run with these personas."""
        return f"{self.persona.id}-{self.condition}"

    @property
    def changed(self) -> str:
        """Who the user becomes, in words; empty if the persona stays."""
        return f"from turn {self.shift_at} on: {self.later.personality}" if self.shift_at else ""

    def user(self, turn: int) -> Persona:
        """Who the user is at ``turn``."""
        return self.later if self.shift_at and turn >= self.shift_at else self.persona


@dataclass(frozen=True)
class Cases:
    """The planned conversations by slot: persona by persona, in every condition."""

    options: EvaluateOptions
    personas: tuple[Persona, ...]
    topics: tuple[str, ...]
    replayed: Mapping[str, tuple[str, ...]]

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions of the run."""
        return CONDITIONS if self.options.baselines else (PLAIN,)

    @property
    def turns(self) -> int:
        """The turns of a conversation, of both together where there are two."""
        return self.options.turns * (2 if self.options.protocol == "sessions" else 1)

    def __len__(self) -> int:
        return len(self.personas) * len(self.conditions)

    def described(self, left: int) -> str:
        """``left`` slots in words."""
        given = f" in {len(self.conditions)} conditions" if len(self.conditions) > 1 else ""
        size = f"{_several(left, 'conversation')} x {_several(self.turns, 'turn')}"
        return f"{size}: {_several(len(self.personas), 'persona')}{given}, protocol {self.options.protocol}"

    def __iter__(self) -> Iterator[Case]:
        o = self.options
        for persona in self.personas:
            others = [one for one in self.personas if one.id != persona.id] or [persona]
            other = _unlike(persona, others)
            for condition in self.conditions:
                yield Case(
                    persona=persona,
                    condition=condition,
                    turns=self.turns,
                    seed=o.seed,
                    topics=self.topics,
                    other=other if condition == OTHER else persona,
                    later=_later(persona, others) if o.protocol == "shift" else persona,
                    panel=o.panel,
                    shift_at=o.shift_at if o.protocol == "shift" else 0,
                    second_at=o.turns + 1 if o.protocol == "sessions" else 0,
                    test_from=test_from(o),
                    generic=o.generic,
                    probes=o.probes / len(self.conditions),
                    repeat_rate=o.repeat_rate,
                    replayed=self.replayed.get(persona.id, ()),
                )


def _several(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def test_from(options: EvaluateOptions) -> int:
    """The first turn that reveals nothing new; 0 if there is no such turn."""
    if options.protocol != "learn-test":
        return 0
    return options.test_from or options.turns // 2 + 1


def check(options: EvaluateOptions) -> None:
    """Raises ``UsageError`` for options that do not fit each other."""
    if (options.protocol == "fixed") != (options.reference is not None):
        need = "needs --reference RUN, a run of evaluate" if options.protocol == "fixed" else "is for --protocol fixed"
        raise UsageError(f"{'--protocol fixed' if options.protocol == 'fixed' else '--reference'} {need}")
    for name, at in (("shift", options.shift_at), ("learn-test", test_from(options))):
        if options.protocol == name and at > options.turns:
            flag = "--shift-at" if name == "shift" else "--test-from"
            raise UsageError(
                f"{flag} {at}: there is no such turn with --turns {options.turns}: give an earlier one, or more --turns"
            )
    if options.protocol == "learn-test" and options.turns < 2:
        raise UsageError("--protocol learn-test compares later turns with the first one: give --turns 2 or more")
    if len(options.panel) > MAX_JUDGES:
        raise UsageError(f"--judge-model is given {len(options.panel)} times: give {MAX_JUDGES} at most")
    settings = [*checked_texts(options.reasoning), *checked_texts(options.extra)]
    judges = [
        (options.models[role], [text.partition("=")[2] for text in settings if text.startswith(f"{role}=")])
        for role in options.panel
    ]
    if twice := [judge for judge in judges if judges.count(judge) > 1]:
        raise UsageError(
            f"--judge-model {twice[0][0]} is given twice, and its scores would be the same: name different models, or"
            " raise --repeat-rate to ask one judge again"
        )


def check_several(options: EvaluateOptions, personas: Sequence[Persona]) -> None:
    """Raises ``UsageError`` if there are too few ``personas`` for what needs another person beside each of them."""
    if options.baselines and len(personas) == 1:
        raise UsageError("--baselines needs a second persona, and this run has one: raise --limit, or give --personas")
    if options.protocol == "shift" and len({persona.personality for persona in personas}) == 1:
        raise UsageError(
            "--protocol shift needs personas with different personalities, and this run has one personality: raise"
            " --limit, or give other --personas"
        )


def personas_of(
    options: EvaluateOptions | EnvironmentOptions, source: object
) -> tuple[tuple[Persona, ...], tuple[str, ...]]:
    """The personas of the run, ``--limit`` of them evenly spread over the file, and notes.

    A folder with a file of profiles and one of personalities, as ALOE publishes its evaluation lists, gives each
    profile the first ``PERSONALITIES``, whatever their pronoun (arXiv 2410.03642).
    """
    if source is None:
        source = packaged() / "evaluation.jsonl"
    if isinstance(source, str) and _is_lists(Path(source)):
        seeds = load_seeds(source, skip_bad_lines=options.skip_bad_lines, columns=options.columns)
        several = seeds.personalities[:PERSONALITIES]
        found = tuple(_crossed(profile, one) for profile in seeds.profiles for one in several)
        notes: tuple[str, ...] = seeds.notes
    else:
        found, notes = load_personas(source, skip_bad_lines=options.skip_bad_lines, columns=options.columns)  # type: ignore[arg-type]
    found = tuple({persona.id: persona for persona in found}.values())
    if not found:
        raise UsageError(f"{options.personas} has no personas; create some with `personagen expand`")
    count = min(options.limit or len(found), len(found))
    return tuple(found[at * len(found) // count] for at in range(count)), notes


def _is_lists(folder: Path) -> bool:
    names = [file.name.lower() for file in folder.iterdir()] if folder.is_dir() else []
    return "personas.jsonl" not in names and all(any(part in name for name in names) for part in _LISTS)


def _crossed(profile: Description, personality: Description) -> Persona:
    return Persona(
        id=content_id(profile.id, personality.id),
        profile=profile.text,
        personality=personality.text,
        facts=facts_of(profile.text),
        traits=traits_of(personality.text),
        attributes=profile.attributes,
    )


def _later(persona: Persona, others: Sequence[Persona]) -> Persona:
    """The same life with the personality, of the same pronoun if there is one, that is most unlike its own."""
    others = [one for one in others if one.personality != persona.personality] or others
    same = [one for one in others if pronoun_of(one.personality) == pronoun_of(persona.personality)] or list(others)
    own = set(map(canonical, persona.traits))
    far = _unlike(persona, [one for one in same if own - set(map(canonical, one.traits))] or same)
    return persona.model_copy(update={"personality": far.personality, "traits": far.traits})


def _unlike(persona: Persona, others: Sequence[Persona]) -> Persona:
    """The one of ``others`` whose personality is most unlike that of ``persona``; of equal ones the farthest life."""
    most = max(distance(_manner(persona), _manner(one)) for one in others)
    return farthest(persona, [one for one in others if distance(_manner(persona), _manner(one)) == most])


def _manner(persona: Persona) -> Persona:
    return persona.model_copy(update={"profile": "", "facts": (), "attributes": {}})


def replayed(options: EvaluateOptions, personas: Sequence[Persona]) -> dict[str, tuple[str, ...]]:
    """The user turns that ``--protocol fixed`` replays, by persona: those of the condition ``plain`` of its reference.

    Raises:
        UsageError: the reference is no such run, or a persona has fewer turns there than are asked for.
    """
    if options.reference is None:
        return {}
    run = Path(str(options.reference))
    if not (run / "run.json").is_file() or read_state(run).get("command") != "evaluate":
        raise UsageError(f"--reference {run} is not a run of `personagen evaluate`: name the folder of one")
    said = {
        tree.id.rpartition("-")[0]: tuple(node.content for node in tree.nodes if node.role == "user")
        for tree in read_records(run / "trees.jsonl", ConversationTree)
        if tree.id.endswith(f"-{PLAIN}")
    }
    short = [persona.id for persona in personas if len(said.get(persona.id, ())) < options.turns]
    if short:
        raise UsageError(
            f"--reference {run} has fewer than {options.turns} user turns for {len(short):,} of {len(personas):,}"
            f" personas (the first is {short[0]}): choose the personas and --turns of that run"
        )
    return {persona.id: said[persona.id][: options.turns] for persona in personas}
