"""What commands share: settings from a file and the environment, and how a summary is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from personagen import cli, errors
from personagen.cli import Commands, commands, main
from personagen.cli.common import (
    as_typed,
    counts,
    duration,
    money,
    paid,
    print_summary,
    rejected_messages,
    table,
    usage_rows,
)
from personagen.cli.settings import load_defaults
from personagen.errors import PersonagenError, UsageError
from personagen.records import Usage
from tests.cli.runs import several, simulated


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes personagen.toml in an empty working folder and reads it."""
    monkeypatch.chdir(tmp_path)

    def write(text: str):
        Path("personagen.toml").write_bytes(text.encode())
        return load_defaults(commands)

    return write


def taken(name: str, *arguments: str, **environment: str) -> dict[str, object]:
    """The values a command would run with, instead of running it."""
    seen: dict[str, object] = {}
    command = commands()[name]
    spy = click.Command(name, params=command.params, callback=lambda **values: seen.update(values))
    group = click.Group("personagen", {name: spy}, callback=main.callback, context_settings=main.context_settings)
    result = CliRunner(env=environment).invoke(group, [name, *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return seen


def test_without_a_file_there_are_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert load_defaults(commands) == {}


def test_a_table_holds_for_its_command_alone(settings):
    settings("[simulate]\nturns = 3\nmax-nodes = 40\n")
    assert (taken("simulate")["turns"], taken("simulate")["max_nodes"]) == (3, 40)
    assert "turns" not in taken("expand")


def test_a_setting_before_the_tables_holds_for_every_command_that_has_it(settings):
    settings('seed = 5\nturns = 2\nprompts = "mine"\n')
    assert (taken("simulate")["seed"], taken("expand")["seed"], taken("simulate")["turns"]) == (5, 5, 2)
    assert taken("expand")["prompts"] == taken("prompts")["prompts"] == "mine"


def test_a_table_goes_before_a_setting_for_all(settings):
    settings("seed = 5\n[simulate]\nseed = 6\n")
    assert (taken("simulate")["seed"], taken("expand")["seed"]) == (6, 5)


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(settings):
    settings("[simulate]\nseed = 1\nturns = 1\ncandidates = 4\n")
    given = taken("simulate", "--seed", "3", PERSONAGEN_SIMULATE_SEED="2", PERSONAGEN_SIMULATE_TURNS="2")
    assert (given["seed"], given["turns"], given["candidates"]) == (3, 2, 4)


def test_an_option_that_may_be_repeated_takes_a_list_or_one_value(settings):
    settings('model = ["openai/a", "judge=openai/b"]\n')
    assert taken("simulate")["model"] == ("openai/a", "judge=openai/b")
    settings('model = "openai/a"\n[simulate]\nbase_url = "http://127.0.0.1:1/v1"\n')
    assert (taken("simulate")["model"], taken("simulate")["base_url"]) == (("openai/a",), ("http://127.0.0.1:1/v1",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("turns = ", "personagen.toml: "),
        ("tuns = 3\n", "tuns is not an option of any command"),
        ("[simulate]\ntarget = 3\n", "target is not an option of simulate"),
        ("[simulat]\nturns = 3\n", "simulat is not a command"),
        ("expand = 3\n", "expand is not an option of any command"),
    ],
)
def test_a_mistake_in_the_file_is_a_usage_error(settings, text: str, said: str):
    with pytest.raises(UsageError, match=said):
        settings(text)


def test_a_file_that_is_no_utf_8_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("personagen.toml").write_bytes(b'prompts = "\xff"\n')
    with pytest.raises(UsageError, match=r"personagen\.toml"):
        load_defaults(commands)


def _inner(command: click.Command) -> dict[str, click.Command]:
    """The subcommands of a group without options of its own, else the command itself."""
    return command.commands if isinstance(command, click.Group) and not command.params else {"": command}


def test_every_command_takes_json_and_quiet():
    every = {f"{name} {inner}": one for name, group in commands().items() for inner, one in _inner(group).items()}
    assert "import aloe" in every
    for name, command in every.items():
        known = {option for parameter in command.params for option in parameter.opts}
        assert {"--json", "--quiet"} <= known, name


@dataclass(frozen=True)
class Summary:
    name: str
    parts: tuple[int, ...]


def test_a_summary_is_told_as_text_as_one_json_object_or_not_at_all(capsys: pytest.CaptureFixture[str]):
    for as_json, quiet, said in [(False, False, "text\n"), (False, True, ""), (True, False, None), (True, True, None)]:
        print_summary(Summary("né", (1, 2)), "text", json=as_json, quiet=quiet)
        out = capsys.readouterr().out
        assert (json.loads(out) == {"name": "né", "parts": [1, 2]}) if said is None else out == said


def test_a_table_leaves_out_rows_without_a_value():
    assert table([("a", "1"), ("long name", "2"), ("none", "")]) == "  a          1\n  long name  2"
    assert table([]) == ""


def test_counts_begin_with_the_most_frequent():
    assert counts({"tie": 1, "identical": 1200}) == "1,201: identical 1,200, tie 1"
    assert counts({}) == "0"


def test_what_was_turned_away_is_told_with_its_share_and_nothing_where_there_was_none():
    assert rejected_messages({"role": 2, "markup": 1}, 800) == "3 of 800 (0.4%): role 2, markup 1"
    assert rejected_messages({}, 800) == ""


def test_an_unknown_cost_is_said_to_be_unknown_never_zero():
    assert money({"cost_usd": None}).startswith("unknown")
    assert money({"cost_usd": 0.0}) == "0.0000 USD"


@pytest.mark.parametrize(("seconds", "said"), [(4.24, "4.2 s"), (200, "3 min 20 s"), (3725, "1 h 02 min")])
def test_a_duration_is_told_in_its_largest_units(seconds: float, said: str):
    assert duration(seconds) == said


def failing(error: BaseException):
    group = Commands("personagen")

    @group.command()
    def fail() -> None:
        raise error

    return CliRunner().invoke(group, ["fail"])


EXPECTED = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PersonagenError)]


@pytest.mark.parametrize("kind", EXPECTED)
def test_an_expected_error_is_one_sentence_and_its_own_exit_code(kind: type[PersonagenError]):
    result = failing(kind("this went wrong"))
    assert (result.exit_code, result.stdout, result.stderr) == (kind.exit_code, "", "personagen: this went wrong\n")


@pytest.mark.parametrize(("runs", "rest"), [((), ""), (("fail",), " without waiting for requests in flight")])
def test_an_interruption_exits_with_130_and_speaks_of_calls_where_some_are_made(monkeypatch, runs, rest: str):
    monkeypatch.setattr(cli, "_asks_models", lambda ctx: ctx.invoked_subcommand in runs)
    result = failing(KeyboardInterrupt())
    assert result.exit_code == 130
    assert result.stderr.splitlines()[0] == f"personagen: interrupted{rest}"


def test_a_text_in_an_error_does_not_steer_the_screen():
    result = failing(UsageError("no tree \x1b[2J\x9b1mx\u202e here"))
    assert result.stderr == "personagen: no tree x here\n"


@pytest.mark.parametrize(("given", "meant"), [("auto", None), ("64", 64), ("AUTO", None)])
def test_concurrency_is_auto_or_a_number_wherever_it_is_given(settings, given, meant):
    settings("")
    assert taken("simulate")["concurrency"] is None
    assert taken("simulate", "--concurrency", given)["concurrency"] == meant
    assert taken("simulate", PERSONAGEN_SIMULATE_CONCURRENCY=given)["concurrency"] == meant
    settings(f"concurrency = {given if given.isdecimal() else repr(given)}")
    assert taken("simulate")["concurrency"] == meant
    settings("concurrency = 7")
    assert taken("expand")["concurrency"] == 7
    assert taken("expand", "--concurrency", "auto")["concurrency"] is None


@pytest.mark.parametrize("given", ["0", "-1", "many", "1.5", ""])
def test_another_concurrency_is_refused_in_a_sentence(settings, given):
    settings("")
    result = CliRunner().invoke(main, ["simulate", "--concurrency", given])
    assert result.exit_code == 2
    assert f"--concurrency {given or repr(given)}: choose auto or a whole number from 1 to 10,000\n" in result.output


def test_a_run_of_more_than_5_usd_is_asked_about_unless_another_limit_is_given_or_none(settings):
    settings("")
    assert taken("simulate")["confirm_above"] == taken("expand")["confirm_above"] == 5.0
    assert taken("simulate", "--confirm-above", "0")["confirm_above"] == 0.0
    assert taken("simulate", "--confirm-above", "never")["confirm_above"] is None


@pytest.mark.parametrize(
    ("cached", "written", "told"),
    [
        (0, 0, "1,000 in; 50 out"),
        (700, 0, "1,000 in, 700 read from cache (70%); 50 out"),
        (700, 200, "1,000 in, 700 read from cache (70%), 200 written to cache (20%); 50 out"),
    ],
)
def test_the_summary_tells_what_of_the_input_a_cache_served_and_took(cached, written, told):
    usage = Usage(
        input_tokens=1000, output_tokens=50, cached_input_tokens=cached, cache_write_input_tokens=written
    ).model_dump()
    summary = SimpleNamespace(
        usage=usage,
        usage_by_role={},
        calls=1,
        new_calls=1,
        reused_calls=0,
        retried=0,
        refused=0,
        peak_concurrency={},
        unsupported={},
        estimate={"calls": 0, "actual": {}},
    )
    assert dict(usage_rows(summary))["tokens"] == told


@pytest.mark.parametrize(("calls", "told"), [(5, "5 (3 new, 2 reused)"), (9, "9 (3 new, 2 reused, 4 not used)")])
def test_the_parts_of_the_calls_add_up(calls: int, told: str):
    summary = SimpleNamespace(
        usage=Usage().model_dump(),
        usage_by_role={},
        calls=calls,
        new_calls=3,
        reused_calls=2,
        retried=0,
        refused=0,
        peak_concurrency={},
        unsupported={},
        estimate={"calls": 0, "actual": {}},
    )
    assert dict(usage_rows(summary))["calls"] == told


def test_no_cost_is_told_where_nothing_can_cost_unless_something_was_paid():
    free, other = (SimpleNamespace(estimate=estimate) for estimate in ({"free": True}, {}))
    assert [paid({"cost_usd": cost}, free) for cost in (None, 0.0, 0.5)] == ["", "", ", 0.5000 USD"]
    assert paid({"cost_usd": 0.0}, other) == ", 0.0000 USD"


def test_the_overview_of_a_run_that_can_not_cost_tells_none(command, tmp_path: Path):
    file = simulated(tmp_path / "run", several(1)) / "run.json"
    state = json.loads(file.read_bytes())
    for cost, free, told in [(None, True, False), (None, False, True), (0.5, True, True)]:
        state["usage"]["cost_usd"], state["estimate"] = cost, {"free": free}
        file.write_text(json.dumps(state))
        assert ("  cost " in command("show", "run").output) == told


def test_a_program_that_the_shell_does_not_find_is_named_as_it_was_called(monkeypatch: pytest.MonkeyPatch):
    text = (
        "next: personagen show outputs/personagen run\n      personagen export\nto resume: personagen x\npersonagen y"
    )
    monkeypatch.setattr("sys.argv", [".venv/bin/personagen", "expand"])
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert as_typed(text) == (
        "next: .venv/bin/personagen show outputs/personagen run\n      .venv/bin/personagen export\n"
        "to resume: .venv/bin/personagen x\npersonagen y"
    )
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/personagen")
    assert as_typed(text) == text
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("sys.argv", ["pytest"])
    assert as_typed(text) == text
