"""What the scan finds, and what it leaves alone."""

from __future__ import annotations

import time

import pytest

from personagen.hub import scan
from personagen.hub.scan import Scan

pytest.importorskip("detect_secrets")
pytest.importorskip("phonenumbers")

PREFIXES = ("sk-or-v1-", "r8_", "pplx-", "nvapi-", "csk-", "github_pat_", "GOCSPX-", "dapi", "npm_", "dop_v1_", "hvs.")
FOUND = [
    ("the key is sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789", "API key"),
    ("hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "API key"),
    ("id AKIAIOSFODNN7EXAMPLE", "AWS Access Key"),
    ("token ghp_16C7e42F292c6912E7710c838347Ae178B4a", "GitHub Token"),
    ("password = 'hunter2hunter'", "Secret Keyword"),
    ("-----BEGIN RSA PRIVATE KEY-----", "Private Key"),
    ("git clone https://bob:s3cretpw@host/x", "Basic Auth Credentials"),
    ("write to ada@lovelace.org, please", "e-mail address"),
    ("call +44 20 7946 0018 now", "phone number"),
    ("or 415-867-5309 at night", "phone number"),
    ("or 0049 171 2345678, or 020 7946 0958", "phone number"),
    ("le 01.23.45.67.89", "phone number"),
    ("pay with 4111 1111 1111 1111", "card number"),
    ("or 2223.0031.2200.3222", "card number"),
    ("or \uff14111\u00a01111\u00a01111\u00a01111", "card number"),
    ("to DE89 3704 0044 0532 0130 00 today", "account number"),
    ("mine is 219-09-9999", "social security number"),
    ("an m\u00fcller@b\u00fcro.de", "e-mail address"),
    ("my password is hunter2", "password"),
    ("api key: A1b2C3d4E5f6G7h8I9j0K1l2", "API key"),
    *((f"use {key}Ab3dEf6hIj9lMn2pQr5tUv8x", "API key") for key in PREFIXES),
]


def kinds(text: str) -> list[str]:
    looked = Scan()
    looked.row("f", 1, {"text": text})
    return [finding.kind for finding in looked.found.first]


@pytest.mark.parametrize(("text", "kind"), FOUND)
def test_keys_addresses_and_numbers_are_found(text, kind):
    assert {*kinds(text)} == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "She keeps the secret token of her mother's love: a ring.",
        "write to ada@example.com or bob@mail.test",
        "in 1984-2021 they sold 20 000 000 of them, 4.5871559633027525 each",
        "the 4111 1111 1111 1112 is not a card, and (415) 555-0134 is of films",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 is a hash",
        "the node 405cfe353b9ba0918827172df47319c1 at 0.0.1.0.1.0.1.0",
        "a7f205e1084c210f-0.112/0.1.0.1.0.1.0.0.0.1.0 and replies 0.1.1.0.2.5.5.5.0.1.0",
        "on 01.02.2024 at 10, or 05/06/2023 1234; table 0611.0020.0002",
        "GB29 NWBK 6016 1331 9268 18 has other check digits, 000-12-3456 is nobody's",
        "A strong password is 12-16 characters; the key is consistency-of-all-your-habits",
    ],
)
def test_ordinary_text_is_left_alone(text):
    assert kinds(text) == []


def test_a_finding_has_its_row_and_column_and_only_the_beginning_of_its_text():
    looked = Scan()
    looked.row("pairs/x", 7, {"prompt": [{"role": "user", "content": "I am ada@lovelace.org"}]})
    [finding] = looked.found.first
    assert (finding.file, finding.row, finding.column) == ("pairs/x", 7, "prompt")
    assert finding.shown == "ada@... (16 characters)"


def test_many_findings_are_counted_and_the_first_ones_kept():
    looked = Scan()
    looked.lines("f", "\n".join(f"ada{number}@lovelace.org" for number in range(50)))
    assert looked.found.counts == {"e-mail address": 50}
    assert [finding.row for finding in looked.found.first] == list(range(1, scan.MAX_SHOWN + 1))


def test_a_text_that_repeats_is_counted_once_and_memory_has_a_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scan, "_MAX_REMEMBERED", 3)
    looked = Scan()
    for number in range(10):
        looked.row("f", number, {"a": f"text {number}", "b": ["ada@lovelace.org", "ada@lovelace.org"]})
        assert len(looked._seen) <= 3
    assert looked.found.counts["e-mail address"] < 10


@pytest.mark.parametrize("text", ["a." * 50_000 + "@", "a@" + "a-" * 50_000, "0 1 " * 20_000, "key=" * 30_000])
def test_a_long_text_takes_no_longer_by_the_character(text):
    began = time.process_time()
    kinds(text)
    assert time.process_time() - began < 3
