"""The page on which a person labels pairs, over real HTTP, and what its answers say of the judge."""

from __future__ import annotations

import http.client
import json
import re
import threading
from contextlib import contextmanager

import orjson
import pytest

from personagen.errors import CorruptError, InUseError, UsageError
from personagen.flows import labels
from personagen.flows.label import Labelling, label
from personagen.flows.labels import drawn, label_summary, read_labels, save
from personagen.store.lock import locked
from tests.cli.runs import expanded, several, simulated
from tests.trees import PERSONA, conversation

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def folder(tmp_path):
    return simulated(tmp_path / "run", several(8))


@contextmanager
def served(folder, pairs=6, seed=0):
    """``ask(path, ...)`` of a running server, and the labelling behind it."""
    labelling = Labelling(folder, drawn(folder, pairs, seed))
    with labelling.server(0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()

        def ask(path="", *, method="GET", body=None, host=None, secret=labelling.token, **headers):
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
            sent = {"Host": host or f"127.0.0.1:{server.server_port}", **headers}
            connection.request(method, f"/{secret}/{path}", body=body, headers=sent)
            response = connection.getresponse()
            found = response.status, dict(response.getheaders()), response.read()
            connection.close()
            return found

        ask.port, ask.thread = server.server_port, thread
        try:
            yield ask, labelling
        finally:
            server.shutdown()
            thread.join(5)


def pair(ask, number=None):
    return json.loads(ask("pair" if number is None else f"pair?number={number}")[2])


def answer(ask, number, choice):
    status, _, body = ask("answer", method="POST", body=json.dumps({"number": number, "choice": choice}), **JSON)
    assert status == 200, body
    return json.loads(body)


def test_answers_are_saved_at_once_and_the_last_one_ends_the_server(folder):
    with served(folder, 3) as (ask, labelling):
        for number, choice in enumerate(("first", "tie", "second")):
            assert pair(ask)["number"] == number
            after = answer(ask, number, choice)
            assert len(read_labels(folder)) == after["labelled"] == number + 1
        assert after == {"number": None, "of": 3, "labelled": 3}
        ask.thread.join(5)
        assert not ask.thread.is_alive()
    rows = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]
    assert [row["choice"] for row in rows] == ["first", "tie", "second"]
    assert [row["pair"] for row in rows] == [one.id for one in labelling.pairs]
    assert (folder / "labels.jsonl").stat().st_mode & 0o777 == 0o600


def test_the_page_goes_on_where_it_stopped_and_an_answer_can_be_changed(folder):
    with served(folder) as (ask, _):
        answer(ask, 0, "first")
        answer(ask, 1, "first")
    with served(folder) as (ask, labelling):
        assert pair(ask)["number"] == 2
        assert pair(ask, 0)["choice"] == "first"
        assert answer(ask, 0, "second")["number"] == 2
        assert pair(ask, 0)["choice"] == "second"
    assert read_labels(folder)[labelling.pairs[0].id]["choice"] == "second"
    assert len(read_labels(folder)) == 2


def test_it_is_blind_and_shows_persona_conversation_and_both_replies(folder):
    with served(folder) as (ask, labelling):
        shown = pair(ask, 4)
        one = labelling.pairs[4]
    assert set(shown) == {"number", "of", "labelled", "persona", "conversation", "first", "second", "choice"}
    assert shown["persona"] == f"{PERSONA.profile}\n\n{PERSONA.personality}"
    assert [said["text"] for said in shown["conversation"]] == [message.content for message in one.pair.prompt]
    both = {one.pair.chosen[0].content, one.pair.rejected[0].content}
    assert {shown["first"], shown["second"]} == both
    assert shown[one.chosen] == one.pair.chosen[0].content
    assert not re.search(r"aware|plain|chosen|rejected|\b0\.\d", json.dumps(shown))


def test_pairs_and_sides_are_drawn_by_the_seed(folder):
    one, again, other = (drawn(folder, 12, seed) for seed in (1, 1, 2))
    assert [(d.id, d.chosen) for d in one] == [(d.id, d.chosen) for d in again]
    assert [d.id for d in one] != [d.id for d in other]
    assert {d.chosen for d in one} == {"first", "second"}
    assert len({d.id for d in drawn(folder, 500, 1)}) == 24


def test_the_page_runs_its_own_script_only_and_puts_nothing_in_as_html(folder):
    with served(folder) as (ask, _):
        status, headers, body = ask()
        _, _, again = ask()
    policy = headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", policy)[1]
    assert status == 200
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert body.count(f'nonce="{nonce}"'.encode()) == 2
    assert nonce.encode() not in again
    assert not re.search(rb"innerHTML|insertAdjacent|document\.write|eval\(|\son\w+=|style=|https?://", body)
    assert (headers["X-Frame-Options"], headers["Cache-Control"]) == ("DENY", "no-store")


@pytest.mark.parametrize(
    ("path", "how", "status"),
    [
        ("", {"secret": "wrong"}, 404),
        ("pair", {"secret": ""}, 404),
        ("other", {}, 404),
        ("pair", {"host": "evil.example"}, 403),
        ("pair", {"host": "evil.example", "secret": "wrong"}, 403),
        ("pair?number=99", {}, 404),
        ("answer", {"method": "POST", "body": "{}", "host": "evil.example", **JSON}, 403),
        ("answer", {"method": "POST", "body": '{"number": 0, "choice": "tie"}', "Origin": "http://a.b", **JSON}, 403),
        ("answer", {"method": "POST", "body": '{"number": 0, "choice": "tie"}', "Content-Type": "text/plain"}, 400),
        ("answer", {"method": "POST", "body": '{"number": 0, "choice": "third"}', **JSON}, 400),
        ("answer", {"method": "POST", "body": '{"number": true, "choice": "tie"}', **JSON}, 400),
        ("answer", {"method": "POST", "body": '{"number": 6, "choice": "tie"}', **JSON}, 400),
        ("answer", {"method": "POST", "body": '{"number": -1, "choice": "tie"}', **JSON}, 400),
        ("answer", {"method": "POST", "body": "[1]", **JSON}, 400),
        ("answer", {"method": "POST", "body": "no json", **JSON}, 400),
        ("answer", {"method": "POST", "body": f'"{"x" * 2000}"', **JSON}, 400),
        ("pair", {"method": "POST", "body": "{}", **JSON}, 404),
        ("answer", {"method": "GET"}, 404),
        ("pair", {"method": "PUT", "body": "{}"}, 501),
    ],
)
def test_what_is_refused_saves_nothing(folder, path, how, status):
    with served(folder) as (ask, _):
        assert ask(path, **how)[0] == status
        assert pair(ask)["labelled"] == 0
    assert not (folder / "labels.jsonl").exists()


def test_the_own_page_may_answer(folder):
    with served(folder) as (ask, _):
        origin = f"http://127.0.0.1:{ask.port}"
        body = json.dumps({"number": 0, "choice": "tie"})
        assert ask("answer", method="POST", body=body, Origin=origin, **JSON)[0] == 200


def test_only_this_machine_is_served(folder):
    with Labelling(folder, drawn(folder, 1, 0)).server(0) as server:
        assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("torn", [b'{"pair": "x', b'{"pair": "x", "choice": "tie", "chosen": "first"}'])
def test_a_line_that_a_crash_tore_is_dropped_and_written_over(folder, torn):
    one, other = drawn(folder, 2, 0)
    save(folder, one, "first")
    with (folder / "labels.jsonl").open("ab") as file:
        file.write(torn)
    assert list(read_labels(folder)) == [one.id]
    save(folder, other, "tie")
    assert list(read_labels(folder)) == [one.id, other.id]
    assert (folder / "labels.jsonl").read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("line", ["no json", '{"pair": "p", "choice": "third", "chosen": "first"}', "[]"])
def test_a_damaged_line_is_named(folder, line):
    (folder / "labels.jsonl").write_text(f"{line}\n")
    with pytest.raises(CorruptError, match=r"labels\.jsonl:1 is not a label"):
        read_labels(folder)


def said(*rows):
    return {str(n): {"choice": choice, "chosen": chosen} for n, (choice, chosen) in enumerate(rows)}


def test_the_agreement_counts_ties_as_no_agreement_and_allows_for_chance():
    found = label_summary(said(*[("first", "first")] * 10, *[("second", "second")] * 10, *[("first", "second")] * 5))
    assert (found["labelled"], found["ties"]) == (25, 0)
    assert found["same"]["value"] == 0.8
    assert found["kappa"]["value"] == pytest.approx((0.8 - 0.48) / 0.52)
    with_ties = label_summary(said(("first", "first"), ("tie", "first"), ("tie", "second"), ("second", "second")))
    assert (with_ties["ties"], with_ties["same"]["value"]) == (2, 0.5)
    assert label_summary({}) == {"labelled": 0, "ties": 0}


def test_the_command_prints_the_address_serves_and_ends_with_the_agreement(folder, command):
    seen = []

    def person(address):
        seen.append(address)
        host, token = re.fullmatch(r"http://(127\.0\.0\.1:\d+)/([\w-]{20,})/", address).groups()
        threading.Thread(target=label_all, args=(host, token, 4)).start()

    found = label(folder, 4, 0, 0, person)
    assert (found["labelled"], found["pairs"]) == (4, 4)
    assert len(seen) == 1
    done = command("label", folder, "--pairs", 4).stdout
    assert "labelled     4 pairs by a person" in done
    assert "the judge" in done
    assert "4 pairs by a person" in command("show", folder).stdout
    assert json.loads(command("label", folder, "--pairs", 4, "--json").stdout)["labelled"] == 4


def label_all(host, token, count):
    for number in range(count):
        connection = http.client.HTTPConnection(host, timeout=5)
        body = json.dumps({"number": number, "choice": "first"})
        connection.request("POST", f"/{token}/answer", body, JSON)
        assert connection.getresponse().status == 200
        connection.close()


def test_ctrl_c_ends_it_with_what_was_said(folder, monkeypatch):
    from http.server import ThreadingHTTPServer

    save(folder, drawn(folder, 3, 0)[0], "first")

    def interrupted(self, poll_interval):
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadingHTTPServer, "serve_forever", interrupted)
    assert label(folder, 3, 0, 0, lambda _: None)["labelled"] == 1


def test_what_has_no_pairs_is_refused_with_what_to_do(tmp_path):
    pool = expanded(tmp_path / "pool", [PERSONA])
    with pytest.raises(UsageError, match="has personas, not pairs"):
        label(pool)
    with pytest.raises(UsageError, match="is not a run folder"):
        label(tmp_path / "none")
    bare = conversation(turns=1)
    empty = simulated(tmp_path / "empty", [bare.model_copy(update={"judgments": ()})])
    with pytest.raises(UsageError, match="has no pairs to label"):
        label(empty)


def test_two_processes_and_a_taken_port_are_refused(folder, tmp_path):
    with locked(folder), pytest.raises(InUseError):
        label(folder)
    with served(folder) as (ask, _), pytest.raises(UsageError, match=f"--port {ask.port} can't be used"):
        label(simulated(tmp_path / "other", several(1)), port=ask.port)


def test_exporting_over_the_labels_is_refused(folder):
    from personagen.flows.export import export

    with pytest.raises(UsageError, match="belongs to the run itself"):
        export(folder, "trl", folder / labels.FILE)


def test_a_label_of_a_reply_in_any_script_is_text(tmp_path):
    tree = conversation(turns=1)
    nasty = '<script>alert(1)</script> \u202e 「日本」 & "quoted"'
    nodes = (*tree.nodes[:-1], tree.nodes[-1].model_copy(update={"content": nasty}))
    folder = simulated(tmp_path / "n", [tree.model_copy(update={"nodes": nodes})])
    with served(folder, 1) as (ask, _):
        _, headers, body = ask("pair")
    assert headers["Content-Type"] == "application/json"
    assert nasty in {orjson.loads(body)["first"], orjson.loads(body)["second"]}
