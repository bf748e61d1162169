"""A journal that was damaged between two processes of one run: refused in a sentence, or nothing was lost by it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.billing import Client
from tests.faults.stories import SMALL, TINY, Size, Story, Workshop, workshop
from tests.faults.trial import Finding, Scale, finding

REFUSED = (70, 74)


def trial(scale: Scale) -> Iterable[Finding]:
    """Flipped bytes, cut files, missing ones, and whole ones of a newer format."""
    rng, size = Random(f"{scale.seed}/damage"), TINY if scale.short else SMALL
    shares = [n / 20 for n in range(20)]
    ways = [f"flip {rng.random():.9f}" for _ in range(scale.of(1000, 10))]
    ways += [f"flip {rng.random():.9f} killed" for _ in range(scale.of(500, 6))]
    ways += [f"cut {share}" for share in (shares if not scale.short else shares[::5])]
    ways += ["cut 0.9999", "text", "gone", "log-gone killed", "unreadable", "newer"]
    with workshop() as shop:
        rows = scale.each("damage", ways, lambda way: damaged(shop, size, way))
    refused = sum(row["refused"] for row in rows)
    yield finding(
        "journals with changed bytes, cut off, deleted, replaced, of a newer format, without their log",
        "exit 70 or 74 in one sentence, or the same result and nothing paid again",
        f"{len(rows)} journals, {refused} refused",
        rows,
        refused > len(rows) // 4,
    )


def damaged(shop: Workshop, size: Size, way: str) -> dict[str, Any]:
    """A run that ended or was killed, whose journal is damaged, and that goes on; what was wrong with it."""
    reference, story = shop.reference(size), Story(shop, size, shop.fresh())
    client = Client(delay=0.001, rng=Random(way))
    if way.endswith("killed"):
        client.kill_at = len(reference.keys) * 2 // 3
    first = story.attempt(client, concurrency=4)
    run = story.folder / "run"
    _damage(run / "journal.db", *f"{way} -".split()[:2], Random(way))
    second = story.attempt(Client(delay=0.001, rng=Random(way)), concurrency=4)
    ended, wrong = second.ended, list[str]()
    if ended.status in REFUSED:
        shop.billing.settle()
        again = second.bodies() & {ack.body for ack in first.ended.acks}
        wrong += [*_refusal(ended.said), *([f"{len(again)} stored answers were asked again"] if again else [])]
        shutil.rmtree(story.folder)
    else:
        wrong += story.outcome(reference)["wrong"]
    must = not way.startswith("flip")
    wrong += [f"it went on, exit {ended.status}"] if must and ended.status not in REFUSED else []
    return {"wrong": wrong, "refused": ended.status in REFUSED}


def _refusal(said: str) -> Iterator[str]:
    lines = [line for line in said.strip().splitlines() if not line.startswith("to resume: ")]
    if len(lines) != 1 or not lines[0].startswith("personagen: ") or "internal error" in said:
        yield f"not one sentence: {said[-300:]}"


def _damage(file: Path, how: str, share: str, rng: Random) -> None:
    content, log = file.read_bytes(), file.with_name(f"{file.name}-wal")
    if how == "flip":
        # In a journal that was killed most of it still stands in the log.
        target = log if log.exists() and log.stat().st_size and rng.random() < 0.5 else file
        content = target.read_bytes()
        # A change in the log's last transactions can't be told from the trace of a crash.
        at = int(float(share) * (len(content) if target == file else 0.6 * _written(content)))
        target.write_bytes(content[:at] + bytes([content[at] ^ rng.randrange(1, 256)]) + content[at + 1 :])
    elif how == "cut":
        os.truncate(file, int(float(share) * len(content)))
    elif how == "text":
        file.write_text("this is a shopping list\n" * 1000)
    elif how == "gone":
        file.unlink()
    elif how == "log-gone":
        log.unlink()
    elif how == "unreadable":  # also for a superuser
        file.unlink()
        file.mkdir()
    elif how == "newer":
        file.write_bytes(content)
        _make_newer(file)


def _written(log: bytes) -> int:
    """How much of a log was written in its last round."""
    frame = int.from_bytes(log[8:12], "big") + 24
    starts = range(32, len(log), frame)
    return max(at for at in starts if log[at + 8 : at + 16] == log[16:24])


def _make_newer(file: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(file)) as journal:
        journal.execute("UPDATE meta SET value = '99' WHERE name = 'format'")
        journal.commit()
