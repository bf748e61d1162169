"""The working folder that `personagen init` makes."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import click
import pytest

from personagen.cli import commands, init, settings
from personagen.options import ExpandOptions, SimulateOptions
from personagen.options.evaluate import EvaluateOptions
from personagen.personas import seeds
from personagen.prompts import files as prompts

COMMANDS = {"expand": ExpandOptions(), "simulate": SimulateOptions(), "evaluate": EvaluateOptions()}


def uncommented() -> str:
    """The settings with every comment sign in front of a setting taken away."""
    return re.sub(r"^#(?=\w)", "", init.settings_text(), flags=re.MULTILINE)


def files(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_the_folder_holds_copies_of_the_prompts_and_seeds_and_the_settings(command, tmp_path: Path):
    assert command("init", "study").exit_code == 0
    made = files(tmp_path / "study")
    for name, source in (("prompts", prompts.packaged()), ("seeds", seeds.packaged())):
        assert {f"{name}/{path}": content for path, content in files(source).items()}.items() <= made.items()
    assert made["personagen.toml"].decode() == init.settings_text()


def test_the_copies_are_what_the_commands_then_use(command, tmp_path: Path, monkeypatch):
    command("init")
    listed = json.loads(command("prompts", "--json").stdout)["prompts"]
    assert {row["file"] for row in listed} == {f"prompts/{name}.md" for name in prompts.names()}
    defaults = settings.load_defaults(commands)
    assert defaults["expand"]["seeds"] == "seeds"
    assert seeds.load_seeds(Path("seeds")).profiles == seeds.load_seeds(None).profiles


def test_nothing_that_is_there_is_written_over_and_it_is_said(command, tmp_path: Path):
    (tmp_path / "prompts" / "judge").mkdir(parents=True)
    (tmp_path / "prompts" / "judge" / "prefer.md").write_text("mine")
    (tmp_path / "personagen.toml").write_text("seed = 3\n")
    told = json.loads(command("init", "--json").stdout)
    assert told["kept"] == ["prompts/judge/prefer.md", "personagen.toml"]
    assert (tmp_path / "prompts" / "judge" / "prefer.md").read_text() == "mine"
    assert (tmp_path / "personagen.toml").read_text() == "seed = 3\n"
    assert (tmp_path / "prompts" / "user" / "speak.md").is_file()
    before = files(tmp_path)
    again = command("init")
    assert files(tmp_path) == before
    assert "kept  " in again.stdout
    assert "written" not in again.stdout


def test_a_link_that_leads_nowhere_is_not_written_through(command, tmp_path: Path):
    (tmp_path / "personagen.toml").symlink_to(tmp_path / "elsewhere")
    command("init")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("place", ["file", "file/study"])
def test_a_file_in_the_place_of_the_folder_is_a_usage_error(command, tmp_path: Path, place: str):
    (tmp_path / "file").write_text("")
    result = command("init", place)
    assert result.exit_code == 2
    assert "file" in result.stderr


def test_the_settings_as_written_set_nothing_but_the_seeds():
    assert tomllib.loads(init.settings_text()) == {"expand": {"seeds": "seeds"}, "simulate": {}, "evaluate": {}}


def test_every_option_of_the_commands_has_a_line_with_its_default():
    settings = tomllib.loads(uncommented())
    for name, defaults in COMMANDS.items():
        options = [p for p in commands()[name].params if isinstance(p, click.Option)]
        assert set(settings[name]) == {o.name for o in options} - {"json", "quiet"}
        for option, default in vars(defaults).items():
            if option in settings[name] and default not in (None, ()) and option != "seeds":
                assert settings[name][option] == (list(default) if isinstance(default, tuple) else default)


def test_every_setting_says_what_it_is_for():
    before = ""
    for line in init.settings_text().splitlines():
        if re.match(r"#?\w+ = ", line):
            assert re.match(r"# [\w-].*[.:]$", before), line
        before = line


def test_every_setting_is_accepted_when_its_comment_sign_is_taken_away(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("personagen.toml").write_text(uncommented())
    defaults = settings.load_defaults(commands)
    for name in COMMANDS:
        command = commands()[name]
        context = command.make_context(name, [], default_map=defaults[name])
        given = {p.name for p in command.params if context.get_parameter_source(p.name).name == "DEFAULT_MAP"}
        assert given == set(tomllib.loads(uncommented())[name])


def test_quiet_says_nothing(command):
    assert command("init", "--quiet").output == ""


@pytest.mark.parametrize(
    ("problem", "code"), [(OSError(28, "No space left on device"), 74), (KeyboardInterrupt(), 130)]
)
def test_a_file_that_is_half_written_does_not_stay(command, tmp_path: Path, monkeypatch, problem, code):
    opened = Path.open

    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, content):
            self.file.write(content[:20])
            raise problem

    def full(self, mode="r", **options):
        file = opened(self, mode, **options)
        return Full(file) if mode == "xb" and self.name == "prefer.md" else file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        assert command("init").exit_code == code
    assert not Path("prompts/judge/prefer.md").exists()
    assert command("init").exit_code == 0
    assert Path("prompts/judge/prefer.md").read_bytes() == (prompts.packaged() / "judge/prefer.md").read_bytes()
