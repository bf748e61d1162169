"""Every command's options and their defaults, in one place: the command line and the library both read them here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from personagen.errors import UsageError

ROLES = ("author", "user", "observer", "assistant", "judge")
ENCODER = "encoder"

_PATHS = ("out", "personas", "prompts", "seeds")
_LARGEST = 2**63 - 1  # a JSON or SQLite integer
_LONGEST_NAME, _LONGEST_PATH = 240, 3800  # bytes; a few are added to write beside it
_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

Grow = Literal["coin", "best", "all"]


@dataclass(frozen=True)
class ModelOptions:
    """Which models answer and what they may cost.

    ``model``, ``base_url`` and ``price`` are values for every role, or ``ROLE=VALUE`` for one (roles: author, user,
    observer, assistant, judge). ``price`` is ``IN,OUT`` in USD per million tokens. ``concurrency`` is the number of
    calls in flight at one endpoint, None finds out what its server can take. ``budget`` is in USD and ``max_calls`` in
    calls, both for the whole run folder. The command line asks before a run that is expected to cost more than
    ``confirm_above`` USD (None: never); the library never does. ``timeout`` is seconds a request. ``batch`` sends calls
    by the wave through the providers' batch APIs, all that are ready at once. ``noise`` is the share of verdicts the
    offline judge gets wrong, from 0 to 0.5. ``agent`` replaces an agent's function by one of the user's, written as
    ``ROLE/ACT=module:function``.
    """

    model: tuple[str, ...] = ("offline",)
    base_url: tuple[str, ...] = ()
    price: tuple[str, ...] = ()
    concurrency: int | None = None
    budget: float | None = None
    max_calls: int | None = None
    confirm_above: float | None = 5.0
    timeout: float = 120.0
    batch: bool = False
    noise: float = 0.0
    agent: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExpandOptions:
    """What ``expand`` does: grow the pools to ``target`` profiles and ``personalities`` personalities, then combine.

    ``seeds`` is a file or folder (None: the seeds that come along); ``personalities`` None means a third of
    ``target``. A round asks ``calls_per_round`` times for ``count`` descriptions, each time with ``examples`` examples.
    ``saturation`` rounds in a row that admit nothing end the growth. ``similarity`` None means the encoder's
    calibrated threshold; ``calibrate`` refits it on the seeds. ``filters`` adds ``package.module:function`` filters.
    """

    seeds: str | None = None
    out: str = "outputs/pool"
    target: int = 100
    personalities: int | None = None
    per_profile: int = 1
    examples: int = 5
    count: int = 20
    calls_per_round: int = 8
    saturation: int = 3
    encoder: str = "hashed"
    similarity: float | None = None
    calibrate: bool = False
    language: str = "en"
    filters: tuple[str, ...] = ()
    skip_bad_lines: bool = False
    prompts: str | None = None
    seed: int = 0
    models: ModelOptions = ModelOptions()


@dataclass(frozen=True)
class SimulateOptions:
    """What ``simulate`` does: grow ``conversations`` trees (None: one for each persona) of ``turns`` turns.

    Every user turn gets ``candidates`` replies, by turns from the assistants that ``candidate`` names: ``aware``,
    ``plain`` or ``module:function``. ``grow`` says which siblings continue: ``coin`` one drawn at random, ``best`` the
    one the judge prefers, ``all`` every one, up to ``max_nodes`` nodes a tree. A reply that can't be used is asked for
    at most ``attempts`` times. ``language`` is what the conversations are held in, ``any`` to let that open.
    """

    personas: str = "outputs/pool/personas.jsonl"
    out: str = "outputs/run"
    conversations: int | None = None
    turns: int = 10
    grow: Grow = "coin"
    candidates: int = 2
    candidate: tuple[str, ...] = ("aware", "plain")
    max_nodes: int = 500
    attempts: int = 3
    language: str = "en"
    skip_bad_lines: bool = False
    prompts: str | None = None
    seed: int = 0
    models: ModelOptions = ModelOptions()


def build(options: type[Any], values: Mapping[str, Any]) -> Any:
    """``options`` from flat keyword values: those of ``ModelOptions`` go where they belong.

    Raises:
        TypeError: a name that neither has.
        UsageError: a value has another type than the option, or is a number or a path that can't be used.
    """
    kinds = {f.name: str(f.type) for f in (*fields(options), *fields(ModelOptions))}
    checked = {k: _checked(k, _tuple(v, kinds[k]), kinds[k]) if k in kinds else v for k, v in values.items()}
    model_names = {f.name for f in fields(ModelOptions)}
    of_models = {k: v for k, v in checked.items() if k in model_names}
    rest = {k: v for k, v in checked.items() if k not in model_names}
    return options(**rest, models=ModelOptions(**of_models))


def in_range(limits: Mapping[str, tuple[float | None, float, float]]) -> None:
    """Looks at values by option, each with the least and the most it may be; None is not given.

    Raises:
        UsageError: one is out of its range.
    """
    for name, (value, least, most) in limits.items():
        if value is not None and not least <= value <= most:
            raise UsageError(f"{name} {value}: choose a number from {least} to {most}")


def place(name: str, path: Any) -> str:
    """``path`` as text, where it can be the path of a file or a folder; ``name`` is the option it was given as.

    Raises:
        UsageError: it is empty, too long, or holds what no path of this program may hold.
    """
    text = path.__fspath__() if hasattr(path, "__fspath__") else path
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"{name} is {'empty' if text == '' else repr(text)}: give a path")
    if bad := _NO_TEXT.search(text):
        what = "text that is not UTF-8" if bad[0] >= "\ud800" else f"the control character {bad[0]!r}"
        raise UsageError(f"{name} holds {what}: give another path")
    if len(text.encode()) > _LONGEST_PATH or max(len(part.encode()) for part in text.split("/")) > _LONGEST_NAME:
        raise UsageError(f"{name} {text[:40]}... is too long for a path: a name has at most {_LONGEST_NAME} bytes")
    return text


def flat(options: Any) -> dict[str, Any]:
    """The reverse of ``build``: one flat dict."""
    values = asdict(options)
    models: dict[str, Any] = values.pop("models")
    return values | models


def by_role(option: str, values: Iterable[str]) -> dict[str, str]:
    """``VALUE`` and ``ROLE=VALUE`` entries as a value for each role; a role's own entry wins, later ones win.

    The encoder is a role that a general ``VALUE`` does not reach: a server of chats need not serve embeddings.

    Raises:
        UsageError: ``option`` has an entry for a role that does not exist.
    """
    shared, own = shared_and_own(option, values)
    return ({} if shared is None else dict.fromkeys(ROLES, shared)) | own


def shared_and_own(option: str, values: Iterable[str]) -> tuple[str | None, dict[str, str]]:
    """The ``VALUE`` for all roles, None if there is none, and the values of single roles; raises as ``by_role``."""
    shared: str | None = None
    own: dict[str, str] = {}
    for value in values:
        if not isinstance(value, str):
            shared = value
            continue
        role, equals, rest = value.partition("=")
        if equals and role in (*ROLES, ENCODER):
            own[role] = rest
        elif equals and role.isalpha():
            raise UsageError(f"{option} {value}: there is no role {role}; roles are {', '.join(ROLES)}")
        else:
            shared = value
    return shared, own


def _checked(name: str, value: Any, kind: str) -> Any:
    """``value`` where it can be that of the option ``name``, whose type is written as ``kind``."""
    shown = f"--{name.replace('_', '-')}"
    if value is None and "None" in kind:
        return None
    if name in _PATHS:
        return place(shown, value)
    plain = kind.removesuffix(" | None")
    expected = {"int": "a whole number", "float": "a number", "bool": "true or false"}.get(plain, "text")
    if plain.startswith("tuple"):
        fits = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
    else:
        python = {"int": int, "float": int | float, "bool": bool}.get(plain, str)
        fits = isinstance(value, python) and (plain == "bool" or not isinstance(value, bool))
    if not fits:
        raise UsageError(f"{shown} is {expected}, not {value!r}")
    if plain in ("int", "float") and not (math.isfinite(value) and abs(value) <= _LARGEST):
        raise UsageError(f"{shown} {value}: choose a number of at most {_LARGEST}")
    for text in (value,) if isinstance(value, str) else value if isinstance(value, list | tuple) else ():
        if _NO_TEXT.search(text):
            raise UsageError(f"{shown} holds a control character, or text that is not UTF-8: {text!r}")
    return tuple(value) if isinstance(value, list) else value


def _tuple(value: Any, kind: str) -> Any:
    return (value,) if kind.startswith("tuple") and isinstance(value, str) else value
