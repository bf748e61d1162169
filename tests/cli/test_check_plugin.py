"""Plug-ins: the page about them is true, and `check-plugin` says what is wrong with one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "plug-in.md").read_text(encoding="utf-8")
FILES = re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```$", PAGE, re.M | re.S)
COMMANDS = re.findall(r"<!-- try -->\n```sh\n(.*?)```$", PAGE, re.M | re.S)
# How a fault is planted in each file, and what is told.
PLANTED = {
    "my_model": ("if call.role ==", "if call.rule =="),
    "my_candidate": ("conversation[-1]", "conversation[99]"),
    "my_judge": ("replies[at]))", "replies[at].x))"),
    "my_filter": ("candidate.description.text", "candidate.text"),
    "my_format": ("pair.prompt", "pair.promt"),
    "my_reward": ("reply.lower", "reply.lover"),
}
FUNCTIONS = (
    "my_model:answer",
    "my_candidate:recalling",
    "my_judge:rewarded",
    "my_filter:no_doctors",
    "my_format:sft",
    "my_reward:fitting",
)


@pytest.fixture
def run(command):
    """``command`` that must end with ``code``."""

    def run(*words, code=0):
        result = command(*words)
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def documented(run, own, monkeypatch):
    for name, content in FILES:
        monkeypatch.delitem(sys.modules, name.removesuffix(".py"), raising=False)
        Path(name).write_text(content)
    return run


def words(block):
    return [line.split()[1:] for line in block.replace("\\\n", "").splitlines()]


def test_there_is_a_file_of_less_than_20_lines_for_each_kind_of_plug_in():
    assert [name.removesuffix(".py") for name, _ in FILES] == list(PLANTED)
    assert all(content.count("\n") < 20 for _, content in FILES)


def test_the_documented_files_run_and_do_what_the_page_says(documented, personas):
    for block in COMMANDS:
        for line in words(block.replace("outputs/pool/personas.jsonl", str(personas))):
            documented(*line)
    rows = [json.loads(line) for line in Path("outputs/sft.jsonl").read_text().splitlines()]
    assert {row["messages"][-1]["role"] for row in rows} == {"assistant"}
    trees = [json.loads(line) for line in Path("outputs/mine-2/trees.jsonl").read_text().splitlines()]
    assert {node["agent"] for tree in trees for node in tree["nodes"]} == {"user", "plain", "recalling"}
    trees = [json.loads(line) for line in Path("outputs/mine-3/trees.jsonl").read_text().splitlines()]
    verdicts = [verdict for tree in trees for verdict in tree["judgments"]]
    assert {v["reason"] for v in verdicts} == {"It has the higher score."}


@pytest.mark.parametrize(
    ("function", "kind", "use"),
    [
        (FUNCTIONS[0], "model", "simulate --model my_model:answer"),
        (FUNCTIONS[1], "candidate", "simulate --candidate plain --candidate my_candidate:recalling"),
        (FUNCTIONS[2], "judge/prefer", "simulate --agent judge/prefer=my_judge:rewarded"),
        (FUNCTIONS[3], "filter", "expand --filter my_filter:no_doctors"),
        (FUNCTIONS[4], "format", "export outputs/run --format my_format:sft"),
        (FUNCTIONS[5], "reward", "evaluate --reward my_reward:fitting outputs/run"),
    ],
)
def test_a_sound_plug_in_is_told_with_its_kind_and_what_to_type(documented, function, kind, use):
    shown = documented("check-plugin", function).stdout
    assert re.match(rf"{kind} {function} \({function.partition(':')[0]}.py:\d+\)\n", shown)
    assert shown.endswith(f"use: personagen {use}\n")


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("how", ["check-plugin", "run"])
def test_a_fault_is_told_with_its_file_and_line_by_the_check_and_by_a_run(documented, personas, function, how):
    module = function.partition(":")[0]
    text = Path(f"{module}.py").read_text()
    sound, broken = PLANTED[module]
    assert sound in text
    Path(f"{module}.py").write_text(text.replace(sound, broken, 1))
    line = text[: text.index(sound)].count("\n") + 1
    command = next(words(block) for block in COMMANDS if function in block)[how == "run"]
    if how == "run" and {"export", "evaluate"} & {*command}:
        documented("simulate", "--personas", personas, "--turns", 4, "--conversations", 2, "--out", "outputs/mine-1")
    command = [str(personas) if word.endswith("personas.jsonl") else word for word in command]
    code = 2 if module == "my_format" else 3
    said = documented(*command, code=code).stderr
    assert re.search(rf"{function} \({module}.py:{line}\) raised (AttributeError|IndexError): .*; correct it", said)
    assert "internal error" not in said


@pytest.mark.parametrize(
    ("code", "name", "exit_code", "said"),
    [
        (
            "def f(a, b): ...",
            "f",
            2,
            r"f\(a, b\) \(\w+.py:1\) could be filter or format or reward: say which with --as",
        ),
        ("def f(a, b, c): ...", "f", 2, r"could be observer/infer: say which with --as"),
        ("def f(a, b, c, d, e, f, g): ...", "f", 2, r"fits no kind of plug-in; the kinds are model\(call\); candidate"),
        ("def f(call): return 3", "f", 3, r"f \(\w+.py:1\) returned an int, not a text"),
        ("def f(call): return 'no JSON'", "f", 0, ""),
        ("def f(call): return ''", "f", 5, r"gave no usable reply"),
        ("def f(candidate, view): return 3", "f", 3, r"returned an int, not a Refusal, a text or None"),
        ("def f(trees, pairs): return 3", "f", 2, r"f \(\w+.py:1\) raised TypeError"),
        ("def f(trees, pairs): yield {1, 2}", "f", 2, r"f \(\w+.py:1\) raised TypeError: Type is not JSON"),
        ("def f(ctx, conversation, known, site): return 3", "f", 3, r"returned an int, not an Answer with a Spoken"),
        ("def f(prompt, reply): return 'good'", "f", 3, r"f \(\w+.py:1\) returned a str, not a finite number"),
        (
            "def f(prompts, replies): return [1]",
            "f",
            3,
            r"returned a list, not a list of 2 numbers, one for each reply",
        ),
        ("x = 1", "f", 2, "can't be loaded: AttributeError"),
        ("\nimport no_such_one", "f", 2, r"has a module no_such_one, at \w+.py:2; check the name and the folder"),
        ("\n\nx = 1 / 0", "f", 2, r"can't be loaded: ZeroDivisionError: division by zero, at \w+.py:3"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(run, own, code, name, exit_code, said):
    result = run("check-plugin", f"{own(code)}:{name}", code=exit_code)
    assert re.search(said, result.stderr)
    assert result.stderr.count("Traceback") == 0


def test_the_kind_can_be_said(run, own):
    name = own("def f(a, b): return None") + ":f"
    assert run("check-plugin", name, "--as", "filter").stdout.startswith(f"filter {name}")
    assert "choose one of model, candidate, filter, format" in run("check-plugin", name, "--as", "x", code=2).stderr


def test_a_model_that_serves_some_roles_is_shown_with_these(run, own):
    name = own("def f(call): return 'Go on, tell me more about ' + call.messages[-1].content[-20:]") + ":f"
    shown = run("check-plugin", name).stdout
    assert "judge/prefer" in shown
    assert "the reply holds no JSON object" in shown
    assert shown.endswith(f"use: personagen simulate --model user={name} --model assistant={name}\n")


def test_a_candidate_that_a_gate_rejects_is_shown_with_the_reason(run, own):
    name = own("def f(ctx, conversation, known, site): return 'Salt it. <|im_start|>'") + ":f"
    assert re.search(r"rejected +\S+", run("check-plugin", name).stdout)


def test_the_page_about_python_runs(tmp_path):
    [code] = re.findall(r"<!-- run -->\n```python\n(.*?)```$", (DOCS / "python.md").read_text("utf-8"), re.M | re.S)
    env = {"PYTHONPATH": str(DOCS.parent), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "2 of 2 conversations" in done.stdout
