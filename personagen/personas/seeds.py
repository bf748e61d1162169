"""Loads seeds and personas: the packaged ones, or a user's files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from personagen.errors import CorruptError, UsageError
from personagen.personas.checks import ID, record_of
from personagen.personas.memory import MEMORY, name_of, rows_of_data
from personagen.personas.rows import JSON_LINES, Fault, Note, Row, files_of, rows_of
from personagen.records import Description, Kind, Persona, content_id

MAX_TEXT = 20_000  # characters of one description
MAX_NOTES = 20  # notes about skipped lines; the rest is counted
_ITEMS: Mapping[Kind, str] = {"profile": "facts", "personality": "traits"}
_PERSONALITY_FILE = re.compile(r"personalit|trait|character", re.I)
_PROFILE_FILE = re.compile(r"profile|fact|biograph", re.I)
_UNUSABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_WAY_OUT = "correct it, or skip such lines with --skip-bad-lines"
_SEPARATOR = re.compile(r"\s*[;|\n]\s*")

T = TypeVar("T", Description, Persona)


@dataclass(frozen=True)
class Seeds:
    """The two seed pools, and notes about what was repaired, skipped, merged or guessed while loading."""

    profiles: tuple[Description, ...]
    personalities: tuple[Description, ...]
    notes: tuple[str, ...] = ()


@dataclass
class _Log:
    """The notes of one load."""

    skip_bad_lines: bool
    notes: list[str] = field(default_factory=list)
    skipped: int = 0
    repeats: list[str] = field(default_factory=list)
    guessed: Counter[tuple[str, Kind]] = field(default_factory=Counter)

    def refuse(self, place: str, reason: str) -> None:
        if not self.skip_bad_lines:
            raise UsageError(f"{place}: {reason}; {_WAY_OUT}") from None
        self.skipped += 1
        if self.skipped <= MAX_NOTES:
            self.notes.append(f"{Path(place).name}: skipped: {reason}")


def load_seeds(path: Any, *, skip_bad_lines: bool = False) -> Seeds:
    """The seeds of a file or folder, of data in memory (rows, a table, a dataset), or if None, the packaged ones.

    A row is a text, or an object with ``profile``, ``personality``, ``persona`` or ``text`` (and optional ``facts`` and
    ``traits``); an object with both gives one entry to each pool. The file's name, else the text itself, decides
    whether a bare text is a profile. A pool without an entry gets the packaged seeds.

    Raises:
        UsageError: nothing was found, or a line is invalid (unless ``skip_bad_lines``).
    """
    if path is None:
        return load_seeds(packaged())
    path, log = Path(path) if isinstance(path, str) else path, _Log(skip_bad_lines)
    entries = _unique(_gather(path, log, lambda value, file, line: _descriptions(value, file, line, log)), log)
    pools = {kind: tuple(entry for entry in entries if entry.kind == kind) for kind in _ITEMS}
    if not entries:
        raise UsageError(f"{name_of(path)} has no profile and no personality; give one text or object per line")
    notes = _closed(log)
    for kind in (kind for kind, pool in pools.items() if not pool):
        ours = load_seeds(None)
        pools[kind] = ours.profiles if kind == "profile" else ours.personalities
        notes += (f"{name_of(path, short=True)} has no {kind}: the {len(pools[kind])} packaged ones are used",)
    return Seeds(pools["profile"], pools["personality"], notes)


def load_personas(path: Any, *, skip_bad_lines: bool = False) -> tuple[tuple[Persona, ...], tuple[str, ...]]:
    """The personas of a ``personas.jsonl``, of a folder with one, or of any rows with a profile; and the notes.

    A row is a Persona record, an object with ``profile`` and ``personality``, or a text, ``persona`` or ``text`` alone,
    which becomes the profile of a persona without personality.

    Raises:
        UsageError: as ``load_seeds``.
    """
    path, log = Path(path) if isinstance(path, str) else path, _Log(skip_bad_lines)
    found = _gather(path, log, lambda value, _file, _line: _personas(value), alone="personas.jsonl")
    personas = (_records(path) if isinstance(path, Path) else ()) or _unique(found, log)
    if not personas:
        raise UsageError(f"{name_of(path)} has no persona; give a file with a profile and a personality per line")
    return personas, _closed(log)


def _records(path: Path) -> tuple[Persona, ...]:
    """The personas of a file as ``expand`` writes it, in half the time; empty for any other file."""
    try:
        file = path / "personas.jsonl" if path.is_dir() else path
        if file.suffix.lower() not in JSON_LINES or not file.is_file():
            return ()
        with file.open("rb") as lines:
            personas = tuple(map(Persona.model_validate_json, lines))
    except (OSError, ValidationError):
        return ()
    ids = {persona.id for persona in personas}
    return personas if len(ids) == len(personas) and all(map(ID.fullmatch, ids)) else ()


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


def _gather(
    path: Any, log: _Log, make: Callable[[object, Path, int], list[T]], alone: str = ""
) -> Iterator[tuple[T, str]]:
    """The entries that ``make`` finds in each row, with their ``file:line``; its ValueError rejects the row."""
    for file, row in _rows(path, log, alone):
        place = f"{file}:{row.line}" if row.line else str(file)
        if isinstance(row, Note):
            log.notes.append(f"{Path(place).name}: {row.text}")
            continue
        try:
            if isinstance(row, Fault):
                raise ValueError(row.reason)
            made = make(row.value, file, row.line)
        except ValueError as error:
            log.refuse(place, str(error))
        else:
            yield from ((entry, place) for entry in made)


def _rows(path: Any, log: _Log, alone: str) -> Iterator[tuple[Path, Row | Fault | Note]]:
    if not isinstance(path, Path):
        return ((MEMORY, Row(number, row)) for number, row in enumerate(rows_of_data(path), 1))
    files, notes = files_of(path, alone)
    log.notes += notes
    return ((file, row) for file in files for row in rows_of(file))


def _unique(found: Iterable[tuple[T, str]], log: _Log) -> tuple[T, ...]:
    """The distinct entries, in order."""
    first: dict[str, tuple[T, str]] = {}
    for entry, place in found:
        other, at = first.setdefault(entry.id, (entry, place))
        if isinstance(entry, Persona) and entry != other:
            log.refuse(place, f"the persona at {Path(at).name} has the same id {entry.id}, but differs")
        elif entry is not other:
            log.repeats.append(Path(place).name)
    return tuple(entry for entry, _ in first.values())


def _closed(log: _Log) -> tuple[str, ...]:
    """The notes, with the counts at the end."""
    notes = list(log.notes)
    if log.skipped > MAX_NOTES:
        notes.append(f"{log.skipped} lines were skipped in total")
    for file in dict.fromkeys(file for file, _ in log.guessed):
        profiles, personalities = log.guessed[file, "profile"], log.guessed[file, "personality"]
        read = f"{profiles} read as profiles, {personalities} as personalities"
        notes.append(f"{file}: neither keys nor file name give the kind: {read}")
    if log.repeats:
        shown = ", ".join(log.repeats[:5]) + (", ..." if len(log.repeats) > 5 else "")
        notes.append(f"{len(log.repeats)} repeated entries were merged ({shown})")
    return tuple(notes)


def _descriptions(value: object, file: Path, line: int, log: _Log) -> list[Description]:
    """The one or two pool entries of a row; ValueError if it has none."""
    row, source = _row(value), f"{file.name}:{line}"
    if kinds := [kind for kind in _ITEMS if not _is_empty(row.get(kind))]:
        return [_description(kind, _text(row[kind], kind), row.get(_ITEMS[kind]), source) for kind in kinds]
    text = _bare(row, "profile, personality")
    kind = _kind_of(row, file)
    if kind is None:
        kind = _guess(text)
        log.guessed[file.name, kind] += 1
    return [_description(kind, text, row.get(_ITEMS[kind]) or row.get("items"), source)]


def _personas(value: object) -> list[Persona]:
    """The persona of a row.

    Raises:
        ValueError: it has none.
    """
    row = _row(value)
    if "id" in row and row.keys() <= Persona.model_fields.keys():
        return [record_of(row)]
    from personagen.personas.english.text import attributes_of

    profile = _text(row["profile"], "profile") if not _is_empty(row.get("profile")) else _bare(row, "profile")
    personality = "" if _is_empty(row.get("personality")) else _text(row["personality"], "personality")
    return [
        Persona(
            id=content_id(profile, personality),
            profile=profile,
            personality=personality,
            facts=_items(row.get("facts"), "facts") or _read_off("profile", profile),
            traits=_items(row.get("traits"), "traits") or _read_off("personality", personality),
            attributes=attributes_of(profile),
        )
    ]


def _row(value: object) -> dict[str, object]:
    """A row as an object with lower-case keys; a bare text is under ``text``."""
    if isinstance(value, str):
        return {"text": value}
    if not isinstance(value, dict):
        named = {bool: "true or false", int: "a number", float: "a number", list: "a list", type(None): "null"}
        raise ValueError(f"expected a text or an object, not {named.get(type(value), 'this')}")
    return {str(key).strip().lower(): inner for key, inner in value.items()}


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _bare(row: Mapping[str, object], wanted: str) -> str:
    """The text of a row under ``persona`` or ``text``; ``wanted`` are the other possible keys."""
    if "chosen" in row and "rejected" in row:
        raise ValueError("expected a persona, not a preference pair")
    for key in ("persona", "text"):
        if not _is_empty(row.get(key)):
            return _text(row[key], key)
    problem = "the text is empty" if row.keys() == {"text"} else f"no {wanted}, persona or text with words in it"
    raise ValueError(problem)


def _text(value: object, key: str) -> str:
    """A description with normalised white space."""
    if not isinstance(value, str):
        raise ValueError(f"the {key} is not a text")
    text = " ".join(value.split())
    if len(text) > MAX_TEXT:
        raise ValueError(f"the {key} has {len(text):,} characters, but at most {MAX_TEXT:,} are allowed")
    if not any(map(str.isalpha, text)):
        raise ValueError(f"the {key} has no words")
    if not text.isprintable() and _UNUSABLE.search(text):
        raise ValueError(f"the {key} holds a control character or a lone surrogate")
    return text


def _items(value: object, key: str) -> tuple[str, ...]:
    """The facts or traits in a row: a list of texts, or one text separated by semicolons, bars or line ends."""
    if value is None:
        return ()
    parts = _SEPARATOR.split(value) if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError(f"{key} is not a list of texts")
    return tuple(_text(part, key) for part in parts if part.strip())


def _read_off(kind: Kind, text: str) -> tuple[str, ...]:
    """The facts or traits found in ``text``."""
    # Imported here, since a run on the output of `expand` needs neither.
    from personagen.personas.english.text import facts_of
    from personagen.personas.traits import traits_of

    return facts_of(text) if kind == "profile" else traits_of(text)


def _description(kind: Kind, text: str, given: object, source: str) -> Description:
    items = _items(given, _ITEMS[kind]) or _read_off(kind, text)
    return Description(id=content_id(kind, text), kind=kind, text=text, items=items, source=source)


def _kind_of(row: Mapping[str, object], file: Path) -> Kind | None:
    """The kind of a bare text by its row's ``kind``, its lists or its file's name; None if unknown."""
    if (kind := row.get("kind")) in ("profile", "personality"):
        return kind
    if ("facts" in row) != ("traits" in row):
        return "profile" if "facts" in row else "personality"
    profile, personality = _PROFILE_FILE.search(file.stem), _PERSONALITY_FILE.search(file.stem)
    return None if bool(profile) == bool(personality) else "profile" if profile else "personality"


def _guess(text: str) -> Kind:
    """A personality if the text has at least three traits, one or more per sentence, and no age; else a profile."""
    from personagen.personas.english.text import attributes_of, sentences

    named = len(_read_off("personality", text))
    return "personality" if named >= max(3, len(sentences(text))) and "age" not in attributes_of(text) else "profile"
