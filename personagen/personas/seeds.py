"""Loads seeds and personas: the packaged ones, a user's files, or data in memory."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError

from personagen.errors import CorruptError, UsageError
from personagen.personas.checks import ID, record_of
from personagen.personas.reading import Log, gathered, unique
from personagen.readers.columns import Columns
from personagen.readers.person import Attributes, Person
from personagen.readers.row import Row, place
from personagen.readers.sources import fields_of, persons_of
from personagen.readers.values import MAX_TEXT, attribute
from personagen.records import Description, Kind, Persona, content_id

ROWS_A_STEP = 500
_KINDS: tuple[Kind, Kind] = ("profile", "personality")
_PERSONALITY_FILE = re.compile(r"personalit|trait|character", re.I)
_PROFILE_FILE = re.compile(r"profile|fact|biograph", re.I)

# A path, or any iterable of dicts or texts, a DataFrame, a datasets.Dataset, an Arrow table.
Source: TypeAlias = "str | PathLike[str] | Iterable[Any]"
ColumnSpecs: TypeAlias = "str | Iterable[str] | Mapping[str, str]"
R = TypeVar("R")
# What loads in steps: gives the number of rows so far, and returns what was loaded.
Steps: TypeAlias = Generator[int, None, R]


@dataclass(frozen=True)
class Seeds:
    """The two seed pools, and notes about what was repaired, skipped, merged or guessed while loading."""

    profiles: tuple[Description, ...]
    personalities: tuple[Description, ...]
    notes: tuple[str, ...] = ()


def load_seeds(source: Source | None, *, skip_bad_lines: bool = False, columns: ColumnSpecs = ()) -> Seeds:
    """The seed profiles and personalities of a path or of data in memory, or the packaged ones if it is None.

    A row is a text, or an object with ``profile``, ``personality``, ``persona`` or ``text`` (and optional ``facts`` and
    ``traits``), in any of the shapes of ``readers.sources``; ``columns`` names other columns. An object with both gives
    one entry to each pool. The file's name, else the text itself, decides whether a bare text is a profile. A pool
    without an entry gets the packaged seeds.

    Raises:
        UsageError: the path is missing, a row is invalid (unless ``skip_bad_lines``), or nothing was found.
    """
    return _drained(seeds_in_steps(source, skip_bad_lines=skip_bad_lines, columns=columns))


def load_personas(
    source: Source, *, skip_bad_lines: bool = False, columns: ColumnSpecs = ()
) -> tuple[tuple[Persona, ...], tuple[str, ...]]:
    """The personas of a ``personas.jsonl``, of a folder with one, or of any rows with a profile; and the notes.

    A row is a Persona record, an object with ``profile`` and ``personality``, or a text, ``persona`` or ``text`` alone,
    which becomes the profile of a persona without personality. ``source`` and ``columns`` are as in ``load_seeds``.

    Raises:
        UsageError: as ``load_seeds``.
    """
    return _drained(personas_in_steps(source, skip_bad_lines=skip_bad_lines, columns=columns))


def seeds_in_steps(source: Source | None, *, skip_bad_lines: bool = False, columns: ColumnSpecs = ()) -> Steps[Seeds]:
    """As ``load_seeds``, in steps of ``ROWS_A_STEP`` rows."""
    if source is None:
        return load_seeds(packaged())
    log = Log(skip_bad_lines, Columns(columns))
    found: dict[str, Description] = {}
    rows = gathered(source, log, lambda value, file, row: _descriptions(value, file, row, log))
    yield from _steps(unique(rows, log, found))
    log.check_columns()
    entries = list(found.values())
    pools = {kind: tuple(entry for entry in entries if entry.kind == kind) for kind in _KINDS}
    if not entries:
        raise UsageError(
            f"{_named(source)} has no profile and no personality; give a file with one per line{_why(log)}"
        )
    notes = log.closed()
    for kind in (kind for kind, pool in pools.items() if not pool):
        ours = load_seeds(None)
        pools[kind] = ours.profiles if kind == "profile" else ours.personalities
        notes += (f"{_named(source, short=True)} has no {kind}: the {len(pools[kind])} packaged ones are used",)
    return Seeds(pools["profile"], pools["personality"], notes)


def personas_in_steps(
    source: Source, *, skip_bad_lines: bool = False, columns: ColumnSpecs = ()
) -> Steps[tuple[tuple[Persona, ...], tuple[str, ...]]]:
    """As ``load_personas``, in steps of ``ROWS_A_STEP`` rows."""
    log = Log(skip_bad_lines, Columns(columns))
    if not log.columns and (records := (yield from _records(source))):
        return records, ()
    found: dict[str, Persona] = {}
    rows = gathered(source, log, lambda value, _, __: _personas(value, log), alone="personas.jsonl")
    yield from _steps(unique(rows, log, found))
    log.check_columns()
    if not found:
        raise UsageError(f"{_named(source)} has no persona; give a file with a profile per line{_why(log)}")
    return tuple(found.values()), log.closed()


def _drained(steps: Steps[R]) -> R:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def _steps(rows: Iterable[int]) -> Generator[int, None, None]:
    for rows_so_far in rows:
        if rows_so_far % ROWS_A_STEP == 0:
            yield rows_so_far


def _named(source: Source, *, short: bool = False) -> str:
    if not isinstance(source, str | PathLike):
        return "the data"
    return (Path(source).name or str(source)) if short else str(source)


def _why(log: Log) -> str:
    if not log.rows:
        return "; it holds no row (the first line of a table names its columns)"
    return f"; {log.notes[-1]}" if log.skipped else ""


def _records(source: Source) -> Steps[tuple[Persona, ...]]:
    """The personas of a file as ``expand`` writes it, in half the time; empty for any other file."""
    try:
        file = Path(source) / "personas.jsonl" if isinstance(source, str | PathLike) else None
        file = Path(source) if file and not file.is_file() else file  # type: ignore[arg-type]
        if file is None or file.suffix.lower() not in (".jsonl", ".ndjson") or not file.is_file():
            return ()
        personas: list[Persona] = []
        with file.open("rb") as lines:
            for line in lines:
                persona = Persona.model_validate_json(line)
                if not (persona.origin and ID.fullmatch(persona.id) and _is_plain(persona)):
                    return ()
                personas.append(persona)
                if len(personas) % ROWS_A_STEP == 0:
                    yield len(personas)
    except (OSError, ValidationError):
        return ()
    return tuple(personas) if len({persona.id for persona in personas}) == len(personas) else ()


def _is_plain(persona: Persona) -> bool:
    texts = (persona.profile, persona.personality, *persona.facts, *persona.traits)
    return bool(persona.profile.strip()) and all(len(text) <= MAX_TEXT and text.isprintable() for text in texts)


def packaged() -> Path:
    """The folder of the packaged seeds.

    Raises:
        CorruptError: the seeds are missing from the installation.
    """
    here = Path(__file__).parents[1]
    for folder in (here / "data" / "seeds", here.parent / "seeds"):
        if (folder / "profiles.jsonl").is_file():
            return folder
    raise CorruptError("the installation of personagen lacks its seeds; install it again")


def _people(value: object, log: Log) -> list[Person]:
    """The people that a row describes; ValueError if there is none."""
    people = persons_of(fields_of(value), log.columns)
    for who in people:
        log.dropped |= dict.fromkeys(who.dropped)
        log.recognised |= dict(who.guessed)
    return people


def _descriptions(value: object, file: str, row: Row, log: Log) -> list[Description]:
    """The pool entries of a row, one or two a person; ValueError if there is none."""
    made = []
    for who in _people(value, log):
        texts: dict[Kind, str] = {"profile": who.profile, "personality": who.personality}
        if not any(texts.values()):
            kind = _kind_of(who, file)
            if kind is None:
                kind = _guess(who.text)
                log.guessed[file, kind] += 1
            texts[kind] = who.text
        own: Attributes = {"id": who.id} if who.id else {}
        for kind, text in texts.items():
            if text:
                given = who.facts if kind == "profile" else who.traits
                attributes = own | who.attributes if kind == "profile" else {}
                log.attributes |= dict.fromkeys(attributes)
                made.append(_description(kind, text, given or who.items, place(file, row), attributes))
    return made


def _description(
    kind: Kind, text: str, given: tuple[str, ...], source: str, attributes: Mapping[str, str | int]
) -> Description:
    items = given or _read_off(kind, text)
    identity = content_id(kind, text)
    return Description(id=identity, kind=kind, text=text, items=items, source=source, attributes=dict(attributes))


def _personas(value: object, log: Log) -> list[Persona]:
    """The personas of a row; ValueError if there is none."""
    if isinstance(value, dict) and not log.columns and {"id", "origin"} <= value.keys() <= Persona.model_fields.keys():
        return [record_of(value)]
    return [_persona(who, log) for who in _people(value, log)]


def _persona(who: Person, log: Log) -> Persona:
    from personagen.personas.english.text import attributes_of

    profile = who.profile or who.text
    if not profile:
        raise ValueError("no profile, persona or text, which a persona needs beside its personality")
    attributes: Attributes = dict(who.attributes)
    known = who.id if ID.fullmatch(who.id) else ""
    if who.id and not known:
        log.unusable_ids.append(who.id)
        attributes |= _as_attribute(who.id)
    log.attributes |= dict.fromkeys(attributes)
    return Persona(
        id=known or content_id(profile, who.personality),
        profile=profile,
        personality=who.personality,
        facts=who.facts or _read_off("profile", profile),
        traits=who.traits or _read_off("personality", who.personality),
        attributes=attributes_of(profile) | attributes,
    )


def _as_attribute(own_id: str) -> Attributes:
    try:
        return {"id": attribute(own_id)}
    except ValueError:
        return {}


def _read_off(kind: Kind, text: str) -> tuple[str, ...]:
    """The facts or traits found in ``text``."""
    # Imported here, since a run on the output of `expand` needs neither.
    from personagen.personas.english.text import facts_of
    from personagen.personas.traits import traits_of

    return facts_of(text) if kind == "profile" else traits_of(text)


def _kind_of(who: Person, file: str) -> Kind | None:
    """The kind of a bare text by its row's ``kind``, its lists or its file's name; None if unknown."""
    for kind in _KINDS:
        if who.kind == kind:
            return kind
    if bool(who.facts) != bool(who.traits):
        return "profile" if who.facts else "personality"
    stem = Path(file).stem
    profile, personality = _PROFILE_FILE.search(stem), _PERSONALITY_FILE.search(stem)
    return None if bool(profile) == bool(personality) else "profile" if profile else "personality"


def _guess(text: str) -> Kind:
    """A personality if the text has at least three traits, one or more per sentence, and no age; else a profile."""
    from personagen.personas.english.text import attributes_of, sentences

    named = len(_read_off("personality", text))
    return "personality" if named >= max(3, len(sentences(text))) and "age" not in attributes_of(text) else "profile"
