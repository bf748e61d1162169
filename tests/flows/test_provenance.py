"""What leaves with the rows: by default nothing of the persona's description, and on request where a row is from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.flows.export import export
from personagen.options.export import SelectionOptions
from personagen.records import ConversationTree, PreferencePair
from personagen.store.files import dump, read_records, read_state
from tests.cli.runs import simulated
from tests.trees import PERSONA, conversation

SECRET = ("Marta, 61", "blunt and impatient", "Porto", "organs-in-attributes")


def grounded() -> ConversationTree:
    """A tree whose verdicts name a fact and a trait, and whose messages say nothing of the persona's description."""
    tree = conversation(turns=2)
    judgments = [
        one.model_copy(update={"because": ("She lives in Porto.", "blunt"), "lines": 4}) for one in tree.judgments
    ]
    persona = PERSONA.model_copy(update={"attributes": {"age": 61, "work": "organs-in-attributes"}})
    prompts = {"judge/prefer": "abc"}
    return tree.model_copy(update={"judgments": tuple(judgments), "persona": persona, "prompts": prompts})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = simulated(tmp_path / "run", [grounded()])
    (folder / "run.json").write_bytes(dump({**read_state(folder), "versions": {"personagen": "7.7"}}))
    return folder


def rows(run: Path, format: str = "trl", **options: object) -> list[dict]:
    out = run.parent / "out.jsonl"
    export(run, format, out, SelectionOptions(**options))
    return [json.loads(line) for line in out.read_text().splitlines()]


@pytest.mark.parametrize("options", [{}, {"with_provenance": True}])
def test_nothing_of_the_description_leaves_unless_it_is_asked_for(run: Path, options: dict):
    text = json.dumps(rows(run, **options), ensure_ascii=False)
    assert [word for word in SECRET if word in text] == []


def test_with_persona_a_row_has_texts_traits_and_attributes(run: Path):
    assert rows(run, with_persona=True)[0]["about"] == {
        "id": "p1",
        "profile": PERSONA.profile,
        "personality": PERSONA.personality,
        "facts": [*PERSONA.facts],
        "traits": [*PERSONA.traits],
        "attributes": [{"name": "age", "value": "61"}, {"name": "work", "value": "organs-in-attributes"}],
    }


def test_with_provenance_a_row_says_how_it_was_made(run: Path):
    pair = list(read_records(run / "pairs.jsonl", PreferencePair))[1]
    row = rows(run, with_provenance=True)[1]["provenance"]
    assert row == {
        "version": "7.7",
        "run": "",
        "tree": "t1",
        "nodes": [{"chosen": pair.chosen_node, "rejected": pair.rejected_node}],
        "models": [{"name": "assistant", "model": "offline"}],
        "prompts": [{"name": "judge/prefer", "hash": "abc"}],
        "scores": [{"name": name, "value": value} for name, value in pair.scores.items()],
        "because": [{"kind": "fact", "line": 2, "text": ""}, {"kind": "trait", "line": 1, "text": ""}],
        "quotes": [
            {"kind": "profile", "quote": "my day 2 at the organ"},
            {"kind": "personality", "quote": "my day 2 at the organ"},
        ],
    }


def test_the_grounds_have_their_text_if_the_persona_leaves_too(run: Path):
    because = rows(run, with_provenance=True, with_persona=True)[0]["provenance"]["because"]
    assert [one["text"] for one in because] == ["She lives in Porto.", "blunt"]


def test_every_row_has_the_same_fields(run: Path):
    plain = simulated(run.parent / "plain", [conversation(turns=1)])
    one, other = rows(run, with_provenance=True)[0], rows(plain, with_provenance=True)[0]
    assert list(one["provenance"]) == list(other["provenance"])


def test_a_format_that_has_the_description_in_its_rows_needs_with_persona(run: Path):
    with pytest.raises(UsageError, match="--format aloe has the personas' texts in its rows: add --with-persona"):
        rows(run, "aloe")
    assert set(rows(run, "aloe", with_persona=True)[0]) == {"profile", "personality", "conversations"}


@pytest.mark.parametrize("option", ["with_persona", "with_provenance"])
def test_a_function_makes_its_columns_itself(run: Path, own, option: str):
    name = own("def some(trees, pairs):\n    yield {'n': 1}\n") + ":some"
    with pytest.raises(UsageError, match="makes its rows itself"):
        export(run, name, Path("out.jsonl"), SelectionOptions(**{option: True}))
