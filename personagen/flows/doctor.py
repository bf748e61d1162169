"""``doctor``: whether the installation is sound, offline, and what of the environment a run would use.

Nothing that may be missing is imported before its check.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from personagen.errors import PersonagenError

LEAST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 500_000_000
MALICIOUS = ("1.82.7", "1.82.8")  # of litellm: they sent out keys at every start of Python
IMPORTED = ("aiohttp", "jinja2", "numpy", "orjson", "pydantic", "yaml")  # have compiled parts, and are fast to import
USEFUL = ("boto3", "datasets", "pandas")  # packages that are no dependency, and are used where they are
_KEY = re.compile(r"\w+_API_KEY|AWS_ACCESS_KEY_ID|AWS_PROFILE|HF_TOKEN|GOOGLE_APPLICATION_CREDENTIALS")
_ADDRESS = re.compile(r"(OPENAI|ANTHROPIC|AZURE|OLLAMA)_(BASE_URL|API_BASE|HOST)")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, what was found, and whether it is a ``problem``."""

    name: str
    text: str
    problem: bool = False


@dataclass(frozen=True)
class DoctorReport:
    """All checks; ``sound`` means that no problem was found."""

    sound: bool
    checks: tuple[Check, ...]


def doctor() -> DoctorReport:
    """Looks at the installation and the environment; sends nothing, and reads no value of a key but its form."""
    checks: list[Check] = []
    for look in (_program, _python, _packages, _imports, _seeds, _prompts, _sqlite, _disk, _keys, _proxies, _extras):
        name = look.__name__.strip("_")
        try:
            checks += look()
        except PersonagenError as error:
            checks.append(Check(name, str(error), problem=True))
        except Exception as error:  # a broken package can fail in any way
            checks.append(Check(name, f"{type(error).__name__}: {error}; install personagen again", problem=True))
    return DoctorReport(not any(check.problem for check in checks), tuple(checks))


def _program() -> Iterator[Check]:
    here = Path(__file__).parents[1]
    [own] = re.findall(r'^__version__ = "(.+)"', (here / "__init__.py").read_text(encoding="utf-8"), re.MULTILINE)
    installed = version("personagen")
    other = "" if own == installed else f", but {installed} is what was installed: install it again"
    yield Check("personagen", f"{own} in {here}{other}", problem=own != installed)


def _python() -> Iterator[Check]:
    old = sys.version_info < LEAST_PYTHON
    needs = "; personagen needs 3.11 or newer" if old else ""
    yield Check("python", f"{platform.python_version()} in {sys.prefix}{needs}", problem=old)


def _packages() -> Iterator[Check]:
    from packaging.requirements import Requirement

    needed = [Requirement(text) for text in requires("personagen") or ()]
    needed = [one for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [problem for one in needed if (problem := _wrong(one.name, one.specifier.contains, str(one.specifier)))]
    for problem in wrong:
        yield Check("packages", problem, problem=True)
    if not wrong:
        yield Check("packages", f"all {len(needed)} are there, in versions that fit")


def _wrong(name: str, fits: Callable[..., bool], wanted: str) -> str:
    try:
        found = version(name)
    except PackageNotFoundError:
        return f"{name} is missing: pip install '{name}{wanted}'"
    if name == "litellm" and found in MALICIOUS:
        return f"litellm {found} is malicious and sends out keys: remove it, then change every key that was set"
    return "" if fits(found, prereleases=True) else f"{name} {found} does not fit: pip install '{name}{wanted}'"


def _imports() -> Iterator[Check]:
    for name in IMPORTED:
        try:
            import_module(name)
        except Exception as error:  # a broken package can fail in any way
            yield Check("imports", f"{name} can't be imported ({error}): install it again", problem=True)


def _seeds() -> Iterator[Check]:
    from personagen.personas.seeds import load_seeds

    seeds = load_seeds(None)
    yield Check("seeds", f"{len(seeds.profiles)} profiles, {len(seeds.personalities)} personalities")


def _prompts() -> Iterator[Check]:
    from personagen.prompts import files

    where = files.folders(None)
    loaded = [files.load(name, where) for name in files.names()]
    own = sum(not prompt.file.is_relative_to(files.packaged()) for prompt in loaded)
    yield Check("prompts", f"{len(loaded)} are valid" + (f", {own} of them from ./prompts" if own else ""))


def _sqlite() -> Iterator[Check]:
    import sqlite3

    try:
        with (
            TemporaryDirectory(prefix=".personagen-", dir=Path.cwd()) as folder,
            closing(sqlite3.connect(Path(folder) / "journal.db")) as db,
        ):
            [mode] = db.execute("PRAGMA journal_mode=WAL").fetchone()
            db.execute("CREATE TABLE tried (x)")
            db.commit()
    except (OSError, sqlite3.Error) as error:
        what = "run folders can't be written in this folder"
        yield Check("sqlite", f"{sqlite3.sqlite_version}; {what} ({error}): give --out elsewhere", problem=True)
        return
    without = "" if mode == "wal" else f"; this disk has no write-ahead log (mode {mode}): give --out elsewhere"
    yield Check("sqlite", sqlite3.sqlite_version + without, problem=bool(without))


def _disk() -> Iterator[Check]:
    free = shutil.disk_usage(Path.cwd()).free
    little = free < LEAST_FREE_BYTES
    yield Check("disk", f"{free / 1e9:,.1f} GB free here{': free some' if little else ''}", problem=little)


def _keys() -> Iterator[Check]:
    names = sorted(name for name in os.environ if _KEY.fullmatch(name))
    yield Check("keys", ", ".join(names) or "none is set; only --model offline and servers without a key can be used")
    for name in names:
        value = os.environ[name]
        if not value or value != value.strip() or value[:1] in "\"'" or not value.isprintable():
            yield Check("keys", f"{name} is empty, or holds quotes or white space: set it again", problem=True)
    for name in sorted(name for name in os.environ if _ADDRESS.fullmatch(name)):
        yield Check("addresses", f"{name}: {_host(os.environ[name])}")


def _proxies() -> Iterator[Check]:
    there = {name: value for name, value in os.environ.items() if name.upper() in _PROXIES and value}
    for name, value in sorted(there.items()):
        yield Check("proxies", f"{name}: {value if name.upper() == 'NO_PROXY' else _host(value)}")
    if not there:
        yield Check("proxies", "none is set")


def _host(url: str) -> str:
    """``url`` without user, password, path and query, which may hold a key."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    return f"{parts.hostname or '?'}{f':{parts.port}' if parts.port else ''}"


def _extras() -> Iterator[Check]:
    from packaging.requirements import Requirement

    for one in map(Requirement, requires("personagen") or ()):
        extra = re.search(r"extra == ['\"]([\w-]+)", str(one.marker))
        if extra:
            yield Check("extras", _extra(one.name, f": pip install 'personagen[{extra[1]}]'"))
    for name in USEFUL:
        yield Check("extras", _extra(name, ""))


def _extra(name: str, how: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} is not installed{how}"
