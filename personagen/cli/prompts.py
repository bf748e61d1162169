"""``personagen prompts`` and its subcommands ``list``, ``check`` and ``render``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from personagen.cli.common import F, options, output_options, tell
from personagen.errors import UsageError
from personagen.options import place

if TYPE_CHECKING:
    from personagen.agents.sample import Scene
    from personagen.call import Call
    from personagen.prompts.files import Prompt
    from personagen.records import Persona

EPILOG = """\b
Examples:
  personagen prompts
  personagen prompts check --prompts my-prompts
  personagen prompts render judge/prefer --persona outputs/pool/personas.jsonl:12
"""


def _with_folder(function: F) -> F:
    folder = click.option(
        "--prompts", metavar="DIR", help="Prompt files to use before ./prompts and those that come along."
    )
    return options(folder, output_options)(function)


@click.group(invoke_without_command=True, epilog=EPILOG)
@_with_folder
@click.pass_context
def prompts(ctx: click.Context, prompts: str | None, as_json: bool, quiet: bool) -> None:
    """List the prompt files, check them, or see what a model would be sent.

    Without a subcommand it lists them.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, prompts=prompts, as_json=as_json, quiet=quiet)


@prompts.command("list", epilog="\b\nExample:\n  personagen prompts list --json")
@_with_folder
@click.pass_context
def list_(ctx: click.Context, prompts: str | None, as_json: bool, quiet: bool) -> None:
    """List the prompts: name, hash, the file that is used, and its inputs."""
    from personagen.agents import ACTS
    from personagen.prompts.files import folders, load

    prompts, as_json, quiet = _inherited(ctx, prompts, as_json, quiet)
    where = folders(prompts)
    rows: list[dict[str, Any]] = []
    for name in sorted(ACTS):
        try:
            prompt = load(name, where)
        except UsageError as error:
            rows.append({"name": name, "problem": str(error)})
        else:
            about = {"description": prompt.description, "inputs": list(prompt.inputs)}
            rows.append({"name": name, "hash": prompt.hash, "file": str(prompt.file), **about})
    width = max(len(row["name"]) for row in rows)
    text = "\n".join(
        f"{row['name']:<{width}}  {row['hash']}  {row['file']}\n{'':<{width}}  {', '.join(row['inputs'])}"
        if "hash" in row
        else f"{row['name']:<{width}}  {row['problem']}"
        for row in rows
    )
    tell({"prompts": rows}, text, as_json=as_json, quiet=quiet)


@prompts.command(epilog="\b\nExample:\n  personagen prompts check --prompts my-prompts")
@_with_folder
@click.pass_context
def check(ctx: click.Context, prompts: str | None, as_json: bool, quiet: bool) -> None:
    """Check that every prompt file loads, uses the inputs it declares, and can be rendered at any turn.

    Exits with 2 when one can't be used.
    """
    from personagen.agents import ACTS
    from personagen.prompts.files import folders
    from personagen.prompts.unused import found

    prompts, as_json, quiet = _inherited(ctx, prompts, as_json, quiet)
    where = folders(prompts)
    problems = [problem for name in sorted(ACTS) for problem in _problems(name, where)]
    notes = list(found(where))
    told = [f"note: {note}" for note in notes]
    summary = {"checked": len(ACTS), "problems": problems, "notes": notes}
    if not problems:
        told.insert(0, f"{len(ACTS)} prompts can be used")
    if told or as_json:
        tell(summary, "\n".join(told), as_json=as_json, quiet=quiet)
    if problems:
        several = f"{len(problems)} of {len(ACTS)} prompts can't be used" if len(problems) > 1 else "correct it"
        raise UsageError("\n".join([*problems, several]) if len(problems) > 1 else problems[0])


@prompts.command(epilog="\b\nExample:\n  personagen prompts render user/speak --persona outputs/pool/personas.jsonl:12")
@options(
    click.argument("name", metavar="NAME"),
    click.option("--persona", metavar="FILE[:N]", help="Whom to play: the Nth persona of the file, counted from 1."),
    click.option("--inputs", metavar="FILE", help="A JSON object with inputs to use instead of the sample's."),
    _with_folder,
)
@click.pass_context
def render(
    ctx: click.Context,
    name: str,
    persona: str | None,
    inputs: str | None,
    prompts: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Show what a model would be sent, for a small sample conversation, without asking one.

    NAME is as `personagen prompts` lists it, such as judge/prefer.
    """
    from personagen.agents.sample import SAMPLE, Scene
    from personagen.prompts.files import folders, load

    prompts, as_json, quiet = _inherited(ctx, prompts, as_json, quiet)
    prompt = load(_known(name), folders(prompts))
    call = _sample_call(prompt, Scene(persona=SAMPLE if persona is None else _persona(place("--persona", persona))))
    given = {} if inputs is None else _overrides(Path(place("--inputs", inputs)), prompt)
    values = {**call.inputs, **given}
    messages = prompt.render(values)
    summary = {
        "name": prompt.name,
        "hash": prompt.hash,
        "file": str(prompt.file),
        "sampling": {k: v for k, v in vars(call.sampling).items() if v is not None},
        "schema": call.schema,
        "messages": [message.model_dump() for message in messages],
    }
    if as_json or quiet:
        tell(summary, "", as_json=as_json, quiet=quiet)
    else:
        click.echo(_rendered(prompt, call, messages))


def _rendered(prompt: Prompt, call: Call, messages: Any) -> str:
    from personagen.cli.screen import clean

    settings = [f"{k} {v}" for k, v in vars(call.sampling).items() if v is not None]
    settings += ["the reply is to follow a JSON schema"] if call.schema else []
    size = sum(len(message.content) for message in messages)
    lines = [clean(f"{prompt.name}  {prompt.hash}  {prompt.file}"), f"{', '.join([*settings, f'{size:,} characters'])}"]
    for message in messages:
        lines += ["", click.style(f"--- {message.role} ---", bold=True), clean(message.content)]
    return "\n".join(lines)


def _inherited(ctx: click.Context, prompts: str | None, as_json: bool, quiet: bool) -> tuple[str | None, bool, bool]:
    """The options of a subcommand, with what was given before its name."""
    given = ctx.parent.params if ctx.parent and ctx.parent.info_name == "prompts" else {}
    prompts = given.get("prompts") if prompts is None else prompts
    return prompts, as_json or given.get("as_json", False), quiet or given.get("quiet", False)


def _known(name: str) -> str:
    from personagen.agents import ACTS

    wanted = name.removesuffix(".md")
    if wanted not in ACTS:
        raise UsageError(f"there is no prompt {name!r}; there are {', '.join(sorted(ACTS))}")
    return wanted


def _sample_call(prompt: Prompt, scene: Scene) -> Call:
    """The call that the agent of ``prompt`` makes in ``scene``; no model is asked."""
    from personagen.agents import ACTS
    from personagen.agents.ask import capture_call
    from personagen.runs.interrupt import run_sync

    return run_sync(capture_call({prompt.name: prompt}, lambda ctx: ACTS[prompt.name].sample(ctx, scene)))


def _problems(name: str, where: tuple[Path, ...]) -> list[str]:
    from personagen.agents.sample import scenes
    from personagen.prompts.files import load

    try:
        prompt = load(name, where)
        for scene in scenes():
            _sample_call(prompt, scene)
    except UsageError as error:
        return [str(error)]
    return []


def _persona(where: str) -> Persona:
    """The persona at ``FILE:N``."""
    from personagen.personas.seeds import load_personas

    file, colon, number = where.rpartition(":")
    if not colon or not number.isdecimal() or len(number) > 9 or Path(where).exists():
        file, number = where, "1"
    personas, _ = load_personas(Path(file))
    if not 1 <= int(number) <= len(personas):
        raise UsageError(f"--persona {where}: {file} holds {len(personas)} personas, counted from 1")
    return personas[int(number) - 1]


def _overrides(file: Path, prompt: Prompt) -> dict[str, Any]:
    """The inputs in ``file``, those that hold messages as messages."""
    import json

    from pydantic import ValidationError

    from personagen.records import Message

    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--inputs {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--inputs {file}: not JSON: {error}") from None
    if not isinstance(values, dict) or not set(values) <= set(prompt.inputs):
        raise UsageError(f"--inputs {file}: give a JSON object with some of {', '.join(prompt.inputs)}")
    try:
        if "conversation" in values:
            values["conversation"] = [Message.model_validate(message) for message in values["conversation"]]
    except (ValidationError, TypeError):
        raise UsageError(f'--inputs {file}: conversation is a list of {{"role": ..., "content": ...}}') from None
    return values
