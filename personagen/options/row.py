"""One row of the table of options: help, bounds, default, and the check of a value."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol, TypeAlias

from personagen.errors import UsageError

ROLES = ("author", "user", "observer", "assistant", "judge")
ENCODER = "encoder"


class PathLike(Protocol):
    """``os.PathLike[str]``, without the import of ``os``."""

    def __fspath__(self) -> str: ...


FilePath: TypeAlias = str | PathLike
Texts: TypeAlias = str | Sequence[str]
RoleTexts: TypeAlias = Texts | Mapping[str, str]
Columns: TypeAlias = Texts | Mapping[str, str]
Model: TypeAlias = str | Callable[[Any], Awaitable[Any]]
Models: TypeAlias = Model | Sequence[Model] | Mapping[str, Model]

# Headings of the help, in this order.
FILES, SIZE, DIALOGUES, POOLS, MODELS, GENERAL = GROUPS = (
    *("Input and output", "Size", "Conversations", "Pools", "Models and cost", "General"),
)
_MAX_NAME_BYTES, _MAX_PATH_BYTES = 240, 3800  # below the usual 255 and 4096, to leave room for temporary names
_MAX_SHOWN = 80  # characters of a wrong value in an error
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Row:
    """One option. ``least`` and ``most`` bound a number; ``none`` is the word for None on the command line.

    ``--help`` of a command with many options shows the ``common`` ones. ``words`` describes a default of None,
    ``example`` is a value for ``personagen.toml``, ``kind`` the first word of the type.
    """

    help: str
    group: str
    metavar: str = ""
    common: bool = False
    least: float = 0
    most: float = 1_000_000_000
    choices: tuple[str, ...] = ()
    none: str = ""
    words: str = ""
    example: Any = None
    flag: str = ""
    name: str = ""
    kind: str = ""
    default: Any = None

    @property
    def several(self) -> bool:
        """Whether the option can be repeated."""
        return self.kind in ("Texts", "Columns") or self.by_role

    @property
    def by_role(self) -> bool:
        """Whether the option also takes ``ROLE=VALUE``."""
        return self.kind in ("RoleTexts", "Models")

    def parse(self, text: Any) -> Any:
        """``text`` as a number or None; unchanged if it is neither."""
        if self.none and isinstance(text, str) and text.lower() == self.none:
            return None
        kind = {"int": int, "float": float}.get(self.kind)
        try:
            return kind(text) if kind and isinstance(text, str) else text
        except ValueError:
            return text

    def check(self, value: Any) -> Any:
        """The normalized ``value``: None for its word, a path as text, a repeatable option as a tuple.

        An invalid one is a ``UsageError`` that names the option, the value and what is allowed.
        """
        if self.parse(value) is None and (self.none or self.default is None):
            return None
        if self.kind == "FilePath":
            return place(self.flag, value)
        if self.several:
            return self._texts(value)
        types: Any = {"int": int, "float": int | float, "bool": bool}.get(self.kind, str)
        fits = isinstance(value, types) and (self.kind == "bool" or not isinstance(value, bool))
        if fits and self.kind in ("int", "float"):
            fits = math.isfinite(value) and self.least <= value <= self.most
        if not fits or (self.choices and value not in self.choices):
            raise UsageError(f"{self.flag} {_shown(value)}: choose {self._takes()}")
        return _printable(self.flag, value) if isinstance(value, str) else value

    def _takes(self) -> str:
        if self.kind in ("int", "float"):
            number = "a whole number" if self.kind == "int" else "a number"
            limits = f"{number} from {self.least:,} to {self.most:,}"
            return f"{self.none} or {limits}" if self.none else limits
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        return {"bool": "true or false"}.get(self.kind, "a text or a list of texts" if self.several else "a text")

    def _texts(self, value: Any) -> tuple[str, ...]:
        def text(one: Any, role: str = "") -> str:
            if callable(one) and self.kind == "Models":
                return ModelFunction(one, role)
            if not isinstance(one, str):
                raise UsageError(f"{self.flag} {_shown(value)}: choose {self._takes()}")
            return _printable(self.flag, f"{role}={one}" if role else one)

        if (self.by_role or self.kind == "Columns") and isinstance(value, Mapping):
            texts = tuple(text(one, str(role)) for role, one in value.items())
        else:
            texts = tuple(map(text, value if isinstance(value, list | tuple) else (value,)))
        if self.by_role:
            shared_and_own(self.flag, texts)
        return texts


class ModelFunction(str):
    """The name of a model function, an ``async (Call) -> Completion``: ``[role=]module:function``."""

    function: Callable[[Any], Awaitable[Any]]

    def __new__(cls, function: Any, role: str = "") -> ModelFunction:
        """Names ``function`` by its module and qualified name, or those of its class."""
        named = function if hasattr(function, "__qualname__") else type(function)
        name = f"{named.__module__}:{re.sub(r'[^0-9A-Za-z_]+', '_', named.__qualname__)}"
        made = super().__new__(cls, f"{role}={name}" if role else name)
        made.function = function
        return made


def option(default: Any, help: str, group: str, metavar: str = "", **more: Any) -> Any:
    """A field of an options dataclass; ``more`` are further fields of its ``Row``."""
    return field(default=default, metadata={"row": Row(help, group, metavar, default=default, **more)})


def rows_of(options: Any) -> tuple[Row, ...]:
    """The rows of an options dataclass by group; in a group, options of the class itself before inherited ones."""
    rows = []
    for f in fields(options):
        row: Row = f.metadata["row"]
        if not isinstance(f.type, str):
            raise TypeError(f"{f.name}: option types must be strings; add from __future__ import annotations")
        flag = row.flag or f"--{f.name.replace('_', '-')}"
        rows.append(replace(row, name=f.name, kind=f.type.partition(" ")[0], flag=flag))
    own = vars(options)["__annotations__"]
    return tuple(sorted(rows, key=lambda row: (GROUPS.index(row.group), row.name not in own)))


class Options:
    """The base of frozen dataclasses of options, which are checked on construction.

    An invalid value is a ``UsageError``.
    """

    def __post_init__(self) -> None:
        """Checks and normalizes every value."""
        for row in rows_of(type(self)):
            object.__setattr__(self, row.name, row.check(getattr(self, row.name)))


def place(name: str, path: Any) -> str:
    """``path`` as text, or ``UsageError``, which calls it ``name``, if no file can have that name."""
    text = path.__fspath__() if hasattr(path, "__fspath__") else path
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"{name} is {'empty' if text == '' else repr(text)}: give a path")
    if bad := _UNPRINTABLE.search(text):
        what = "text that is not UTF-8" if bad[0] >= "\ud800" else f"the control character {bad[0]!r}"
        raise UsageError(f"{name} holds {what}: give another path")
    if len(text.encode()) > _MAX_PATH_BYTES or max(len(part.encode()) for part in text.split("/")) > _MAX_NAME_BYTES:
        raise UsageError(f"{name} {text[:40]}... is too long for a path: a name has at most {_MAX_NAME_BYTES} bytes")
    return text


def by_role(option: str, values: Any) -> dict[str, str]:
    """The value for each role from ``VALUE`` and ``ROLE=VALUE`` entries; a role's own entry wins, then the last one.

    A general ``VALUE`` does not apply to the encoder: a chat server need not serve embeddings.
    """
    shared, own = shared_and_own(option, values)
    return ({} if shared is None else dict.fromkeys(ROLES, shared)) | own


def shared_and_own(option: str, values: Any) -> tuple[str | None, dict[str, str]]:
    """The ``VALUE`` for all roles or None, and the values of single roles; an unknown role is a ``UsageError``."""
    shared: str | None = None
    own: dict[str, str] = {}
    for value in values:
        role, equals, rest = value.partition("=")
        if equals and role in (*ROLES, ENCODER):
            own[role] = ModelFunction(value.function) if isinstance(value, ModelFunction) else rest
        elif equals and role.isalpha():
            raise UsageError(f"{option} {value}: there is no role {role}; roles are {', '.join(ROLES)}")
        else:
            shared = value
    return shared, own


def _printable(flag: str, text: str) -> str:
    if _UNPRINTABLE.search(text):
        raise UsageError(f"{flag} holds a control character, or text that is not UTF-8: {_shown(text)}")
    return text


def _shown(value: Any) -> str:
    plain = isinstance(value, str) and value.strip() and not _UNPRINTABLE.search(value)
    text = value if plain else repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
