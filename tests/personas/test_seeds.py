from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personagen.errors import UsageError
from personagen.personas.seeds import Seeds, load_personas, load_seeds
from personagen.records import Description, Persona, content_id

ALOE = Path(os.environ.get("TEST_PERSONAGEN_ALOE") or Path(__file__).parents[3] / "shared" / "data" / "aloe")
OURS = load_seeds(None)
PROFILE = "She is a 34-year-old nurse. She has two cats."
PERSONALITY = "He is blunt, patient and warm."


@pytest.fixture
def file(tmp_path: Path):
    def write(name: str, *lines: object) -> Path:
        path = tmp_path / name
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text("\n".join(texts), encoding="utf-8")
        return path

    return write


def texts(pool: tuple[Description, ...]) -> list[str]:
    return [entry.text for entry in pool]


@pytest.mark.skipif(not ALOE.is_dir(), reason="ALOE's data are not here")
def test_aloe_loads_as_331_profiles_and_71_personalities_with_line_6_repaired():
    seeds = load_seeds(ALOE)
    assert (len(seeds.profiles), len(seeds.personalities)) == (331, 71)
    assert seeds.notes == ("profile.jsonl:6: 2 JSON values on one line; read as 2 entries",)
    assert [entry.source for entry in seeds.profiles[4:8]] == [
        "profile.jsonl:5",
        "profile.jsonl:6 row 1",
        "profile.jsonl:6 row 2",
        "profile.jsonl:7",
    ]
    facts = Counter(len(entry.items) for entry in seeds.profiles)
    assert set(facts) <= set(range(3, 10))


def test_a_text_becomes_a_description_with_derived_items(file):
    profile = load_seeds(file("profiles.jsonl", json.dumps(f"  {PROFILE}\n"))).profiles[0]
    assert profile == Description(
        id=content_id("profile", PROFILE),
        kind="profile",
        text=PROFILE,
        items=("She is a 34-year-old nurse", "She has two cats"),
        origin="seed",
        source="profiles.jsonl:1",
    )


def test_given_facts_and_traits_are_kept_as_they_are(file):
    seeds = load_seeds(
        file(
            "x.jsonl",
            {"profile": PROFILE, "facts": ["One", " Two "], "personality": PERSONALITY, "traits": ["Left-handed"]},
        )
    )
    assert seeds.profiles[0].items == ("One", "Two")
    assert seeds.personalities[0].items == ("Left-handed",)


def test_an_object_with_both_halves_gives_one_entry_to_each_pool(file):
    seeds = load_seeds(file("x.jsonl", {"Profile": PROFILE, "personality": PERSONALITY, "id": 7}))
    assert (texts(seeds.profiles), texts(seeds.personalities), seeds.notes[0][-4:]) == (
        [PROFILE],
        [PERSONALITY],
        ": id",
    )
    assert {entry.source for entry in (*seeds.profiles, *seeds.personalities)} == {"x.jsonl:1"}


def test_a_pool_that_is_not_there_comes_from_the_packaged_seeds_with_a_note(file):
    seeds = load_seeds(file("profiles.txt", PROFILE))
    assert texts(seeds.profiles) == [PROFILE]
    assert seeds.personalities == OURS.personalities
    assert seeds.notes == ("profiles.txt has no personality: the 20 packaged ones are used",)


@pytest.mark.parametrize(
    ("name", "row", "found"),
    [
        ("profile.txt", PERSONALITY, "profile"),
        ("Personalities.txt", PROFILE, "personality"),
        ("traits.csv", f"text\n{PROFILE}", "personality"),
        ("x.jsonl", {"text": PROFILE, "kind": "personality"}, "personality"),
        ("x.jsonl", {"persona": PERSONALITY, "facts": ["He sings"]}, "profile"),
        ("x.jsonl", {"persona": PERSONALITY}, "personality"),
        ("x.jsonl", {"text": PROFILE}, "profile"),
        ("profile_of_traits.txt", PERSONALITY, "personality"),
        ("x.txt", "He is 30, blunt, patient and warm.", "profile"),
    ],
)
def test_the_kind_comes_from_the_row_then_the_file_name_then_the_text(file, name: str, row: object, found: str):
    seeds = load_seeds(file(name, row))
    assert {"profile": seeds.profiles, "personality": seeds.personalities}[found][0].source.startswith(name)


def test_a_kind_guessed_from_the_text_is_said(file):
    notes = load_seeds(file("people.txt", PROFILE, PERSONALITY, PROFILE + " Twice.")).notes
    assert notes == ("people.txt: neither keys nor file name give the kind: 2 read as profiles, 1 as personalities",)


def test_repeated_entries_are_folded_with_a_note(file):
    seeds = load_seeds(file("profiles.txt", PROFILE, PROFILE + " ", "He runs."))
    assert texts(seeds.profiles) == [PROFILE, "He runs."]
    assert seeds.notes[0] == "1 repeated entries were merged (profiles.txt:2)"


def test_csv_with_lists_in_cells_is_read(file):
    out = io.StringIO()
    csv.writer(out).writerows(
        [["profile", "facts", "personality"], [PROFILE, "One; Two|Three", ""], ["", "", PERSONALITY]]
    )
    seeds = load_seeds(file("pool.csv", out.getvalue()))
    assert seeds.profiles[0].items == ("One", "Two", "Three")
    assert texts(seeds.personalities) == [PERSONALITY]


def test_a_folder_gives_all_its_readable_files_in_order_and_says_what_it_left(tmp_path: Path):
    names = [f"{letter}_profile.txt" for letter in "qxcbzamnoy"]
    for name in (*names, "README.txt", ".hidden.txt", "LICENSE.txt", "notes.docx"):
        (tmp_path / name).write_text(f"She owns {name}.", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "personality.json").write_text(json.dumps([PERSONALITY]), encoding="utf-8")
    seeds = load_seeds(tmp_path)
    assert texts(seeds.profiles) == [f"She owns {name}." for name in sorted(names)]
    assert texts(seeds.personalities) == [PERSONALITY]
    assert seeds.notes == (f"{tmp_path.name}: not read: notes.docx, sub",)


BAD = [
    ("null", "expected a text or an object, not null"),
    ("17", "expected a text or an object, not a number"),
    ("true", "not true or false"),
    ('["She is."]', "not a list"),
    ('""', "the text is empty"),
    ('"123 -"', "has no words"),
    ("{}", "no profile, personality, persona or text"),
    ('{"name": "She"}', "no profile, personality, persona or text"),
    ('{"profile": 3}', "the profile is not a text"),
    ('{"profile": "She is.", "facts": "a" }"', "this is not JSON"),
    ('{"profile": "She is.", "facts": [1]}', "facts is not a list of texts"),
    ('{"profile": "She is.", "facts": {"a": 1}}', "facts is not a list of texts"),
    ('"She \\ud800 is."', "lone surrogate"),
    ('"She \\u0000 is."', "control character"),
    (json.dumps("She is. " * 3000), "23,999 characters"),
    ("She is a nurse.", "this is not JSON"),
]


@pytest.mark.parametrize(("line", "reason"), BAD, ids=[line[:24] for line, _ in BAD])
def test_a_bad_line_is_named_with_its_file_line_reason_and_the_way_out(file, line: str, reason: str):
    path = file("profiles.jsonl", json.dumps(PROFILE), line, json.dumps("He runs."))
    with pytest.raises(UsageError) as caught:
        load_seeds(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:2: ")
    assert reason in said
    assert "--skip-bad-lines" in said
    seeds = load_seeds(path, skip_bad_lines=True)
    assert texts(seeds.profiles) == [PROFILE, "He runs."]
    assert seeds.notes[0].startswith("profiles.jsonl:2: skipped: ")
    assert reason in seeds.notes[0]


def test_of_many_skipped_lines_the_notes_name_some_and_count_all(file):
    seeds = load_seeds(file("profiles.jsonl", *["null"] * 50, json.dumps(PROFILE)), skip_bad_lines=True)
    assert len(seeds.notes) == 22
    assert "51 rows: 1 read, 50 skipped" in seeds.notes


@pytest.mark.parametrize("load", [load_seeds, load_personas])
def test_a_path_that_leads_nowhere_is_a_usage_error_that_says_why(file, tmp_path: Path, load):
    (tmp_path / "empty").mkdir()
    cases = {
        tmp_path / "absent.jsonl": "does not exist",
        tmp_path / ("long" * 200): "can't be read",
        tmp_path / "empty": "has no seed file",
        file("people.xlsx", "x"): "an unsupported suffix",
        file("nothing.jsonl", ""): "has no ",
        file("only_head.csv", "profile,personality"): "has no ",
    }
    for path, reason in cases.items():
        with pytest.raises(UsageError, match=reason) as caught:
            load(path)
        assert str(path) in str(caught.value)


def test_a_persona_record_comes_back_as_it_was_written(tmp_path: Path):
    persona = Persona(
        id="abc",
        profile=PROFILE,
        personality=PERSONALITY,
        facts=("F",),
        traits=("t",),
        attributes={"age": 34},
        origin={"profile": "seed"},
        prompt_hash="ff",
    )
    (tmp_path / "personas.jsonl").write_bytes(persona.line() + b"\n")
    (tmp_path / "rejections.jsonl").write_text("{}")
    assert load_personas(tmp_path / "personas.jsonl") == ((persona,), ())
    assert load_personas(tmp_path) == ((persona,), ())


def test_a_record_that_is_there_twice_or_shares_its_line_is_told_as_in_any_file(tmp_path: Path):
    one, two = (Persona(id=i, profile=PROFILE, personality=PERSONALITY).line() for i in "ab")
    for text, note in ((b"%b\n%b\n%b" % (one, two, one), "1 repeated"), (one + two, "2 JSON values on one line")):
        (tmp_path / "x.jsonl").write_bytes(text)
        assert note in load_personas(tmp_path / "x.jsonl")[1][0]


def test_rows_of_others_become_personas_with_what_can_be_read_off_them(file):
    (persona,), _ = load_personas(file("x.jsonl", {"profile": PROFILE, "personality": PERSONALITY, "name": "Ann"}))
    assert persona == Persona(
        id=content_id(PROFILE, PERSONALITY),
        profile=PROFILE,
        personality=PERSONALITY,
        facts=("She is a 34-year-old nurse", "She has two cats"),
        traits=("blunt", "patient", "warm"),
        attributes={"age": 34, "gender": "female", "name": "Ann"},
    )


@pytest.mark.parametrize("row", [{"persona": PROFILE}, {"text": PROFILE}, {"profile": PROFILE, "personality": ""}])
def test_a_row_with_one_text_is_a_persona_without_personality(file, row: dict[str, str]):
    (persona,), _ = load_personas(file("x.jsonl", row))
    assert (persona.profile, persona.personality, persona.traits) == (PROFILE, "", ())


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": "a", "profile": PROFILE, "origin": {}}, "personality: Field required"),
        ({"id": "a", "profile": PROFILE, "personality": PERSONALITY, "facts": [1]}, "facts is not a list of texts"),
        ({"personality": PERSONALITY}, "no profile, persona or text"),
        (7, "expected a text or an object, not a number"),
    ],
)
def test_a_row_that_is_no_persona_is_named_with_its_line(file, row: object, reason: str):
    path = file("personas.jsonl", {"profile": PROFILE, "personality": PERSONALITY}, row)
    with pytest.raises(UsageError) as caught:
        load_personas(path)
    assert f"{path}:2: {reason}" in str(caught.value)
    personas, notes = load_personas(path, skip_bad_lines=True)
    assert (len(personas), notes[1]) == (1, "2 rows: 1 read, 1 skipped")


def test_preference_pairs_are_not_mistaken_for_personas(file):
    row = {"prompt": [], "chosen": [], "rejected": [], "persona": "p1"}
    with pytest.raises(UsageError, match="not a preference pair"):
        load_personas(file("pairs.jsonl", row))


def test_the_same_persona_twice_is_one_with_a_note(file):
    personas, (note,) = load_personas(file("x.jsonl", *[{"profile": PROFILE, "personality": PERSONALITY}] * 3))
    assert (len(personas), note[:10]) == (1, "2 repeated")


PARTS = (
    b'"She is kind."|{"profile":|"text"|"personality":|}|[|]|,|\n|null|\xff|\0|profile,facts|9|"\\ud800a"|"facts":|'
    b'{"id":"a",|\r\n|\xef\xbb\xbf|"'
)
WILD = st.binary(max_size=120) | st.lists(st.sampled_from(PARTS.split(b"|")), max_size=12).map(b"".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=WILD, suffix=st.sampled_from(["jsonl", "json", "csv", "tsv", "txt"]), skip=st.booleans())
def test_any_bytes_load_or_are_refused_with_a_usage_error(tmp_path: Path, data: bytes, suffix: str, skip: bool):
    path = tmp_path / f"wild.{suffix}"
    path.write_bytes(data)
    for load in (load_seeds, load_personas):
        with suppress(UsageError):
            loaded = load(path, skip_bad_lines=skip)
            entries = [*loaded.profiles, *loaded.personalities] if isinstance(loaded, Seeds) else loaded[0]
            assert entries
            assert all(entry.line() for entry in entries)
