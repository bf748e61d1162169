"""The probes of `evaluate`: what is asked, that it does not enter the conversation, and what is counted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from personagen.flows import probed
from personagen.flows.cases import Cases
from personagen.flows.evaluate import evaluate
from personagen.flows.probing import claim_of, message_of, recall_turns
from personagen.options.evaluate import EvaluateOptions
from personagen.personas.claims import CLAIMS, MESSAGES
from personagen.ratings import Probe
from personagen.records import Persona
from tests import fakes


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Path:
    return fakes.personas(tmp_path_factory.mktemp("pool"))


def ran(out: Path, people: Path, **more):
    options = {"personas": people, "limit": 4, "turns": 3, "model": "offline/learns", "out": out, **more}
    return asyncio.run(evaluate(EvaluateOptions(**options)))


@pytest.fixture(scope="module")
def probing(tmp_path_factory, people: Path) -> tuple[Path, object]:
    out = tmp_path_factory.mktemp("run") / "out"
    return out, ran(out, people, probes=True, baselines=True)


def rows(run: Path) -> list[Probe]:
    return [Probe(**json.loads(line)) for line in (run / "probes.jsonl").read_text().splitlines()]


def test_every_plain_conversation_is_probed_in_the_middle_and_at_the_end(probing):
    run, _ = probing
    found = {}
    for row in rows(run):
        found.setdefault(row.tree, []).append((row.turn, row.probe, row.sample))
    whole = [(1, "recall", 1), (3, "recall", 1), (3, "claim", 1), (3, "same", 1), (3, "same", 2)]
    assert len(found) == 4
    assert all(tree.endswith("-plain") and own == whole for tree, own in found.items())


def test_the_conversation_is_the_one_without_probes(tmp_path: Path, people: Path, probing):
    run, with_probes = probing
    without = ran(tmp_path / "out", people, baselines=True)
    assert (tmp_path / "out" / "ratings.jsonl").read_bytes() == (run / "ratings.jsonl").read_bytes()
    files = [(folder / "trees.jsonl").read_text().splitlines() for folder in (run, tmp_path / "out")]
    nodes = [[json.loads(line)["nodes"] for line in file] for file in files]
    assert nodes[0] == nodes[1]
    assert not (tmp_path / "out" / "probes.jsonl").exists()
    assert "probes" not in without.results["conditions"]["plain"]
    assert with_probes.results["conditions"]["plain"]["al"] == without.results["conditions"]["plain"]["al"]


def test_the_estimate_names_the_calls_of_the_probes(probing):
    _, summary = probing
    calls, cost = summary.report.estimate["by_option"]["--probes"]
    assert (round(calls), cost) == (4 * 6, 0)


def test_two_turns_are_probed_for_what_is_known_and_a_single_one_once():
    assert [recall_turns(turns) for turns in (10, 3, 2, 1)] == [(5, 10), (1, 3), (1, 2), (1,)]


def test_the_claims_are_plain_sentences_each_with_its_truth():
    assert len({claim for claim, _ in CLAIMS}) == len(CLAIMS) >= 20
    assert all(text.endswith(".") for pair in CLAIMS for text in pair)


def test_personas_make_different_claims_and_all_send_one_message():
    assert len({claim_of(0, f"p{n}") for n in range(50)}) > 10
    assert {message_of(seed) for seed in range(50)} == {*MESSAGES}


def test_the_cast_agrees_with_a_known_share_of_claims_and_its_judge_sees_it(tmp_path: Path, people: Path):
    from personagen.offline.prober import AGREES

    summary = ran(tmp_path / "out", people, probes=True, limit=None, turns=1)
    found = summary.results["conditions"]["plain"]["probes"]["agrees"]
    assert found["low"] <= AGREES <= found["high"]
    claims = [row for row in rows(tmp_path / "out") if row.probe == "claim"]
    assert all(row.agrees == row.reply.startswith("Yes") and row.reason for row in claims)


def test_the_cast_that_learns_recalls_what_was_revealed_and_the_other_nothing(tmp_path: Path, people: Path, probing):
    _, learns = probing
    ignores = ran(tmp_path / "out", people, probes=True, model="offline")
    shares = [one.results["conditions"]["plain"]["probes"]["recall"]["3"]["recovered"] for one in (learns, ignores)]
    assert shares[0]["value"] > 0.5
    assert shares[1]["value"] == 0.0


PEOPLE = [
    Persona(id="p1", profile="", personality="", facts=("keeps bees in Leiden", "is 41"), traits=("blunt",)),
    Persona(id="p2", profile="", personality="", facts=("repairs church organs",), traits=("shy", "loyal")),
]
SAID = {"p1-plain": ("I keep bees in Leiden.", "At 41?"), "p2-plain": ("Hello.", "Bye.")}


def probe(persona="p1", turn=1, probe="recall", reply="", **more):
    return Probe(tree=f"{persona}-plain", turn=turn, persona=persona, probe=probe, question="", reply=reply, **more)


def test_facts_count_as_revealed_by_the_turns_before_the_question():
    listed = "You keep bees in Leiden.\nYou are 41.\nYou are blunt."
    found = probed.results([probe(reply=listed), probe(turn=2, reply=listed)], SAID, PEOPLE)["recall"]
    values = {name: (one["value"], one["count"]) for name, one in found["1"].items()}
    assert values == {"recovered": (1, 1), "guessed": (1, 1), "chance": (0, 1), "traits": (1, 1)}
    assert (found["2"]["recovered"]["count"], found["2"]["guessed"]) == (2, None)


def test_the_traits_after_a_shift_are_those_of_the_other_personality():
    people = tuple(one.model_copy(update={"personality": f"She is {one.traits[0]}."}) for one in PEOPLE)
    cases = {case.id: case for case in Cases(EvaluateOptions(protocol="shift", shift_at=2), people, ("x",), {})}
    listed = [probe(reply="You are shy and loyal."), probe(turn=2, reply="You are shy and loyal.")]
    found = probed.results(listed, SAID, people, cases=cases)["recall"]
    shares = [(found[turn]["traits"]["value"], found[turn]["traits"]["count"]) for turn in ("1", "2")]
    assert shares == [(0.0, 1), (1.0, 2)]


def test_chance_is_how_often_the_list_has_the_facts_of_another_persona():
    found = probed.results([probe(reply="You repair church organs.")], SAID, PEOPLE)["recall"]["1"]
    assert (found["chance"]["value"], found["guessed"]["value"]) == (1.0, 0.0)


def test_a_claim_without_a_verdict_does_not_count():
    agreed = [probe(probe="claim", agrees=verdict) for verdict in (True, False, False, None)]
    assert probed.results(agreed, SAID, PEOPLE)["agrees"]["count"] == 3


def test_replies_to_the_same_message_count_for_people_with_both_samples():
    texts = {"p1": ("walk by the sea", "walk to the sea"), "p2": ("read a long book", "read one long book")}
    both = [probe(who, 2, "same", text, sample=at) for who, two in texts.items() for at, text in enumerate(two, 1)]
    found = probed.results(both, SAID, PEOPLE)["same"]
    assert found["personas"] == 2
    assert found["between"]["value"] > found["within"]["value"]
    assert probed.results(both[:3], SAID, PEOPLE) == {}


def test_a_reply_that_tells_what_nobody_said_is_a_leak_in_its_condition(tmp_path: Path, people: Path):
    summary = ran(tmp_path / "out", people, limit=2, turns=2)
    assert summary.results["conditions"]["plain"]["leaks"]["value"] == 0.0
    file = tmp_path / "out" / "trees.jsonl"
    trees = [json.loads(line) for line in file.read_text().splitlines()]
    trees[0]["nodes"][1]["content"] = f"I know that she {trees[0]['persona']['facts'][0]}."
    file.write_text("".join(json.dumps(tree) + "\n" for tree in trees))
    from personagen.flows.cases import personas_of

    options = EvaluateOptions(personas=people, limit=2, turns=2)
    cases = Cases(options, personas_of(options, str(people))[0], ("a topic",), {})
    found = probed.leak_rates(file, cases)
    assert (found["plain"]["value"], found["plain"]["count"]) == (0.25, 4)
