"""Prompt files: YAML front matter, then role blocks in Jinja, compiled once and identified by their hash.

A file ``<agent>/<act>.md`` is searched in ``--prompts DIR``, then ``./prompts``, then the bundled prompts, in each
first in the folder ``LANG/`` of translated ones (``de/judge/prefer.md``)::

    ---
    description: Says which reply this user would prefer.
    inputs: [conversation, replies]
    temperature: 0.0
    ---
    system:
    {% include "system.md" %}
    user:
    Which of these would they prefer? ...

A line ``system:``, ``user:`` or ``assistant:`` opens a block; a ``chat:`` block names an input with a list of messages,
which are inserted unchanged. Blocks are split before rendering, so no value can open one, nor a tag of the file.
Consecutive messages of one role are joined, since many chat templates reject them.
"""

from __future__ import annotations

import hashlib
import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from jinja2 import FunctionLoader, Template, TemplateError, TemplateSyntaxError, meta

from personagen.call import Sampling
from personagen.errors import UsageError
from personagen.options.language import ENGLISH
from personagen.prompts.escape import as_data, tags_of
from personagen.prompts.folders import folders, names, packaged
from personagen.prompts.front_matter import SETTINGS, effort, front_matter
from personagen.prompts.front_matter import extra as extra_of
from personagen.prompts.template import Sandbox
from personagen.records import Message, Role

__all__ = ["Prompt", "folders", "joined", "load", "names", "packaged"]

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*\n", re.DOTALL | re.MULTILINE)
_QUOTED = re.compile(r'"([^"\n]*)"(\s*:)?')
_BLOCK = re.compile(r"^(system|user|assistant|chat):[ \t]*\n", re.MULTILINE)
MAX_FILE_CHARS = 200_000  # of a prompt file with its includes
_CHARS_PER_INCLUDE = 1000  # added for each include, which limits their number


@dataclass(frozen=True)
class Prompt:
    """One loaded prompt file. ``hash`` (12 hex digits) covers the file and its includes."""

    name: str
    file: Path
    description: str
    inputs: tuple[str, ...]
    sampling: Sampling
    blocks: tuple[tuple[str, Template | str], ...]
    tags: re.Pattern[str]
    sources: tuple[tuple[str, bytes], ...]
    hash: str

    def tuned(self, reasoning: str | None, extra: str | None) -> Prompt:
        """This prompt with the options ``--reasoning`` and ``--extra`` of its role, or UsageError if one is invalid."""
        sampling = self.sampling
        try:
            if reasoning is not None:
                sampling = replace(sampling, reasoning=effort(reasoning))
            if extra is not None:
                sampling = replace(sampling, extra=extra_of(extra))
        except ValueError as error:
            raise UsageError(f"--{error}") from None
        return replace(self, sampling=sampling)

    @cached_property
    def placeholders(self) -> frozenset[str]:
        """The texts in quotation marks that the file shows in an example of a JSON reply."""
        lines = [line for _, body in self.sources for line in body.decode().splitlines() if '{"' in line]
        return frozenset(text for line in lines for text, is_name in _QUOTED.findall(line) if text and not is_name)

    def render(self, inputs: Mapping[str, Any]) -> tuple[Message, ...]:
        """The messages for the model, or ``UsageError`` with file and line. ``inputs`` may hold more than is used.

        ``language`` among them is the English name of the language; without it, English.
        """
        given = ", ".join(inputs) or "nothing"
        inputs = {"language": ENGLISH, **inputs}
        if missing := [name for name in self.inputs if name not in inputs]:
            raise UsageError(f"{self.file}: needs {', '.join(missing)}, but the inputs are {given}")
        said: list[Message] = []
        data = {name: _data(inputs[name], self.tags) for name in self.inputs}
        for role, body in self.blocks:
            if isinstance(body, str):
                said += _talk(inputs[body], body, self.file)
                continue
            try:
                said.append(Message(role=cast(Role, role), content=body.render(data).strip()))
            except Exception as error:  # an expression in the file can raise anything
                raise UsageError(f"{_at(self.file, error)}: {getattr(error, 'message', None) or error}") from None
        return joined(said)


def _talk(value: Any, name: str, file: Path) -> Sequence[Message]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, Message) for one in value):
        raise UsageError(f"{file}: a `chat:` block takes a list of messages, and {name} is not one")
    return value


def load(name: str, where: tuple[Path, ...]) -> Prompt:
    """The prompt ``name`` (``judge/prefer``) from the first of the folders ``where`` that has it.

    A ``UsageError`` about the file has its line.
    """
    file = _find(f"{name}.md", where)
    text = _read(file)
    front = _FRONT.match(text)
    if front is None:
        raise UsageError(f"{file}:1: a prompt file begins with front matter between two lines of ---")
    settings = front_matter(file, front[1])
    offset = text[: front.end()].count("\n")
    environment = Sandbox(loader=_loader(where))
    blocks, used, included = _blocks(file, text[front.end() :], offset, environment)
    declared = tuple(cast(Sequence[str], settings["inputs"]))
    if used != set(declared):
        raise UsageError(_difference(file, used, set(declared)))
    sources = tuple((part, _find(part, where).read_bytes()) for part in (f"{name}.md", *sorted(included)))
    return Prompt(
        name=name,
        file=file,
        description=str(settings["description"]),
        inputs=declared,
        sampling=Sampling(**{k: settings[k] for k in SETTINGS if k in settings}),
        blocks=blocks,
        tags=tags_of(text),
        sources=sources,
        hash=hashlib.sha256(b"\0".join(body for _, body in sources)).hexdigest()[:12],
    )


def _blocks(
    file: Path, body: str, offset: int, environment: Sandbox
) -> tuple[tuple[tuple[str, Template | str], ...], set[str], set[str]]:
    """The blocks, the names they use, and the files they include."""
    before, *parts_of_blocks = _BLOCK.split(body)
    if before.strip() or not parts_of_blocks:
        raise UsageError(
            f"{file}:{offset + 1}: the first block must start with a line `system:`, `user:`, `assistant:` or `chat:`"
        )
    blocks: list[tuple[str, Template | str]] = []
    used: set[str] = set()
    included: set[str] = set()
    line = offset + before.count("\n")
    for kind, text in zip(parts_of_blocks[::2], parts_of_blocks[1::2], strict=True):
        # Empty lines make the template's line numbers those of the file; rendering strips them.
        source = "\n" * (line + 1) + text
        line = source.count("\n")
        if kind == "chat":
            blocks.append(("chat", text.strip()))
            used.add(text.strip())
            continue
        try:
            names, parts, _ = _names(source, environment)
            blocks.append((kind, environment.from_string(source)))
        except UsageError as error:
            raise UsageError(f"{file}: an included file can't be used: {error}") from None
        except TemplateError as error:
            place, line = getattr(error, "filename", None), getattr(error, "lineno", None) or 1
            place = file if place is None or place.startswith("<") else place
            raise UsageError(f"{place}:{line}: {error.message}") from None
        except (SyntaxError, RecursionError, MemoryError, ValueError) as error:  # limits of Python
            raise UsageError(f"{file}:{offset + 1}: the template is too deep or too large: {error}") from None
        used |= names
        included |= parts
    return tuple(blocks), used, included


def _names(
    source: str, environment: Sandbox, within: tuple[str, ...] = (), size: int = 0
) -> tuple[set[str], set[str], int]:
    """The inputs that ``source`` and its includes use, the names of the included files, and the total size.

    ``within`` are the files that include it, outermost first; ``size`` is the size so far.
    """
    assert environment.loader is not None
    name = within[-1] if within else None
    file = environment.loader.get_source(environment, name)[1] if name else None
    tree = environment.parse(source, name, file)
    used = meta.find_undeclared_variables(tree) - set(environment.globals)
    included: set[str] = set()
    size += len(source)
    for part in meta.find_referenced_templates(tree):
        if part is None or part in within:
            problem = "an include needs a fixed file name" if part is None else f"it includes {part}, which includes it"
            raise TemplateSyntaxError(problem, 1, name, file)
        if size > MAX_FILE_CHARS:
            raise TemplateSyntaxError(
                f"with its includes it has more than {MAX_FILE_CHARS:,} characters", 1, name, file
            )
        inner, _, _ = environment.loader.get_source(environment, part)
        names, parts, size = _names(inner, environment, (*within, part), size + _CHARS_PER_INCLUDE)
        used |= names
        included |= {part, *parts}
    return used, included, size


def _data(value: Any, tags: re.Pattern[str]) -> Any:
    """An input for a template, escaped so that no text in it can open or close one of ``tags``."""
    if isinstance(value, str):
        return as_data(value, tags)
    if isinstance(value, Message):
        content = as_data(value.content, tags)
        return value if content == value.content else Message(role=value.role, content=content)
    if isinstance(value, list | tuple):
        return [_data(one, tags) for one in value]
    if isinstance(value, Mapping):
        return {name: _data(one, tags) for name, one in value.items()}
    return value


def _at(file: Path, error: Exception) -> str:
    """The file and line, possibly of an included file, where ``error`` was raised."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith((".md", "template>"))]
    if not frames:
        return str(file)
    return f"{file if frames[-1].filename.endswith('>') else frames[-1].filename}:{frames[-1].lineno}"


def _loader(where: tuple[Path, ...]) -> FunctionLoader:
    """Jinja's loader for includes: the same folders in the same order as for prompt files."""

    def source(part: str) -> tuple[str, str, None]:
        file = _find(part, where)
        return _read(file).strip(), str(file), None

    return FunctionLoader(source)


def _find(part: str, where: tuple[Path, ...]) -> Path:
    if ".." in Path(part).parts or Path(part).is_absolute():
        raise UsageError(f"{part}: a prompt's name is its path inside the folder of prompts")
    for folder in where:
        if (folder / part).is_file():
            if not (folder / part).resolve().is_relative_to(folder.resolve()):  # a link could leak any file
                raise UsageError(f"{folder / part} is a link out of {folder}; put a copy there")
            return folder / part
    raise UsageError(f"no prompt file {part} in {', '.join(map(str, where))}; `personagen prompts` lists all")


def _read(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: not UTF-8 at byte {error.start}; save the file as UTF-8") from None
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}") from None
    if len(text) > MAX_FILE_CHARS:
        raise UsageError(f"{file}:1: a prompt file has at most {MAX_FILE_CHARS:,} characters")
    return text


def _difference(file: Path, used: set[str], declared: set[str]) -> str:
    parts = []
    if used - declared:
        parts.append(f"uses {', '.join(sorted(used - declared))} without declaring it in `inputs`")
    if declared - used:
        parts.append(f"declares {', '.join(sorted(declared - used))} in `inputs` without using it")
    return f"{file}: {' and '.join(parts)}"


def joined(said: Sequence[Message]) -> tuple[Message, ...]:
    """``said`` with consecutive messages of one role as one, without empty ones."""
    joined: list[Message] = []
    for message in said:
        if not message.content:
            continue
        if joined and joined[-1].role == message.role:
            joined[-1] = Message(role=message.role, content=f"{joined[-1].content}\n\n{message.content}")
        else:
            joined.append(message)
    return tuple(joined)
