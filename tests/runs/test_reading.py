"""Reading a large file: progress, and an interrupt that is heard at once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from personagen.cli.status import line, lines
from personagen.personas.seeds import personas_in_steps
from personagen.runs import reading

pytestmark = pytest.mark.slow

REPO = Path(__file__).parents[2]


def rows(path: Path, count: int) -> Path:
    with path.open("w") as out:
        for n in range(count):
            text = f"She keeps {n} bees in Leeds. She has two cats. She is 34. She reads at night."
            out.write(json.dumps({"profile": text, "personality": "She is blunt, patient and warm."}) + "\n")
    return path


def test_progress_is_reported_while_rows_are_read(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(reading, "EVERY_SECONDS", 0.0)
    seen = []
    source = rows(tmp_path / "a.jsonl", 2200)
    personas, _ = asyncio.run(reading.read(personas_in_steps(source), "a.jsonl", seen.append))
    assert len(personas) == 2200
    assert [status.done for status in seen] == [500, 1000, 1500, 2000]
    assert line(seen[-1]).startswith("reading a.jsonl: 2,000 rows, ")
    assert [len(shown) <= 30 for shown in lines(seen[-1], 30)] == [True]


def test_a_cancelled_task_ends_while_rows_are_read(tmp_path: Path):
    source = rows(tmp_path / "a.jsonl", 20_000)
    read: list[int] = []

    async def main() -> None:
        task = asyncio.create_task(
            reading.read((read.append(n) or n for n in personas_in_steps(source)), "a")  # type: ignore[arg-type]
        )
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert read[-1] < 20_000


@pytest.mark.parametrize(("name", "command"), [("SIGINT", "expand --seeds"), ("SIGTERM", "simulate --personas")])
@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv", "txt"])
def test_a_signal_ends_the_reading_of_any_format_within_a_second(tmp_path: Path, name: str, command: str, suffix: str):
    count = 300_000
    text = "She keeps {} bees in Leeds, has two cats, is 34 and reads at night."
    path = tmp_path / f"a.{suffix}"
    with path.open("w") as out:
        if suffix == "json":
            out.write("[" + ",\n".join(json.dumps(text.format(n)) for n in range(count)) + "]")
        else:
            quoted = "{}" if suffix == "txt" else '"{}"'
            out.write("profile\n" if suffix == "csv" else "")
            out.writelines(quoted.format(text.format(n)) + "\n" for n in range(count))
    words = [*command.split(), str(path), "--out", str(tmp_path / "out")]
    env = {**os.environ, "PYTHONPATH": str(REPO)}
    with subprocess.Popen([sys.executable, "-m", "personagen", *words], env=env, stderr=subprocess.PIPE) as run:
        time.sleep(2.0)
        assert run.poll() is None
        run.send_signal(getattr(signal, name))
        sent = time.monotonic()
        said = run.communicate(timeout=20)[1].decode()
        assert time.monotonic() - sent < 1.0
    assert run.returncode == 130
    assert "interrupted; to resume: personagen " in said
