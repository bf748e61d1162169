"""``pull`` of a folder that is damaged, not all there, newer, or somebody else's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from personagen.errors import CorruptError, UsageError
from personagen.flows.export import export
from personagen.flows.pull import pull
from personagen.options.export import SelectionOptions
from tests.flows.test_publish import contents, published
from tests.hub.runs import rich_run

for package in ("detect_secrets", "phonenumbers", "pyarrow"):
    pytest.importorskip(package)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    published(rich_run(tmp_path / "run"), tmp_path / "dataset", with_persona=True)
    return tmp_path / "dataset"


def change_table(dataset: Path, name: str, change: Callable[[Any], Any]) -> None:
    from pyarrow import parquet

    [file] = (dataset / name).iterdir()
    parquet.write_table(change(parquet.read_table(file)), file)


def test_a_folder_that_publish_did_not_make_is_not_pulled(tmp_path: Path):
    (tmp_path / "theirs").mkdir()
    with pytest.raises(UsageError, match="not a dataset that `personagen publish` made"):
        pull(str(tmp_path / "theirs"), tmp_path / "again")


def test_a_damaged_file_is_named(tmp_path: Path):
    published(rich_run(tmp_path / "run"), tmp_path / "out")
    file = next((tmp_path / "out" / "trees").iterdir())
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(CorruptError, match=file.name):
        pull(str(tmp_path / "out"), tmp_path / "again")


@pytest.mark.parametrize("name", ["pairs", "trees", "rejections"])
@pytest.mark.parametrize("damage", [lambda data: data[:-200], lambda data: b"", lambda data: data[:90] + data[190:]])
def test_a_damaged_table_is_named_and_leaves_what_was_pulled_before(dataset: Path, tmp_path: Path, name: str, damage):
    pull(str(dataset), tmp_path / "again")
    before = contents(tmp_path / "again")
    [file] = (dataset / name).iterdir()
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(CorruptError, match=file.name):
        pull(str(dataset), tmp_path / "again")
    assert {name: data for name, data in contents(tmp_path / "again").items() if ".pull" not in name} == before


def test_a_null_where_a_record_has_a_list_is_damage(dataset: Path, tmp_path: Path):
    import pyarrow

    def without(table):
        at = table.column_names.index("prompt")
        return table.set_column(at, "prompt", pyarrow.nulls(len(table), table.schema.field(at).type))

    change_table(dataset, "pairs", without)
    with pytest.raises(CorruptError, match="row 1 is not a PreferencePair"):
        pull(str(dataset), tmp_path / "again")


def test_after_a_failure_the_same_pull_works(dataset: Path, tmp_path: Path):
    [file] = (dataset / "trees").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-200])
    with pytest.raises(CorruptError):
        pull(str(dataset), tmp_path / "again")
    file.write_bytes(whole)
    assert pull(str(dataset), tmp_path / "again").records["trees.jsonl"] == 3
    assert not (tmp_path / "again" / ".pull").exists()


def test_trees_or_files_that_were_not_copied_are_missed(dataset: Path, tmp_path: Path):
    change_table(dataset, "trees", lambda table: table.slice(1))
    with pytest.raises(CorruptError, match="lacks 1 of the trees that its pairs are of, such as t0"):
        pull(str(dataset), tmp_path / "again")
    [file] = (dataset / "pairs").iterdir()
    file.rename(file.with_name("train-00000-of-00002.parquet"))
    with pytest.raises(CorruptError, match="pairs has not all 2 files of train"):
        pull(str(dataset), tmp_path / "again")


def test_columns_of_a_newer_version_are_left_out_and_noted(dataset: Path, tmp_path: Path):
    import pyarrow

    change_table(dataset, "pairs", lambda table: table.append_column("mood", pyarrow.array(["x"] * len(table))))
    summary = pull(str(dataset), tmp_path / "again")
    assert summary.notes[-1] == "a newer personagen made it; columns that this one does not know: pairs.mood"
    assert len(pull(str(dataset), tmp_path / "again").notes) == 2


def test_another_projects_run_json_is_not_taken_for_ours(dataset: Path, tmp_path: Path):
    state = orjson.loads((dataset / "run.json").read_bytes())
    (dataset / "run.json").write_bytes(orjson.dumps(state | {"dataset": "theirs"}))
    with pytest.raises(UsageError, match=r"not a dataset that `personagen publish` made, by its run.json"):
        pull(str(dataset), tmp_path / "again")


@pytest.mark.parametrize("link", ["prompts/more.md", "prompts/more", "trees/more.parquet"])
def test_a_link_out_of_the_dataset_is_not_followed(dataset: Path, tmp_path: Path, link: str):
    (tmp_path / "secret").write_text("mine")
    (dataset / link).symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError, match="is a link to a file outside of the dataset"):
        pull(str(dataset), tmp_path / "again")


def test_the_folder_of_the_hubs_own_cache_is_read(dataset: Path, tmp_path: Path):
    snapshot, blobs = tmp_path / "cache" / "snapshots" / "abc", tmp_path / "cache" / "blobs"
    blobs.mkdir(parents=True)
    for number, (name, data) in enumerate(contents(dataset).items()):
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (blobs / str(number)).write_bytes(data)
        (snapshot / name).symlink_to(blobs / str(number))
    assert pull(str(snapshot), tmp_path / "again").records["trees.jsonl"] == 3


def test_what_an_earlier_pull_left_goes_if_the_dataset_has_it_no_longer(dataset: Path, tmp_path: Path):
    pull(str(dataset), tmp_path / "again")
    (tmp_path / "again" / "trajectories.jsonl").write_text("old")
    (tmp_path / "again" / "labels.jsonl").write_text("mine")
    (tmp_path / "again" / "prompts" / "old.md").write_text("old")
    pull(str(dataset), tmp_path / "again")
    found = contents(tmp_path / "again")
    assert "labels.jsonl" in found
    assert not {"trajectories.jsonl", "prompts/old.md"} & found.keys()


def test_a_revision_of_a_folder_is_refused(dataset: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="--revision is of a dataset at the Hub"):
        pull(str(dataset), tmp_path / "again", "v1")


def test_the_personas_texts_are_not_exported_from_a_run_that_lacks_them(tmp_path: Path):
    published(rich_run(tmp_path / "run"), tmp_path / "dataset")
    pull(str(tmp_path / "dataset"), tmp_path / "again")
    for kind in ("beliefs", "trl"):
        with pytest.raises(UsageError, match="was pulled from a dataset without the personas' texts"):
            export(tmp_path / "again", kind, tmp_path / "out.jsonl", SelectionOptions(with_persona=True))
