"""A run that grows: small, then large in one folder gives the bytes of large at once, and asks only the difference."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from personagen.agents.custom import candidates
from personagen.errors import UsageError
from personagen.flows.conversation import Conversation
from personagen.flows.expand import expand
from personagen.flows.growth import drawn
from personagen.flows.plan import Plans
from personagen.flows.simulate import simulate
from personagen.options import ExpandOptions, SimulateOptions
from personagen.personas.seeds import load_personas
from personagen.store.files import read_state
from tests import fakes

pytestmark = pytest.mark.slow

MODEL = "tests.fakes:llm"
FRESH = count()
ONCE = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
two = st.tuples(st.integers(1, 9), st.integers(1, 9)).map(sorted)


def wasteful(call):
    """The cast, whose author repeats itself now and then, and whose user is sometimes useless."""
    reply = fakes.cast(call)
    luck = int(call.key[:4], 16)
    if call.role == "author":
        made = orjson.loads(reply)["descriptions"]
        return orjson.dumps({"descriptions": made + made[: luck % 4]}).decode() if luck % 7 else "no json"
    return "" if call.role == "user" and luck % 11 == 0 else reply


@pytest.fixture
def grows(tmp_path, model, monkeypatch):
    """Runs ``start(folder, **small)``, then ``**large`` there and elsewhere; returns both summaries."""

    def grows(start, files, small, large):
        name = next(FRESH)
        first = model(wasteful)
        start(f"{name}/grown", **small)
        rest = model(wasteful)
        summary = start(f"{name}/grown", **large)
        whole = model(wasteful)
        start(f"{name}/whole", **large)
        keys = [{call.key for call in fake.calls} for fake in (first, rest, whole)]
        for file in files:
            grown, at_once = (tmp_path / f"{name}/{folder}/{file}" for folder in ("grown", "whole"))
            assert grown.read_bytes() == at_once.read_bytes(), file
        assert keys[1] == keys[2] - keys[0]
        return summary, *keys

    return grows


@pytest.fixture
def talks(tmp_path):
    def talks(out, people=4, **options):
        given = {"personas": str(fakes.personas(tmp_path, people)), "out": str(tmp_path / out), "model": MODEL}
        return asyncio.run(simulate(SimulateOptions(**{"turns": 2, **given, **options})))

    return talks


@pytest.fixture
def pools(tmp_path):
    seeds = [fakes.profile(f"seed {n}") for n in range(3)] + [fakes.personality(f"seed {n}") for n in range(3)]
    rows = [{"profile" if "facts" in s else "personality": s.pop("text"), **s} for s in seeds]
    (tmp_path / "seeds.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))

    def pools(out, **options):
        given = {"seeds": str(tmp_path / "seeds.jsonl"), "out": str(tmp_path / out), "model": MODEL, "similarity": 0.95}
        return asyncio.run(expand(ExpandOptions(**{"count": 3, "calls_per_round": 3, **given, **options})))

    return pools


@ONCE
@given(two, st.sampled_from(["coin", "best", "all", "beam:2", "best-hard", "information"]), st.integers(0, 3))
def test_more_conversations_are_added_to_those_there(grows, talks, sizes, grow, seed):
    small, large = ({"conversations": n, "grow": grow, "seed": seed, "max_nodes": 9} for n in sizes)
    _, first, _, whole = grows(talks, fakes.RESULTS, small, large)
    assert first <= whole


@ONCE
@given(two, st.sampled_from(["coin", "best", "all", "beam:2", "best-hard", "information"]), st.integers(0, 3))
def test_more_turns_go_on_from_the_last_turn_but_one(grows, talks, sizes, grow, seed):
    small, large = ({"turns": n, "grow": grow, "seed": seed, "max_nodes": 30} for n in sizes)
    grows(talks, fakes.RESULTS, small, large)


@ONCE
@given(st.tuples(two, two, two))
def test_all_sizes_of_a_run_can_grow_at_once(grows, talks, sizes):
    small, large = (
        dict(zip(("people", "conversations", "turns"), each, strict=True)) for each in zip(*sizes, strict=True)
    )
    grows(talks, fakes.RESULTS, small, large)


@ONCE
@given(
    st.tuples(st.integers(1, 60), st.integers(1, 60)).map(sorted),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(0, 3),
)
@example([10, 40], 3, 3, 0)
def test_a_higher_target_goes_on_where_the_pool_is(grows, pools, sizes, at_once, count, seed):
    small, large = ({"target": n, "calls_per_round": at_once, "count": count, "seed": seed} for n in sizes)
    _, first, _, whole = grows(pools, ("personas.jsonl", "rejections.jsonl"), small, large)
    assert first <= whole


@ONCE
@given(two, two)
def test_more_personalities_ask_only_for_these(grows, pools, sizes, targets):
    small, large = ({"target": 10 * t, "personalities": 3 * n} for t, n in zip(targets, sizes, strict=True))
    _, first, _, whole = grows(pools, ("personas.jsonl", "rejections.jsonl"), small, large)
    assert first <= whole


@pytest.mark.parametrize("per_profile", [1, 3])
def test_the_personas_of_a_smaller_target_come_first(pools, tmp_path, per_profile):
    lines = []
    for target in (30, 45, 90):
        pools(f"pool-{target}", target=target, per_profile=per_profile)
        lines.append((tmp_path / f"pool-{target}" / "personas.jsonl").read_bytes().splitlines())
    assert lines[2][: len(lines[1])] == lines[1]
    assert lines[1][: len(lines[0])] == lines[0]
    assert len(lines[0]) == 30 * per_profile


def test_later_personalities_are_used_as_often_as_the_first_ones(pools, tmp_path):
    pools("pool", target=90)
    personas, _ = load_personas(tmp_path / "pool" / "personas.jsonl")
    uses = [[p.personality for p in personas].count(text) for text in {p.personality for p in personas}]
    assert len(uses) == 90
    assert set(uses) == {1}
    pools("shared", target=90, per_personality=3)
    personas, _ = load_personas(tmp_path / "shared" / "personas.jsonl")
    uses = [[p.personality for p in personas].count(text) for text in {p.personality for p in personas}]
    assert max(uses) == 3
    assert len(personas) == 90


def test_the_pool_grown_and_the_run_grown_on_it_ask_nothing_again(grows, pools, talks, tmp_path, model):
    pools("pool", target=8)
    personas = tmp_path / "pool" / "personas.jsonl"
    first = model(fakes.cast)
    talks("run", personas=str(personas))
    pools("pool", target=12)
    rest = model(fakes.cast)
    summary = talks("run", personas=str(personas))
    assert summary.conversations == 12
    assert 4 * 2 * 6 <= len(rest.calls) < len(first.calls)
    assert not {call.key for call in rest.calls} & {call.key for call in first.calls}


def test_what_more_turns_ask_anew_is_said_beforehand(talks, caplog, edited):
    talks("run", turns=3)
    summary = talks("run", turns=5)
    [note] = [note for note in summary.report.notes if "--turns" in note]
    assert note == "--turns was 3, now 5: no prompt shows how many turns there are, so all is kept"
    assert note in caplog.text
    folder = Path(edited("user/speak", "personality, turn,", "personality, turn, turns,"))
    plain = (folder / "user" / "speak.md").read_text()

    def shown(more):
        (folder / "user" / "speak.md").write_text(plain.replace("turn {{ turn }}.", more))
        return str(folder)

    last = shown("turn {{ turn }}{% if turn == turns %}, the last{% endif %}.")
    talks("last", turns=3, prompts=last)
    [note] = [note for note in talks("last", turns=5, prompts=last).report.notes if "--turns" in note]
    assert note.startswith("--turns was 3, now 5: turns 1 to 2 are kept, and what follows from turn 3 on is asked anew")
    other = shown("turn {{ turn }} of {{ turns }}.")
    talks("told", turns=3, prompts=other)
    [note] = [note for note in talks("told", turns=5, prompts=other).report.notes if "--turns" in note]
    assert note.startswith("--turns was 3, now 5: what follows from turn 1 on is asked anew, since")


def test_the_estimate_of_a_larger_run_is_what_it_adds(talks):
    talks("run", conversations=3, turns=2)
    assert talks("run", conversations=5, turns=2).report.estimate["planned"].startswith("2 conversations x 2 turns;")
    told = talks("run", conversations=5, turns=3).report
    assert told.estimate["calls"] == told.new_calls == 5 * 8


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"conversations": 3}, "conversations was 4, now 3"),
        ({"turns": 1}, "turns was 2, now 1"),
        ({"seed": 1, "turns": 5}, "seed was 0, now 1"),
        ({"candidates": 3}, "candidates was 2, now 3"),
    ],
)
def test_a_smaller_run_or_another_one_is_refused(talks, options, said):
    talks("run")
    with pytest.raises(UsageError, match=said):
        talks("run", **options)
    assert talks("run").report.new_calls == 0


def test_other_personas_are_refused(talks, tmp_path):
    talks("run")
    other = fakes.personas(tmp_path / "run", 6)
    other.write_bytes(b"\n".join(reversed(other.read_bytes().splitlines())))
    with pytest.raises(UsageError, match="other personas"):
        talks("run", personas=str(other))


def test_a_smaller_target_is_refused(pools):
    pools("pool", target=20)
    with pytest.raises(UsageError, match="target was 20, now 10"):
        pools("pool", target=10)


def test_a_larger_run_that_was_stopped_goes_on(talks, tmp_path):
    talks("run", conversations=2)
    with pytest.raises(Exception, match="max-calls"):
        talks("run", conversations=6, turns=4, max_calls=40)
    assert read_state(tmp_path / "run")["status"].startswith("stopped")
    talks("run", conversations=6, turns=4)
    talks("whole", conversations=6, turns=4)
    for name in fakes.RESULTS:
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_tree_draws_its_lengths_and_coins_by_its_place_alone(tmp_path, talks):
    people, _ = load_personas(fakes.personas(tmp_path, 5))
    found = []
    for conversations, turns in ((3, 2), (9, 7)):
        plans = Plans(SimulateOptions(conversations=conversations, turns=turns), people, candidates(("aware", "plain")))
        trees = [Conversation(fakes.context(fakes.cast), plan) for plan in plans][:3]
        found.append(
            [(tree.plan.id, tree.ctx.words, drawn(tree.plan, "0"), drawn(tree.plan, "0.0.0")) for tree in trees]
        )
    assert found[0] == found[1]


def test_a_pool_that_grows_draws_examples_of_the_same_entries():
    sizes = [5, 7, 9, 9, 12, 15, 18]
    seen = [pool_seen(sizes, call, 3) for call in range(7)]
    assert seen == [5, 5, 7, 7, 9, 9, 12]


def pool_seen(sizes, call, at_once):
    from personagen.flows.pool_growth import entries_seen

    return entries_seen(sizes[: call + 1], call, ExpandOptions(calls_per_round=at_once))
