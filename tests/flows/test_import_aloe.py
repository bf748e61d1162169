"""Importing ALOE's files: what is written, that it comes out again as it went in, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from personagen.errors import UsageError
from personagen.flows.import_aloe import import_aloe
from personagen.flows.labels import drawn
from personagen.pairs import pairs_of
from personagen.records import ConversationTree, Persona, PreferencePair
from personagen.store.files import read_records, read_state
from tests.exporters.rows import rows_of
from tests.readers.test_aloe import row, turn
from tests.trees import conversation, trees

ALOE = Path(os.environ.get("TEST_PERSONAGEN_ALOE") or Path(__file__).parents[3] / "shared" / "data" / "aloe")


def written(file: Path, *rows: object) -> Path:
    file.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in rows))
    return file


def imported(folder: Path) -> list[ConversationTree]:
    return list(read_records(folder / "trees.jsonl", ConversationTree))


def exported_again(folder: Path) -> bytes:
    rows = [made for tree in imported(folder) for made in rows_of("aloe", tree)]
    return b"".join(orjson.dumps(made) + b"\n" for made in rows)


def test_a_conversation_becomes_one_path_with_both_replies_to_each_message(tmp_path: Path):
    file = written(tmp_path / "a.jsonl", row(conversations=[turn(), turn(user="And another.")]))
    summary = import_aloe([file], tmp_path / "run")
    assert summary.records == {"pairs": 2, "trees": 1, "turns": 2}
    [tree] = imported(tmp_path / "run")
    assert [(node.id, node.role, node.content) for node in tree.nodes] == [
        ("0", "user", "I tuned an organ."),
        ("0.0", "assistant", "Nice."),
        ("0.0.0", "user", "And another."),
        ("0.0.0.0", "assistant", "Nice."),
        ("0.0.0.1", "assistant", "Which one?"),
        ("0.1", "assistant", "Which one?"),
    ]
    assert (tree.persona.profile, tree.persona.attributes) == ("She is 61.", {"age": 61, "gender": "female"})
    assert [inference.fact for inference in tree.beliefs[0].inferences] == ["She tunes organs."]


def test_the_pairs_are_those_of_the_file_and_no_gate_rejects_one(tmp_path: Path):
    parrot = {"preferred": "I tuned an organ.", "rejected": "I tuned an organ, too."}
    import_aloe([written(tmp_path / "a.jsonl", row(conversations=[turn(assistant=parrot)]))], tmp_path / "run")
    [pair] = read_records(tmp_path / "run" / "pairs.jsonl", PreferencePair)
    assert (pair.chosen[0].content, pair.rejected[0].content) == (parrot["preferred"], parrot["rejected"])
    assert (pair.margin, pair.confidence, pair.knowable, pair.personal) == (None, None, None, None)


@pytest.mark.parametrize("replies", [("Same.", "Same."), ("same.", " Same."), ("Yes.", "")])
def test_equal_or_empty_replies_make_no_pair_but_a_rejection(tmp_path: Path, replies: tuple[str, str]):
    sides = dict(zip(("preferred", "rejected"), replies, strict=True))
    import_aloe([written(tmp_path / "a.jsonl", row(conversations=[turn(assistant=sides)]))], tmp_path / "run")
    assert (tmp_path / "run" / "pairs.jsonl").read_bytes() == b""
    assert sum(read_state(tmp_path / "run")["summary"]["rejected"].values()) == 1


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(trees())
def test_what_was_exported_is_the_same_after_an_import(tmp_path: Path, tree: ConversationTree):
    [made] = rows_of("aloe", tree)
    if made["conversations"]:
        file = written(tmp_path / "a.jsonl", made)
        import_aloe([file], tmp_path / "run")
        assert exported_again(tmp_path / "run") == file.read_bytes()


@pytest.mark.parametrize("said", [(0, 1, 0, 1), (1, 1, 1, 1), (0, 0, 0, 0)])
def test_a_conversation_with_beliefs_comes_out_as_it_went_in(tmp_path: Path, said: tuple[int, ...]):
    rows = [made for name in "ab" for made in rows_of("aloe", conversation(turns=4, said=said, id=name))]
    file = written(tmp_path / "a.jsonl", *rows)
    import_aloe([file], tmp_path / "run")
    assert exported_again(tmp_path / "run") == file.read_bytes()
    assert len({tree.id for tree in imported(tmp_path / "run")}) == 2


@pytest.mark.parametrize("text", ["One.  Two.", "Dr. No lives. He does", "Ends so! And so? Yes.", "a\nb. c."])
def test_inferred_sentences_join_to_the_text_they_came_from(tmp_path: Path, text: str):
    text = text if text.endswith(".") else f"{text}."
    file = written(tmp_path / "a.jsonl", row(conversations=[turn(inferred_profile=text)]))
    import_aloe([file], tmp_path / "run")
    assert json.loads(exported_again(tmp_path / "run"))["conversations"][0]["inferred_profile"] == text


def test_show_and_label_find_the_same_pairs(tmp_path: Path):
    import_aloe([written(tmp_path / "a.jsonl", row(), row())], tmp_path / "run")
    pairs = list(read_records(tmp_path / "run" / "pairs.jsonl", PreferencePair))
    assert [pair for tree in imported(tmp_path / "run") for pair in pairs_of(tree)[0]] == pairs
    assert len(drawn(tmp_path / "run", 5, 0)) == len(pairs) == 2


def test_a_list_in_one_document_is_read_too(tmp_path: Path):
    (tmp_path / "a.json").write_text(json.dumps([row(), row()], indent=1))
    assert import_aloe([tmp_path / "a.json"], tmp_path / "run").records["trees"] == 2


def test_both_pools_become_personas_one_for_each_profile(tmp_path: Path):
    profiles = written(tmp_path / "profile.jsonl", "She is 61 and tunes organs.", "She sells fish.")
    personalities = written(tmp_path / "personality.jsonl", "She is blunt.")
    summary = import_aloe([profiles, personalities], tmp_path / "pool")
    assert (summary.of, summary.records) == ("expand", {"personas": 2})
    personas = list(read_records(tmp_path / "pool" / "personas.jsonl", Persona))
    assert [one.profile for one in personas] == ["She is 61 and tunes organs.", "She sells fish."]
    assert {one.personality for one in personas} == {"She is blunt."}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"profile.jsonl": ["a"]}, "needs both of ALOE's pools"),
        ({"texts.jsonl": ["a"]}, r"texts\.jsonl holds texts, and its name does not say of what"),
        ({"profile.jsonl": ["a"], "personality.jsonl": [row()]}, r"personality\.jsonl:1 is no text"),
        ({"a.jsonl": [row(), "a"]}, r"a\.jsonl:2: the row is not an object"),
        ({"a.jsonl": [row(), row(profile=None)]}, r"a\.jsonl:2: profile is missing; ALOE's script writes no such row"),
        ({"a.jsonl": []}, r"a\.jsonl holds no row"),
    ],
)
def test_files_of_another_kind_are_refused(tmp_path: Path, files: dict[str, list[object]], said: str):
    paths = [written(tmp_path / name, *rows) for name, rows in files.items()]
    with pytest.raises(UsageError, match=said):
        import_aloe(paths, tmp_path / "run")
    assert not (tmp_path / "run" / "run.json").exists()


def test_a_line_that_is_no_json_is_refused_with_its_number(tmp_path: Path):
    file = written(tmp_path / "a.jsonl", row())
    file.write_bytes(file.read_bytes() + b"{\n")
    with pytest.raises(UsageError, match=r"a\.jsonl:2: this is not JSON"):
        import_aloe([file], tmp_path / "run")


def test_a_folder_with_other_things_is_refused_and_an_earlier_import_is_replaced(tmp_path: Path):
    file = written(tmp_path / "a.jsonl", row())
    import_aloe([file], tmp_path / "run")
    assert import_aloe([written(file, row(), row())], tmp_path / "run").records["trees"] == 2
    with pytest.raises(UsageError, match="holds something else; give an empty or new folder as --out"):
        import_aloe([file], tmp_path)


@pytest.mark.skipif(not ALOE.is_dir(), reason="needs ALOE's pools; set TEST_PERSONAGEN_ALOE to their folder")
def test_aloe_s_own_pools_become_personas(tmp_path: Path):
    files = [ALOE / "profile.jsonl", ALOE / "personality.jsonl"]
    assert import_aloe(files, tmp_path / "pool").records["personas"] > 300
