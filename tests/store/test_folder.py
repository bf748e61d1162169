"""The run folder: resumed with the same identity, refused with another, prompts copied, usage recorded."""

from __future__ import annotations

import asyncio
import os
from types import SimpleNamespace

import orjson
import pytest

from personagen.errors import DiskError, UsageError
from personagen.prompts import files as prompts
from personagen.store.batches import Batch, Batches
from personagen.store.files import make_folder, read_state
from personagen.store.folder import open_run
from tests.fakes import answer


@pytest.fixture
def judge(tmp_path):
    folder = tmp_path / "p" / "judge"
    folder.mkdir(parents=True)

    def load(text):
        (folder / "prefer.md").write_text(f"---\ndescription: d\ninputs: []\n---\nuser:\n{text}")
        return prompts.load("judge/prefer", (tmp_path / "p",))

    return load


def used(folder, command, identity, judge):
    """A folder in which one answer was stored."""

    async def main():
        with open_run(folder, command, identity, {}, [judge("a")]) as run:
            await run.journal.store("k", "user", "m", "", answer("x"), 0.1)

    asyncio.run(main())


def test_a_folder_in_which_nothing_was_answered_takes_the_corrected_command(tmp_path, judge):
    with open_run(tmp_path / "r", "simulate", {"model": "tpyo"}, {}, [judge("a")]):
        pass
    with open_run(tmp_path / "r", "simulate", {"model": "typo"}, {}, [judge("a")]):
        pass
    used(tmp_path / "r", "simulate", {"model": "typo"}, judge)
    with (
        pytest.raises(UsageError, match="model was typo, now tpyo"),
        open_run(tmp_path / "r", "simulate", {"model": "tpyo"}, {}, [judge("a")]),
    ):
        pass


def test_a_folder_whose_first_answers_are_under_way_in_a_batch_is_refused_with_other_settings(tmp_path, judge):
    batch = Batch("w", "openai/m", "http://127.0.0.1/v1", frozenset(), 5.0, {"k": 0.5})
    with open_run(tmp_path / "r", "simulate", {"seed": 1}, {}, [judge("a")]) as run:
        asyncio.run(Batches(run.journal).intend(batch))
    with (
        pytest.raises(UsageError, match="seed was 1, now 2"),
        open_run(tmp_path / "r", "simulate", {"seed": 2}, {}, [judge("a")]),
    ):
        pass


@pytest.mark.parametrize("name", [".DS_Store", "lost+found", ".nfs0000001"])
def test_what_the_system_puts_into_a_folder_does_not_make_it_somebodys(tmp_path, judge, name):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / name).write_bytes(b"")
    with open_run(tmp_path / "r", "simulate", {}, {}, [judge("a")]):
        pass
    (tmp_path / "r" / ".lock").unlink()
    (tmp_path / "r" / "journal.db").unlink()
    with pytest.raises(UsageError, match="not a run"), open_run(tmp_path / "r", "simulate", {}, {}, [judge("a")]):
        pass


@pytest.mark.parametrize("path", ["r", "r/s"])
def test_a_folder_below_one_that_may_not_be_entered_is_told_as_the_disks_refusal(tmp_path, judge, path):
    (tmp_path / "theirs").mkdir(mode=0)
    prompt, me = judge("a"), os.geteuid()
    if me == 0:
        os.seteuid(65534)
    try:
        with (
            pytest.raises(DiskError, match="Permission denied; give another --out"),
            open_run(tmp_path / "theirs" / path, "simulate", {}, {}, [prompt]),
        ):
            pass
        with pytest.raises(DiskError, match="Permission denied; give another --out"):
            make_folder(tmp_path / "theirs" / path)
    finally:
        os.seteuid(me)
        (tmp_path / "theirs").chmod(0o700)


def test_a_folder_made_with_other_settings_is_refused_with_the_difference(tmp_path, judge):
    used(tmp_path / "r", "simulate", {"turns": 3, "seed": 1}, judge)
    with (
        pytest.raises(UsageError, match=r"turns was 3, now 4; give another --out"),
        open_run(tmp_path / "r", "simulate", {"turns": 4, "seed": 1}, {}, [judge("a")]),
    ):
        pass


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({"seed": 1}, {"seed": 2, "keep": "all", "x": 1}, "it was begun by an older version, which had no keep, x"),
        ({"seed": 1, "keep": "all"}, {"seed": 1}, "it was begun by another version, in which keep mattered"),
        ({"personas": "0" * 16, "n": 1}, {"personas": "a" * 16, "n": 2}, "n was 1, now 2, other personas"),
        ({"topics": "0" * 16}, {"topics": None}, f"topics was {'0' * 16}, now None"),
        ({"pairs": "0" * 16}, {"personas": "0" * 16, "n": 1}, "it was begun with pairs, and without personas, n"),
    ],
)
def test_what_is_different_is_said_in_words(tmp_path, judge, before, now, told):
    used(tmp_path / "r", "evaluate", before, judge)
    with (
        pytest.raises(UsageError, match=f"r holds another run: {told}; give another --out"),
        open_run(tmp_path / "r", "evaluate", now, {}, [judge("a")]),
    ):
        pass


def test_a_folder_of_another_command_is_refused_with_its_name(tmp_path, judge):
    used(tmp_path / "r", "expand", {"seed": 1}, judge)
    with (
        pytest.raises(UsageError, match="r holds another run: one of expand; give another --out"),
        open_run(tmp_path / "r", "simulate", {"seed": 2, "turns": 1}, {}, [judge("a")]),
    ):
        pass


def test_a_folder_of_a_version_with_another_setting_is_refused_by_that_setting(tmp_path, judge):
    used(tmp_path / "r", "simulate", {"seed": 1, "against": None}, judge)
    with (
        pytest.raises(UsageError, match="it was begun by another version, in which against mattered; give another"),
        open_run(tmp_path / "r", "simulate", {"seed": 1}, {}, [judge("a")]),
    ):
        pass


def test_a_folder_with_something_else_in_it_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(UsageError, match="not a run"), open_run(tmp_path, "simulate", {}, {}, []):
        pass


def test_an_edited_prompt_is_noted_copied_and_makes_other_results(tmp_path, judge, caplog):
    with open_run(tmp_path / "r", "simulate", {}, {}, [judge("a")]) as first:
        pass
    with open_run(tmp_path / "r", "simulate", {}, {}, [judge("b")]) as second:
        pass
    assert first.fingerprint != second.fingerprint
    assert first.notes == ()
    assert "judge/prefer changed" in second.notes[0]
    assert caplog.messages == ["prompts changed since this run began, so their calls are made again: judge/prefer"]
    assert (tmp_path / "r" / "prompts" / "judge" / "prefer.md").read_text().endswith("b")


def test_run_json_says_what_was_asked_and_what_it_cost(tmp_path, judge):
    async def main():
        with open_run(tmp_path / "r", "simulate", {"turns": 3}, {"turns": 3, "out": "r"}, [judge("a")]) as run:
            await run.journal.store("k", "user", "m", "", answer("x"), 0.1)
            run.record(SimpleNamespace(status="done", estimate={}), {"pairs": 7})

    asyncio.run(main())
    state = read_state(tmp_path / "r")
    assert state["options"] == {"turns": 3, "out": "r"}
    assert state["usage"]["cost_usd"] == 0.5
    assert state["usage"]["by_role"]["user (m)"]["calls"] == 1
    assert state["summary"] == {"pairs": 7}
    assert orjson.loads((tmp_path / "r" / "run.json").read_bytes()) == state


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"no run\.json"):
        read_state(tmp_path)
