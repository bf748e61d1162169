"""Tables as spreadsheets, hands and other tools write them: each gives its rows, or one sentence."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.personas.seeds import load_personas, load_seeds

NURSE = "A 34-year-old nurse from Leeds who keeps bees, and a camper van."
DRIVER = "A retired tram driver of 71 who mends clocks."
BLUNT, SHY = "She is patient, blunt and curious.", "He is stubborn, generous and shy."
BOTH = [(NURSE, BLUNT), (DRIVER, SHY)]


@pytest.fixture
def people(tmp_path: Path):
    def read(name: str, content: str | bytes, **more) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        personas, notes = load_personas(path, **more)
        return [(persona.profile, persona.personality) for persona in personas], notes

    return read


def table(mark: str, end: str = "\n", head: tuple[str, str] = ("profile", "personality")) -> str:
    return "".join(f"{a}{end}" for a in (mark.join(head), *(f'"{p}"{mark}"{q}"' for p, q in BOTH)))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_any_delimiter_and_line_end_is_recognised(people, name: str, mark: str, end: str):
    assert people(name, table(mark, end)) == (BOTH, ())


def test_the_delimiter_is_that_which_gives_known_columns_and_sep_names_it(people):
    head = ("profile, in words", "personality")
    assert people("a.csv", "id;" + table(";", head=head).replace('\n"', '\n0;"', 1).replace('\n"', '\n1;"'))[0] == BOTH
    assert people("a.csv", f"sep=;\r\n{table(';')}") == (BOTH, ())
    assert people("a.csv", f'"sep=^"\n{table("^")}') == (BOTH, ())
    assert people("a.csv", f"sep=\t\n{table(chr(9))}") == (BOTH, ())


def test_a_column_named_with_further_words_is_read_with_a_note(people):
    rows, notes = people("a.csv", table(",", head=("profile_text", "personality description")))
    assert rows == BOTH
    assert notes == (
        "the column 'profile_text' is read as the profile",
        "the column 'personality description' is read as the personality",
    )


def test_commas_in_a_table_of_one_column_separate_nothing(people):
    assert people("a.csv", f'persona\n{NURSE}\n"{DRIVER}"\n')[0] == [(NURSE, ""), (DRIVER, "")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            '"Queen of the allotment, she says,She is bold.',
            "a double quote opens a cell on this line and is not closed",
        ),
        ('"Queen" of the "allotment",She is bold.', "a double quote inside a quoted cell is not doubled"),
        (
            "A nurse, 30, of Leeds,She is blunt.",
            "4 cells, but the header names 2 columns; put a text that holds commas",
        ),
        ("A nurse of 30.", "1 cell, but the header names 2 columns"),
        (f'"{"word " * 30_000}","She is bold."', "the profile has 149,999 characters, but at most 20,000 are allowed"),
        ('"","She is bold."', "no profile, persona or text, which a persona needs"),
        ('"N/A","nan"', "the profile and the personality are empty"),
        ('"A nurse\x07 of 30.","She is bold."', "the profile holds a control character (U+0007)"),
        (
            '"A nurse \u202e of 30.","She is bold."',
            "the profile holds a character that turns the direction of writing (U+202E)",
        ),
    ],
    ids=lambda text: text[:20],
)
def test_a_bad_row_costs_itself_only_and_is_named(people, line: str, reason: str):
    first, last = (f'"{p}","{q}"' for p, q in BOTH)
    content = f"profile,personality\n{first}\n{line}\n{last}\n"
    with pytest.raises(UsageError) as refused:
        people("a.csv", content)
    assert f"a.csv:3: {reason}" in str(refused.value)
    rows, notes = people("a.csv", content, skip_bad_lines=True)
    assert rows == BOTH
    assert notes[0].startswith(f"a.csv:3: skipped: {reason}")
    assert notes[1] == "3 rows: 2 read, 1 skipped"


def test_a_quote_that_never_closes_does_not_cost_the_thousands_of_rows_after_it(people):
    rest = "".join(f'"{DRIVER} {n}","{SHY}"\n' for n in range(3000))
    rows, notes = people("a.csv", f'profile,personality\n"Open,x\n{rest}', skip_bad_lines=True)
    assert len(rows) == 3000
    assert "3,001 rows: 3,000 read, 1 skipped" in notes


def test_raw_quotes_in_tab_separated_texts_are_kept(people):
    text = '"Queen" of the allotment'
    assert people("a.tsv", f"profile\tpersonality\n{text}\tShe is bold.\n")[0] == [(text, "She is bold.")]


@pytest.mark.parametrize(
    "word", ["nan", "NaN", "None", "NULL", "N/A", "n/a", "#N/A", "-", "--", "?", " ", "<NA>", "nil"]
)
def test_a_word_for_a_missing_value_is_no_personality(people, word: str):
    assert people("a.csv", f"profile,personality\n{DRIVER},{word}\n")[0] == [(DRIVER, "")]
    assert people("a.jsonl", json.dumps({"profile": DRIVER, "personality": word}))[0] == [(DRIVER, "")]


@pytest.mark.parametrize("value", ["NaN", "null", "Infinity", "[]", "{}"])
def test_a_value_that_is_none_is_no_personality(people, value: str):
    assert people("a.jsonl", f'{{"profile": "{DRIVER}", "personality": {value}}}')[0] == [(DRIVER, "")]


def test_a_blank_row_is_counted_and_a_row_numbers_column_has_no_name(people):
    rows, notes = people("a.csv", f',profile,personality\n0,"{NURSE}","{BLUNT}"\n,,\n\n1,"{DRIVER}","{SHY}",,\n')
    assert (rows, notes) == (BOTH, ("3 rows: 2 read, 0 skipped, 1 blank",))


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (NURSE, "the first line is a row, but must name the columns"),
        ("profile,Profile", "two columns are called profile"),
        ('"profile,personality', "the first line names the columns, and its quotes do not match"),
    ],
)
def test_a_header_that_names_no_columns_is_refused(people, head: str, reason: str):
    with pytest.raises(UsageError, match=f"a.csv:1: {reason}"):
        people("a.csv", f"{head}\n{table(',')}")


def test_unknown_columns_are_named_with_the_option_to_type(people):
    with pytest.raises(UsageError) as refused:
        people("mine.csv", "person_id,age,bio,temperament\n1,34,She keeps bees in Leeds.,blunt\n")
    assert (
        "mine.csv:2: no profile, personality, persona or text in the columns person_id, age, bio, temperament"
        in str(refused.value)
    )
    assert "--columns profile=bio,personality=temperament" in str(refused.value)


ROW = {"profile": NURSE, "personality": BLUNT}
OTHER = {"profile": DRIVER, "personality": SHY}
COLUMNS = {"profile": [NURSE, DRIVER], "personality": [BLUNT, SHY]}
WRAPPED = [{"row_idx": n, "row": row, "truncated_cells": []} for n, row in enumerate((ROW, OTHER))]


@pytest.mark.parametrize(
    "document",
    [
        [ROW, OTHER],
        COLUMNS,
        {"personas": [ROW, OTHER]},
        {"features": [{"name": "profile"}], "rows": WRAPPED, "num_rows_total": 2},
        WRAPPED,
        {"train": [ROW], "test": [OTHER]},
        {"data": {"people": [ROW, OTHER]}, "meta": {"licence": "CC0"}},
        {"schema": {"fields": [{"name": "profile"}]}, "data": [ROW, OTHER]},
        {"Anna": ROW, "Bert": OTHER},
        {"0": ROW, "1": OTHER},
        {"columns": ["profile", "personality"], "index": [0, 1], "data": [[NURSE, BLUNT], [DRIVER, SHY]]},
        {"profile": {"0": NURSE, "1": DRIVER}, "personality": {"0": BLUNT, "1": SHY}},
    ],
    ids=lambda document: (
        f"{type(document).__name__} of {', '.join(document) if isinstance(document, dict) else 'rows'}"
    ),
)
def test_a_json_document_in_the_shape_of_a_tool_gives_its_rows(people, document: object):
    for text in (json.dumps(document), json.dumps(document, indent=1)):
        assert people("a.json", text)[0] == BOTH


def test_two_lists_named_as_pools_fill_the_pools(tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"profiles": [NURSE, DRIVER], "personalities": [SHY]}))
    seeds = load_seeds(path)
    assert ([p.text for p in seeds.profiles], [p.text for p in seeds.personalities]) == ([NURSE, DRIVER], [SHY])


def test_a_table_with_columns_of_different_length_or_a_cell_cut_short_is_refused(people):
    with pytest.raises(UsageError, match="the columns differ in length: profile has 2, personality has 1"):
        people("a.json", json.dumps(COLUMNS | {"personality": [SHY]}))
    with pytest.raises(UsageError, match=r"a.json:1 row 1: the viewer cut profile short"):
        people("a.json", json.dumps({"rows": [WRAPPED[0] | {"truncated_cells": ["profile"]}]}))


def test_the_lines_of_a_text_end_as_an_editor_of_it_writes_them(people):
    for end in ("\n", "\r\n", "\r", "\v", "\f", "\u2028", "\u2029", "\x85"):
        assert [p for p, _ in people("a.txt", f"{NURSE}{end}{DRIVER}{end}")[0]] == [NURSE, DRIVER], repr(end)
    assert people("a.txt", f"{NURSE}\v{DRIVER}")[1] == ("a.txt: its lines end with U+000B; read as 2 lines",)


def test_a_compressed_file_is_read_and_a_damaged_one_is_refused(people):
    packed = gzip.compress(table(",").encode())
    assert people("a.csv.gz", packed)[0] == BOTH
    for broken in (packed[:-12], b"no gzip", packed[:30] + b"\0\0" + packed[32:]):
        with pytest.raises(UsageError, match=r"a\.csv\.gz"):
            people("a.csv.gz", broken)


def test_the_limit_of_the_csv_module_is_as_before(people):
    import csv

    before = csv.field_size_limit()
    people("a.csv", table(","))
    assert csv.field_size_limit() == before
