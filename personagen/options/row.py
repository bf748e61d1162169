"""One row of the table of options: help, bounds, default, and the check of a value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol, TypeAlias

from personagen.errors import UsageError

ROLES = ("author", "user", "observer", "assistant", "judge", "checker")
ENCODER = "encoder"
POLICY = re.compile(r"policy(?:-[a-z0-9]+)?")  # roles that --candidate adds
PANEL = re.compile(r"judge-[2-9]")  # roles that several --judge-model add


class PathLike(Protocol):
    """``os.PathLike[str]``, without the import of ``os``."""

    def __fspath__(self) -> str: ...


FilePath: TypeAlias = str | PathLike
Texts: TypeAlias = str | Sequence[str]
RoleTexts: TypeAlias = Texts | Mapping[str, str]
Function: TypeAlias = str | Callable[..., Any]
Functions: TypeAlias = Function | Sequence[Function]
ActFunctions: TypeAlias = Texts | Mapping[str, Function]
Models: TypeAlias = Functions | Mapping[str, Function]
Data: TypeAlias = FilePath | Iterable[Any]
KeyTexts: TypeAlias = Texts | Mapping[str, str]
Noise: TypeAlias = float | str | Mapping[str, float]

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
    ``example`` is a value for ``personagen.toml``, ``kind`` the first word of the type. ``read`` normalizes a value, or
    raises ``ValueError`` with what to choose. ``names`` are values that completion offers.
    """

    help: str
    group: str
    metavar: str = ""
    common: bool = False
    least: float = 0
    most: float = 1_000_000_000
    choices: tuple[str, ...] = ()
    read: Callable[[Any], Any] | None = None
    names: tuple[str, ...] = ()
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
        return self.kind in ("Texts", "KeyTexts", "Functions", "ActFunctions") or self.by_role

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
        if self.kind == "Data" and not isinstance(value, str) and not hasattr(value, "__fspath__"):
            return value if isinstance(value, InMemory) else InMemory(self.flag, value)
        if self.kind in ("FilePath", "Data"):
            return place(self.flag, value)
        if self.several:
            return self._texts(value)
        if self.kind == "Noise":
            return self._read(value)
        types: Any = {"int": int, "float": int | float, "bool": bool}.get(self.kind, str)
        fits = isinstance(value, types) and (self.kind == "bool" or not isinstance(value, bool))
        if fits and self.kind in ("int", "float"):
            fits = math.isfinite(value) and self.least <= value <= self.most
        if not fits or (self.choices and value not in self.choices):
            raise UsageError(f"{self.flag} {_shown(value)}: choose {self._takes()}")
        if not isinstance(value, str):
            return value
        text = _printable(self.flag, value)
        return self._read(text) if self.read else text

    def _read(self, value: Any) -> Any:
        try:
            return self.read(value) if self.read else value
        except ValueError as error:
            raise UsageError(f"{self.flag} {_shown(value)}: {error}") from None

    def _takes(self) -> str:
        if self.kind in ("int", "float"):
            number = "a whole number" if self.kind == "int" else "a number"
            limits = f"{number} from {self.least:,} to {self.most:,}"
            return f"{self.none} or {limits}" if self.none else limits
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        return {"bool": "true or false"}.get(self.kind, "a text or a list of texts" if self.several else "a text")

    def _texts(self, value: Any) -> tuple[str, ...]:
        def text(one: Any, key: str = "") -> str:
            if callable(one) and self.kind not in ("Texts", "KeyTexts", "RoleTexts"):
                return NamedFunction(one, key)
            if isinstance(one, NamedFunction) and not key:
                return one
            if not isinstance(one, str):
                raise UsageError(f"{self.flag} {_shown(value)}: choose {self._takes()}")
            return _printable(self.flag, f"{key}={one}" if key else one)

        if (self.by_role or self.kind in ("ActFunctions", "KeyTexts")) and isinstance(value, Mapping):
            texts = tuple(text(one, str(key)) for key, one in value.items())
        else:
            texts = tuple(map(text, value if isinstance(value, list | tuple) else (value,)))
        if self.by_role:
            shared_and_own(self.flag, texts)
        elif twice := next((one for at, one in enumerate(texts) if _is_other(one, texts[:at])), None):
            raise UsageError(f"{self.flag}: two functions are named {twice}; a run knows a function by its name")
        return texts


class NamedFunction(str):
    """The name of a function given in Python, ``[key=]module:function``, with the function itself."""

    function: Callable[..., Any]

    def __new__(cls, function: Any, key: str = "") -> NamedFunction:
        """Names ``function`` by its module and qualified name, or those of its class or of what it is partial of."""
        named = function
        while not hasattr(named, "__name__") and hasattr(named, "func"):
            named = named.func
        own = getattr(named, "__qualname__", None) or getattr(named, "__name__", None) or type(named).__qualname__
        name = f"{named.__module__}:{re.sub(r'[^0-9A-Za-z_]+', '_', own)}"
        made = super().__new__(cls, f"{key}={name}" if key else name)
        made.function = function
        return made

    @property
    def value(self) -> NamedFunction:
        """This without its key."""
        return NamedFunction(self.function)


class InMemory(str):
    """What an option was given in place of a path, as ``data``; the text says what it is."""

    data: Any

    def __new__(cls, flag: str, data: Any) -> InMemory:
        """Keeps ``data``; an iterator is read, since a run needs its rows more than once."""
        if isinstance(data, bytes | Set) or not isinstance(data, Iterable):  # a set has no order
            what = type(data).__name__
            raise UsageError(f"{flag} is of type {what}: give a path, a list of texts or dicts, a table or a dataset")
        kept: Any = data if hasattr(data, "__len__") else tuple(data)
        what = f"{type(data).__name__} of {len(kept):,}" if isinstance(data, Mapping) else f"{len(kept):,} rows"
        made = super().__new__(cls, f"{what} in memory")
        made.data = kept
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


def source(value: Any) -> Any:
    """What a checked option of data stands for: the data, or a path as text."""
    return value.data if isinstance(value, InMemory) else value


def checked_texts(value: Any) -> tuple[str, ...]:
    """The value of a repeatable option of checked options, which is a tuple of texts whatever was given."""
    return tuple(value)


def by_role(option: str, values: Any, added: Collection[str] = (), shared_by: Sequence[str] = ROLES) -> dict[str, str]:
    """The value for each role, from ``VALUE`` and ``ROLE=VALUE`` entries; a role's own one wins.

    A general ``VALUE`` is for the roles ``shared_by``, and if these are all, for the ``added`` ones too. It does not
    apply to the encoder: a chat server need not serve embeddings.
    """
    shared, own = shared_and_own(option, values)
    if alien := next((role for role in own if _is_added(role) and role not in added), None):
        how = f"candidate with --candidate {alien}=MODEL" if POLICY.fullmatch(alien) else "judge with --judge-model"
        raise UsageError(f"{option} {alien}={own[alien]}: add that {how}")
    roles = (*shared_by, *added) if shared_by == ROLES else shared_by
    return ({} if shared is None else dict.fromkeys(roles, shared)) | own


def shared_and_own(option: str, values: Any) -> tuple[str | None, dict[str, str]]:
    """The ``VALUE`` for all roles or None, and the values of single roles; an unknown role is a ``UsageError``."""
    shared: str | None = None
    own: dict[str, str] = {}
    for value in values:
        role, equals, rest = value.partition("=")
        if equals and (role in (*ROLES, ENCODER) or _is_added(role)):
            own[role] = value.value if isinstance(value, NamedFunction) else rest
        elif equals and role.isalpha():
            raise UsageError(f"{option} {value}: there is no role {role}; roles are {', '.join(ROLES)}")
        else:
            shared = value
    return shared, own


def _is_added(role: str) -> bool:
    return bool(POLICY.fullmatch(role) or PANEL.fullmatch(role))


def _is_other(name: str, before: Sequence[str]) -> bool:
    """Whether ``name`` is also that of another function in ``before``."""
    functions = [getattr(one, "function", None) for one in before if one == name]
    return any(function is not getattr(name, "function", None) for function in functions)


def _printable(flag: str, text: str) -> str:
    if _UNPRINTABLE.search(text):
        raise UsageError(f"{flag} holds a control character, or text that is not UTF-8: {_shown(text)}")
    return text


def _shown(value: Any) -> str:
    plain = isinstance(value, str) and value.strip() and not _UNPRINTABLE.search(value)
    text = value if plain else repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
