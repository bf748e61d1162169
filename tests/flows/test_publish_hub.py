"""``publish`` to a Hub that runs here, through the real client: one commit, nothing twice, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from personagen.errors import ConfigError, ServerError, UsageError
from personagen.flows.publish import planned, send
from personagen.flows.pull import pull
from personagen.options.publish import PublishOptions
from tests.hub.runs import rich_run
from tests.servers.hub import READER, Hub, Repo, Trouble
from tests.servers.hub_client import connected

for package in ("detect_secrets", "phonenumbers", "huggingface_hub"):
    pytest.importorskip(package)

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's own, of httpx
NAME = "me/bees"
COMMIT = r"POST .*/commit/main"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with connected(monkeypatch, tmp_path) as hub:
        yield hub


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def publish(tmp_path: Path, waits: list[float]):
    run = rich_run(tmp_path / "run")

    def publish(name: str = NAME, **options):
        with planned(run, name, PublishOptions(license="cc-by-4.0", **options)) as plan:
            return send(plan, waits.append)

    return publish


def asked(hub: Hub, pattern: str) -> list[str]:
    return [line for line in hub.asked if line.startswith(pattern)]


def test_a_run_becomes_a_private_dataset_in_one_commit(hub, publish):
    summary = publish()
    repo = hub.repos[NAME]
    assert repo.private
    assert [commit.message for commit in repo.commits] == ["initial commit", "9 preference pairs of 3 conversations"]
    assert summary.commit == repo.head.oid
    assert {*repo.head.files} == {*summary.changed, ".gitattributes"}
    assert [lfs for path, (_, lfs) in repo.head.files.items() if path.endswith(".parquet")] == [True] * 4


def test_the_same_again_asks_what_is_there_and_sends_nothing(hub, publish):
    first = publish()
    hub.asked.clear()
    again = publish()
    assert (again.commit, again.changed, again.removed) == (first.commit, (), ())
    assert asked(hub, "POST") + asked(hub, "PUT") == []


def test_only_what_changed_is_sent_and_what_is_gone_is_removed_in_the_same_commit(hub, publish, tmp_path):
    publish()
    (tmp_path / "run" / "rejections.jsonl").write_bytes(b"")
    hub.asked.clear()
    again = publish()
    assert again.changed == ("README.md",)
    assert again.removed == ("figures/gates.svg", "rejections/train-00000-of-00001.parquet")
    assert len(asked(hub, "PUT")) == 0
    assert len(hub.repos[NAME].commits) == 3
    assert "earlier commits still show" in " ".join(again.notes)


def test_it_is_public_only_if_that_is_asked_for(hub, publish):
    publish(public=True)
    assert not hub.repos[NAME].private
    with pytest.raises(UsageError, match="is public, so everybody would see what is sent: add --public"):
        publish()
    assert publish(public=True).changed == ()


def test_a_dry_run_changes_nothing(hub, tmp_path):
    with planned(rich_run(tmp_path / "run"), NAME, PublishOptions(dry_run=True)) as plan:
        assert (plan.head, len(plan.changed)) == (None, len(plan.dataset.files))
    assert [line for line in hub.asked if not line.startswith("GET")] == []


def test_a_dataset_of_another_kind_is_not_overwritten(hub, publish):
    publish()
    files = hub.repos[NAME].head.files
    hub.repos[NAME].add({"data.csv": (b"a,b", False), ".gitattributes": files[".gitattributes"]}, "mine")
    with pytest.raises(UsageError, match="that personagen did not make"):
        publish()


@pytest.mark.parametrize(
    ("token", "name", "said"),
    [
        ("hf_expired", NAME, "refuses the token .*: set HF_TOKEN to a token with write access"),
        (READER, NAME, "may not write to me/bees .*: use one with write access to me"),
        ("hf_writer", "you/bees", "may not write to you/bees"),
        ("", NAME, "there is no token for the Hub: set HF_TOKEN"),
    ],
)
def test_a_refused_token_stops_at_once_and_says_what_to_do(hub, publish, waits, monkeypatch, token, name, said):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(ConfigError, match=said):
        publish(name)
    assert waits == []
    assert asked(hub, "PUT") == []
    assert hub.repos == {}


def test_a_token_that_is_refused_in_the_middle_stops_too(hub, publish, waits):
    hub.troubles.append(Trouble(COMMIT, status=403, words="gone"))
    with pytest.raises(ConfigError, match="may not write"):
        publish()
    assert waits == []
    assert len(hub.repos[NAME].commits) == 1


def test_a_commit_whose_answer_is_lost_is_not_made_twice(hub, publish):
    hub.troubles.append(Trouble(COMMIT, after=True))
    summary = publish()
    assert len(hub.repos[NAME].commits) == 2
    assert summary.commit == hub.repos[NAME].head.oid


def test_a_commit_that_dies_before_it_arrives_is_made_again_and_no_object_is_sent_twice(hub, publish):
    hub.troubles.append(Trouble(COMMIT))
    publish()
    assert len(hub.repos[NAME].commits) == 2
    assert len(asked(hub, "PUT")) == 4


def test_after_an_interruption_what_was_uploaded_is_not_sent_again(hub, publish):
    hub.troubles.append(Trouble(COMMIT, status=500, times=5, words="down"))
    with pytest.raises(ServerError, match=r"the Hub answers 500 .*nothing is half published"):
        publish()
    assert [*hub.repos[NAME].head.files] == [".gitattributes"]
    hub.asked.clear()
    publish()
    assert asked(hub, "PUT") == []
    assert "README.md" in hub.repos[NAME].head.files


def test_a_rate_limit_and_a_gateway_that_is_down_are_waited_for(hub, publish, waits):
    limit = {"Retry-After": "17"}
    hub.troubles += [
        Trouble("POST /api/repos/create", status=429, headers=limit),
        Trouble(COMMIT, status=429, headers=limit),
        *(Trouble(COMMIT, status=status) for status in (520, 529)),
    ]
    publish()
    assert waits == [17.0, 17.0, 2.0, 4.0]
    assert len(hub.repos[NAME].commits) == 2


def test_somebody_elses_commit_to_other_files_does_not_hinder(hub, publish):
    def licence() -> None:
        head = hub.repos[NAME].head
        hub.repos[NAME].add(head.files | {"LICENSE": (b"CC", False)}, "add a licence")

    hub.troubles.append(Trouble(COMMIT, status=412, words="A commit has happened since", first=licence))
    publish()
    assert {"LICENSE", "README.md"} <= {*hub.repos[NAME].head.files}


def test_somebody_elses_commit_to_the_same_files_stops(hub, publish, tmp_path):
    publish()

    def card() -> None:
        head = hub.repos[NAME].head
        hub.repos[NAME].add(head.files | {"README.md": (b"mine", False)}, "my own card")

    hub.troubles.append(Trouble(COMMIT, status=412, first=card))
    with pytest.raises(UsageError, match="somebody else changed me/bees meanwhile"):
        publish(with_persona=True)
    assert hub.repos[NAME].head.files["README.md"][0] == b"mine"


def test_a_card_that_the_hub_refuses_is_said_before_anything_is_uploaded(hub, publish, tmp_path):
    with (
        planned(tmp_path / "run", NAME, PublishOptions(license="cc-by-7")) as plan,
        pytest.raises(UsageError, match=r'the Hub refuses the card: .*"license" must be'),
    ):
        send(plan)
    assert asked(hub, "PUT") == []


def test_a_server_without_xet_is_named_with_what_to_set(hub, publish, monkeypatch):
    pytest.importorskip("hf_xet")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", False)
    with pytest.raises(UsageError, match="does not take Xet uploads: set HF_HUB_DISABLE_XET=1"):
        publish()


@pytest.mark.parametrize("name", ["bees", "me/be/es", "me/..", "-me/bees", "me/bees.git", "me/ bees"])
def test_a_name_that_no_dataset_can_have_is_refused(hub, publish, name):
    with pytest.raises(UsageError, match="give it as OWNER/NAME"):
        publish(name)
    assert hub.asked == []


def test_pull_brings_the_run_back_and_an_earlier_commit_of_it(hub, publish, tmp_path):
    first = publish(with_persona=True)
    (tmp_path / "run" / "rejections.jsonl").write_bytes(b"")
    publish(with_persona=True)
    summary = pull(NAME, tmp_path / "newest")
    assert (tmp_path / "newest" / "trees.jsonl").read_bytes() == (tmp_path / "run" / "trees.jsonl").read_bytes()
    assert (summary.commit, summary.records["rejections.jsonl"]) == (hub.repos[NAME].head.oid, 0)
    earlier = pull(NAME, tmp_path / "earlier", first.commit)
    assert (earlier.commit, earlier.records["rejections.jsonl"]) == (first.commit, 1)
    assert not (tmp_path / "newest" / ".pull").exists()


def test_pulling_goes_on_where_it_was_broken_off(hub, publish, tmp_path):
    publish()
    hub.troubles.append(Trouble("GET .*/resolve/.*/trees/", status=403, times=1))
    with pytest.raises(ConfigError):
        pull(NAME, tmp_path / "again")
    hub.asked.clear()
    assert pull(NAME, tmp_path / "again").records["trees.jsonl"] == 3
    assert len([line for line in asked(hub, "GET") if "pairs/" in line]) == 0


def test_a_dataset_that_is_not_there_is_said(hub, tmp_path):
    with pytest.raises(UsageError, match="the Hub has no dataset me/nothing, or not for this token"):
        pull("me/nothing", tmp_path / "again")


def test_an_interrupted_copy_of_another_dataset_is_not_mixed_in(hub, publish, tmp_path):
    publish()
    files = hub.repos[NAME].head.files
    hub.repos["me/other"] = Repo(private=True)
    more = {"pairs/zz-00000-of-00001.parquet": files["pairs/train-00000-of-00001.parquet"]}
    hub.repos["me/other"].add(files | more, "other")
    hub.troubles.append(Trouble("GET .*/resolve/.*/trees/", status=403))
    with pytest.raises(ConfigError, match="may not read me/other"):
        pull("me/other", tmp_path / "again")
    assert pull(NAME, tmp_path / "again").records["pairs.jsonl"] == 9


def test_a_revision_that_is_not_there_is_said(hub, publish, tmp_path):
    publish()
    with pytest.raises(UsageError, match="me/bees has no such branch, tag or commit: check --revision"):
        pull(NAME, tmp_path / "again", "v9")


def test_a_file_whose_name_leads_out_of_the_folder_is_not_copied(hub, publish, tmp_path):
    publish()
    hub.repos[NAME].add(hub.repos[NAME].head.files | {"../../../out.md": (b"x", False)}, "theirs")
    with pytest.raises(UsageError, match="a file whose name leads out of its folder"):
        pull(NAME, tmp_path / "a" / "again")
    assert not [*tmp_path.rglob("out.md")]


def test_a_dataset_that_somebody_else_made_in_the_meantime_is_not_overwritten(hub, tmp_path):
    with planned(rich_run(tmp_path / "run"), NAME, PublishOptions()) as plan:
        hub.repos[NAME] = Repo(private=True)
        hub.repos[NAME].add({"data.csv": (b"a,b", False)}, "theirs")
        with pytest.raises(UsageError, match="that personagen did not make"):
            send(plan)
    assert len(hub.repos[NAME].commits) == 1


def test_a_dataset_that_was_published_but_not_opened_is_opened_the_next_time(hub, publish):
    hub.troubles.append(Trouble("PUT .*/settings", status=403))
    with pytest.raises(ConfigError, match="me/bees has the commit, but is still private: the token may not write"):
        publish(public=True)
    assert hub.repos[NAME].private
    publish(public=True)
    assert (hub.repos[NAME].private, len(hub.repos[NAME].commits)) == (False, 2)


@pytest.mark.parametrize(
    ("asked", "status", "kind", "said"),
    [
        ("POST /api/repos/create", 409, ServerError, "could not create me/bees now; run"),
        ("POST /api/repos/create", 404, UsageError, "does not speak the Hub's API .*: check HF_ENDPOINT"),
        ("POST /api/validate-yaml", 404, UsageError, "does not speak the Hub's API .*: check HF_ENDPOINT"),
        ("PUT /lfs/", 403, ServerError, "storage refuses a file: 403 .expired"),
    ],
)
def test_a_refusal_says_which_part_refused(hub, publish, asked, status, kind, said):
    hub.troubles.append(Trouble(asked, status, times=99, words="expired"))
    with pytest.raises(kind, match=said):
        publish()
