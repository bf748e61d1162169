"""A user who stops: the end mark, what stays in the tree, and what is counted."""

from __future__ import annotations

import asyncio

import pytest

from personagen.agents import user
from personagen.agents.ask import CallSite
from personagen.agents.replies import Spoken, speech
from personagen.errors import ReplyError
from personagen.records import ConversationTree
from personagen.store.files import read_records
from tests.fakes import PERSONA, Fake, cast, context


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Fine, forget it.\n[END]", Spoken("Fine, forget it.", ended=True)),
        ("Fine, forget it. [END]", Spoken("Fine, forget it.", ended=True)),
        ("Fine.\n\n**[END]**\n(The user leaves.)", Spoken("Fine.", ended=True)),
        ("Fine.\nEND", Spoken("Fine.", ended=True)),
        ("User: Fine.\n[END]", Spoken("Fine.", labelled=True, ended=True)),
        ("[END]", Spoken("", ended=True)),
        ("That is the END of it.", Spoken("That is the END of it.")),
        ("How does it end?\nThe end.", Spoken("How does it end?\nThe end.")),
    ],
)
def test_an_end_mark_is_read_and_removed(text, said):
    assert speech(text, "user", may_end=True) == said


def test_where_a_conversation_begins_nobody_leaves_it():
    assert speech("Hello\n[END]", "user") == Spoken("Hello")
    with pytest.raises(ReplyError, match="the reply is empty"):
        speech("[END]", "user")
    fake = Fake(lambda call: "[END]" if call.sample == "0/0" else "My tap drips.\n[END]")
    answer = asyncio.run(user.speak(context(fake), PERSONA, (), 1, 3, CallSite("t/0", "0")))
    assert (answer.value, len(fake.calls)) == (Spoken("My tap drips."), 2)


def test_an_assistant_may_write_the_mark():
    assert speech("A loop ends with [END]", "assistant", may_end=True) == Spoken("A loop ends with [END]")


def leaving(turn, text):
    return lambda call: text if call.prompt == "user/speak" and call.inputs["turn"] == turn else cast(call)


def trees(folder):
    return list(read_records(folder / "run" / "trees.jsonl", ConversationTree))


@pytest.mark.parametrize("grow", ["coin", "best"])
def test_a_last_message_is_answered_and_nothing_follows(run, tmp_path, model, grow):
    fake = model(leaving(2, "Forget it.\n[END]"))
    summary = run(turns=4, grow=grow)
    assert [len(tree.nodes) for tree in trees(tmp_path)] == [6] * 6
    lasts = [
        node for tree in trees(tmp_path) for node in tree.nodes if node.agent == "user" and node.id.count(".") == 2
    ]
    assert {node.content for node in lasts} == {"Forget it."}
    assert (summary.ended_early, summary.turns, summary.failed) == ({"left": 6}, 12, 0)
    assert not any(
        "[END]" in message.content for call in fake.calls for message in call.messages[1:] if call.role != "user"
    )
    assert b"[END]" not in (tmp_path / "run" / "trees.jsonl").read_bytes()


@pytest.mark.parametrize("grow", ["coin", "all"])
def test_who_leaves_without_a_word_has_no_message(run, tmp_path, model, grow):
    model(leaving(2, "[END]"))
    summary = run(turns=3, grow=grow)
    assert [len(tree.nodes) for tree in trees(tmp_path)] == [3] * 6
    assert summary.ended_early == {"left": 6 if grow == "coin" else 12}
    assert summary.messages == 18
    rejections = (tmp_path / "run" / "rejections.jsonl").read_text()
    assert rejections.count("the user stopped; the branch ends here") == sum(summary.ended_early.values())
    assert summary.realism["all"]["endings"] == summary.ended_early


def test_the_last_planned_turn_ends_nothing_early(run, model):
    model(leaving(3, "Bye.\n[END]"))
    summary = run(turns=3)
    assert summary.ended_early == {}
    assert summary.realism["all"]["endings"] == {"all turns": 6}


def test_a_tree_records_how_its_user_behaves_and_the_summary_has_figures_by_it(run, tmp_path, model):
    model(cast)
    summary = run(turns=2)
    styles = [tree.style for tree in trees(tmp_path)]
    assert {tuple(style) for style in styles} == {("disclosure", "explicitness", "noise", "patience")}
    strata = {f"{name} {value}" for style in styles for name, value in style.items()}
    assert set(summary.realism) == {"all", *strata}
    assert summary.realism["all"]["turns"] == 12


def test_the_brief_reaches_a_prompt_and_a_prompt_without_it_works(run, tmp_path, model, edited):
    fake = model(cast)
    run(turns=2)
    briefs = [call.inputs["brief"] for call in fake.calls if call.prompt == "user/speak"]
    assert all(f"about {brief['words']} words" in call.messages[-1].content for brief, call in zip(
        briefs, (call for call in fake.calls if call.prompt == "user/speak"), strict=True))  # fmt: skip
    folder = tmp_path / "old" / "user"
    folder.mkdir(parents=True)
    (folder / "speak.md").write_text(
        "---\ndescription: d\ninputs: [conversation, profile, turn, turns]\n---\nuser:\n"
        "{{ conversation | length }} {{ profile }} {{ turn }} {{ turns }}\n"
    )
    assert run(out="old-run", turns=2, prompts=str(folder.parent)).trees == 6


def test_verdicts_tell_a_user_that_the_reply_served_where_growth_waits_for_them(run, model):
    for grow, known in (("best", {"good"}), ("coin", {""})):
        fake = model(cast)
        run(out=f"run-{grow}", turns=3, grow=grow)
        asked = [
            call.inputs["brief"]["last_reply"]
            for call in fake.calls
            if call.prompt == "user/speak" and call.inputs["turn"] > 1
        ]
        assert set(asked) == known
