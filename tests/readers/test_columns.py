"""``--columns``: names and templates, on the command line, in personagen.toml and in Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.personas.seeds import load_personas, load_seeds
from personagen.readers.columns import Columns

MINE = "key,bio,temper,Years,job title\np1,She keeps bees.,She is blunt.,34,nurse\np2,He mends clocks.,,71,driver\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine.csv").write_text(MINE)
    return tmp_path / "mine.csv"


@pytest.mark.parametrize(
    "columns",
    [
        "profile=bio,personality=temper,id=key,age=years",
        ["profile=bio", "personality=temper, id=key", "age = Years"],
        {"profile": "bio", "personality": "temper", "id": "key", "age": "Years"},
        ['profile="{{ bio }}"', "personality='temper'", "id={{ key }}", "age={{ Years }}"],
    ],
)
def test_columns_are_named_in_any_way(mine: Path, columns):
    (one, two), notes = load_personas(mine, columns=columns)
    assert (one.id, one.profile, one.personality) == ("p1", "She keeps bees.", "She is blunt.")
    assert (two.id, two.profile, two.personality) == ("p2", "He mends clocks.", "")
    assert (one.attributes["age"], one.attributes["occupation"]) == (34, "nurse")
    assert notes[0].startswith("kept as attributes: ")
    seeds = load_seeds(mine, columns=columns)
    assert [seed.text for seed in seeds.profiles] == ["She keeps bees.", "He mends clocks."]


def test_a_template_joins_columns_and_leaves_out_what_is_missing(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    rows = [
        {"bio": "Keeps bees", "job": "nurse", "age": 34.0, "tags": "['a', 'b']"},
        {"bio": "Flies", "job": None, "age": "nan", "tags": ""},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    template = (
        "profile={{ bio }}{% if job %}, {{ job }}, {{ age }}{% endif %} {{ tags | join('+') }},personality={{ bio }}"
    )
    (one, two), _ = load_personas(path, columns=template)
    assert one.profile == "Keeps bees, nurse, 34 a+b"
    assert (two.profile, two.personality) == ("Flies", "Flies")
    assert one.attributes == {}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ("profil=bio", "--columns profil=bio: choose one of profile, personality, facts, traits, id, age"),
        ("bio", "--columns bio: write it as profile=COLUMN,personality=COLUMN"),
        ("profile={{ bio", "--columns profile: this is no template"),
        ("profile=biog", "mine.csv:2: no column biog; the columns are key, bio, temper, Years, job title"),
        ("profile={{ biog }}", "mine.csv:2: no column biog; the columns are key, bio, temper, Years, job_title"),
        ("profile=bio,personality=mood", "--columns personality=mood: no row has such a column"),
        ("profile={{ bio.__class__ }}", "the template for profile fails"),
    ],
)
def test_what_can_not_be_meant_is_refused(mine: Path, columns: str, reason: str):
    with pytest.raises(UsageError) as refused:
        load_personas(mine, columns=columns)
    assert reason in str(refused.value)


def test_a_column_whose_name_has_a_comma_can_be_named():
    assert Columns("profile=life, in words,personality=temper").names == {
        "profile": "life, in words",
        "personality": "temper",
    }


def test_ids_that_repeat_can_be_left_out(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("id,profile\n1,She keeps bees.\n1,He flies.\n")
    assert len(load_personas(path, columns="profile=profile,id=")[0]) == 2


@pytest.mark.parametrize(
    "setting",
    ['columns = "profile=bio,personality=temper"', 'columns = {profile = "bio", personality = "temper"}',
     'columns = ["profile=bio", "personality=temper"]', '[simulate.columns]\nprofile = "bio"\npersonality = "temper"'],
)  # fmt: skip
def test_the_command_line_and_the_settings_name_columns(command, mine: Path, monkeypatch, setting: str):
    monkeypatch.chdir(mine.parent)
    done = command("simulate", "--personas", mine, "--turns", 1, "--columns", "profile=bio", "--out", "a")
    assert done.exit_code == 0, done.output
    (mine.parent / "personagen.toml").write_bytes(f"[simulate]\n{setting}\n".encode("utf-8-sig"))
    done = command("simulate", "--personas", mine, "--turns", 1, "--out", "b")
    assert done.exit_code == 0, done.output
    pairs = [json.loads(line) for line in (mine.parent / "b" / "pairs.jsonl").read_text().splitlines()]
    trees = [json.loads(line) for line in (mine.parent / "b" / "trees.jsonl").read_text().splitlines()]
    assert {tree["persona"]["personality"] for tree in trees} == {"She is blunt.", ""}
    for made in (pair["attributes"] for pair in pairs):
        assert made["occupation"] in ("nurse", "driver")


def test_an_unknown_column_is_refused_with_the_option_to_type(command, mine: Path):
    done = command("expand", "--seeds", mine, code=2)
    assert "--columns profile=bio,personality=temper" in done.stderr
