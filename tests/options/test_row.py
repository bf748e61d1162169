"""The table of options: one place for defaults and checks, and values for single roles."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import pytest

import personagen
from personagen.errors import UsageError
from personagen.options import (
    ROLES,
    ExpandOptions,
    ModelOptions,
    NamedFunction,
    OutputOptions,
    SimulateOptions,
    by_role,
    shared_and_own,
)
from personagen.options.row import rows_of
from tests import fakes

TABLES = (ExpandOptions, SimulateOptions)


def test_the_options_by_name_make_the_same_options_again():
    options = SimulateOptions(turns=3, model="openai/x", budget=2.0)
    assert SimulateOptions(**vars(options)) == options


def test_one_text_will_do_for_any_option_that_takes_several():
    assert ExpandOptions(filters="mine:f").filters == ("mine:f",)
    assert SimulateOptions(model="offline").model == ("offline",)


def test_a_path_object_is_a_path():
    assert ExpandOptions(out=Path("a") / "b").out == "a/b"


def test_an_option_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="turn"):
        SimulateOptions(turn=3)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_says_what_it_is_for_and_every_default_is_accepted(table):
    for row in rows_of(table):
        assert row.help.endswith("."), row.name
        assert row.check(row.default) == row.default
        if row.default in (None, ()) and not row.none:
            row.check(row.example)
            assert row.example is not None, row.name


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"turns": 0}, "--turns 0: choose a whole number from 1 to 1,000"),
        ({"turns": "many"}, "--turns many: choose a whole number from 1 to 1,000"),
        ({"turns": True}, "--turns True: choose a whole number from 1 to 1,000"),
        ({"turns": 1.5}, "--turns 1.5: choose a whole number from 1 to 1,000"),
        ({"turns": None}, "--turns None: choose a whole number from 1 to 1,000"),
        ({"noise": 0.6}, "--noise 0.6: choose a number from 0 to 0.5"),
        ({"timeout": math.nan}, "--timeout nan: choose a number from 1 to 86,400"),
        ({"timeout": -1}, "--timeout -1: choose a number from 1 to 86,400"),
        ({"budget": math.inf}, "--budget inf: choose a number from 0 to 1,000,000,000"),
        ({"concurrency": 0}, "--concurrency 0: choose auto or a whole number from 1 to 10,000"),
        ({"confirm_above": "soon"}, "--confirm-above soon: choose never or a number from 0 to 1,000,000,000"),
        ({"grow": "x"}, "--grow x: choose one of coin, best, all, best-hard, information or beam:B, where B is"),
        ({"grow": "beam"}, "--grow beam: give a beam a width from 2 to 1,000, such as beam:4"),
        ({"grow": "beam:1"}, "--grow beam:1: give a beam a width from 2 to 1,000"),
        ({"grow": "beam:2x"}, "--grow beam:2x: give a beam a width from 2 to 1,000"),
        ({"grow": 3}, "--grow 3: choose a text"),
        ({"batch": 1}, "--batch 1: choose true or false"),
        ({"model": 3}, "--model 3: choose a text or a list of texts"),
        ({"model": "jugde=openai/x"}, "--model jugde=openai/x: there is no role jugde; roles are author, "),
        ({"price": {"jugde": "1,2"}}, "--price jugde=1,2: there is no role jugde"),
        ({"model": "a\x1bb"}, "--model holds a control character, or text that is not UTF-8: 'a\\x1bb'"),
        ({"out": ""}, "--out is empty: give a path"),
    ],
)
def test_the_library_refuses_a_value_in_the_sentence_of_the_command_line(values, said):
    with pytest.raises(UsageError) as refused:
        personagen.simulate(**values)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize("given", [None, "auto", "AUTO"])
def test_concurrency_can_be_auto_and_confirm_above_never(given):
    assert ModelOptions(concurrency=given).concurrency is None
    assert ModelOptions(confirm_above=given and "never").confirm_above is None
    assert ModelOptions(concurrency=7, confirm_above=0).concurrency == 7


def test_a_short_help_has_about_a_dozen_options():
    for table in TABLES:
        common = [row.name for row in (*rows_of(table), *rows_of(OutputOptions)) if row.common]
        assert 10 <= len(common) <= 12, common


def test_a_model_is_a_function_a_text_or_one_for_each_role():
    several = ModelOptions(model={"judge": fakes.llm, "user": "openai/x"}).model
    assert several == ("judge=tests.fakes:llm", "user=openai/x")
    judge = by_role("--model", several)["judge"]
    assert (judge, judge.function) == ("tests.fakes:llm", fakes.llm)
    [alone] = ModelOptions(model=fakes.llm).model
    assert alone.function is fakes.llm
    assert NamedFunction(partial(fakes.llm)) == "tests.fakes:llm"
    warm = partial(fakes.llm)
    warm.__name__ = "warm"
    assert NamedFunction(warm).endswith(":warm")


def test_two_functions_of_one_name_each_answer_their_own_role(tmp_path):
    asked = {"user": set(), "judge": set()}

    def made(name):
        async def ask(call):
            asked[name].add(call.role)
            return await fakes.llm(call)

        return ask

    people = fakes.personas(tmp_path, 1)
    model = {name: made(name) for name in asked}
    personagen.simulate(personas=people, out=tmp_path / "run", turns=1, model=model, candidate="plain")
    assert asked == {"user": {"user"}, "judge": {"judge"}}


def test_a_function_that_cannot_be_imported_answers_every_call(tmp_path):
    calls = []

    async def ask(call):
        calls.append(call.role)
        return await fakes.llm(call)

    people = fakes.personas(tmp_path, 1)
    summary = personagen.simulate(personas=people, out=tmp_path / "run", turns=1, model=ask)
    assert (summary.trees, len(calls)) == (1, summary.report.calls)
    again = personagen.simulate(personas=people, out=tmp_path / "run", turns=1, model=ask)
    assert (again.report.new_calls, len(calls)) == (0, summary.report.calls)
    assert "ask" in (tmp_path / "run" / "run.json").read_text()


def test_a_roles_own_value_wins_over_the_general_one_in_any_order():
    assert by_role("--model", ["judge=b", "a"]) == dict.fromkeys(ROLES, "a") | {"judge": "b"}
    assert by_role("--model", ["judge=b"]) == {"judge": "b"}


def test_a_value_with_an_equals_sign_is_not_mistaken_for_a_role():
    url = "http://127.0.0.1:8000/v1?key=1"
    assert by_role("--base-url", [url])["user"] == url


def test_a_general_value_does_not_reach_the_encoder():
    assert "encoder" not in by_role("--base-url", ["u"])
    assert by_role("--base-url", ["encoder=u"]) == {"encoder": "u"}


def test_what_all_roles_share_and_what_is_a_roles_own_can_be_told_apart():
    assert shared_and_own("--base-url", ["judge=b", "a"]) == ("a", {"judge": "b"})


def test_texts_by_key_are_also_given_as_a_mapping():
    given = ExpandOptions(length={"profile": "10-30"}, items={"personality": "1-3"}, columns={"profile": "bio"})
    assert (given.length, given.items, given.columns) == (("profile=10-30",), ("personality=1-3",), ("profile=bio",))
    with pytest.raises(UsageError, match="choose a text or a list of texts"):
        ExpandOptions(length={"profile": 3})
