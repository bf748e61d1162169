"""What a run is said to take before it begins, against what it takes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace

import orjson
import pytest

from benchmarks.prefix_cache import prompt_tokens, tokens
from benchmarks.tokens import Cast
from personagen.errors import BudgetError, DiskError, Interrupted, QualityError, ReplyError
from personagen.flows import plan as grow
from personagen.flows.expand import expand
from personagen.flows.shape import levels
from personagen.llm.prices import Price
from personagen.options import ExpandOptions
from personagen.personas.english.text import sentences
from personagen.personas.seeds import load_seeds
from personagen.records import Completion, Usage
from personagen.runs import estimate as preflight
from personagen.runs.sizes import Size
from tests import fakes

MODEL = "tests.fakes:llm"


@pytest.fixture
def run(run):
    return partial(run, turns=2)


def people(folder, count=8):
    """A file of personas as they are: profiles and personalities of the packaged seeds."""
    seeds = load_seeds(None)
    file = folder / "people.jsonl"
    rows = zip(seeds.profiles[:count], seeds.personalities[:count], strict=True)
    file.write_bytes(b"".join(orjson.dumps({"profile": p.text, "personality": q.text}) + b"\n" for p, q in rows))
    return str(file)


def measured_cast(others=8):
    """A model whose texts have the usual lengths, and whose tokens are counted by a real vocabulary.

    What it says is about others than ``people``: a reply that knew one of them would make no pair.
    """
    seeds = load_seeds(None)
    bank = [s for entry in (*seeds.profiles[others:], *seeds.personalities[others:]) for s in sentences(entry.text)]
    items = [item.replace(".", "") for entry in seeds.profiles[others:] for item in entry.items]
    facts: Sequence[str] = [f"{one} while {other}" for one in items for other in items]  # so that none is said twice
    cast = Cast(20, 150, 0.15, bank, facts)

    def reply(call):
        messages = [{"role": m.role, "content": m.content} for m in call.messages]
        text = fakes.cast(call) if call.role == "judge" else cast.said(call.role, messages, call.schema is not None)
        asked = len(prompt_tokens(messages)) + len(tokens(orjson.dumps(call.schema).decode()) if call.schema else ())
        usage = Usage(input_tokens=asked, output_tokens=len(tokens(text)), cost_usd=None)
        return Completion(text=text, model="fake", usage=usage)

    return reply


@pytest.mark.slow
@pytest.mark.parametrize(
    ("growth", "turns", "candidates"),
    [
        *(("coin", 1, 2), ("coin", 6, 2), ("coin", 3, 4), ("best", 3, 2), ("all", 3, 2), ("beam:3", 4, 2)),
        *(("best-hard", 4, 2), ("information", 6, 2)),
    ],
)
def test_the_expected_tokens_are_within_three_tenths_of_those_counted(tmp_path, run, model, growth, turns, candidates):
    model(measured_cast())
    summary = run(personas=people(tmp_path), conversations=4, grow=growth, turns=turns, candidates=candidates)
    told, actual = summary.report.estimate, summary.report.estimate["actual"]
    # What is equal in two branches is observed once; a gate may ask again, or leave a turn without a pair.
    assert abs(told["calls"] - actual["calls"]) <= (4 if growth in ("beam:3", "best-hard", "information") else 2)
    assert actual["calls"] == summary.report.calls
    for name in ("input_tokens", "output_tokens"):
        assert 0.7 < told[name]["expected"] / actual[name] < 1.3, (name, told[name], actual[name])
        assert told[name]["low"] < actual[name] < told[name]["upper"]


def test_the_cost_is_that_of_the_prices_that_hold_with_or_without_a_cache():
    size = Size(calls=2, input=2_000_000, cached=1_000_000, output=1_000_000)
    price = Price(1e-6, 8e-6, cached_input=0.1e-6)
    assert preflight._cost(price, size, caches=True) == pytest.approx(1 + 0.1 + 8)
    assert preflight._cost(price, size, caches=False) == pytest.approx(2 + 8)
    assert preflight._cost(None, size, caches=True) is None
    assert preflight._cost(None, Size(), caches=True) == 0.0


def test_an_unknown_price_is_said_to_be_unknown_and_the_others_are_summed(run):
    summary = run(price=("judge=1,1", "user=1,1"))
    told = summary.report.estimate
    assert told["cost_usd"] is None
    assert told["unknown"] == (MODEL,)
    assert told["known_usd"] == pytest.approx(sum(told["by_role"][role] for role in ("judge", "user")))


@pytest.mark.parametrize(("turns", "max_tokens"), [(1000, 700), (16, 64_000)])
def test_a_long_run_is_estimated_without_rendering_the_longest_texts(run, edited, turns, max_tokens):
    mine = edited("assistant/plain", "max_tokens: 700", f"max_tokens: {max_tokens}")
    shown = []
    with pytest.raises(Interrupted, match="not started"):
        run(turns=turns, prompts=mine, conversations=1, consent=lambda e: bool(shown.append(e)))
    assert shown[0].input_tokens.upper > turns**2 * max_tokens * 1.5
    assert shown[0].input_tokens.low < shown[0].input_tokens.expected < shown[0].input_tokens.upper


def test_a_resumed_run_is_told_what_is_left_and_goes_by_what_the_finished_conversations_took(run):
    with pytest.raises(BudgetError):
        run(people=9, max_calls=65, concurrency=1)
    summary = run(people=9)
    told, actual = summary.report.estimate, summary.report.estimate["actual"]
    assert told["calls"] == actual["calls"] == 9 * 12 - 65
    assert told["max_calls"] == 3 * 12 * 4 - (65 - 60)
    assert actual["input_tokens"] == 3 * actual["calls"]
    assert told["input_tokens"]["expected"] == pytest.approx(actual["input_tokens"], rel=0.03)


def test_replies_that_were_shorter_than_short_ones_do_not_make_the_low_estimate_larger_than_the_expected(run):
    with pytest.raises(BudgetError):
        run(people=9, max_calls=65, concurrency=1, price="1,1")
    told = run(people=9, price="1,1").report.estimate
    for name in ("input_tokens", "output_tokens", "cost_usd"):
        assert told[name]["low"] <= told[name]["expected"] <= told[name]["upper"], name


@pytest.fixture
def grown(tmp_path):
    def grown(consent=None, **options):
        given = {"out": str(tmp_path / "pool"), "model": MODEL, "target": 30, "personalities": 30, "count": 4}
        return asyncio.run(expand(ExpandOptions(**{**given, **options}), consent=consent))

    return grown


def test_a_growth_that_took_more_calls_than_expected_still_expects_a_round_and_asks(grown, model):
    def weak(call):
        written = orjson.loads(fakes.cast(call))["descriptions"]
        return orjson.dumps({"descriptions": written[:1] * len(written)}).decode()

    model(weak)
    with pytest.raises(BudgetError):
        grown(max_calls=14, calls_per_round=3, similarity=0.99)
    shown = []
    with pytest.raises(Interrupted):
        grown(calls_per_round=3, similarity=0.99, consent=lambda e: bool(shown.append(e)))
    [told] = shown
    assert (told.calls, told.max_calls) == (6, 528)
    assert told.output_tokens.low <= told.output_tokens.expected < told.output_tokens.upper


def test_a_finished_growth_needs_nothing_and_asks_nobody(grown):
    grown()
    asked = []
    told = grown(consent=lambda estimate: asked.append(estimate) or True).report.estimate
    assert (told["calls"], told["max_calls"], asked) == (0, 0, [])
    assert told["planned"].startswith("0 new profiles and 0 new personalities; ")


def anybody(candidate, view):
    """A filter that lets everybody through, today."""


def test_a_growth_with_a_filter_of_ones_own_is_never_taken_for_finished(grown):
    filters = (f"{__name__}:anybody",)
    grown(filters=filters)
    assert grown(filters=filters).report.estimate["max_calls"] > 0


def test_where_one_pool_is_finished_only_what_the_other_misses_is_expected(grown, model):
    def profiles_alone(call):
        if call.prompt == "author/personalities":
            raise ReplyError("nothing")
        return fakes.cast(call)

    fake = model(profiles_alone)
    with pytest.raises(QualityError):
        grown(saturation=1)
    fake.reply = fakes.cast
    told = grown(saturation=1).report.estimate
    assert told["planned"].startswith("0 new profiles and 10 new personalities; ")
    assert told["calls"] == told["actual"]["calls"] == 3


def test_after_a_judges_prompt_changed_only_its_calls_are_expected(run, edited):
    run()
    summary = run(prompts=edited("judge/prefer", "Order is no reason", "Remember: order is no reason"))
    assert summary.report.estimate["calls"] == summary.report.estimate["actual"]["calls"] == 6 * 2 * 2
    assert summary.report.estimate["max_calls"] == 168


def test_a_finished_run_needs_nothing_and_asks_nobody(run):
    run()
    asked = []
    summary = run(consent=lambda estimate: asked.append(estimate) or True)
    assert summary.report.estimate["calls"] == summary.report.estimate["max_calls"] == 0
    assert asked == []


def test_a_no_ends_it_before_anything_is_asked(run, model):
    fake = model(fakes.cast)
    with pytest.raises(Interrupted, match="not started: nothing was sent and nothing was spent"):
        run(consent=lambda estimate: False)
    assert fake.calls == []
    assert run().trees == 6


def test_an_interruption_during_the_estimate_ends_it_before_the_question(run, model, monkeypatch):
    fake, asked, estimated = model(fakes.cast), [], preflight._estimated

    def interrupted(*given):
        signal.raise_signal(signal.SIGTERM)
        return estimated(*given)

    monkeypatch.setattr(preflight, "_estimated", interrupted)
    with pytest.raises(Interrupted, match="run the same command to resume"):
        run(consent=lambda estimate: asked.append(estimate) or True)
    assert fake.calls == asked == []


def test_the_estimate_stands_in_run_json_beside_what_it_was(run, tmp_path):
    summary = run()
    state = orjson.loads((tmp_path / "run" / "run.json").read_bytes())
    assert state["estimate"]["calls"] == state["estimate"]["actual"]["calls"] == summary.report.calls
    assert state["estimate"]["max_calls"] == 3 * summary.report.calls


def test_a_disk_without_room_for_the_run_stops_it_before_it_begins(run, model, monkeypatch):
    fake = model(fakes.cast)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda _: SimpleNamespace(free=10_000))
    with pytest.raises(DiskError, match=r"will need about 0\.[0-9] MB and its disk has 0\.1 MB left; nothing was sent"):
        run()
    assert fake.calls == []


@pytest.mark.parametrize("turns", [1, 8])
def test_the_run_folder_is_about_as_large_as_was_told(run, model, tmp_path, turns):
    model(measured_cast())
    summary = run(personas=people(tmp_path), conversations=8, turns=turns)
    size = sum(file.stat().st_size for file in (tmp_path / "run").rglob("*"))
    assert 0.9 * size < summary.report.estimate["bytes"] < 1.8 * size


def test_the_levels_of_a_tree_are_those_that_it_grows(run, tmp_path):
    run(grow="all", turns=3, max_nodes=30)
    tree = orjson.loads((tmp_path / "run" / "trees.jsonl").read_bytes().splitlines()[0])
    users = [node["id"].count(".") // 2 for node in tree["nodes"] if node["role"] == "user"]
    plan = grow.Plan("t", fakes.PERSONA, 0, 3, 2, "all", 30, 0)
    assert levels(plan) == [users.count(depth) for depth in range(max(users) + 1)]
