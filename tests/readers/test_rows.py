from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.errors import UsageError
from personagen.readers import rows_of
from personagen.readers.decode import MAX_LINE_CHARS
from personagen.readers.row import Fault, Note, Row


@pytest.fixture
def read(tmp_path: Path):
    def reader(name: str, data: bytes | str) -> list[Row | Fault | Note]:
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return list(rows_of(path))

    return reader


def test_json_lines_give_a_row_each_and_blank_lines_none(read):
    assert read("a.jsonl", '"x"\n\n{"y": 1}\n  \n[2]') == [Row(1, "x"), Row(3, {"y": 1}), Row(5, [2])]


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_text(read):
    assert read("a.jsonl", b'\xef\xbb\xbf"x"\r\n"y"\r\n') == [Row(1, "x"), Row(2, "y")]
    assert read("a.txt", b"\xef\xbb\xbfone\r\ntwo\r\n") == [Row(1, "one"), Row(2, "two")]


def test_json_values_glued_on_one_line_are_read_with_a_note(read):
    assert read("a.jsonl", '"x"\n"y""z" , {"t": "u"}\n') == [
        Row(1, "x"),
        Note(2, "3 JSON values on one line; read as 3 entries"),
        Row(2, "y", 1),
        Row(2, "z", 2),
        Row(2, {"t": "u"}, 3),
    ]


@pytest.mark.parametrize("line", ['"x', '"x"y', "{'x': 1}", '{"x": 1', "She is.", '"x" "y', "[" * 100_000])
def test_a_line_that_is_no_json_is_one_fault_with_its_line(read, line: str):
    first, fault, last = read("a.jsonl", f'"before"\n{line}\n"after"')
    assert (first, last) == (Row(1, "before"), Row(3, "after"))
    assert isinstance(fault, Fault)
    assert fault.line == 2
    assert fault.reason.startswith("this is not JSON (")


def test_bytes_that_are_not_utf_8_and_nul_bytes_are_faults_of_their_line(read):
    faults = read("a.jsonl", b'"x"\n"caf\xff"\n"y\0"\n"z"')
    assert faults == [
        Row(1, "x"),
        Fault(2, "byte 5 of the line is not UTF-8; save the file as UTF-8"),
        Fault(3, "the line holds a NUL byte"),
        Row(4, "z"),
    ]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("name", "text"), [("a.txt", "café\nhello"), ("a.jsonl", '"café"\n"hello"')])
def test_a_utf_16_file_is_read_with_a_note(read, codec: str, name: str, text: str):
    rows = read(name, text.encode(codec))
    assert rows == [Note(0, "read as UTF-16, since it is not UTF-8"), Row(1, "café"), Row(2, "hello")]


def test_windows_1252_is_read_with_a_note_and_other_bytes_are_faults(read):
    western = "text\r\nMädchen – “so”\r\n".encode("cp1252")
    assert read("a.csv", western) == [
        Note(0, "read as Windows-1252, since it is not UTF-8"),
        Row(2, {"text": "Mädchen – “so”"}),
    ]
    assert [type(row) for row in read("a.csv", "text\n你好吗\n".encode("gbk"))] == [Fault]
    assert [type(row) for row in read("a.csv", "text\ncafé\n".encode() + b"caf\xe9\n")] == [Row, Fault]


def test_a_huge_line_is_a_fault_and_the_next_line_is_read(read):
    rows = read("a.jsonl", '"' + "a" * (3 * MAX_LINE_CHARS) + '"\n"next"\n')
    assert rows == [Fault(1, "the line is longer than 1,000,000 characters"), Row(2, "next")]


def test_a_line_of_just_the_longest_length_is_read(read):
    line = '"' + "a" * (MAX_LINE_CHARS - 2) + '"'
    assert [row.line for row in read("a.jsonl", f"{line}\n{line}") if isinstance(row, Row)] == [1, 2]


def test_a_json_array_gives_a_row_an_element_with_its_line(read):
    assert read("a.json", '[\n  "x",\n  {"a":\n    1},\n\n  "y"]\n') == [Row(2, "x"), Row(3, {"a": 1}), Row(6, "y")]


def test_a_json_file_may_hold_one_object_or_several(read):
    assert read("a.json", '{"a":\n 1}\n{"b": 2}') == [Row(1, {"a": 1}), Row(3, {"b": 2})]


def test_a_broken_json_array_names_the_line(read):
    assert read("a.json", '["x",\n "y\n]') == [Row(1, "x"), Fault(2, "this is not JSON (Invalid control character at)")]
    assert read("a.json", '["x",\n "y"\n')[-1] == Fault(2, "the list has no closing bracket")


def test_csv_rows_come_by_column_with_the_line_they_begin_on(read):
    text = 'Id,Profile\n1,"She knits,\nand sews"\n\n2,He runs\n'
    assert read("a.csv", text) == [
        Row(2, {"Id": "1", "Profile": "She knits,\nand sews"}),
        Row(5, {"Id": "2", "Profile": "He runs"}),
    ]


def test_tabs_and_semicolons_part_columns_too(read):
    assert read("a.tsv", "id\ttext\n1\ta, b; c\n") == [Row(2, {"id": "1", "text": "a, b; c"})]
    assert read("a.csv", "id;text\n1;a, b\n") == [Row(2, {"id": "1", "text": "a, b"})]


def test_a_csv_line_that_is_not_utf_8_is_a_fault_and_the_rest_is_read(read):
    assert read("a.csv", b"text\na\n\xff\nb\n") == [
        Row(2, {"text": "a"}),
        Fault(3, "byte 1 of the line is not UTF-8; save the file as UTF-8"),
        Row(4, {"text": "b"}),
    ]


def test_a_csv_field_of_any_length_is_read_and_the_next_row_too(read):
    long = "word " * 40_000
    assert read("a.csv", f'text\n"{long}"\nb\n') == [Row(2, {"text": long}), Row(3, {"text": "b"})]


def test_text_is_one_entry_a_line(read):
    assert read("a.txt", "She knits.\nHe runs\n\nThey sing.\n") == [
        Row(1, "She knits."),
        Row(2, "He runs"),
        Row(4, "They sing."),
    ]


def test_wrapped_text_parted_by_blank_lines_is_one_entry_a_paragraph(read):
    assert read("a.txt", "She knits\nand sews.\n\n\nHe runs\nmarathons.\n") == [
        Note(0, "read as paragraphs separated by blank lines"),
        Row(1, "She knits and sews."),
        Row(5, "He runs marathons."),
    ]


def test_an_empty_file_has_no_rows(read):
    assert [read(f"a{suffix}", b"") for suffix in (".jsonl", ".json", ".csv", ".txt")] == [[], [], [], []]


def test_a_file_that_can_not_be_opened_is_a_usage_error(tmp_path: Path):
    with pytest.raises(UsageError, match="can't be read"):
        list(rows_of(tmp_path / "absent.jsonl"))


@given(
    suffix=st.sampled_from([".jsonl", ".json", ".csv", ".tsv", ".txt"]),
    data=st.binary(max_size=200)
    | st.lists(
        st.sampled_from(
            [b'"', b"{", b"}", b"[", b"]", b",", b"\n", b"\r", b"a", b"\\ud800", b"\xff", b"\0", b";", b"1e999"]
        )
    ).map(b"".join),
)
def test_any_bytes_give_rows_faults_and_notes_in_the_order_of_their_lines(tmp_path_factory, suffix: str, data: bytes):
    path = tmp_path_factory.getbasetemp() / f"wild{suffix}"
    path.write_bytes(data)
    rows = []
    with suppress(UsageError):  # a table whose first line names no columns
        rows += rows_of(path)
    assert all(isinstance(row, Row | Fault | Note) for row in rows)
    assert all(0 <= row.line <= len(data.splitlines()) + 1 for row in rows)


@pytest.mark.parametrize("bad", ['{"a": 2,}', '{"a": 2', '{"a": 2, "a": 3}', "{'a': 2}"])
@pytest.mark.parametrize("indent", ["", "  ", "\t"])
def test_after_a_bad_element_a_json_document_goes_on_with_the_next_line_that_begins_alike(read, bad: str, indent: str):
    inner = f'\n{indent}  {{"b": 1}}'
    text = f'[\n{indent}{{"a": [{inner}]}},\n{indent}{bad},\n{indent}{{"a": 4}}\n]'
    rows = [row.value for row in read("a.json", text) if isinstance(row, Row)]
    faults = [fault for fault in read("a.json", text) if isinstance(fault, Fault)]
    assert (rows, [type(fault) for fault in faults]) == ([{"a": [{"b": 1}]}, {"a": 4}], [Fault])
    assert "is not read" not in faults[0].reason


def test_of_a_json_document_without_lines_what_follows_a_fault_is_said_not_to_be_read(read):
    row, fault = read("a.json", '[{"a": 1}, {"a": 2,}, {"a": 3}]')
    assert row == Row(1, {"a": 1}, 1)
    assert fault.reason.endswith("), and what follows it is not read")


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_a_key_that_an_object_has_twice_is_refused(read, name: str):
    found = read(name, '{"a": 1}\n{"a": 1, "b": {"c": 2, "c": 3}}\n{"a": 4}')
    assert found == [Row(1, {"a": 1}), Fault(2, "an object has the key 'c' twice"), Row(3, {"a": 4})]


def test_a_json_document_in_a_jsonl_file_is_told_its_suffix(read):
    assert read("a.jsonl", '[\n{"a": 1}\n')[0].reason.endswith("; a document of several lines is named .json")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt", "a.json"])
def test_byte_order_marks_are_no_text_also_at_the_start_of_a_later_line(read, name: str):
    lines = {"a.csv": ["a,b", "1,2", "3,4"], "a.txt": ["x.", "y."]}.get(name, ['{"a": 1}', '{"a": 2}'])
    later = "" if name == "a.json" else "\ufeff"
    assert read(name, "\ufeff\ufeff" + f"\n{later}".join(lines)) == read(name, "\n".join(lines))


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_a_quote_after_a_delimiter_and_blanks_opens_a_cell_if_it_closes_as_one(read, mark: str):
    text = f'"a"{mark} "b"\n1{mark} "x{mark} ""y"""\n2{mark}  "x" and y\n'
    assert read("a.csv", text) == [Row(2, {"a": "1", "b": f'x{mark} "y"'}), Row(3, {"a": "2", "b": '  "x" and y'})]


def test_the_line_of_column_names_in_a_table_again_is_noted_and_no_row(read):
    note = Note(3, "the line of column names again; not read as a row")
    assert read("a.csv", "a,b\n1,2\na,b\n3,4\n") == [Row(2, {"a": "1", "b": "2"}), note, Row(4, {"a": "3", "b": "4"})]


def test_a_column_without_a_name_is_kept_by_its_place_if_it_is_not_the_first(read):
    assert read("a.csv", ",a,,b\n0,1,2,3\n") == [Row(2, {"a": "1", "column 3": "2", "b": "3"})]
    assert read("a.csv", "a,b,,\n1,2,,\n") == [Row(2, {"a": "1", "b": "2"})]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_pointer_of_git_lfs_is_named_as_such(tmp_path: Path, suffix: str):
    path = tmp_path / f"a{suffix}"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(UsageError, match="is a pointer of Git LFS, not the data; get it with git lfs pull"):
        list(rows_of(path))


@pytest.mark.parametrize(
    ("first", "name"),
    [
        ('{"profile": "x"}', "a.jsonl"),
        ('[{"profile": "x"}]', "a.json"),
        ("id,profile", "a.csv"),
        ('"Profile";"Age"', "a.csv"),
        ("no\ttraits", "a.tsv"),
    ],
)
def test_a_table_named_as_a_text_is_refused_with_the_name_to_give_it(read, first: str, name: str):
    with pytest.raises(UsageError, match=rf"a\.txt: this is no plain text; name the file {name}$"):
        read("a.txt", f"\n{first}\n1,2\n")


@pytest.mark.parametrize(
    "text", ["She bakes, text, and more she bakes there.", "{She} bakes.", "profile", "[x] He bakes."]
)
def test_a_text_that_only_looks_like_a_table_is_read(read, text: str):
    assert read("a.txt", text) == [Row(1, text)]
