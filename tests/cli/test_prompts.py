"""`personagen prompts`: what is listed, what the check finds, and that what is rendered is what a model is sent."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from personagen.agents import ACTS
from personagen.agents.sample import Scene
from personagen.prompts import files as prompts
from tests.cli.runs import lines
from tests.fakes import PERSONA, Fake, context
from tests.trees import PERSONA as OTHER

MARTA = OTHER.model_copy(update={"id": "p2"})


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of prompts of one's own, not yet changed."""
    return Path(shutil.copytree(prompts.packaged(), tmp_path / "own"))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("words", [(), ("list",)])
def test_the_list_names_each_prompt_with_hash_inputs_and_file(command, words):
    told = json.loads(command("prompts", *words, "--json").stdout)["prompts"]
    assert [row["name"] for row in told] == prompts.names()
    for row in told:
        loaded = prompts.load(row["name"], (prompts.packaged(),))
        assert (row["hash"], row["inputs"], row["file"]) == (loaded.hash, list(loaded.inputs), str(loaded.file))
    shown = command("prompts", *words).stdout
    assert all(row["hash"] in shown and row["file"] in shown for row in told)


def test_an_edited_prompt_is_listed_with_its_own_file_and_a_new_hash(command, own: Path):
    before = json.loads(command("prompts", "list", "--json").stdout)["prompts"]
    change(own / "system.md", "take part", "participate")
    shutil.rmtree(own / "author")
    after = json.loads(command("prompts", "list", "--prompts", own, "--json").stdout)["prompts"]
    for old, new in zip(before, after, strict=True):
        uses_stage = old["name"].split("/")[0] in ("user", "observer", "judge", "checker")
        assert (old["hash"] != new["hash"]) == uses_stage
        assert new["file"].startswith(str(own)) != new["name"].startswith("author/")


def test_the_folder_may_be_given_before_the_subcommand(command, own: Path):
    before, after = (
        command("prompts", *w, "--json").stdout for w in (("--prompts", own, "list"), ("list", "--prompts", own))
    )
    assert before == after != command("prompts", "list", "--json").stdout


def test_the_prompts_that_come_along_pass_the_check(command):
    result = command("prompts", "check")
    assert result.exit_code == 0
    assert result.stdout == f"{len(prompts.names())} prompts are valid\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("judge/prefer.md", "inputs: [conversation,", "inputs: [conversation", "judge/prefer.md:"),
        ("judge/prefer.md", "{{ profile }}", "", "judge/prefer.md: declares profile in `inputs` without using it"),
        ("judge/prefer.md", "{{ profile }}", "{{ profil }}", "judge/prefer.md"),
        ("judge/prefer.md", "reply.label", "reply.labl", "judge/prefer.md:14: "),
        ("judge/prefer.md", "{{ profile }}", "{{ profile / 0 }}", "judge/prefer.md:20: unsupported operand"),
        ("judge/prefer.md", "{{ profile }}", "{{ profile | small }}", "judge/prefer.md:20: No filter named"),
        (
            "user/speak.md",
            '{%- elif brief.aim == "close" %}',
            '{%- elif brief.aim == "close" %}{{ profile.x.y }}',
            "user/speak.md",
        ),
        ("user/speak.md", "{%- if turn == 1 %}", "{%- if turn == 1 %}{{ profile.x.y }}", "user/speak.md"),
        ("assistant/aware.md", "{{ inference }}", "{{ inference.x.y }}", "assistant/aware.md"),
        ("author/profiles.md", "temperature: 0.8", "temperature: hot", "profiles.md: `temperature` must be a number"),
        ("conversation.md", "{% else %}", "{% else %}{{ nobody.x }}", "uses nobody"),
    ],
)
def test_the_check_names_the_file_with_a_fault_and_exits_with_2(command, own: Path, file, old, new, said):
    change(own / file, old, new)
    result = command("prompts", "check", "--prompts", own)
    assert result.exit_code == 2
    assert said in result.stderr
    assert command("prompts", "check", "--prompts", own, "--quiet").stderr == result.stderr


def test_the_check_reports_every_file_with_a_fault(command, own: Path):
    for name in ("judge/prefer", "observer/infer"):
        change(own / f"{name}.md", "system:", "sistem:")
    result = command("prompts", "check", "--prompts", own, "--json")
    assert result.exit_code == 2
    problems = json.loads(result.stdout)["problems"]
    assert [
        f"{own}/{name}.md:" in problem
        for name, problem in zip(("judge/prefer", "observer/infer"), problems, strict=True)
    ] == [True] * 2
    assert all(problem in result.stderr for problem in problems)


def test_the_list_shows_a_file_with_a_fault_as_such(command, own: Path):
    change(own / "judge" / "prefer.md", "system:", "sistem:")
    shown = command("prompts", "list", "--prompts", own).stdout
    assert "judge/prefer          " in shown
    assert "the first block must start with" in shown


def test_a_prompt_under_a_wrong_name_is_noticed(command, own: Path):
    shutil.copy(own / "judge" / "prefer.md", own / "judge" / "perfer.md")
    result = command("prompts", "check", "--prompts", own)
    assert result.exit_code == 0
    assert "perfer.md is not used by any agent" in result.stdout


def test_a_part_that_a_prompt_includes_is_not_taken_for_one_under_a_wrong_name(command, own: Path):
    (own / "judge" / "rules.md").write_text("Be fair.\n")
    with (own / "judge" / "prefer.md").open("a") as prompt:
        prompt.write('{% include "judge/rules.md" %}\n')
    assert "note" not in command("prompts", "check", "--prompts", own).stdout


async def sent(name: str, persona) -> list[dict[str, str]]:
    """What the agent of ``name`` really sends for the sample conversation."""
    fake = Fake(RuntimeError)
    with pytest.raises(RuntimeError):
        await ACTS[name].sample(context(fake), Scene(persona=persona))
    return [message.model_dump() for message in fake.calls[0].messages]


@pytest.mark.parametrize("name", sorted(ACTS))
def test_what_is_rendered_is_what_the_agent_sends(command, tmp_path: Path, name: str):
    import asyncio

    lines(tmp_path / "personas.jsonl", [PERSONA, MARTA])
    told = json.loads(command("prompts", "render", name, "--persona", "personas.jsonl:2", "--json").stdout)
    assert told["messages"] == asyncio.run(sent(name, MARTA))
    shown = command("prompts", "render", name, "--persona", "personas.jsonl:2").stdout
    for message in told["messages"]:
        assert f"--- {message['role']} ---\n{message['content']}" in shown


@pytest.mark.parametrize(
    ("place", "profile"), [("p.jsonl:1", PERSONA.profile), ("p.jsonl", PERSONA.profile), ("p.jsonl:2", MARTA.profile)]
)
def test_the_persona_is_counted_from_1(command, tmp_path: Path, place: str, profile: str):
    lines(tmp_path / "p.jsonl", [PERSONA, MARTA])
    assert profile in command("prompts", "render", "user/speak", "--persona", place).stdout


@pytest.mark.parametrize("number", ["0", "3"])
def test_a_persona_that_is_not_there_is_a_usage_error(command, tmp_path: Path, number: str):
    lines(tmp_path / "p.jsonl", [PERSONA, MARTA])
    result = command("prompts", "render", "user/speak", "--persona", f"p.jsonl:{number}")
    assert result.exit_code == 2
    assert "has 2 personas" in result.stderr


def test_an_unknown_prompt_is_a_usage_error_that_names_them_all(command):
    result = command("prompts", "render", "judge/perfer")
    assert result.exit_code == 2
    assert "judge/prefer" in result.stderr


def test_inputs_from_a_file_take_the_place_of_the_samples(command, tmp_path: Path):
    spoken = [{"role": "user", "content": "My cello is out of tune."}]
    (tmp_path / "in.json").write_text(json.dumps({"conversation": spoken, "turn": 7}))
    shown = command("prompts", "render", "user/speak", "--inputs", "in.json").stdout
    assert "My cello is out of tune." in shown
    assert "turn 7." in shown
    assert "blunt" in shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        '{"mood": "dark"}',
        '{"conversation": [{"role": "narrator", "content": ""}]}',
        '{"conversation": 3}',
        '{"conversation": ["hi"]}',
    ],
)
def test_inputs_that_do_not_fit_are_a_usage_error(command, tmp_path: Path, text: str):
    (tmp_path / "in.json").write_text(text)
    result = command("prompts", "render", "user/speak", "--inputs", "in.json")
    assert result.exit_code == 2
    assert "--inputs in.json" in result.stderr
    assert command("prompts", "render", "user/speak", "--inputs", "absent.json").exit_code == 2


def test_nothing_in_a_persona_steers_the_screen(command, tmp_path: Path):
    lines(tmp_path / "p.jsonl", [MARTA.model_copy(update={"profile": "a\x9b2J\u202eb"})])
    shown = command("prompts", "render", "user/speak", "--persona", "p.jsonl").output
    assert "ab\n" in shown
    assert not set(shown) & set("\x9b\u202e")
