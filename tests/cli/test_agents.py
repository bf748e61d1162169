"""The documentation of own agents and candidates is true: its files and its command work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from personagen.records import ConversationTree, PreferencePair
from personagen.store.files import read_records

DOCS = Path(__file__).parents[2] / "docs" / "agents.md"


@pytest.fixture
def documented(tmp_path, command, personas):
    """The files of the documentation in the working folder, and its commands."""
    text = DOCS.read_text(encoding="utf-8")
    for name, content in re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)\n```$", text, re.M | re.S):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content + "\n")
    [shell] = re.findall(r"```sh\npersonagen (.*?)\n```", text, re.S)
    return shell.replace("\\\n", "").replace("outputs/pool/personas.jsonl", str(personas)).split()


def test_the_documented_agents_run(documented, command):
    result = command(*documented)
    assert result.exit_code == 0, result.output
    assert "terse.md" not in result.output
    trees = list(read_records(Path("outputs/terse/trees.jsonl"), ConversationTree))
    pairs = list(read_records(Path("outputs/terse/pairs.jsonl"), PreferencePair))
    assert {node.agent for tree in trees for node in tree.nodes} == {"user", "plain", "terse", "asking"}
    assert all(tree.prompts["assistant/terse"] for tree in trees)
    assert Path("outputs/terse/prompts/assistant/terse.md").is_file()
    assert {verdict.reason for tree in trees for verdict in tree.judgments} == {"It is the shorter one."}
    assert pairs
    assert all(len(pair.chosen[0].content) < len(pair.rejected[0].content) for pair in pairs)
    assert {(pair.chosen_agent, pair.rejected_agent) for pair in pairs} <= {
        (one, other) for one in ("plain", "terse", "asking") for other in ("plain", "terse", "asking") if one != other
    }


@pytest.mark.parametrize(
    ("without", "told"),
    [(("--candidate", "my_agents:asking"), "candidate"), (("--agent", "judge/prefer=my_agents:shorter"), "agent")],
)
def test_the_names_of_agents_and_candidates_are_part_of_what_a_folder_holds(documented, command, without, told):
    assert command(*documented).exit_code == 0
    at = documented.index(without[1])
    assert documented[at - 1] == without[0]
    result = command(*documented[: at - 1], *documented[at + 1 :])
    assert result.exit_code == 2
    assert re.search(f"holds another run: .*{told}", result.stderr)
