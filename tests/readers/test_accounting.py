"""Every row of a file is read, blank, or refused with its file and line; what is read is what was written."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personagen.personas.reading import MAX_NOTES, Log, gathered
from personagen.personas.seeds import load_personas, load_seeds
from personagen.readers.columns import Columns
from personagen.readers.values import MISSING, is_missing

pytestmark = pytest.mark.slow

REUSED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=120, deadline=None)
WORDS = st.text(st.sampled_from('abc é好\u0639,;|"\t\n.N/A-'), min_size=0, max_size=12)
TEXTS = WORDS | st.sampled_from(["", " ", "nan", "N/A", "She is 34, and calm.", "x" * 20_001, "a\u202eb", "a\x07"])
ROWS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8)


def written(rows: list[tuple[str, str]], form: str) -> bytes:
    """The rows as another program writes them: quoted CSV or TSV, JSON lines, one JSON document."""
    objects = [{"profile": p, "personality": q} for p, q in rows]
    if form == "jsonl":
        return "\n".join(json.dumps(row) for row in objects).encode()
    if form == "json":
        return json.dumps(objects, indent=1, ensure_ascii=False).encode()
    out = io.StringIO()
    mark = {"csv": ",", "semicolons.csv": ";", "tsv": "\t"}[form]
    csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL).writerows([("profile", "personality"), *rows])
    return out.getvalue().encode()


def usable(text: str) -> bool:
    return any(map(str.isalpha, text)) and len(text) <= 20_000 and not {"\u202e", "\x07"} & set(text)


def expected(profile: str, personality: str) -> bool:
    """Whether a row has a profile that can be used, and no personality that can't."""
    return not is_missing(profile) and usable(profile) and (is_missing(personality) or usable(personality))


@REUSED
@given(rows=ROWS, form=st.sampled_from(["csv", "semicolons.csv", "tsv", "jsonl", "json"]))
def test_rows_read_plus_blank_plus_skipped_are_the_rows_of_the_file(tmp_path: Path, rows, form: str):
    path = tmp_path / f"a.{form}"
    path.write_bytes(written(rows, form))
    log = Log(skip_bad_lines=True, columns=Columns())
    made = [found for found, _ in gathered(path, log, lambda value, _, __: [dict(value)])]  # type: ignore[arg-type, call-overload, list-item]
    assert log.rows == len(rows)
    assert [one["profile"] for found in made for one in found] == [p for p, q in rows if p.strip() or q.strip()]
    good = [(p, q) for p, q in rows if expected(p, q)]
    blank = [(p, q) for p, q in rows if not p.strip() and not q.strip()]
    if not good:
        return
    personas, notes = load_personas(path, skip_bad_lines=True)
    wanted = [(" ".join(p.split()), "" if is_missing(q) else " ".join(q.split())) for p, q in good]
    assert [(p.profile, p.personality) for p in personas] == list(dict.fromkeys(wanted))
    skipped = len(rows) - len(good) - len(blank)
    if skipped or blank:
        also = f", {len(blank)} blank" if blank else ""
        assert f"{len(rows)} rows: {len(good)} read, {skipped} skipped{also}" in notes
    named = [note for note in notes if re.match(rf"a\.{form}:\d+.*: skipped: ", note)]
    assert len(named) == min(skipped, MAX_NOTES)


@REUSED
@given(
    lines=st.lists(st.sampled_from(['"a","b"', '"open,x', "a,b", "a,b,c", "a", '"a" b,c', ",", "", '"a""b",c', '"']))
)
def test_of_a_table_with_bad_quotes_each_line_is_read_or_named(tmp_path: Path, lines: list[str]):
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["profile,personality", *lines]))
    log = Log(skip_bad_lines=True, columns=Columns())
    places = [place for _, place in gathered(path, log, lambda value, _, __: [])]
    assert log.rows == log.read + log.blank + log.skipped
    assert len(set(places)) == len(places)
    good = sum(line in ('"a","b"', "a,b", '"a""b",c') for line in lines)
    if not any(line in ('"open,x', '"') for line in lines):  # an open quote may take a good line for its end
        assert (log.read, log.rows) == (good, len([line for line in lines if line]))


@pytest.mark.parametrize("word", sorted(MISSING))
def test_words_for_missing_values_are_missing_in_any_case_and_others_are_not(word: str):
    assert is_missing(word)
    assert is_missing(f" {word.upper()} ")
    assert not is_missing(f"{word} of us")


def test_a_hundred_thousand_lines_load(tmp_path: Path):
    path = tmp_path / "profiles.jsonl"
    rows = (
        orjson.dumps({"profile": f"She owns shop {n} in town.", "facts": [f"She owns shop {n}"]})
        for n in range(100_000)
    )
    path.write_bytes(b"\n".join(rows))
    assert len(load_seeds(path).profiles) == 100_000
