"""Hostile text and damaged runs in a real browser. Run by ``make test-browser``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personagen import report
from personagen.records import ConversationTree
from tests.browser.chromium import browser
from tests.cli.runs import simulated
from tests.trees import PERSONA, conversation

pytest.importorskip("selenium", reason="Selenium is not in this environment: make test-browser")

HOSTILE = [
    "<script>hacked()</script>",
    "</script><script>hacked()</script>",
    "<img src=x onerror=hacked()>",
    "<svg onload=hacked()>",
    "javascript:hacked()",
    "'\"><b onmouseover=hacked()>",
    "<iframe src='javascript:hacked()'>",
    "{{hacked()}}",
    "${hacked()}",
    "<!--",
    "]]>",
    "\u202ehacked\u2066",
    "\x00\x1b[2J",
    "<link rel=stylesheet href=http://127.0.0.1:9/x.css>",
    "<style>@import 'http://127.0.0.1:9/x'</style>",
    "<a href='http://127.0.0.1:9/'>",
    "__proto__",
    "constructor",
    "toString",
    "\ud7ff\ue000",
    "<base href=http://127.0.0.1:9/>",
    "<form action=http://127.0.0.1:9/>",
    "url(http://127.0.0.1:9/x)",
    "&lt;script&gt;hacked()&lt;/script&gt;",
    "\u2028\u2029",
    "#/conversations?q=x",
    "a" * 3000,
    "🏳️‍🌈" * 50,
    "%3Cscript%3E",
    "../../etc",
]


def tree_of(number: int, a: str, b: str, c: str, d: str, e: str) -> ConversationTree:
    """A conversation with these texts in every field."""
    tree = conversation(id=f"t{number}{a[:40]}".replace("/", "_"), turns=2)
    facts = {"facts": (c, d), "traits": (e,), "attributes": {a[:60]: b}}
    persona = PERSONA.model_copy(update={"id": f"p{number}{e[:30]}", "profile": a, "personality": b, **facts})
    said = {"user": c, "assistant": d}
    nodes = [
        node.model_copy(update={"content": f"{said[node.role]} {node.id}", "agent": e[:50]}) for node in tree.nodes
    ]
    verdicts = [one.model_copy(update={"reason": a, "because": (c,)}) for one in tree.judgments]
    inference = tree.beliefs[-1].inferences[0].model_copy(update={"fact": b, "quote": c})
    beliefs = [one.model_copy(update={"inferences": (inference,)}) for one in tree.beliefs]
    more = {"nodes": tuple(nodes), "judgments": tuple(verdicts), "beliefs": tuple(beliefs)}
    style = {"style": {a[:40]: b[:40]}, "models": {"assistant": c[:60]}}
    return tree.model_copy(update={"persona": persona, **more, **style})


def test_hostile_text_in_every_field_runs_nothing_and_fetches_nothing(tmp_path: Path):
    strings = [
        f"{text} {number}" if number >= len(HOSTILE) else text
        for number in range(500)
        for text in [HOSTILE[number % len(HOSTILE)]]
    ]
    trees = [tree_of(number, *strings[number : number + 5]) for number in range(0, 500, 5)]
    run = simulated(tmp_path / "<img src=x onerror=hacked()>", trees)
    file = Path(report(run, out=tmp_path / "report.html").file)
    with browser(tmp_path) as window:
        window.open(file)
        window.requests()
        window.errors()
        window.run("window.hacked = () => { window.was = true }")
        for part in ("conversations", "personas", "rejected", "made", "notes"):
            window.go(f"/{part}")
        for tree in trees[:40]:
            window.run("location.hash = '#/conversations/' + encodeURIComponent(arguments[0])", tree.id)
            title = "document.querySelector('.middle h2')?.textContent"
            window.until(f"{title}.includes({json.dumps(tree.id)})")
        assert not window.run("return window.was")
        wrong = "main img, main iframe, main link, main script, form[action]"
        assert not window.all(wrong)
        assert not [url for url in window.requests() if url.startswith(("http", "ftp"))]
        assert not window.errors()


def test_a_damaged_run_opens_and_says_what_is_missing(tmp_path: Path):
    run = simulated(tmp_path / "run", [conversation(id="t1"), conversation(id="t2")], status="interrupted")
    held = (run / "trees.jsonl").read_bytes()
    (run / "trees.jsonl").write_bytes(held[: len(held) - 40])
    file = Path(report(run).file)
    with browser(tmp_path) as window:
        window.open(file)
        assert "trees.jsonl, line 2: can't be read" in window.text(".problem")
        assert "the run is interrupted" in window.text(".problem")
        window.go("/conversations")
        assert "1 of 1 conversations" in window.text(".found")
        cut = tmp_path / "cut.html"
        text = file.read_text()
        cut.write_text(text[: text.index('id="index">') + 300])
        window.driver.get(cut.as_uri())
        assert "run" in window.text("h1")
