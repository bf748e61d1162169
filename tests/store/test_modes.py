"""Who may read what a run writes: its owner alone, whatever the umask, unless the owner says otherwise."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from personagen.errors import DiskError
from personagen.prompts import files as prompts
from personagen.store import files
from personagen.store.folder import open_run
from tests.fakes import answer


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: mode(path) for path in folder.iterdir() if path.is_file()}


@pytest.fixture(params=[0o000, 0o022, 0o777])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def run(folder: Path) -> None:
    async def main() -> None:
        used = [prompts.load("judge/prefer", (prompts.packaged(),))]
        with open_run(folder, "simulate", {}, {}, used) as run:
            await run.journal.store("k", "user", "m", "", answer("x"), 0.1)
            files.write(run.folder / "trees.jsonl", [b"{}\n"])
            run.record(SimpleNamespace(status="done", estimate={}), {})
            seen.update(modes(folder))

    seen: dict[str, int] = {}
    asyncio.run(main())
    assert {"journal.db", "journal.db-wal", "journal.db-shm", ".lock", "run.json", "trees.jsonl"} <= set(seen)
    assert set(seen.values()) == {0o600}


def test_what_a_run_writes_is_its_owners_alone(tmp_path: Path, umask):
    run(tmp_path / "outputs" / "run")
    made = [tmp_path / "outputs", *(tmp_path / "outputs").rglob("*")]
    assert {mode(path) for path in made if path.is_dir()} == {0o700}
    assert {mode(path) for path in made if path.is_file()} == {0o600}
    run(tmp_path / "outputs" / "run")


def test_what_the_owner_opened_or_closed_stays_so(tmp_path: Path, umask):
    tmp_path.chmod(0o755)
    file = tmp_path / "a"
    for chosen in (0o644, 0o400):
        files.write(file, [b"x"])
        file.chmod(chosen)
        files.write(file, [b"y"])
        assert mode(file) == chosen
    files.make_folder(tmp_path / "b" / "c")
    assert [mode(tmp_path), mode(tmp_path / "b"), mode(tmp_path / "b" / "c")] == [0o755, 0o700, 0o700]


def test_a_link_planted_in_a_run_folder_changes_nothing_elsewhere(tmp_path: Path):
    mine = tmp_path / "mine"
    mine.write_text("mine")
    (tmp_path / "run").mkdir()
    for name in (".trees.jsonl.new", "run.json"):
        (tmp_path / "run" / name).symlink_to(mine)
    files.write(tmp_path / "run" / "trees.jsonl", [b"x"])
    files.write(tmp_path / "run" / "run.json", [b"x"])
    (tmp_path / "run" / ".lock").symlink_to(mine)
    with pytest.raises(DiskError), open_run(tmp_path / "run", "simulate", {}, {}, []):
        pass
    assert mine.read_text() == "mine"
