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


@pytest.mark.parametrize(
    ("head", "columns", "wanted"),
    [
        ("profile,personality", "id=key,age=yrs", ("k1", "She keeps bees.", "She is blunt.", {"age": 34})),
        ("profile,mood", "personality=mood,age=yrs,id=key", ("k1", "She keeps bees.", "She is blunt.", {"age": 34})),
        ("persona,mood", "personality=mood", (None, "She keeps bees.", "She is blunt.", {"key": "k1", "yrs": "34"})),
        ("persona,mood", "id=key,country={{ mood }}", ("k1", "She keeps bees.", "", {"country": "She is blunt."})),
        ("bio,persona", "profile=bio,personality=persona", (None, "She keeps bees.", "She is blunt.", {"key": "k1"})),
        ("profile,personality", "traits=mood", (None, "She keeps bees.", "She is blunt.", {"key": "k1"})),
    ],
)
def test_what_columns_do_not_name_is_read_by_its_usual_name(tmp_path: Path, head: str, columns: str, wanted):
    path = tmp_path / "a.csv"
    path.write_text(f"{head},key,yrs,mood2\nShe keeps bees.,She is blunt.,k1,34,calm;shy\n")
    (persona,), _ = load_personas(path, columns=columns.replace("traits=mood", "traits=mood2"))
    own, profile, personality, attributes = wanted
    assert own in (None, persona.id)
    assert (persona.profile, persona.personality) == (profile, personality)
    assert attributes.items() <= persona.attributes.items()
    assert not {"profile", "personality", "persona"} & persona.attributes.keys()
    assert persona.traits == (("calm", "shy") if "traits" in columns else persona.traits)


def test_a_refusal_names_the_columns_of_descriptions_that_are_empty(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("bio,mood,key\n,,k1\n")
    for columns, said in (("profile=bio,id=key", "bio is empty"), ("profile=bio,personality=mood", "bio and mood are")):
        with pytest.raises(UsageError, match=f"a.csv:2: {said}"):
            load_personas(path, columns=columns)
