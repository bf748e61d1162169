"""Twins: another person talks about the same matter, and for them the rejected reply is the right one."""

from __future__ import annotations

import asyncio

import pytest
from click.testing import CliRunner

from personagen.cli import main
from personagen.errors import UsageError
from personagen.flows.merge import merge
from personagen.flows.replay import replay
from personagen.flows.simulate import simulate
from personagen.offline.thread import read
from personagen.options import SimulateOptions
from personagen.pairs import pairs_of
from personagen.records import ConversationTree, Persona, PreferencePair, Rejection
from personagen.store.files import read_records, read_state
from personagen.tree import turn
from tests.fakes import results
from tests.offline.cast import bench

pytestmark = pytest.mark.slow

SIZE = {"model": "offline", "turns": 6, "conversations": 20, "seed": 1, "counterfactual": 1}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    file = tmp_path_factory.mktemp("people") / "people.jsonl"
    made = [Persona(id=f"p{n}", **persona) for n, persona in enumerate(bench.personas(20, None))]
    file.write_bytes(b"".join(person.line() + b"\n" for person in made))
    return str(file)


@pytest.fixture(scope="module")
def grown(tmp_path_factory, people):
    """The folder of a run of the offline cast, and its summary."""
    out = tmp_path_factory.mktemp("twins") / "run"
    options = {**SIZE, "model": ("offline",), "personas": people, "out": str(out), "twins": True}
    return out, asyncio.run(simulate(SimulateOptions(**options)))


@pytest.fixture(scope="module")
def twins(grown):
    """The summary, the pairs and the trees of that run."""
    out, summary = grown
    pairs = {f"{one.tree}/{one.node}": one for one in read_records(out / "pairs.jsonl", PreferencePair)}
    trees = {one.id: one for one in read_records(out / "trees.jsonl", ConversationTree)}
    return summary, pairs, trees


def test_a_pair_and_its_twin_have_one_question_the_same_replies_and_opposite_labels(twins):
    summary, pairs, trees = twins
    made = [one for one in pairs.values() if trees[one.tree].twin]
    assert len(made) == summary.twins["pairs"] >= 3
    for twin in made:
        original = pairs[twin.twin]
        assert pairs[original.twin] is twin
        assert (twin.chosen, twin.rejected) == (original.rejected, original.chosen)
        assert twin.prompt[-1].content in original.prompt[-1].content
        assert twin.prompt[:-1] != original.prompt[:-1]
        assert twin.persona != original.persona
        assert (original.personal, original.knowable, twin.knowable) == (True, True, True)


def test_figures_of_a_run_are_those_of_the_planned_conversations(twins, run, people):
    summary, pairs, trees = twins
    plain = run("plain", personas=people, **SIZE)
    same = ("trees", "pairs", "turns", "rejected", "verdicts", "aware_chosen", "messages", "realism", "shortcuts")
    assert {name: getattr(summary, name) for name in same} == {name: getattr(plain, name) for name in same}
    assert len(trees) == SIZE["conversations"] + summary.twins["conversations"]
    assert len(pairs) == summary.pairs + summary.twins["pairs"]


def test_the_shared_message_is_a_question_that_anybody_could_ask_and_reveals_nothing(twins):
    _, _, trees = twins
    for made in [tree.twin for tree in trees.values() if tree.twin]:
        belief = next(one for one in trees[made.tree].beliefs if one.node == made.node)
        assert made.message.endswith("?")
        assert not [one.quote for one in belief.inferences if one.quote in made.message]


def test_a_twin_talks_about_the_matter_of_the_pair(twins):
    _, pairs, trees = twins
    made = [one for one in pairs.values() if trees[one.tree].twin]
    same = [read(twin.prompt[:-1]).topic == read(pairs[twin.twin].prompt).topic for twin in made]
    assert sum(same) >= 0.75 * len(same)
    twin = made[0]
    nodes = tuple(
        node.model_copy(update={"content": "Zebras gallop."}) if turn(node.id) < twin.turn else node
        for node in trees[twin.tree].nodes
    )
    made, rejections = pairs_of(trees[twin.tree].model_copy(update={"nodes": nodes}))
    assert (made, rejections[0].gate) == ([], "twin")
    assert "another matter" in rejections[0].reason


def test_a_twin_without_the_opposite_label_or_without_what_decides_it_is_rejected(twins):
    _, pairs, trees = twins
    tree = next(trees[one.tree] for one in pairs.values() if trees[one.tree].twin)
    kept, none = pairs_of(tree)
    assert (len(kept), none) == (1, [])
    alike = tree.model_copy(update={"twin": tree.twin.model_copy(update={"replies": tree.twin.replies[::-1]})})
    unseen = tree.model_copy(update={"beliefs": tuple(b.model_copy(update={"inferences": ()}) for b in tree.beliefs)})
    for changed, reason in ((alike, "prefers the same reply"), (unseen, "did not reveal all")):
        made, rejections = pairs_of(changed)
        assert made == []
        assert [one.gate for one in rejections] == ["twin"]
        assert reason in rejections[0].reason


def test_rejected_twins_are_listed_with_their_reason(grown):
    out, summary = grown
    rows = [one for one in read_records(out / "rejections.jsonl", Rejection) if one.gate == "twin"]
    assert len(rows) <= summary.twins["conversations"]
    others = [one for one in read_records(out / "rejections.jsonl", Rejection) if ".t/" in one.place]
    assert len(others) + summary.twins["pairs"] == summary.twins["conversations"]


def test_twins_are_the_same_bytes_at_any_concurrency_and_are_not_asked_again(grown, run, people, tmp_path):
    options = {"personas": people, "twins": True, **SIZE}
    run("alone", **options, concurrency=1)
    assert results(tmp_path / "alone") == results(grown[0])
    assert run("alone", **options).report.new_calls == 0


def test_the_estimate_counts_twins_and_its_bound_supposes_one_of_every_conversation(twins, run, people):
    report = twins[0].report
    assert report.calls == pytest.approx(report.estimate["calls"], rel=0.15)
    plain = run("plain", personas=people, attempts=1, **SIZE).report.estimate["max_calls"]
    bound = run("bound", personas=people, attempts=1, twins=True, **SIZE).report.estimate["max_calls"]
    assert bound == plain + SIZE["conversations"] * (2 * 6 + 3)


def test_the_calls_of_a_twin_can_be_shown(grown, twins):
    _, _, trees = twins
    tree = next(one for one in trees.values() if one.twin)
    made = asyncio.run(replay(grown[0], tree))
    keys = {node.call for node in tree.nodes} - {""} | {verdict.call for verdict in tree.judgments}
    assert keys <= {call.key for call, _ in made}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"counterfactual": 0}, "--counterfactual 1 or more"),
        ({"turns": 1}, "--turns 2 or more"),
        ({"sessions": 2, "conversations": 4}, "does not go with --sessions"),
        ({"people": 1}, "needs a second persona"),
    ],
)
def test_options_that_leave_no_twin_are_refused(run, options, said):
    with pytest.raises(UsageError, match=said):
        run(**{"twins": True, "counterfactual": 1, **options})


def test_a_run_with_its_answers_gets_twins_without_asking_for_those_again(run, people, tmp_path, grown):
    before = run("later", personas=people, **SIZE).report
    after = run("later", personas=people, twins=True, **SIZE)
    assert results(tmp_path / "later") == results(grown[0])
    assert after.report.new_calls == after.report.calls - before.calls


def test_a_merge_keeps_pairs_and_their_twins_together(run, people, tmp_path, grown):
    run("other", personas=people, twins=True, **(SIZE | {"seed": 2}))
    merge([grown[0], tmp_path / "other"], tmp_path / "both")
    pairs = {f"{one.tree}/{one.node}": one for one in read_records(tmp_path / "both" / "pairs.jsonl", PreferencePair)}
    trees = {one.id: one for one in read_records(tmp_path / "both" / "trees.jsonl", ConversationTree)}
    linked = [one for one in pairs.values() if one.twin]
    assert linked
    assert all(pairs[one.twin].chosen == one.rejected and pairs[one.twin].run == one.run for one in linked)
    assert all(trees[tree.twin.tree].run == tree.run for tree in trees.values() if tree.twin)
    summary = read_state(tmp_path / "both")["summary"]
    assert summary["trees"] == 2 * SIZE["conversations"]
    assert summary["pairs"] + summary["twins"]["pairs"] == len(pairs)


def test_a_twin_is_shown_with_the_pair_that_it_answers(twins, grown):
    _, _, trees = twins
    tree = next(one for one in trees.values() if one.twin)
    shown = CliRunner().invoke(main, ["show", str(grown[0]), tree.id], catch_exceptions=False).output
    assert f"twin of {tree.twin.tree}, {tree.twin.node}" in " ".join(shown.split())
    assert "unanswered" not in shown


def test_verdicts_wait_for_the_observer_of_a_twin(twins):
    _, _, trees = twins
    assert all(tree.beliefs for tree in trees.values() if tree.twin and tree.judgments)


def test_a_run_in_which_no_pair_can_have_a_twin_says_so(run, people):
    # This judge says the same of everybody.
    made = run("short", personas=people, twins=True, turns=4, conversations=3, counterfactual=1)
    assert made.twins == {"conversations": 0, "pairs": 0}
