"""Ids that personas are given: two different people can't share one."""

from __future__ import annotations

import orjson
import pytest

from personagen.errors import UsageError
from personagen.personas.seeds import load_personas, load_seeds
from personagen.records import content_id

MAPS, BEES = "She is 60 and sells maps in Leiden.", "He is 31 and keeps bees near Bergen."


def test_two_personas_of_one_id_are_refused_with_both_lines_or_the_later_one_is_skipped(tmp_path):
    row = {"id": "p1", "profile": BEES, "personality": "He is shy."}
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"".join(orjson.dumps(r) + b"\n" for r in (row, row, row | {"profile": MAPS})))
    with pytest.raises(UsageError) as refused:
        load_personas(path)
    assert str(refused.value).startswith(f"{path}:3: the persona at x.jsonl:1 has the same id p1, but differs")
    (persona,), notes = load_personas(path, skip_bad_lines=True)
    assert persona.profile == BEES
    assert [note[:19] for note in notes] == ["x.jsonl:3: skipped:", "3 rows: 2 read, 1 s", "1 repeated entries "]


@pytest.mark.parametrize("odd", ["a/b", "a\\b", ".a", "a" * 201, "datasets/x/1"])
def test_an_id_that_can_be_no_files_name_is_kept_as_an_attribute_with_a_note(tmp_path, odd):
    path = tmp_path / "x.jsonl"
    path.write_bytes(orjson.dumps({"id": odd, "profile": BEES, "personality": "He is shy."}))
    (persona,), notes = load_personas(path)
    assert persona.id == content_id(BEES, "He is shy.")
    assert persona.attributes["id"] == odd
    shown = odd if len(odd) < 60 else f"{odd[:50]}..."
    assert f"1 id can't name a file ({shown}): kept as the attribute id" in notes


@pytest.mark.parametrize(("given", "kept"), [(0, "0"), (7.0, "7"), ("p1", "p1"), (" p ", "p"), (True, ""), ("nan", "")])
def test_an_own_id_is_kept_as_text_and_a_missing_one_is_made_from_the_texts(tmp_path, given, kept):
    path = tmp_path / "x.jsonl"
    path.write_bytes(orjson.dumps({"ID": given, "Profile": BEES, "Personality": None}))
    (persona,), _ = load_personas(path)
    assert persona.id == (kept or content_id(BEES, ""))
    assert persona.facts == ("He is 31 and keeps bees near Bergen",)


@pytest.mark.parametrize("odd", ["a\\u0000b", "\\ud800", "a\\u202eb"])
def test_an_id_with_a_control_character_is_refused(tmp_path, odd):
    path = tmp_path / "x.jsonl"
    path.write_text(f'{{"id": "{odd}", "profile": "{BEES}"}}'.replace("\\\\", "\\"))
    with pytest.raises(UsageError, match=r"x.jsonl:1: the id .* holds a control character or a lone surrogate"):
        load_personas(path)


@pytest.mark.parametrize("odd", ["", "a/b", ".a", "a" * 201])
def test_a_record_of_expand_with_an_id_that_can_be_no_files_name_is_refused(tmp_path, odd):
    path = tmp_path / "x.jsonl"
    path.write_bytes(orjson.dumps({"id": odd, "profile": BEES, "personality": "", "origin": {"profile": "seed"}}))
    with pytest.raises(UsageError, match=r"empty, longer than 200 .* dot or white space, or holds /, \\ or a control"):
        load_personas(path)


def test_seeds_whose_texts_are_equal_are_merged_and_a_note_says_if_they_differ_otherwise(tmp_path):
    path = tmp_path / "profiles.jsonl"
    path.write_bytes(
        b"".join(orjson.dumps({"profile": BEES, "city": city}) + b"\n" for city in ("Bergen", "Oslo", "Bergen"))
    )
    merged = (
        "2 repeated entries were merged (profiles.jsonl:2, profiles.jsonl:3); "
        "1 had other facts or attributes: the first are kept"
    )
    seeds = load_seeds(path)
    assert (seeds.profiles[0].attributes["city"], seeds.notes[1]) == ("Bergen", merged)


def test_people_without_ids_whose_texts_are_the_same_are_told_apart_by_what_else_is_known_of_them():
    row = {"profile": BEES, "personality": "He is shy."}
    rows = [row | {"job": job} for job in ("cook", "nurse", "cook", "nurse")]
    personas, notes = load_personas(rows)
    assert [persona.attributes["occupation"] for persona in personas] == ["cook", "nurse"]
    assert [persona.id == content_id(*row.values()) for persona in personas] == [True, False]
    assert len({persona.id for persona in personas}) == 2
    assert "2 repeated entries were merged (data row 3, data row 4)" in notes
    assert load_personas([*rows, row | {"job": "baker"}])[0][:2] == personas
