"""The page of `personagen label` in Chromium. Run by ``make test-browser``."""

from __future__ import annotations

import threading

import pytest

from personagen.flows.label import Labelling
from personagen.flows.labels import drawn, read_labels
from tests.browser.chromium import browser
from tests.cli.runs import simulated
from tests.trees import conversation

pytest.importorskip("selenium", reason="Selenium is not in this environment: make test-browser")
NASTY = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script> & done"


@pytest.fixture
def window(tmp_path):
    with browser(tmp_path) as found:
        yield found


def test_a_person_labels_with_keys_and_clicks_and_texts_stay_texts(window, tmp_path):
    trees = []
    for number in range(4):
        tree = conversation(turns=1, id=f"t{number}")
        texts = [
            tree.nodes[0].content,
            f"{NASTY} Boil the jars before you fill them.",
            f"Ask your aunt in Porto. {NASTY[:30]}",
        ]
        nodes = tuple(n.model_copy(update={"content": text}) for n, text in zip(tree.nodes, texts, strict=True))
        trees.append(tree.model_copy(update={"nodes": nodes}))
    folder = simulated(tmp_path / "run", trees)
    labelling = Labelling(folder, drawn(folder, 4, 0))
    count = "document.getElementById('count').textContent"
    with labelling.server(0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        window.driver.get(labelling.url(server))
        window.until(f"{count} === 'Pair 1 of 4, 0 labelled'")
        shown = window.run("return document.querySelector('#first .text').textContent")
        assert shown == labelling.pairs[0].text("first")
        assert window.run("return document.images.length + document.querySelectorAll('main script').length") == 0
        window.press("1")
        window.until(f"{count} === 'Pair 2 of 4, 1 labelled'")
        window.press("0")
        window.until(f"{count} === 'Pair 3 of 4, 2 labelled'")
        window.press("b")
        window.until(f"{count} === 'Pair 2 of 4, 2 labelled'")
        window.press("2")
        window.until(f"{count} === 'Pair 3 of 4, 2 labelled'")
        window.run("document.getElementById('second').click()")
        window.until(f"{count} === 'Pair 4 of 4, 3 labelled'")
        window.run("document.getElementById('same').click()")
        window.until(f"{count} === 'All 4 pairs are labelled. You can close this page.'")
        thread.join(10)
        assert not thread.is_alive()
    assert [read_labels(folder)[one.id]["choice"] for one in labelling.pairs] == ["first", "second", "second", "tie"]
    assert window.run("return document.title") == "personagen label"
    assert not [error for error in window.errors() if "Content Security Policy" in error]


def test_an_answer_that_could_not_be_saved_is_said(window, tmp_path):
    folder = simulated(tmp_path / "run", [conversation(turns=2)])
    labelling = Labelling(folder, drawn(folder, 2, 0))
    with labelling.server(0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        window.driver.get(labelling.url(server))
        window.until("document.getElementById('count').textContent === 'Pair 1 of 2, 0 labelled'")
        (folder / "labels.jsonl").mkdir()
        window.press("1")
        window.until("document.getElementById('problem').textContent.startsWith('Not saved:')")
        assert window.run("return document.getElementById('count').textContent") == "Pair 1 of 2, 0 labelled"
        server.shutdown()
        thread.join(5)
