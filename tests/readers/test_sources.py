"""The shapes of public persona sets, in words of our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.personas.seeds import load_personas, load_seeds
from personagen.readers.sources import SOURCES


@pytest.fixture
def read(tmp_path: Path):
    def reader(name: str, *rows: object):
        path = tmp_path / name
        path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
        return load_personas(path)

    return reader


NEMOTRON = {
    "uuid": "0001",
    "professional_persona": "An orderly bookkeeper who reconciles ledgers at dawn",
    "sports_persona": "Swims on Fridays.",
    "persona": "A bookkeeper who swims and plans a move to the coast.",
    "cultural_background": "Grew up between two languages.",
    "skills_and_expertise": "Keeps ledgers.",
    "skills_and_expertise_list": "['bookkeeping', 'swimming']",
    "hobbies_and_interests": "Collects maps.",
    "career_goals_and_ambitions": "Wants a desk by the sea.",
    "sex": "Female",
    "age": 54,
    "marital_status": "widowed",
    "occupation": "bookkeeper",
    "zipcode": "00000",
    "country": "USA",
}


def test_nemotron_personas_keep_all_texts_and_columns(read):
    (persona,), notes = read("a.jsonl", NEMOTRON)
    assert persona.id == "0001"
    assert persona.profile == (
        "A bookkeeper who swims and plans a move to the coast. An orderly bookkeeper who reconciles ledgers at dawn. "
        "Swims on Fridays. Grew up between two languages. Keeps ledgers. Collects maps. Wants a desk by the sea."
    )
    assert persona.attributes == {
        "age": 54,
        "sex": "Female",
        "gender": "female",
        "occupation": "bookkeeper",
        "country": "USA",
        "marital_status": "widowed",
        "zipcode": "00000",
        "skills_and_expertise_list": "bookkeeping; swimming",
    }
    assert notes[0].startswith("kept as attributes: skills_and_expertise_list, sex, gender, age, marital_status")


def test_persona_sets_of_one_sentence_keep_their_columns(read):
    hub = {"input persona": "A tailor who hums.", "synthesized text": "A riddle ...", "description": "riddle"}
    elite = {"persona": "A jurist who sails.", "general domain (top 1 percent)": "Law"}
    fine = {"id": "<urn:uuid:1>", "persona": "A botanist who draws mosses.", "labels": '["Botany", "Art"]'}
    personas, notes = read("a.jsonl", hub, elite, fine)
    assert [p.profile for p in personas] == [
        "A tailor who hums.",
        "A jurist who sails.",
        "A botanist who draws mosses.",
    ]
    assert [p.attributes for p in personas] == [
        {"description": "riddle"},
        {"general domain (top 1 percent)": "Law"},
        {"id": "<urn:uuid:1>", "labels": "Botany; Art"},
    ]
    assert "columns not used, since they are nested, long or dialogue: synthesized text" in notes


FACTS = ["i keep bees .", "my favorite colour is green .", "i 'm up at five , always ."]
SAID = ("i keep bees", "my favorite colour is green", "i'm up at five, always")


@pytest.mark.parametrize("key", ["personality", "persona", "profile"])
def test_personachat_facts_are_the_profile_and_repeated_people_are_merged(read, key: str):
    row = {key: FACTS, "utterances": [{"history": ["hi"], "candidates": ["hello"]}]}
    (persona,), notes = read("a.jsonl", row, row)
    assert (persona.facts, persona.personality) == (SAID, "")
    assert persona.profile == "i keep bees. my favorite colour is green. i'm up at five, always."
    assert notes == (
        "columns not used, since they are nested, long or dialogue: utterances",
        "1 repeated entries were merged (a.jsonl:2)",
    )


def test_personachat_as_one_document_with_splits(read):
    row = {"personality": FACTS, "utterances": []}
    assert len(read("a.json", {"train": [row], "valid": [row | {"personality": ["i fly ."]}]})[0]) == 2


def test_personachat_as_parlai_writes_it(read):
    lines = (f"{n} your persona: {fact}" for n, fact in enumerate(FACTS, 1))
    (one, two), notes = read("a.txt", *lines, "4 hi\thello\t\ta|b", "5 bye\tbye", "1 your persona: i fly .", "2 x\ty")
    assert (one.facts, two.facts) == (SAID, ("i fly",))
    assert notes[0] == "a.txt: 3 lines of dialogue are not used"


def test_synthetic_persona_chat_has_two_people_a_row(read):
    head = "user 1 personas,user 2 personas,Best Generated Conversation"
    (one, two), notes = read(
        "a.csv", head, '"I keep bees.\nI work nights.","I mend clocks.","User 1: Hi!\nUser 2: Hi!"'
    )
    assert (one.facts, two.facts) == (("I keep bees", "I work nights"), ("I mend clocks",))
    assert "Best Generated Conversation" in notes[0]
    row = {"User 1 Persona": ["I keep bees."], "User 2 Persona": ["I fly."], "Conversation": ["Hi!"]}
    assert [p.profile for p in read("a.jsonl", row)[0]] == ["I keep bees.", "I fly."]


def test_a_tinytroupe_agent_keeps_what_it_does_apart_from_what_it_is_like(read):
    agent = {
        "type": "TinyPerson",
        "persona": {
            "name": "Lena Okoro",
            "age": 28,
            "gender": "Female",
            "nationality": "Kenyan",
            "occupation": {"title": "Linguist", "organization": "A museum", "description": "You label old letters."},
            "personality": {"traits": ["You are curious."], "big_five": {"openness": "High. Very imaginative."}},
            "preferences": {"interests": ["Chess", "old maps"], "dislikes": ["You can't stand noise."]},
            "relationships": [{"name": "Sara", "description": "Your manager."}],
        },
    }
    (persona,), _ = read("Lena.agent.json", json.dumps(agent, indent=1))
    assert persona.personality == "You are curious. Openness: High. Very imaginative."
    for said in ("Name: Lena Okoro.", "Age: 28.", "You label old letters.", "Organization: A museum.", "old maps"):
        assert said in persona.profile
    assert "Sara" in persona.profile
    assert persona.attributes == {
        "name": "Lena Okoro", "age": 28, "gender": "female", "nationality": "Kenyan", "occupation": "Linguist"
    }  # fmt: skip


def test_attributes_reach_the_personas_that_are_grown_from_seeds(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(NEMOTRON))
    (seed,) = load_seeds(path).profiles
    assert (seed.attributes["country"], seed.attributes["id"]) == ("USA", "0001")


def test_every_source_leaves_rows_of_others_alone():
    assert list(SOURCES)[-1] == "own"
    assert len(SOURCES) == 8


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"age": "34"}, {"age": 34}),
        ({"Age": 34.0}, {"age": 34}),
        ({"age": "30-39"}, {"age_range": "30-39"}),
        ({"gender": "F"}, {"gender": "female"}),
        ({"sex": "man"}, {"sex": "man", "gender": "male"}),
        ({"gender": "agender"}, {"sex": "agender"}),
        ({"Job title": "baker", "Country of residence": "Peru"}, {"occupation": "baker", "country": "Peru"}),
        ({"tags": ["a", "b"], "ok": True, "n": 2.5}, {"tags": "a; b", "ok": "true", "n": "2.5"}),
        ({"note": "nan", "more": None, "deep": {"a": 1}, "long": "x" * 501}, {}),
        ({"attributes": {"city": "Lima"}}, {"city": "Lima"}),
    ],
)
def test_unused_columns_become_attributes_by_their_usual_names(read, given: dict, kept: dict):
    (persona,), _ = read("a.jsonl", {"profile": "Bakes bread in the old town.", **given})
    assert persona.attributes == kept


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_a_persona_inside_a_row_is_read_with_the_rows_other_columns(read, name: str):
    row = {"id": 7, "persona": {"profile": "He bakes bread in Porto.", "personality": "He is shy."}, "city": "Porto"}
    (persona,), _ = read(name, row)
    assert (persona.id, persona.profile, persona.personality) == ("7", "He bakes bread in Porto.", "He is shy.")
    assert persona.attributes["city"] == "Porto"


def test_a_column_both_in_a_row_and_in_its_persona_is_not_chosen_silently(read):
    with pytest.raises(UsageError, match="the persona is not a text"):
        read("a.jsonl", {"id": 7, "persona": {"profile": "He bakes.", "ID": 8}})


def test_texts_deep_in_a_row_are_named_as_a_template_that_reads_them(read, tmp_path: Path):
    row = {"user": {"no": 1, "data": {"name": "Ada", "bio": "He bakes bread in Porto.", "note": "a b"}}}
    with pytest.raises(UsageError, match=r"as in --columns 'profile=\{\{ user.data.bio \}\}'; "):
        read("a.jsonl", row)
    (persona,), _ = load_personas(tmp_path / "a.jsonl", columns="profile={{ user.data.bio }}")
    assert persona.profile == "He bakes bread in Porto."


def test_facts_and_traits_alone_are_named_as_the_columns_to_read(read, tmp_path: Path):
    with pytest.raises(UsageError, match="as in --columns profile=facts,personality=traits; "):
        read("a.jsonl", {"id": 1, "facts": ["He is 30", "He bakes"], "traits": ["shy"]})
    (persona,), _ = load_personas(tmp_path / "a.jsonl", columns="profile=facts,personality=traits")
    assert (persona.profile, persona.facts, persona.traits) == (
        "He is 30. He bakes.",
        ("He is 30", "He bakes"),
        ("shy",),
    )


def test_a_table_by_columns_with_ids_is_read(read):
    personas, _ = read("a.json", {"id": {"0": 5, "1": 6}, "profile": {"0": "He bakes.", "1": "She sails."}})
    assert [(persona.id, persona.profile) for persona in personas] == [("5", "He bakes."), ("6", "She sails.")]


@pytest.mark.parametrize(("name", "text"), [("a.csv", ""), ("a.csv", "profile\n"), ("a.json", "[]"), ("a.txt", "\n\n")])
def test_a_file_without_a_row_is_said_to_hold_none(read, name: str, text: str):
    with pytest.raises(UsageError, match=r"has no persona; .*; it holds no row "):
        read(name, text)


def test_a_conversation_is_no_persona(read):
    with pytest.raises(UsageError, match="expected a persona, not a conversation; give the personas of its run"):
        read("a.jsonl", {"id": "a-0", "persona": {"id": "a", "profile": "He bakes."}, "nodes": []})
