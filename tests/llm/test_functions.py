"""Functions given in Python: plain and async ones, what they return, and what is told of their faults."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

import personagen
from personagen.errors import ConfigError, UsageError
from personagen.llm.functions import awaitable, raised
from tests import fakes

PEOPLE = [fakes.PERSONA]


def broken(*_):
    return {}["absent"]


def simulated(tmp_path, **options):
    return personagen.simulate(personas=PEOPLE, out=tmp_path / "run", turns=2, **{"model": fakes.llm, **options})


def test_a_plain_function_runs_in_a_thread_one_call_at_a_time():
    running, threads = [], set()

    def plain(call):
        running.append(call)
        threads.add(threading.current_thread())
        assert len(running) == 1
        threading.Event().wait(0.005)
        running.remove(call)
        return "x"

    async def main():
        ask = awaitable(plain)
        assert await asyncio.gather(*(ask(n) for n in range(5))) == ["x"] * 5

    asyncio.run(main())
    assert threading.main_thread() not in threads


def test_a_model_may_be_a_plain_function_that_returns_a_text(tmp_path):
    summary = simulated(tmp_path, model=fakes.cast)
    assert (summary.pairs, summary.report.usage["output_tokens"]) == (2, 0)


@pytest.mark.parametrize("wrap", [partial, lambda f: type("Model", (), {"__call__": lambda _, call: f(call)})()])
def test_a_partial_and_an_instance_are_models_too(tmp_path, wrap):
    assert simulated(tmp_path, model={"judge": wrap(fakes.llm)}).pairs >= 0


def test_candidates_filters_agents_and_formats_may_be_functions(tmp_path):
    def terse(ctx, conversation, known, site):
        return f"In short: {conversation[-1].content.split()[-1]}, seen {len(conversation)} times."

    def odd(candidate, view):
        return "it is odd" if len(candidate.description.text) % 2 else None

    async def shorter(ctx, persona, conversation, replies, site):
        from personagen.agents.ask import Answer
        from personagen.agents.judge import LABELS, Ranking

        order = sorted(range(len(replies)), key=lambda at: len(replies[at]))
        return Answer(Ranking(ranking=tuple(LABELS[at] for at in order)))

    simulated(tmp_path, candidate=["plain", terse], agent={"judge/prefer": shorter})
    [tree] = personagen.read_trees(tmp_path / "run")
    assert {node.agent for node in tree.nodes} == {"user", "plain", "terse"}
    assert all(j.call == "" for j in tree.judgments)

    pool = personagen.expand(filters=odd, target=24, personalities=20, out=tmp_path / "pool", model=fakes.llm)
    name = next(name for name in pool.pools["profile"]["rejected"] if name.endswith("odd"))
    assert name.startswith("tests.llm.test_functions:")

    def ids(trees, pairs):
        for pair in pairs:
            yield {"id": pair.tree}

    summary = personagen.export(tmp_path / "run", ids, tmp_path / "ids.jsonl")
    assert (summary.rows, summary.format.endswith("ids")) == (2, True)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"model": broken}, "broken"),
        ({"candidate": ["plain", lambda ctx, conversation, known, site: broken()]}, "lambda"),
        ({"agent": {"judge/prefer": lambda ctx, persona, conversation, replies, site: broken()}}, "lambda"),
    ],
)
def test_a_fault_names_the_users_file_and_line(tmp_path, options, name):
    with pytest.raises(ConfigError, match=rf"{name}.* \(.*tests/llm/test_functions.py:\d+\) raised KeyError: 'absent'"):
        simulated(tmp_path, **options)


@pytest.mark.parametrize("answer", [None, 3, ["x"], b"x"])
def test_an_answer_of_another_type_names_the_function(tmp_path, answer):
    with pytest.raises(
        ConfigError, match=r"test_functions.py:\d+\) returned an? \w+, not a text or a personagen.Comple"
    ):
        simulated(tmp_path, model=lambda _: answer)


@pytest.mark.parametrize(
    ("filter", "said"),
    [
        (broken, r"broken \(.*test_functions.py:\d+\) raised KeyError: 'absent'; correct it"),
        (lambda candidate, view: 3, r"returned an int, not a Refusal, a text or None"),
        (lambda candidate: None, r"a filter is called as f\(candidate, view\)"),
    ],
)
def test_a_fault_in_a_filter_is_no_internal_error(tmp_path, filter, said):
    with pytest.raises((ConfigError, UsageError), match=said):
        personagen.expand(filters=[filter], target=24, personalities=20, out=tmp_path / "pool", model=fakes.llm)


def test_two_functions_of_one_name_are_refused_where_the_name_is_all_that_is_known():
    def made():
        return lambda candidate, view: None

    with pytest.raises(UsageError, match=r"--filter: two functions are named .*lambda_; a run knows a function by its"):
        personagen.expand(filters=[made(), made()])


def test_a_model_that_takes_no_call_is_told_how_it_is_called(tmp_path):
    with pytest.raises(UsageError, match=r"test_functions.py:\d+\) can't be called with a Call; write it as f\(call\)"):
        simulated(tmp_path, model=lambda: "x")


def test_a_function_in_c_has_no_line_and_is_told_all_the_same():
    assert raised("builtins:len", len, TypeError("no len")) == (
        "builtins:len raised TypeError: no len; correct it and run again"
    )


def test_the_run_of_another_function_is_another_run(tmp_path):
    simulated(tmp_path, candidate=["plain", first_candidate])
    assert simulated(tmp_path, candidate=["plain", first_candidate]).report.new_calls == 0
    with pytest.raises(UsageError, match=r"candidate was .*first_candidate.*, now .*second_candidate"):
        simulated(tmp_path, candidate=["plain", second_candidate])


def first_candidate(ctx, conversation, known, site):
    return f"Salt {conversation[-1].content.split()[-1]} before {len(conversation)}."


def second_candidate(ctx, conversation, known, site):
    return f"Dry {conversation[-1].content.split()[-1]} before {len(conversation)}."
