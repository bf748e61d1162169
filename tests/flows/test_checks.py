"""Checks of a sample of user messages: what they reject, what they measure, and that nothing waits for them."""

from __future__ import annotations

import asyncio
import json
from functools import partial

import orjson
import pytest

from personagen.errors import ServerError
from personagen.flows.plan import Plan
from personagen.llm import middleware
from personagen.records import ConversationTree, Rejection
from personagen.store.files import read_records
from tests import fakes
from tests.fakes import PERSONA, answer, cast, context, grow, results


def trees(tmp_path, out="run"):
    return list(read_records(tmp_path / out / "trees.jsonl", ConversationTree))


def turn(call):
    return sum(message.role == "user" for message in call.inputs["conversation"])


def finding(*numbers):
    return orjson.dumps({"reason": "another job", "contradicted": numbers}).decode()


def planned(**more):
    fields = {"repeat": 0, "turns": 3, "candidates": 2, "grow": "coin", "max_nodes": 500, "seed": 1, "check_rate": 1.0}
    return Plan("t", PERSONA, **fields | more)


def test_a_contradiction_rejects_the_pairs_from_its_turn_on(run, model, tmp_path):
    model(lambda call: finding(2) if call.prompt == "checker/consistent" and turn(call) == 2 else cast(call))
    summary = run(check_rate=1)
    assert (summary.pairs, summary.turns) == (6, 18)
    assert summary.rejected == {"contradiction": 12}
    assert summary.checks == {"messages": 18, "contradicting": 6}
    tree = trees(tmp_path)[0]
    assert [check.contradicted for check in tree.checks] == [(), (tree.persona.facts[1],), ()]
    assert [check.reason for check in tree.checks] == ["r", "another job", "r"]
    rows = [row for row in read_records(tmp_path / "run" / "rejections.jsonl", Rejection) if tree.id in row.place]
    second = tree.checks[1].node
    assert [row.reason for row in rows] == [f"message {second} contradicts the persona: 'keeps bees in Leiden'"] * 2


def test_a_contradiction_in_one_branch_leaves_the_others_their_pairs():
    async def llm(call):
        found = call.prompt == "checker/consistent" and call.place == "t/0.1.0"
        return answer(finding(1) if found else cast(call))

    from personagen.pairs import pairs_of

    tree = asyncio.run(grow(context(llm), planned(grow="all", turns=3)))
    pairs, rejections = pairs_of(tree)
    assert {row.place for row in rejections if row.gate == "contradiction"} == {"t/0.1.0", "t/0.1.0.0.0", "t/0.1.0.1.0"}
    assert {"0", "0.0.0", "0.0.0.1.0"} <= {pair.node for pair in pairs}


def test_without_a_rate_nothing_is_checked(run, model, tmp_path):
    fake = model(cast)
    summary = run()
    assert not [call for call in fake.calls if call.role == "checker"]
    assert summary.checks == {"messages": 0, "contradicting": 0}
    assert not (tmp_path / "run" / "prompts" / "checker").exists()


def test_the_sample_is_drawn_by_place_and_a_higher_rate_adds_to_it(run, tmp_path):
    for rate in (0.2, 0.6):
        run(f"r{rate}", check_rate=rate, people=20)
    few, many = ({f"{t.id}/{c.node}" for t in trees(tmp_path, f"r{rate}") for c in t.checks} for rate in (0.2, 0.6))
    assert few < many
    assert 4 <= len(few) <= 22
    assert 26 <= len(many) <= 46


def test_the_judge_is_asked_again_as_another_sample(run, model, tmp_path):
    fake = model(cast)
    summary = run(check_rate=1, counterfactual=0)
    asked = [call for call in fake.calls if call.prompt == "judge/prefer"]
    assert len(asked) == len({call.key for call in asked}) == 6 * 3 * 3
    assert summary.judge["repeated"]["value"] == 1.0
    assert "seconded" not in summary.judge
    tree = trees(tmp_path)[0]
    assert [(made.node, made.order) for made in tree.repeated] == [
        (made.node, made.order) for made in tree.judgments[::2]
    ]


OTHER = """
from tests.fakes import answer, cast
import orjson

async def llm(call):
    if call.prompt == "judge/prefer":
        labels = sorted(reply["label"] for reply in call.inputs["replies"])[::-1]
        return answer(orjson.dumps({"reason": "r", "ranking": labels, "tie": False}).decode())
    return answer(cast(call))
"""


def test_the_checkers_own_model_judges_too_and_its_calls_are_its_own(run, own, tmp_path):
    summary = run(check_rate=1, counterfactual=0, model=["tests.fakes:llm", f"checker={own(OTHER)}:llm"], people=12)
    by_role = {name.partition(" ")[0]: row["calls"] for name, row in summary.report.usage_by_role.items()}
    assert by_role["checker"] == 2 * 12 * 3  # a check and a verdict
    assert by_role["judge"] == 3 * 12 * 3
    assert summary.judge["seconded"]["value"] == 0.0
    assert summary.rejected == {"disputed": 36}
    assert summary.judge["repeated"]["value"] == 1.0
    assert len(trees(tmp_path)[0].seconded) == 3


def test_nothing_waits_for_a_check():
    spoken = asyncio.Event()

    async def llm(call):
        if call.prompt == "user/speak" and turn(call) == 2:  # the third message
            spoken.set()
        if call.prompt == "checker/consistent" or call.sample.startswith("0.again"):
            await asyncio.wait_for(spoken.wait(), 5)
        return answer(cast(call))

    tree = asyncio.run(grow(context(llm), planned()))
    assert len(tree.checks) == len(tree.repeated) == 3


def test_the_same_bytes_in_any_order_of_answers(run, model, tmp_path):
    made = []
    for shuffle in (None, 1, 2):
        fakes_model = fakes.Fake(cast, shuffle=shuffle)
        model(cast)
        fakes.llm = fakes_model
        run(f"s{shuffle}", check_rate=0.5, concurrency=7)
        made.append(results(tmp_path / f"s{shuffle}"))
    assert made[0] == made[1] == made[2]


def test_a_check_that_cannot_be_used_costs_no_pair_and_is_shown(run, model, tmp_path):
    model(lambda call: "no json" if call.prompt == "checker/consistent" else cast(call))
    summary = run(check_rate=1)
    assert summary.pairs == 18
    assert summary.unusable == {"checker/consistent": 18}
    rows = [r for r in read_records(tmp_path / "run" / "rejections.jsonl", Rejection) if r.gate == "unusable"]
    assert len(rows) == 18
    assert all(row.reason.endswith("; the message was not checked") for row in rows)


def test_a_repeated_verdict_that_cannot_be_used_costs_no_pair(run, model, tmp_path):
    model(lambda call: "no json" if call.sample.startswith("0.again") else cast(call))
    summary = run(check_rate=1)
    assert summary.pairs == 18
    assert "repeated" not in summary.judge
    rows = list(read_records(tmp_path / "run" / "rejections.jsonl", Rejection))
    assert {row.reason.rpartition("; ")[2] for row in rows} == {"its verdict was not repeated"}


def test_a_server_that_fails_at_a_check_fails_the_conversation_which_is_asked_again(run, model, monkeypatch):
    monkeypatch.setattr(middleware, "with_retries", partial(middleware.with_retries, attempts=1))
    away = True

    def reply(call):
        if away and call.prompt == "checker/consistent" and call.place.startswith("p1-0"):
            return ServerError("away")
        return cast(call)

    model(reply)
    assert run(check_rate=1).failed == 1
    away = False
    assert (run(check_rate=1).failed, run(check_rate=1).trees) == (0, 6)


@pytest.mark.parametrize("rate", [0.25, 1])
def test_the_estimate_counts_the_share_and_its_bound_every_check(run, rate):
    report = run(check_rate=rate, people=30, counterfactual=0).report
    plain = run("plain", people=30, counterfactual=0).report
    expected = plain.estimate["calls"] + round(30 * 3 * 2 * rate)
    assert report.estimate["calls"] == pytest.approx(expected, abs=1)
    assert report.estimate["by_option"] == {"--check-rate": (round(30 * 3 * 2 * rate), None)}
    assert report.new_calls == pytest.approx(expected, abs=0.2 * 180)
    assert report.new_calls <= report.estimate["max_calls"]
    assert report.estimate["max_calls"] == plain.estimate["max_calls"] + 3 * 30 * 3 * 2


def test_a_run_of_the_cast_checks_and_prints_it(command, tmp_path):
    text = command(
        *("simulate", "--personas", fakes.personas(tmp_path), "--turns", 3, "--check-rate", 1, "--out", "cast")
    ).stdout
    assert "0 of 18 checked messages contradict" in text
    assert "prefers the first shown in " in text
    assert "asked again" in text
    state = json.loads((tmp_path / "cast" / "run.json").read_text())
    assert state["summary"]["checks"] == {"messages": 18, "contradicting": 0}
    assert "consistency" in command("show", "cast").stdout
