"""The table of ``personagen.options`` as click options, and help that shows them in groups."""

from __future__ import annotations

from typing import Any

import click

from personagen.cli.complete import values
from personagen.options.row import GENERAL, GROUPS, Row, rows_of

MAX_UNFILTERED = 13  # options and arguments; with more, --help shows the common ones only


class TableOption(click.Option):
    """A row of the table as a click option."""

    def __init__(self, row: Row) -> None:
        self.row = row
        if row.kind == "bool":
            super().__init__([row.flag, row.name], is_flag=True, help=row.help)
            return
        metavar = row.metavar or "|".join(row.choices) or ("N" if row.kind in ("int", "float") else row.name.upper())
        words = row.words or (row.none if row.default is None else "")
        super().__init__(
            [row.flag, row.name],
            type=row.parse,
            multiple=row.several,
            default=row.default,
            show_default=row.default not in (None, ()),
            metavar=f"[ROLE=]{metavar}" if row.by_role else metavar,
            help=f"{row.help}  [default: {words}]" if words else row.help,
            shell_complete=lambda _, __, begun: values(row, begun),
        )

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """The variable's value; of a repeatable option its words, but a template of columns may have spaces."""
        text = self.resolve_envvar_value(ctx)
        return (text,) if text and self.row.kind == "KeyTexts" and "{" in text else super().value_from_envvar(ctx)


def options_of(*tables: type[Any]) -> list[click.Parameter]:
    """The click options of options dataclasses, for ``params`` of a command."""
    return [TableOption(row) for table in tables for row in rows_of(table)]


class Command(click.Command):
    """A command that shows its options in groups; ``--help`` shows the common ones, ``--help-all`` all."""

    @property
    def asks_models(self) -> bool:
        """Whether the command asks models, and can be resumed."""
        return any(option.name == "model" for option in self.params)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options, with ``--help-all`` if ``--help`` omits some."""
        if all(map(self._is_common, self.params)):
            return super().get_params(ctx)
        more = click.Option(
            ["--help-all"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_all,
            help="Show all options.",
        )
        return [*super().get_params(ctx), more]

    def _is_common(self, option: click.Parameter) -> bool:
        return not isinstance(option, TableOption) or option.row.common or len(self.params) <= MAX_UNFILTERED

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options by group."""
        everything = ctx.meta.get(_show_all.__name__, False)
        groups: dict[str, list[tuple[str, str]]] = {name: [] for name in GROUPS}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx)
            if record and isinstance(option, click.Option) and (everything or self._is_common(option)):
                groups[option.row.group if isinstance(option, TableOption) else GENERAL].append(record)
        width = min(28, max(len(name) for records in groups.values() for name, _ in records))
        for heading, records in groups.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl([(name.ljust(width), text) for name, text in records])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples, and a hint at ``--help-all``."""
        super().format_epilog(ctx, formatter)
        if _show_all.__name__ not in ctx.meta and not all(map(self._is_common, self.params)):
            formatter.write_paragraph()
            more = "lists every option; set what stays the same in personagen.toml."
            formatter.write_text(f"{ctx.command_path} --help-all {more}")


def _show_all(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        ctx.meta[_show_all.__name__] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()
