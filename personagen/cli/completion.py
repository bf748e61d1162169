"""``personagen completion``."""

from __future__ import annotations

import click

from personagen.cli.common import print_summary
from personagen.cli.options import Command, options_of
from personagen.options import OutputOptions

EPILOG = """\b
Examples:
  personagen completion bash >> ~/.bashrc
  personagen completion zsh >> ~/.zshrc
  personagen completion fish > ~/.config/fish/completions/personagen.fish
"""


@click.command(cls=Command, params=options_of(OutputOptions), epilog=EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str, **output: bool) -> None:
    """Print the script that completes commands, options, runs, trees, prompts, formats and roles.

    It takes effect in the next shell. In zsh, compinit must have run before.
    """
    from click.shell_completion import get_completion_class

    from personagen.cli import main

    made = get_completion_class(shell)
    assert made is not None
    script = made(main, {}, "personagen", "_PERSONAGEN_COMPLETE")
    # Not its source(), which starts bash to ask for its version.
    text = script.source_template % script.source_vars()
    if any(output.values()):
        print_summary({"shell": shell, "script": text}, "", **output)
    else:
        click.echo(text)
