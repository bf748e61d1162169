"""The card: metadata that the Hub and ``datasets`` take, figures of the run, and the offline cast in its first line."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from personagen.hub.card import Source, card
from personagen.hub.counts import Counts
from personagen.hub.figures import bars
from personagen.hub.metadata import size_category
from personagen.hub.provenance import public_state
from personagen.hub.tables import write_tables
from personagen.store.files import read_state
from tests.hub.runs import MODEL, PROMPT, rich_run
from tests.servers.hub_metadata import SIZES, faults

RATE = {"value": 0.72, "low": 0.6, "high": 0.8, "pairs": 120}


def made(folder: Path, license: str = "cc-by-4.0", splits=None, **run) -> dict[str, str]:
    source = rich_run(folder / "run", **run)
    counts = Counts()
    configs = write_tables(source, folder / "out", splits or {}, True, counts.row)
    state = public_state(read_state(source))
    prompts = {"judge/prefer.md": PROMPT}
    return card(Source("bees", "me/bees", license, state, prompts, configs, counts, 1000, True, "found nothing"))


def body(text: str) -> str:
    return re.split(r"^---\n", text, maxsplit=2, flags=re.MULTILINE)[2]


def test_the_hub_would_take_the_metadata(tmp_path: Path):
    assert [*faults(made(tmp_path)["README.md"])] == []


def test_the_clients_read_configurations_splits_and_features(tmp_path: Path):
    datasets, hub = pytest.importorskip("datasets"), pytest.importorskip("huggingface_hub")
    from datasets.utils.metadata import MetadataConfigs

    data = hub.DatasetCard(made(tmp_path, splits={"t2": "test"})["README.md"]).data
    assert (data.license, data.language, data.size_categories) == ("cc-by-4.0", ["en"], ["n<1K"])
    assert {"synthetic", "personagen", "preference", "dpo"} <= {*data.tags}
    configs = MetadataConfigs.from_dataset_card_data(data)
    assert {*configs} == {"pairs", "trees", "personas", "rejections"}
    assert configs.get_default_config_name() == "pairs"
    info = datasets.info.DatasetInfosDict.from_dataset_card_data(data)["pairs"]
    assert {name: split.num_examples for name, split in info.splits.items()} == {"train": 6, "test": 3}
    assert info.features["margin"] == datasets.Value("float64")


def test_data_of_the_offline_cast_says_so_in_the_first_line(tmp_path: Path):
    first = body(made(tmp_path, model="offline")["README.md"]).splitlines()[0]
    assert "Written by a script, not by a language model" in first
    assert "Do not train on it" in first


def test_data_of_a_model_begins_with_its_title(tmp_path: Path):
    text = body(made(tmp_path)["README.md"])
    assert text.splitlines()[0] == "# bees"
    assert "Written by a script" not in text


def test_it_has_the_command_the_models_the_prompts_the_cost_and_the_terms(tmp_path: Path):
    text = made(tmp_path)["README.md"]
    assert f"personagen simulate --personas personas.jsonl --turns 3 --seed 7 --model {MODEL}\n" in text
    assert f"| judge | `{MODEL}` |" in text
    assert "0123456789ab" in text
    assert "Who is right?" in text
    assert "Cost: 0.25 USD" in text
    assert "anthropic.com" in text
    assert "/home/ada" not in text


def test_behind_an_address_of_ones_own_the_terms_are_those_of_the_model(tmp_path: Path):
    options = {"model": [MODEL], "base_url": ["http://inner.host:8000/v1"]}
    text = made(tmp_path, options=options)["README.md"]
    assert "anthropic.com" not in text
    assert f"`{MODEL}`: see the licence of the model" in text
    assert "inner.host" not in text


def test_shortcuts_judge_verdicts_margins_and_gates_are_drawn_and_listed(tmp_path: Path):
    summary = {"shortcuts": {"longer": RATE}, "judge": {"orders": {**RATE, "count": 120}}}
    files = made(tmp_path, summary=summary)
    names = {"shortcuts", "judge", "verdicts", "margins", "gates"}
    assert {*files} == {"README.md", *(f"figures/{name}.svg" for name in names)}
    text = files["README.md"]
    assert "| the longer reply | 72% (60 to 80), n=120 |" in text
    assert "| both | 100% of 3 |" in text
    assert "| 1.5 to 2 | 3 |" in text
    assert "| tie | 1 |" in text
    assert all(f"](figures/{name}.svg)" in text for name in names)


def test_a_run_without_figures_has_no_empty_chart(tmp_path: Path):
    assert "figures/shortcuts.svg" not in made(tmp_path)


def test_a_prompt_cannot_leave_its_fence_nor_a_name_its_cell(tmp_path: Path):
    text = made(tmp_path, model="mine/`a|b`\n# c", options={})["README.md"]
    assert f"````text\n{PROMPT}\n````\n" in text
    assert "\n# c" not in text


def test_a_chart_is_well_formed_and_the_longest_bar_the_largest_value():
    drawn = ElementTree.fromstring(bars("a < b", [("<x>", 2.0, "2"), ("y", 1.0, "1")], mark=1.5))
    widths = [float(rect.get("width")) for rect in drawn.iter("{http://www.w3.org/2000/svg}rect")][1:]
    assert widths[0] == 2 * widths[1]
    assert drawn.find("{http://www.w3.org/2000/svg}title").text == "a < b"


@pytest.mark.parametrize(("rows", "words"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (250_000, "100K<n<1M")])
def test_sizes_have_the_hubs_words(rows, words):
    assert size_category(rows) == words
    assert words in SIZES
