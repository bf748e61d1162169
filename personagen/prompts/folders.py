"""Where prompt files are: the user's folders, then the bundled one, each with translations in ``LANG/``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from personagen.errors import UsageError
from personagen.options import ROLES, place
from personagen.options.language import ANY, NAMES, base_of, language, name_of
from personagen.options.row import FilePath


def packaged() -> Path:
    """The folder of the bundled prompts: inside the wheel, or at the root of a checkout."""
    inside = Path(__file__).parent.parent / "data" / "prompts"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "prompts"


def folders(directory: FilePath | None, language: str = ANY) -> tuple[Path, ...]:
    """The folders to search for prompt files, in order; in each first those translated to ``language``, a code."""
    if directory is not None and not Path(place("--prompts", directory)).is_dir():
        raise UsageError(f"{directory} is not a folder of prompts; `personagen init` makes one")
    given = [Path(directory)] if directory is not None else []
    here = Path("prompts")
    roots = dict.fromkeys([*given, *([here] if here.is_dir() else []), packaged()])
    codes = () if language == ANY else dict.fromkeys((language, base_of(language)))
    return tuple(folder for root in roots for folder in (*filter(Path.is_dir, (root / c for c in codes)), root))


def names() -> list[str]:
    """The names of all prompts of the agents."""
    root = packaged()
    return sorted(str(f.relative_to(root).with_suffix("")) for f in root.glob("*/*.md") if not code_of(f.parent.name))


def code_of(folder: str) -> str | None:
    """The code of the language that a folder of prompts is named for, or None."""
    try:
        code = "" if folder in ROLES else language(folder)
    except ValueError:
        return None
    return code if base_of(code) in NAMES else None


def translations(where: tuple[Path, ...], name: str | None = None) -> list[str]:
    """The codes of the languages into which the prompt ``name``, or any, is translated in the folders ``where``."""
    found = {one.name for root in where for one in root.iterdir() if one.is_dir() and code_of(one.name) == one.name}
    return sorted(
        code for code in found if name is None or any((root / code / f"{name}.md").is_file() for root in where)
    )


def untold(files: Mapping[str, tuple[Path, tuple[str, ...]]], language: str) -> tuple[str, ...]:
    """A note if some of the prompt ``files`` (file and inputs by name) do not say that ``language`` is wanted."""
    if language in ("en", ANY):
        return ()
    codes = {language, base_of(language)}
    silent = [str(f) for f, inputs in files.values() if "language" not in inputs and f.parent.parent.name not in codes]
    if not silent:
        return ()
    what = f"does not use the input `language`, so the model may not answer in {name_of(language)}"
    return (f"{', '.join(silent)} {what}: use it, or put a translated prompt in prompts/{language}/",)
