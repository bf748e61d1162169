"""``publish`` to a folder, what it refuses before anything leaves, and ``pull`` of the folder."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from personagen.errors import InUseError, UsageError
from personagen.flows.publish import planned, send
from personagen.flows.pull import pull
from personagen.options.publish import PublishOptions
from personagen.store.files import make_folder
from personagen.store.lock import locked
from tests.hub.runs import rich_run

pytest.importorskip("detect_secrets")
pytest.importorskip("phonenumbers")

RESULTS = ("trees.jsonl", "pairs.jsonl", "rejections.jsonl")


def published(run: Path, out: Path, **options):
    with planned(run, None, PublishOptions(to_folder=out, **options)) as plan:
        return send(plan)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_run_comes_back_from_its_dataset_byte_for_byte(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    published(run, tmp_path / "out", with_persona=True)
    summary = pull(str(tmp_path / "out"), tmp_path / "again")
    assert [(tmp_path / "again" / name).read_bytes() == (run / name).read_bytes() for name in RESULTS] == [True] * 3
    assert summary.records == {"pairs.jsonl": 9, "trees.jsonl": 3, "rejections.jsonl": 1}
    assert (tmp_path / "again" / "prompts" / "judge" / "prefer.md").is_file()


def test_without_the_personas_it_comes_back_with_their_texts_empty(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    published(run, tmp_path / "out")
    summary = pull(str(tmp_path / "out"), tmp_path / "again")
    tree = orjson.loads((tmp_path / "again" / "trees.jsonl").read_bytes().splitlines()[0])
    assert (tree["persona"]["id"], tree["persona"]["profile"], tree["changed"]) == ("p0", "", "")
    assert not summary.with_persona
    assert "were not published" in summary.notes[-1]


def test_what_was_pulled_can_be_exported_merged_and_published_again(tmp_path: Path):
    from personagen.flows.export import export
    from personagen.flows.merge import merge

    published(rich_run(tmp_path / "run"), tmp_path / "out", with_persona=True)
    pull(str(tmp_path / "out"), tmp_path / "again")
    assert export(tmp_path / "again", "trl", tmp_path / "trl.jsonl").rows == 9
    assert (
        merge([tmp_path / "again", rich_run(tmp_path / "other", trees=4)], tmp_path / "both").records["trees.jsonl"]
        == 4
    )
    published(tmp_path / "again", tmp_path / "twice", with_persona=True)
    one, two = contents(tmp_path / "out"), contents(tmp_path / "twice")
    assert {name for name in one if one[name] != two[name]} == {"README.md", "report.html", "run.json"}


def test_the_same_again_changes_no_file(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    published(run, tmp_path / "out")
    times = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("*")}
    assert published(run, tmp_path / "out").changed == ()
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("*") if file.is_file()} == {
        file: time for file, time in times.items() if file.is_file()
    }


def test_what_an_earlier_dataset_had_is_removed_and_other_files_stay(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    published(run, tmp_path / "out")
    (tmp_path / "out" / "LICENSE").write_text("CC")
    (run / "rejections.jsonl").write_bytes(b"")
    assert published(run, tmp_path / "out").removed == (
        "figures/gates.svg",
        "rejections/train-00000-of-00001.parquet",
    )
    assert (tmp_path / "out" / "LICENSE").is_file()
    assert not (tmp_path / "out" / "figures" / "gates.svg").exists()


def test_nothing_is_left_beside_the_run_or_in_the_folder(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    before = {*run.iterdir()}
    published(run, tmp_path / "out")
    assert {*run.iterdir()} == before
    assert not (tmp_path / "out" / ".publish").exists()


def test_a_folder_in_which_writing_was_broken_off_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run, made = rich_run(tmp_path / "run"), []

    def breaking_off(folder: Path) -> None:
        made.append(folder)
        if len(made) == 7:  # two of them are beside the data, so four files are there
            raise KeyboardInterrupt
        make_folder(folder)

    monkeypatch.setattr("personagen.flows.publish.make_folder", breaking_off)
    with pytest.raises(KeyboardInterrupt):
        published(run, tmp_path / "out")
    monkeypatch.setattr("personagen.flows.publish.make_folder", make_folder)
    assert len(contents(tmp_path / "out")) == 4
    published(run, tmp_path / "out")
    published(run, tmp_path / "fresh")
    one, other = contents(tmp_path / "out"), contents(tmp_path / "fresh")
    assert {name for name in one if one[name] != other[name]} == {"README.md"}  # it has the folder's name


def test_text_of_the_offline_cast_is_refused_unless_that_is_allowed(tmp_path: Path):
    run = rich_run(tmp_path / "run", model="offline")
    with pytest.raises(UsageError, match=r"of the offline cast .*judge, user.* --allow-offline-data"):
        published(run, tmp_path / "out")
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())
    published(run, tmp_path / "out", allow_offline_data=True)
    assert "not by a language model" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": "running"}, "is not finished"),
        ({"command": "expand"}, "has personas, not conversations"),
    ],
)
def test_a_run_that_is_no_data_set_yet_is_refused(tmp_path: Path, change, said):
    with pytest.raises(UsageError, match=said):
        published(rich_run(tmp_path / "run", **change), tmp_path / "out")


def test_a_run_without_pairs_is_refused(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    (run / "pairs.jsonl").write_bytes(b"")
    with pytest.raises(UsageError, match="it has no pairs"):
        published(run, tmp_path / "out")


def test_a_folder_of_something_else_is_refused(tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("x")
    run = rich_run(tmp_path / "run")
    with pytest.raises(UsageError, match="holds something else"):
        published(run, tmp_path / "out")
    with pytest.raises(UsageError, match="is the run itself"):
        published(run, run)
    with pytest.raises(UsageError, match="holds something else"):
        published(run, rich_run(tmp_path / "another run"))
    with pytest.raises(UsageError, match="holds something else"):
        pull(str(run), tmp_path / "out")


def test_two_at_a_time_are_refused(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    (tmp_path / "out" / ".publish").mkdir(parents=True)
    with locked(tmp_path / "out" / ".publish"), pytest.raises(InUseError):
        published(run, tmp_path / "out")


@pytest.mark.parametrize(
    "split", ["train=0.9", "train=0.5,train=0.5", "a b=1", "train", "train=2,test=-1", "all=1", ""]
)
def test_shares_that_do_not_add_up_are_refused(split):
    with pytest.raises(UsageError, match="--split"):
        PublishOptions(split=split)


def test_with_several_splits_the_pairs_come_back_in_the_order_of_their_trees(tmp_path: Path, monkeypatch):
    from personagen.flows.export import export

    splits = {"t0": "test", "t1": "train", "t2": "a_split"}
    monkeypatch.setattr("personagen.flows.publish.split_of", lambda run, shares: splits)
    published(rich_run(tmp_path / "run"), tmp_path / "out")
    pull(str(tmp_path / "out"), tmp_path / "again")
    assert export(tmp_path / "again", "trl", tmp_path / "trl.jsonl").rows == 9
