"""Ids that personas are given: two different people can't share one."""

from __future__ import annotations

import orjson
import pytest

from personagen.errors import UsageError
from personagen.personas.seeds import load_personas

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
    assert [note[:19] for note in notes] == ["x.jsonl:3: skipped:", "1 repeated entries "]


@pytest.mark.parametrize("odd", ["", "a/b", "a\\b", ".a", " a", "a\x00", "a" * 201])
def test_an_id_that_can_be_no_files_name_is_refused_for_a_reason_that_is_told(tmp_path, odd):
    path = tmp_path / "x.jsonl"
    path.write_bytes(orjson.dumps({"id": odd, "profile": BEES, "personality": "He is shy."}))
    with pytest.raises(UsageError, match=r"empty, longer than 200 .* dot or white space, or holds /, \\ or a control"):
        load_personas(path)
