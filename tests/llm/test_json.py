"""JSON as servers and models write it."""

from __future__ import annotations

import json

import pytest

from personagen.llm import json as json_text


def test_bytes_that_are_not_utf_8_and_a_byte_order_mark_cost_no_value():
    assert json_text.loads(b'\xef\xbb\xbf{"a": "caf\xe9"}') == {"a": "caf\ufffd"}


@pytest.mark.parametrize("text", ["no json", b"no json"])
def test_what_mending_does_not_change_is_not_read_twice(text, monkeypatch):
    read = []
    monkeypatch.setattr(json_text.orjson, "loads", lambda data: read.append(data) or json.loads(data))
    monkeypatch.setattr(json_text.orjson, "JSONDecodeError", json.JSONDecodeError)
    with pytest.raises(ValueError, match="Expecting value"):
        json_text.loads(text)
    assert read == [text]
