"""The page of `personagen label` in a browser, where Chromium and its driver are installed."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import threading
import time

import pytest

from personagen.flows.label import Labelling
from personagen.flows.labels import drawn, read_labels
from tests.cli.runs import simulated
from tests.trees import conversation

DRIVER, BROWSER = shutil.which("chromedriver"), shutil.which("chromium")
pytestmark = pytest.mark.skipif(not (DRIVER and BROWSER), reason="needs chromium and chromedriver")
NASTY = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script> & done"


class Browser:
    """A WebDriver session (W3C), by plain HTTP."""

    def __init__(self, port, profile):
        self.port = port
        flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            f"--user-data-dir={profile}",
        ]
        options = {"binary": BROWSER, "args": flags}
        asked = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": asked}})["sessionId"]

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, json.dumps(body) if body is not None else None)
        found = json.loads(connection.getresponse().read())["value"]
        connection.close()
        assert not (isinstance(found, dict) and "error" in found), found
        return found

    def __call__(self, method, path, body=None):
        return self.ask(method, f"/session/{self.session}{path}", body)

    def run(self, script):
        return self("POST", "/execute/sync", {"script": script, "args": []})

    def press(self, key):
        keys = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self("POST", "/actions", {"actions": [{"type": "key", "id": "k", "actions": keys}]})

    def until(self, script, wanted):
        for _ in range(200):
            if (found := self.run(script)) == wanted:
                return
            time.sleep(0.05)
        raise AssertionError(f"{script}: {found!r} is not {wanted!r}")


@pytest.fixture
def browser(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        found = Browser(port, tmp_path / "profile")
        yield found
        found("DELETE", "")
    finally:
        driver.terminate()
        driver.wait(10)


def test_a_person_labels_with_keys_and_clicks_and_texts_stay_texts(browser, tmp_path):
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
    count = "return document.getElementById('count').textContent"
    with labelling.server(0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        browser("POST", "/url", {"url": labelling.url(server)})
        browser.until(count, "Pair 1 of 4, 0 labelled")
        shown = browser.run("return document.querySelector('#first .text').textContent")
        assert shown == labelling.pairs[0].text("first")
        assert browser.run("return document.images.length + document.querySelectorAll('main script').length") == 0
        browser.press("1")
        browser.until(count, "Pair 2 of 4, 1 labelled")
        browser.press("0")
        browser.until(count, "Pair 3 of 4, 2 labelled")
        browser.press("b")
        browser.until(count, "Pair 2 of 4, 2 labelled")
        browser.press("2")
        browser.until(count, "Pair 3 of 4, 2 labelled")
        browser.run("document.getElementById('second').click()")
        browser.until(count, "Pair 4 of 4, 3 labelled")
        browser.run("document.getElementById('same').click()")
        browser.until(count, "All 4 pairs are labelled. You can close this page.")
        thread.join(10)
        assert not thread.is_alive()
    assert [read_labels(folder)[one.id]["choice"] for one in labelling.pairs] == ["first", "second", "second", "tie"]
    assert browser.run("return document.title") == "personagen label"
    log = browser("POST", "/se/log", {"type": "browser"})
    assert [line["message"] for line in log if "Content Security Policy" in line["message"]] == []


def test_an_answer_that_could_not_be_saved_is_said(browser, tmp_path):
    folder = simulated(tmp_path / "run", [conversation(turns=2)])
    labelling = Labelling(folder, drawn(folder, 2, 0))
    with labelling.server(0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        browser("POST", "/url", {"url": labelling.url(server)})
        browser.until("return document.getElementById('count').textContent", "Pair 1 of 2, 0 labelled")
        (folder / "labels.jsonl").mkdir()
        browser.press("1")
        browser.until("return document.getElementById('problem').textContent.slice(0, 10)", "Not saved:")
        assert browser.run("return document.getElementById('count').textContent") == "Pair 1 of 2, 0 labelled"
        server.shutdown()
        thread.join(5)
