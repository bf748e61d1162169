"""The library: progress, async functions, interrupts, short tracebacks, and what a notebook shows."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from types import ModuleType

import orjson
import pytest

import personagen
from personagen.errors import BudgetError, Interrupted, UsageError
from tests import fakes
from tests.trees import conversation

PEOPLE = [fakes.PERSONA.model_copy(update={"id": f"p{n}", "profile": f"She is {n} and keeps bees."}) for n in range(40)]
REPO = Path(__file__).parent.parent


async def slow(call):
    await asyncio.sleep(0.02)
    return fakes.cast(call)


def state(folder):
    return orjson.loads((folder / "run.json").read_bytes())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"persona": []}, r"simulate\(\) has no keyword 'persona'; did you mean 'personas'\?"),
        ({"conversatoins": 3}, r"did you mean 'conversations'\?"),
        ({"zzz": 3}, r"simulate\(\) has no keyword 'zzz'$"),
    ],
)
@pytest.mark.parametrize("function", [personagen.simulate, personagen.asimulate])
def test_a_wrong_keyword_is_told_with_the_one_that_was_meant(function, wrong, said):
    with pytest.raises(TypeError, match=said):
        function(**wrong)


def test_the_async_functions_take_the_same_keywords_and_let_other_tasks_run(tmp_path):
    for sync, other in ((personagen.simulate, personagen.asimulate), (personagen.expand, personagen.aexpand)):
        assert inspect.signature(sync) == inspect.signature(other)
    beats = []

    async def main():
        async def beat():
            while True:
                beats.append(time.monotonic())
                await asyncio.sleep(0.01)

        other = asyncio.create_task(beat())
        both = await asyncio.gather(
            *(personagen.asimulate(personas=PEOPLE[:2], turns=2, model=slow, out=tmp_path / n) for n in "ab")
        )
        other.cancel()
        return both

    one, two = asyncio.run(main())
    assert one.pairs == two.pairs == 4
    assert len(beats) > 10


@pytest.mark.parametrize("limit", [20, 300])
def test_a_spent_limit_has_a_traceback_of_a_dozen_lines(tmp_path, limit, monkeypatch):
    monkeypatch.delenv("PERSONAGEN_TRACEBACK", raising=False)

    def lines(function):
        with pytest.raises(BudgetError) as raised:
            function()
        return len("".join(traceback.format_exception(raised.value)).splitlines())

    options = {"personas": PEOPLE, "model": fakes.llm, "max_calls": limit}
    assert lines(lambda: personagen.simulate(**options, out=tmp_path / "run")) <= 12
    assert lines(lambda: asyncio.run(personagen.asimulate(**options, out=tmp_path / "other"))) <= 40  # asyncio's own
    monkeypatch.setenv("PERSONAGEN_TRACEBACK", "1")
    assert lines(lambda: personagen.simulate(**options, out=tmp_path / "run")) > 20


def test_a_function_gets_each_status_and_its_fault_does_not_end_the_run(tmp_path, caplog):
    seen = []
    options = {"personas": PEOPLE[:3], "turns": 2, "model": slow}
    personagen.simulate(**options, out=tmp_path / "run", progress=seen.append)
    assert (seen[0].done, seen[-1].done, seen[-1].total) == (0, 3, 3)
    assert all(isinstance(status, personagen.Status) for status in seen)

    def broken(status):
        raise KeyError("absent")

    assert personagen.simulate(**options, out=tmp_path / "other", progress=broken).trees == 3
    assert caplog.text.count("raised KeyError: 'absent'") == 1
    assert "tests/test_api.py:" in caplog.text


def notebook(monkeypatch):
    """A notebook, as far as it is used; returns what it shows, in place of what it showed."""
    shown = []

    class Handle:
        def update(self, data, raw):
            assert raw
            shown[-1] = data["text/plain"]

    def display(data, raw, display_id):
        assert (raw, display_id) == (True, True)
        shown.append(data["text/plain"])
        return Handle()

    ipython, module = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = type("Shell", (), {"kernel": True})
    module.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return shown


def test_a_notebook_shows_progress_unless_told_otherwise(tmp_path, monkeypatch, capsys):
    options = {"personas": PEOPLE[:3], "turns": 2, "model": slow}
    personagen.simulate(**options, out=tmp_path / "script")
    shown = notebook(monkeypatch)
    personagen.simulate(**options, out=tmp_path / "none", progress=False)
    assert shown == []
    personagen.simulate(**options, out=tmp_path / "shown")
    assert len(shown) == 1
    assert shown[0].startswith("conversations 3/3")
    assert capsys.readouterr() == ("", "")


def test_progress_can_be_asked_for_in_a_script(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("personagen.cli.progress.LINE_SECONDS", 0.0)
    personagen.simulate(personas=PEOPLE[:2], turns=2, model=slow, out=tmp_path / "run", progress=True)
    assert "conversations 2/2" in capsys.readouterr().err


def interrupting(times=1, after=12):
    """A model that sends this process SIGINT, ``times`` times, once it was asked ``after`` times."""
    asked = []

    async def model(call):
        asked.append(call)
        if len(asked) == after:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.2 * (times - 1))
        await asyncio.sleep(0.02)
        return fakes.cast(call)

    model.asked = asked
    return model


async def cell(**options):
    """A notebook's cell: it runs in a loop."""
    return personagen.simulate(**options)


WAYS = {
    "script": personagen.simulate,
    "cell": lambda **options: asyncio.run(cell(**options)),
    "await": lambda **options: asyncio.run(personagen.asimulate(**options)),
}


@pytest.mark.parametrize("how", ["script", "cell", "await"])
def test_an_interrupt_ends_a_run_in_order_with_and_without_a_running_loop(tmp_path, how):
    model = interrupting()
    options = {"personas": PEOPLE, "model": model, "out": tmp_path / "run", "turns": 3}
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted):
        WAYS[how](**options)
    assert state(tmp_path / "run")["status"].startswith("stopped: interrupted")
    assert state(tmp_path / "run")["usage"]["calls"] == len(model.asked) < 300
    assert signal.getsignal(signal.SIGINT) is before
    summary = personagen.simulate(**options | {"model": fakes.llm, "conversations": None, "out": tmp_path / "again"})
    assert summary.trees == 40


@pytest.mark.parametrize("how", ["script", "cell"])
def test_a_second_interrupt_drops_calls_in_flight_and_still_writes_run_json(tmp_path, how):
    options = {"personas": PEOPLE, "model": interrupting(2), "out": tmp_path / "run", "turns": 3}
    with pytest.raises(KeyboardInterrupt):
        WAYS[how](**options)
    assert state(tmp_path / "run")["status"] == "interrupted"


def test_one_interrupt_ends_all_runs_of_a_process(tmp_path):
    async def main():
        model = interrupting()
        runs = (personagen.asimulate(personas=PEOPLE, model=model, turns=3, out=tmp_path / n) for n in "ab")
        return await asyncio.gather(*runs, return_exceptions=True)

    before = signal.getsignal(signal.SIGINT)
    assert [type(ended) for ended in asyncio.run(main())] == [Interrupted, Interrupted]
    assert {state(tmp_path / n)["status"].partition(";")[0] for n in "ab"} == {"stopped: interrupted"}
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_in_a_thread_of_ones_own_leaves_signals_alone(tmp_path):
    before, found = signal.getsignal(signal.SIGINT), []

    def run():
        found.append(personagen.simulate(personas=PEOPLE[:2], turns=2, model=slow, out=tmp_path / "run").trees)

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        assert signal.getsignal(signal.SIGINT) is before
        time.sleep(0.01)
    assert found == [2]


HOSTILE = "<script>alert(1)</script> \"'&amp; </td>"


def test_a_tree_and_a_pair_show_escaped_text_only_in_a_notebook():
    tree = conversation(turns=2)
    nodes = tuple(
        n.model_copy(update={"content": f"{HOSTILE} {n.id} {n.id[::-1]} {n.content}", "agent": "<b>a"})
        for n in tree.nodes
    )
    judgments = tuple(j.model_copy(update={"reason": HOSTILE}) for j in tree.judgments)
    persona = tree.persona.model_copy(update={"profile": HOSTILE})
    hostile = tree.model_copy(update={"nodes": nodes, "judgments": judgments, "persona": persona, "id": "<i>"})
    from personagen.pairs import pairs_of

    for shown in (hostile._repr_html_(), pairs_of(hostile)[0][1]._repr_html_()):
        rest = shown.replace("<br>", "")
        assert "<script" not in rest
        tags = {part.partition(">")[0].partition(" ")[0].strip("/") for part in rest.split("<")[1:]}
        assert tags == {"table", "caption", "tr", "td", "b"}
        assert "&lt;script&gt;alert(1)" in rest
    assert hostile._repr_html_().count("preferred:") == 2


def test_a_tie_and_verdicts_that_differ_prefer_nothing_in_a_notebook():
    tree = conversation(turns=1)
    tied = tuple(j.model_copy(update={"tie": True}) for j in tree.judgments)
    turned = (tree.judgments[0], tree.judgments[1].model_copy(update={"ranking": tree.judgments[0].ranking[::-1]}))
    for judgments in (tied, turned, turned[::-1]):
        assert "preferred:" not in tree.model_copy(update={"judgments": judgments})._repr_html_()


def test_names_appear_while_typing():
    code = "import personagen, json; print(json.dumps(dir(personagen)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPO)
    assert orjson.loads(done.stdout) == sorted([*personagen.__all__, "__version__"])


def test_read_personas_takes_what_simulate_takes_and_logs_what_it_noted(caplog, tmp_path):
    rows = [{"bio": "She keeps bees in Leeds.", "job": "nurse"}, {"bio": None, "job": "cook"}]
    [found] = personagen.read_personas(rows, columns={"profile": "bio"}, skip_bad_lines=True)
    assert (found.profile, found.attributes["occupation"]) == ("She keeps bees in Leeds.", "nurse")
    assert "2 rows: 1 read, 1 skipped" in caplog.text
    with pytest.raises(UsageError, match="data row 2: bio is empty"):
        personagen.read_personas(iter(rows), columns={"profile": "bio"})
    fakes.personas(tmp_path, 3)
    caplog.clear()
    assert len(personagen.read_personas(tmp_path / "personas.jsonl")) == 3
    assert not caplog.text
