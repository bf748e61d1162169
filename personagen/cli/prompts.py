"""``personagen prompts`` and its subcommands ``list``, ``check``, ``diff`` and ``render``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from personagen.cli import complete
from personagen.cli.common import print_summary
from personagen.cli.options import Command, options_of
from personagen.cli.sent import as_lines, print_sent
from personagen.cli.terminal import clean
from personagen.errors import UsageError
from personagen.options import COLUMNS, OutputOptions, PromptOptions
from personagen.options.language import ANY, base_of, language, name_of
from personagen.options.row import FILES, FilePath, KeyTexts, checked_texts, option

if TYPE_CHECKING:
    from personagen.agents.sample import Scene
    from personagen.call import Call
    from personagen.prompts.files import Prompt
    from personagen.records import Persona

_Decorator: TypeAlias = Callable[[Callable[..., Any]], click.Command]
EPILOG = """\b
Examples:
  personagen prompts
  personagen prompts check --prompts my-prompts
  personagen prompts diff
  personagen prompts render judge/prefer --persona outputs/pool/personas.jsonl:12
  personagen prompts render judge/prefer --run outputs/run 7 --turn 4
"""


@dataclass(frozen=True, kw_only=True)
class ListOptions(PromptOptions):
    """The prompts that the subcommands are about."""

    language: str | None = option(
        None, "Language of the conversation; prompts in LANG/ are used first.", FILES, words="English", read=language
    )


@dataclass(frozen=True, kw_only=True)
class RenderOptions(ListOptions):
    """The sample that ``prompts render`` uses."""

    run: FilePath | None = option(None, "Run folder: show what was sent in its TREE.", FILES, "RUN")
    turn: int | None = option(None, "Turn of TREE.", FILES, "N", words="all", least=1)
    persona: FilePath | None = option(None, "Persona to use: the Nth of FILE.", FILES, "FILE[:N]")
    columns: KeyTexts = option(**COLUMNS)
    inputs: FilePath | None = option(None, "JSON object of inputs that replace the sample's.", FILES, "FILE")


@dataclass(frozen=True, kw_only=True)
class DiffOptions(ListOptions):
    """What ``prompts diff`` compares with."""

    run: FilePath | None = option(None, "Compare with the prompts of this run.", FILES, "RUN", words="bundled prompts")


@click.group(params=options_of(ListOptions, OutputOptions), invoke_without_command=True, epilog=EPILOG)
@click.pass_context
def prompts(ctx: click.Context, /, **values: Any) -> None:
    """List the prompt files, check them, or show the messages a model would be sent.

    Without a subcommand it lists them.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, **values)


def _subcommand(name: str, example: str, table: type[ListOptions] = ListOptions) -> _Decorator:
    epilog = f"\b\nExample:\n  personagen prompts {example}"
    return prompts.command(name, cls=Command, params=options_of(table, OutputOptions), epilog=epilog)


@_subcommand("list", "list --json")
@click.pass_context
def list_(ctx: click.Context, /, **values: Any) -> None:
    """List the prompts: name, hash, file in use, inputs in use and others to be had, and the languages of translations.

    A * marks those that differ from the bundled ones.
    """
    from personagen.agents import ACTS
    from personagen.agents.sample import Scene
    from personagen.prompts.differences import edited
    from personagen.prompts.files import folders, load
    from personagen.prompts.folders import translations

    chosen, output = _inherited(ctx, values)
    where = folders(chosen.prompts, chosen.language or ANY)
    rows: list[dict[str, Any]] = []
    for name in sorted(ACTS):
        try:
            prompt = load(name, where)
            unused = sorted({*_sample_call(prompt, Scene()).inputs} - {*prompt.inputs})
            about: dict[str, Any] = {"description": prompt.description, "inputs": list(prompt.inputs), "unused": unused}
            about |= {"edited": edited(name, prompt.hash), "translated": translations(where, name)}
            rows.append({"name": name, "hash": prompt.hash, "file": str(prompt.file), **about})
        except UsageError as error:
            rows.append({"name": name, "problem": str(error)})
    width = max(len(row["name"]) for row in rows)
    mark = {True: "*", False: " "}
    text = "\n".join(
        f"{row['name']:<{width}}  {row['hash']}{mark[row['edited']]} {row['file']}\n{'':<{width}}  {_inputs(row)}"
        + (f"\n{'':<{width}}  translated: {', '.join(row['translated'])}" if row["translated"] else "")
        if "hash" in row
        else f"{row['name']:<{width}}  {row['problem']}"
        for row in rows
    )
    print_summary({"prompts": rows}, text, **output)


def _inputs(row: Mapping[str, Any]) -> str:
    unused = f" (not used: {', '.join(row['unused'])})" if row["unused"] else ""
    return ", ".join(row["inputs"]) + unused


@_subcommand("diff", "diff --run outputs/run", DiffOptions)
@click.pass_context
def diff(ctx: click.Context, /, run: str | None, **values: Any) -> None:
    """Show how the prompts in use differ from the bundled ones, or from those of a run, in the run's language."""
    from personagen.prompts.differences import diffs
    from personagen.prompts.files import folders, packaged

    chosen, output = _inherited(ctx, values)
    language = chosen.language or (_language_of(Path(run)) if run else ANY)
    found = diffs(Path(run) / "prompts" if run else packaged(), folders(chosen.prompts, language))
    than = f"those of {run}" if run else "the bundled ones"
    print_summary({"diffs": found}, "\n".join(found.values()) or f"the prompts are {than}", **output)


def _language_of(run: Path) -> str:
    """The language of the run folder ``run``, which picks its translated prompts."""
    from personagen.store.files import read_state

    state = read_state(run)
    if runs := state.get("runs"):
        raise UsageError(
            f"{run} was merged from several runs; name one of them: {', '.join(info['path'] for info in runs.values())}"
        )
    if not (run / "prompts").is_dir():
        raise UsageError(f"{run} has no prompts; run its command again, or name another run")
    return str(state.get("options", {}).get("language") or ANY)


@_subcommand("check", "check --prompts my-prompts")
@click.pass_context
def check(ctx: click.Context, /, **values: Any) -> None:
    """Check that every prompt file loads, uses the inputs it declares, and can be rendered at any turn.

    Translated prompts in LANG/ are checked too; --language checks those of one language only.

    Exits with 2 if a prompt file is not valid.
    """
    from personagen.agents import ACTS
    from personagen.prompts.files import folders
    from personagen.prompts.folders import translations
    from personagen.prompts.unused import unused_prompts

    chosen, output = _inherited(ctx, values)
    where = folders(chosen.prompts)
    translated = translations(where)
    languages = [chosen.language] if chosen.language else [ANY, *translated]
    found = [_problems(name, folders(chosen.prompts, code)) for code in languages for name in sorted(ACTS)]
    problems = list(dict.fromkeys(chain(*found)))
    notes = list(unused_prompts(where))
    text = [f"note: {note}" for note in notes]
    summary = {"checked": len(ACTS), "languages": languages, "problems": problems, "notes": notes}
    if not problems:
        also = ", ".join(name_of(code) for code in languages if {code, base_of(code)} & {*translated})
        text.insert(0, f"{len(ACTS)} prompts are valid{f', also in {also}' if also else ''}")
        if chosen.language and not also:
            text.insert(1, f"note: no prompt is translated: no folder is named {chosen.language}/")
    if text or output["json"]:
        print_summary(summary, "\n".join(text), **output)
    if problems:
        several = [f"{len(problems)} of {len(ACTS)} prompts are not valid"] if len(problems) > 1 else []
        raise UsageError("\n".join([*problems, *several]))


@_subcommand("render", "render judge/prefer --run outputs/run 7 --turn 4", RenderOptions)
@click.argument("name", metavar="NAME", shell_complete=complete.prompts)
@click.argument("tree", required=False, metavar="[TREE]", shell_complete=complete.trees)
@click.pass_context
def render(ctx: click.Context, /, name: str, tree: str | None, **values: Any) -> None:
    """Show the messages a model would be sent for a small sample conversation, without asking it.

    NAME is a name that `personagen prompts` lists, such as judge/prefer. Given a run folder and a TREE in it, it shows
    what was sent there, and the reply.
    """
    from personagen.agents import ACTS
    from personagen.agents.sample import SAMPLE, Scene
    from personagen.prompts.files import folders, load

    chosen, output = _inherited(ctx, values)
    if chosen.run or tree or chosen.turn:
        print_sent(name.removesuffix(".md"), chosen.run, tree, chosen.turn, output)
        return
    if name.removesuffix(".md") not in ACTS:
        raise UsageError(f"there is no prompt {name!r}; choose one of {', '.join(sorted(ACTS))}")
    prompt = load(name.removesuffix(".md"), folders(chosen.prompts, chosen.language or ANY))
    call = _sample_call(prompt, Scene(persona=_persona(chosen) if chosen.persona else SAMPLE))
    given = _overrides(Path(chosen.inputs), prompt) if chosen.inputs else {}
    messages = prompt.render({**call.inputs, "language": name_of(chosen.language or "en"), **given})
    sampling = {name: value for name, value in vars(call.sampling).items() if value not in (None, "")}
    summary = {
        "name": prompt.name,
        "hash": prompt.hash,
        "file": str(prompt.file),
        "sampling": sampling,
        "schema": call.schema,
        "messages": [message.model_dump() for message in messages],
    }
    if any(output.values()):
        print_summary(summary, "", **output)
        return
    settings = [f"{name} {value}" for name, value in sampling.items()]
    settings += ["the reply must follow a JSON schema"] if call.schema else []
    settings.append(f"{sum(len(message.content) for message in messages):,} characters")
    lines = [clean(f"{prompt.name}  {prompt.hash}  {prompt.file}"), ", ".join(settings), *as_lines(messages)]
    click.echo("\n".join(lines))


def _inherited(ctx: click.Context, values: dict[str, Any]) -> tuple[RenderOptions, dict[str, bool]]:
    """The options of a subcommand, or those given before its name; and those of its output."""
    before = ctx.parent.params if ctx.parent and ctx.parent.info_name == "prompts" else {}
    merged: dict[str, Any] = {
        name: before.get(name) if value in (None, False) else value for name, value in values.items()
    }
    output = {name: bool(merged.pop(name)) for name in ("json", "quiet")}
    return RenderOptions(**merged), output


def _sample_call(prompt: Prompt, scene: Scene) -> Call:
    """The call that the agent of ``prompt`` makes in ``scene``; no model is asked."""
    from personagen.agents import ACTS
    from personagen.agents.capture import capture_call
    from personagen.runs.interrupt import run_sync

    return run_sync(capture_call({prompt.name: prompt}, lambda ctx: ACTS[prompt.name].sample(ctx, scene)))


def _problems(name: str, where: tuple[Path, ...]) -> list[str]:
    from personagen.agents.sample import scenes
    from personagen.prompts.files import load

    try:
        prompt = load(name, where)
        for scene in scenes():
            prompt.render({**_sample_call(prompt, scene).inputs, "language": "German"})
    except UsageError as error:
        return [str(error)]
    return []


def _persona(chosen: RenderOptions) -> Persona:
    """The persona at ``FILE:N`` of ``--persona``."""
    from personagen.personas.seeds import load_personas

    where = str(chosen.persona)
    file, colon, number = where.rpartition(":")
    if not colon or not number.isdecimal() or len(number) > 9 or Path(where).exists():
        file, number = where, "1"
    personas, _ = load_personas(Path(file), columns=checked_texts(chosen.columns))
    if not 1 <= int(number) <= len(personas):
        raise UsageError(f"--persona {where}: {file} has {len(personas)} personas, counted from 1")
    return personas[int(number) - 1]


def _overrides(file: Path, prompt: Prompt) -> dict[str, Any]:
    """The inputs in ``file``, those that hold messages as messages."""
    import json

    from pydantic import ValidationError

    from personagen.records import Message

    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--inputs {file}: {error.strerror}; check the path") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--inputs {file}: not valid JSON: {error}") from None
    if not isinstance(values, dict) or not set(values) <= set(prompt.inputs):
        raise UsageError(f"--inputs {file}: write a JSON object with any of {', '.join(prompt.inputs)}")
    try:
        if "conversation" in values:
            values["conversation"] = [Message.model_validate(message) for message in values["conversation"]]
    except (ValidationError, TypeError):
        raise UsageError(f'--inputs {file}: conversation must be a list of {{"role": ..., "content": ...}}') from None
    return values
