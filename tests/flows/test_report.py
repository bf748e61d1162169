"""The page of a run: what is in it, what it says of damage, and that no text of the run is a part of it."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from pathlib import Path

import pytest

from personagen import read_pairs, read_trees, report
from personagen.errors import UsageError
from personagen.flows import report_reading
from personagen.flows.report import report as flow
from personagen.flows.report import reports_in
from personagen.records import Message, Rejection, content_id
from personagen.reports import blocks as packing
from tests import fakes
from tests.cli.runs import expanded, lines, several, simulated
from tests.reports.pages import Page
from tests.trees import PERSONA, conversation


def page_of(run: Path, *others: Path) -> Page:
    return Page(Path(report(run, *others).file))


def test_every_message_and_pair_of_a_run_is_in_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packing, "BLOCK_BYTES", 3000)
    run = simulated(tmp_path / "run", several(7))
    page = page_of(run)
    trees, index = list(read_trees(run)), page.index
    assert len(index["blocks"]["messages"]) > 1
    assert [[row[3] for row in rows] for rows in page.rows("messages")] == [[n.content for n in t.nodes] for t in trees]
    assert index["trees"]["id"] == [tree.id for tree in trees]
    pairs = list(read_pairs(run))
    columns = zip(index["pairs"]["tree"], index["pairs"]["node"], index["pairs"]["turn"], strict=True)
    assert [(index["trees"]["id"][t], n, turn) for t, n, turn in columns] == [(p.tree, p.node, p.turn) for p in pairs]
    shown = [pair["chosen_node"] for row in page.rows("details") for pair in row["pairs"]]
    assert shown == [pair.chosen_node for pair in pairs]
    assert page.rows("people")[0]["profile"] == PERSONA.profile


def test_what_a_turn_reveals_is_told_from_what_was_known_before(tmp_path: Path):
    row = page_of(simulated(tmp_path / "run", several(1))).rows("details")[0]
    assert [(belief["known"], len(belief["new"])) for belief in row["beliefs"]] == [(0, 0), (2, 2), (2, 2)]


def test_the_exact_prompts_and_replies_are_those_that_were_stored(tmp_path: Path, run, monkeypatch):
    monkeypatch.setattr(packing, "BLOCK_BYTES", 9000)
    run("run", people=4)
    page = page_of(tmp_path / "run")
    for tree, row in zip(read_trees(tmp_path / "run"), page.rows("calls"), strict=True):
        stored = {call["key"]: call for call in row}
        for node in tree.nodes:
            assert "\n".join(stored[node.call]["reply"]).strip() == node.content
        asked = next(call for call in row if call["prompt"] == "user/speak")
        assert tree.persona.profile in "\n".join(line for _, lines in asked["messages"] for line in lines)


def test_a_page_says_of_how_many_conversations_it_has_the_exact_prompts(tmp_path: Path, run, monkeypatch):
    run("run", people=4)
    few = Page(Path(asyncio.run(flow([tmp_path / "run"], calls=2)).file))
    assert (len(few.rows("calls")), few.index["called"], few.index["whole"]) == (2, 2, False)
    monkeypatch.setattr(packing, "BLOCK_BYTES", 1)
    monkeypatch.setattr(report_reading, "CALLS_BYTES", 1)
    cut = page_of(tmp_path / "run")
    assert (len(cut.rows("calls")), cut.index["called"], cut.index["whole"]) == (1, 1, True)


def test_the_policy_lists_every_script_and_style_and_the_page_loads_nothing(tmp_path: Path):
    page = page_of(simulated(tmp_path / "run", several(2)))
    assert page.policy.startswith("default-src 'none'; script-src 'sha256-")
    assert not page.unlisted()
    assert "unsafe" not in page.policy
    assert not re.search(r"""\s(?:src|href|action|style|on\w+)\s*=\s*["'](?!#)""", page.around)


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--<script>", "{title}{policy}", "\0'\"&<b>"])
def test_no_text_of_the_run_is_read_as_html(tmp_path: Path, text: str):
    tree = conversation(id="t1")
    nodes = tuple(node.model_copy(update={"content": text, "agent": text}) for node in tree.nodes)
    persona = PERSONA.model_copy(update={"profile": text, "traits": (text,), "attributes": {text: text}})
    folder = tmp_path / re.sub(r"[/\0]", "_", text)
    page = page_of(simulated(folder, [tree.model_copy(update={"nodes": nodes, "persona": persona})]))
    assert page.rows("messages")[0][0][3] == text
    assert page.around.count("<script") == page.around.count("<!--") == 0
    assert not page.unlisted()


def test_the_same_run_gives_the_same_bytes(tmp_path: Path):
    run = simulated(tmp_path / "run", several(3))
    first = Path(report(run).file).read_bytes()
    assert Path(report(run, out=tmp_path / "again.html").file).read_bytes() == first


def test_a_damaged_run_gives_a_page_that_says_what_is_missing(tmp_path: Path):
    run = simulated(tmp_path / "run", several(4))
    held = (run / "trees.jsonl").read_bytes().splitlines(keepends=True)
    (run / "trees.jsonl").write_bytes(b"".join([held[0], b"{\xff\n", b'{"id": 3}\n', *held[2:]]))
    (run / "rejections.jsonl").unlink()
    made = report(run)
    said = "\n".join(made.problems)
    assert "trees.jsonl, line 2 and 1 more: can't be read" in said
    assert "pairs of conversations that could not be read are left out (3)" in said
    assert "rejections.jsonl is not there" in said
    page = Page(Path(made.file))
    assert page.index["trees"]["id"] == ["t1", "t3", "t4"]
    assert page.index["problems"] == list(made.problems)


def test_a_run_that_is_not_finished_or_has_a_broken_state_gives_a_page(tmp_path: Path):
    run = simulated(tmp_path / "run", several(2), status="interrupted")
    assert "the run is interrupted" in report(run).problems[0]
    (run / "journal.db").touch()
    (run / "run.json").write_text("{")
    made = report(run)
    assert "run.json can't be read" in made.problems[0]
    assert made.conversations == 2
    (run / "trees.jsonl").unlink()
    (run / "pairs.jsonl").unlink()
    assert report(run).conversations == 0


def test_a_pool_gives_personas_with_a_map_and_what_was_rejected(tmp_path: Path):
    people = [
        PERSONA.model_copy(update={"id": f"p{n}", "profile": f"Ann number {n} keeps {n} bees."}) for n in range(6)
    ]
    run = expanded(tmp_path / "pool", people)
    near = content_id("profile", people[2].profile)
    rejected = [
        Rejection(place="profile/0/1", gate="format", reason="8 words, not 30 to 250", text="Short."),
        Rejection(place="profile/0/2", gate="duplicates", reason="repeats it", text="x", nearest=near),
    ]
    lines(run / "rejections.jsonl", rejected)
    page = page_of(run)
    rows = page.rows("people")
    assert [row["id"] for row in rows] == [person.id for person in people]
    assert all(-1 <= row["x"] <= 1 and -1 <= row["y"] <= 1 and len(row["near"]) == 3 for row in rows)
    assert all(number != at for at, row in enumerate(rows) for number, _ in row["near"])
    assert page.blocks["rejections"][0]["text"] == "Short."
    assert page.blocks["rejections"][1]["nearest"] == people[2].profile
    assert page.index["figures"]
    assert "trees" in page.index


def test_the_nearest_persona_is_the_one_with_nearly_the_same_words(tmp_path: Path):
    texts = [
        "She mends church organs in Porto.",
        "He drives a night bus.",
        "She mends church organs in Lisbon.",
        "Bees.",
    ]
    people = [PERSONA.model_copy(update={"id": f"p{n}", "profile": text}) for n, text in enumerate(texts)]
    rows = page_of(expanded(tmp_path / "pool", people)).rows("people")
    assert rows[0]["near"][0][0] == 2
    assert rows[2]["near"][0][0] == 0


def test_runs_are_compared_by_settings_prompts_figures_and_changed_verdicts(tmp_path: Path, run):
    run("one", people=3, seed=1)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    pairs = [pair.model_copy() for pair in read_pairs(tmp_path / "two")]
    first = pairs[0]
    swap = {"chosen": first.rejected, "rejected": first.chosen}
    swap |= {"chosen_agent": first.rejected_agent, "rejected_agent": first.chosen_agent}
    lines(tmp_path / "two" / "pairs.jsonl", [first.model_copy(update=swap), *pairs[1:]])
    state = json.loads((tmp_path / "two" / "run.json").read_text())
    state["options"]["seed"] = 2
    (tmp_path / "two" / "run.json").write_text(json.dumps(state))
    judge = next((tmp_path / "two" / "prompts").rglob("prefer.md"))
    judge.write_text(judge.read_text().replace("user:\n", "user:\nBe strict.\n", 1))
    found = page_of(tmp_path / "one", tmp_path / "two").index["comparison"]
    assert found["names"] == ["one", "two"]
    assert {"name": "seed", "values": ["1", "2"]} in found["settings"]
    assert [prompt["name"] for prompt in found["prompts"]] == ["judge/prefer"]
    assert "+Be strict." in found["prompts"][0]["lines"]
    [turn] = found["changed"]
    assert (turn["tree"], turn["node"], turn["message"]) == (first.tree, first.node, first.prompt[-1].content)
    assert [one["chosen"] for one in turn["verdicts"]] == [first.chosen[0].content, first.rejected[0].content]
    assert found["turns"].startswith(f"1 of {len(pairs)} turns")


def test_turns_with_another_user_message_are_not_compared(tmp_path: Path):
    one = simulated(tmp_path / "one", several(1))
    shutil.copytree(one, tmp_path / "two")
    pairs = list(read_pairs(one))
    other = [
        pair.model_copy(update={"prompt": (Message(role="user", content="Else."),), "chosen_agent": "x"})
        for pair in pairs
    ]
    lines(tmp_path / "two" / "pairs.jsonl", other)
    assert page_of(one, tmp_path / "two").index["comparison"]["turns"].startswith("0 of 0 turns")


def test_what_is_no_run_and_too_many_runs_are_one_sentence(tmp_path: Path):
    with pytest.raises(UsageError, match="is no run"):
        report(tmp_path)
    runs = [simulated(tmp_path / name, several(1)) for name in "abcd"]
    with pytest.raises(UsageError, match="4 were given"):
        report(*runs)


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(tmp_path: Path):
    made = report(simulated(tmp_path / "run", several(1)))
    frame = made._repr_html_()
    assert frame.startswith('<iframe title="report" sandbox="allow-scripts')
    assert "allow-same-origin" not in frame
    assert frame.count("<") == 2


def test_reports_are_listed_the_newest_first(tmp_path: Path):
    import os

    for number, name in enumerate(("a", "b/c", "d")):
        file = Path(report(simulated(tmp_path / name, several(1))).file)
        os.utime(file, (number, number))
    assert [file.parent.name for file in reports_in(tmp_path)] == ["d", "c", "a"]


def test_the_command_line_writes_a_report_at_the_end_unless_it_is_not_wanted(command, tmp_path: Path, monkeypatch):
    monkeypatch.delenv("PERSONAGEN_SIMULATE_NO_REPORT")
    people = fakes.personas(tmp_path)
    said = command("simulate", "--personas", people, "--turns", 2, "--conversations", 2, "--out", "run").stdout
    assert "report      run/report.html" in re.sub(r" +(?=run/)", "      ", said)
    assert len(Page(tmp_path / "run" / "report.html").rows("messages")) == 2
    command("simulate", "--personas", people, "--turns", 2, "--conversations", 2, "--no-report", "--out", "plain")
    assert not (tmp_path / "plain" / "report.html").exists()
    assert command("report", "run", "--out", "there.html").stdout.startswith("there.html\n")


def test_a_report_that_cannot_be_written_does_not_fail_the_run(command, tmp_path: Path, monkeypatch):
    again = ("simulate", "--personas", fakes.personas(tmp_path), "--turns", 1, "--out", "run")
    command(*again)
    monkeypatch.delenv("PERSONAGEN_SIMULATE_NO_REPORT")
    (tmp_path / "run" / "report.html").mkdir()
    said = command(*again).stdout
    assert "not written: " in said


def test_flagged_messages_choose_pairs(command, tmp_path: Path):
    run = simulated(tmp_path / "run", several(2))
    pairs = list(read_pairs(run))
    rows = [{"tree": "t1", "node": pairs[0].chosen_node, "flag": True}, {"tree": "t2", "node": "0", "flag": False}]
    rows += [{"tree": "t2", "node": pairs[-1].node, "flag": True, "note": "odd"}]
    missing = command("export", "run", "--format", "trl", "--where", "flagged", "--out", "x.jsonl", code=2)
    assert "notes.jsonl is not there" in missing.stderr
    (run / "notes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command("export", "run", "--format", "trl", "--where", "flagged", "--out", "flagged.jsonl")
    kept = [json.loads(line) for line in (tmp_path / "flagged.jsonl").read_text().splitlines()]
    assert [(row["tree"], row["node"]) for row in kept] == [("t1", pairs[0].node), ("t2", pairs[-1].node)]
    assert len(list(read_pairs(run, where="not-flagged"))) == len(pairs) - 2
    assert len(list(read_pairs(run, where="flagged and persona = p1"))) == 2
    shown = json.loads(command("show", "run", "--where", "flagged", "--json").stdout)
    assert [row["id"] for row in shown["trees"]] == ["t1", "t2"]
    (run / "notes.jsonl").write_text("[]\n")
    with pytest.raises(UsageError, match=r"notes\.jsonl:1 is no note"):
        list(read_pairs(run, where="flagged"))


def test_the_flow_is_async_so_that_a_running_loop_can_use_it(tmp_path: Path):
    assert asyncio.run(flow([simulated(tmp_path / "run", several(1))])).conversations == 1


def test_no_folder_or_address_of_this_machine_is_in_the_page(tmp_path: Path, run):
    run("run", people=2, base_url=("http://secret.example/v1",))
    text = json.dumps(page_of(tmp_path / "run").blocks, ensure_ascii=False)
    assert str(tmp_path) not in text
    assert "secret.example" not in text


def test_merged_pools_show_their_personas(command, tmp_path: Path):
    for name in ("a", "b"):
        command("expand", "--target", 22, "--personalities", 20, "--out", name, "--seed", len(name))
    command("merge", "a", "b", "--out", "both")
    assert report(tmp_path / "both").personas > 20


def test_who_gets_replies_that_fit_less_is_shown_by_attribute(tmp_path: Path):
    trees = []
    for number in range(12):
        tree = conversation(id=f"t{number}", turns=2)
        low = number % 2
        persona = PERSONA.model_copy(update={"id": f"p{number}", "attributes": {"gender": ("male", "female")[low]}})
        scores = (4 - low, 2) if number < 10 else (4 - low, 1)
        judged = tuple(one.model_copy(update={"scores": scores}) for one in tree.judgments)
        trees.append(tree.model_copy(update={"persona": persona, "judgments": judged}))
    page = page_of(simulated(tmp_path / "run", trees))
    [served] = page.index["served"]
    assert served["name"] == "gender"
    assert [(row["label"], row["value"], row["n"]) for row in served["rows"]] == [("female", 3, 6), ("male", 4, 6)]
    assert page.rows("people")[0]["judged"] == 4
