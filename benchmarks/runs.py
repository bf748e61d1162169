"""What the benchmarks share: real ``personagen`` processes, measured from outside, and figures with their spread."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

COMMAND = (sys.executable, "-m", "personagen")


@dataclass(frozen=True)
class Measured:
    """A process that ran to its end: wall and CPU seconds, peak memory in MB, when it was started (monotonic)."""

    wall: float
    cpu: float
    peak: float
    began: float


def run(command: Sequence[str]) -> Measured:
    """Runs ``command`` to its end, its output shown only if it fails.

    Raises:
        SystemExit: it failed.
    """
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}")
    return Measured(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, began)


def personas(folder: Path, count: int, seed: int = 7) -> Path:
    """A file of ``count`` personas, made offline."""
    profiles = max(20, -(-count // 5))
    out = folder / "pool"
    each = -(-count // profiles)
    size = ("--target", str(profiles), "--per-profile", str(each), "--seed", str(seed))
    run([*COMMAND, "expand", *size, "--out", str(out), "--quiet"])
    lines = (out / "personas.jsonl").read_bytes().splitlines(keepends=True)[:count]
    file = folder / "personas.jsonl"
    file.write_bytes(b"".join(lines))
    return file


def simulate(file: Path, out: Path, url: str, *more: str) -> Measured:
    """``personagen simulate`` with a model at ``url``."""
    model = ("--model", "openai/double", "--base-url", url)
    return run([*COMMAND, "simulate", "--personas", str(file), "--out", str(out), "--quiet", *model, *more])


def spread(values: Iterable[float], form: str = ",.2f") -> str:
    """The median, and the least and the most in brackets."""
    values = list(values)
    if len(values) == 1:
        return format(values[0], form)
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def versions(*names: str) -> str:
    """Python's version, the packages' and the number of cores."""
    parts = [f"{name} {version(name)}" for name in ("personagen", *names)]
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, {', '.join(parts)}"
