"""The list of reports on this machine: what it shows, and whom it refuses."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from personagen import report
from personagen.errors import UsageError
from personagen.flows.view import Server, listing, server, view
from tests.cli.runs import several, simulated


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Server]:
    for number, name in enumerate(("old", "a b/<i>new")):
        made = Path(report(simulated(tmp_path / name, several(1))).file)
        os.utime(made, (number, number))
    with server(tmp_path) as found:
        thread = Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def get(serving: Server, path: str, host: str | None = None) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", serving.server_port, timeout=10)
    connection.request("GET", path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    return answer.status, answer.headers["Content-Type"], answer.read().decode()


def test_the_newest_report_is_first_and_each_opens(serving: Server):
    status, kind, text = get(serving, f"/{serving.token}/")
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert text.index("&lt;i&gt;new") < text.index(">old<")
    assert "<i>" not in text
    assert "1 trees" in text
    links = [part.split('"')[0] for part in text.split('href="')[1:]]
    for link, name in zip(links, ("a b/<i>new", "old"), strict=True):
        assert get(serving, f"/{serving.token}/{link}")[2] == (serving.folder / name / "report.html").read_text()


@pytest.mark.parametrize("path", ["/", "/wrong/", "/wrong/old/report.html", "//", "/%00/"])
def test_nothing_is_shown_without_the_secret(serving: Server, path: str):
    assert get(serving, path)[0] == 404


@pytest.mark.parametrize("name", ["old/run.json", "../old/report.html", "old", "old%2f..%2fold%2freport.html", "%00"])
def test_nothing_but_reports_is_served(serving: Server, name: str):
    assert get(serving, f"/{serving.token}/{name}")[0] == 404


def test_the_page_of_another_site_gets_nothing(serving: Server):
    assert get(serving, f"/{serving.token}/", host="evil.example")[0] == 403


def test_a_folder_without_reports_is_one_sentence(tmp_path: Path):
    with pytest.raises(UsageError, match="has no report; write one with"):
        view(tmp_path)
    with pytest.raises(UsageError, match="is no folder"):
        view(tmp_path / "gone")


def test_a_damaged_run_is_listed_too(tmp_path: Path):
    run = simulated(tmp_path / "run", several(1))
    report(run)
    (run / "run.json").write_text("{")
    assert b"run.json can&#x27;t be read" in listing(tmp_path)
