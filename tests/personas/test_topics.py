"""What users open with: the packaged topics, and a file of one's own."""

from __future__ import annotations

import re

import pytest

from personagen.errors import UsageError
from personagen.personas.seeds import load_seeds, packaged
from personagen.personas.topics import MAX_WORDS, load_topics


def test_the_packaged_topics_are_many_short_intents_of_many_walks_of_life():
    topics = load_topics()
    assert len(topics) > 150
    assert max(len(topic.split()) for topic in topics) <= 12
    assert not [topic for topic in topics if re.search(r"[.?!]$", topic)]
    areas = set(re.findall(r'"area": "(\w+)"', (packaged() / "topics.jsonl").read_text()))
    assert len(areas) >= 12


def test_they_are_no_seeds():
    seeds = load_seeds(packaged())
    assert len(seeds.profiles) == len(seeds.personalities) == 20
    assert seeds.notes == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("topics.txt", "a leak\nbees  that swarm\na leak\n"),
        ("topics.jsonl", '{"topic": "a leak"}\n{"topic": "bees that swarm", "area": "home"}\n'),
        ("topics.json", '["a leak", "bees that swarm"]'),
        ("topics.csv", "topic,area\na leak,home\nbees that swarm,yard\n"),
    ],
)
def test_a_file_has_one_topic_a_row(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert load_topics(tmp_path / name) == ("a leak", "bees that swarm")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"topic": "a leak"}\n{"topic": 3}\n', r"t.jsonl:2 is no topic; give 1 to 30 words"),
        ('{"topic": "a leak"}\n{"profile": "She is 41."}\n', r"t.jsonl:2 is no topic"),
        ('{"topic": "a leak"\n', r"t.jsonl:1: .*; correct it"),
        (f'{{"topic": "{"a " * (MAX_WORDS + 1)}"}}\n', r"t.jsonl:1 is no topic"),
        ("\n", r"t.jsonl has no topic; give one a line"),
    ],
)
def test_what_is_no_topic_is_named_with_its_line(tmp_path, text, said):
    (tmp_path / "t.jsonl").write_text(text)
    with pytest.raises(UsageError, match=said):
        load_topics(tmp_path / "t.jsonl")
