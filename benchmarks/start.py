"""How long the user waits: CPU and wall time of ``--help``, and from typing ``simulate`` until the first call leaves.

    python benchmarks/start.py                 # 10 runs of everything, about two minutes
    python benchmarks/start.py --runs 3 --personas 20

Every command is a process of its own; the commands take turns, so that other work on the machine meets all alike.
Bytecode is kept in a temporary folder that a warm-up fills: what is measured is an installed program's second start.
CPU time is that of user and system. A first call ends when the first byte of its request arrives at a server on this
machine; what it cost until then is read from /proc (Linux). Progress is drawn on a terminal, as at a desk.

The peers are the two SDKs' own shortest ways to send one message: a script of three lines.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
TICK = 1000 / os.sysconf("SC_CLK_TCK")
OPENAI = """
import openai
client = openai.OpenAI(base_url="{url}", api_key="none", max_retries=0)
client.chat.completions.create(model="m", messages=[{{"role": "user", "content": "Hello"}}])
"""
LITELLM = """
import litellm
litellm.completion(model="openai/m", api_base="{url}", api_key="none", num_retries=0,
                   messages=[{{"role": "user", "content": "Hello"}}])
"""


@dataclass(frozen=True)
class Sample:
    """What one process took: CPU and wall time in milliseconds, resident memory at its peak in MB."""

    cpu: float
    wall: float
    memory: float


@dataclass(frozen=True)
class Work:
    """A command line. With ``calls`` it is measured up to its first request and then stopped, else to its end."""

    name: str
    command: Sequence[str]
    calls: bool = False


def to_the_end(command: Sequence[str], env: dict[str, str], folder: Path) -> Sample:
    begun = time.perf_counter()
    with subprocess.Popen(command, env=env, cwd=folder, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Sample(1e3 * (used.ru_utime + used.ru_stime), 1e3 * wall, used.ru_maxrss / 1024)


def to_the_first_call(command: Sequence[str], env: dict[str, str], folder: Path, server: socket.socket) -> Sample:
    screen, terminal = pty.openpty()
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=terminal)
    try:
        with server.accept()[0] as connection:
            connection.settimeout(60)
            arrived = connection.recv(1)
            wall = time.perf_counter() - begun
            if not arrived:
                raise SystemExit(f"{' '.join(command)} connected and sent nothing")
            proc = Path(f"/proc/{process.pid}")
            numbers = proc.joinpath("stat").read_text().rpartition(")")[2].split()
            status = dict(line.split(":", 1) for line in proc.joinpath("status").read_text().splitlines())
    except TimeoutError:
        os.set_blocking(screen, False)
        raise SystemExit(f"{' '.join(command)} sent nothing: {os.read(screen, 2000).decode()}") from None
    finally:
        process.kill()
        process.wait()
        os.close(screen)
        os.close(terminal)
    cpu = TICK * (int(numbers[11]) + int(numbers[12]))
    return Sample(cpu, 1e3 * wall, int(status["VmHWM"].split()[0]) / 1024)


def personas(file: Path, count: int) -> Path:
    """A pool as `expand` writes it: profiles of about 400 characters with eight facts."""
    with file.open("wb") as out:
        for at in range(count):
            facts = tuple(f"keeps {at % 97 + n} bees in the village number {at}-{n}" for n in range(8))
            profile = "She is 41. " + " ".join(f"She {fact}." for fact in facts)
            traits = ("blunt", "patient", "curious", "frugal", "shy", "loyal")
            personality = "She is " + ", ".join(traits) + f" and minds what neighbour {at} says about her bees."
            row = {
                "id": f"{at:016x}",
                "profile": profile,
                "personality": personality,
                "facts": facts,
                "traits": traits,
                "attributes": {"age": 41, "gender": "female"},
                "origin": {"profile": "seed", "personality": "seed"},
                "prompt_hash": "",
            }
            out.write(json.dumps(row).encode() + b"\n")
    return file


def works(folder: Path, counts: Sequence[int], url: str) -> list[Work]:
    script = Path(sys.executable).with_name("personagen")
    own = [str(script)] if script.is_file() else [sys.executable, "-m", "personagen"]
    python = [sys.executable, "-c"]
    made = [
        Work("python -c pass", [*python, "pass"]),
        Work("import click", [*python, "import click"]),
        Work("personagen --help", [*own, "--help"]),
        Work("personagen --version", [*own, "--version"]),
        Work("personagen simulate --help", [*own, "simulate", "--help"]),
        Work("import openai", [*python, "import openai"]),
        Work("import anthropic", [*python, "import anthropic"]),
        Work("import litellm", [*python, "import litellm"]),
        Work("first call: openai SDK, one message", [*python, OPENAI.format(url=url)], calls=True),
        Work("first call: litellm, one message", [*python, LITELLM.format(url=url)], calls=True),
    ]
    for count in counts:
        pool = str(personas(folder / f"personas-{count}.jsonl", count))
        command = [*own, "simulate", "--model", "openai/m", "--base-url", url, "--personas", pool, "--out"]
        made.append(Work(f"first call: simulate, {count:,} personas", command, calls=True))
    return made


def measure(work: Work, number: int, env: dict[str, str], folder: Path, server: socket.socket) -> Sample:
    if not work.calls:
        return to_the_end(work.command, env, folder)
    fresh = [f"run-{number}-{time.monotonic_ns()}"] if work.command[-1] == "--out" else []
    return to_the_first_call([*work.command, *fresh], env, folder, server)


def told(name: str, samples: Sequence[Sample], bare: float) -> str:
    cpu, wall = [s.cpu for s in samples], [s.wall for s in samples]
    middle = statistics.median(cpu)
    return (
        f"{name:38s} {middle:7,.0f} ({min(cpu):,.0f}-{max(cpu):,.0f})".ljust(68)
        + f"{statistics.median(wall):7,.0f} ({min(wall):,.0f}-{max(wall):,.0f})".ljust(26)
        + f"{max(s.memory for s in samples):6.0f} {middle / bare:7.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10, help="how often each command is run, after one warm-up")
    parser.add_argument("--personas", type=int, nargs="*", default=[20, 10_000], help="sizes of the pools")
    parser.add_argument("--only", default="", help="only commands with this text in their name, and the bare Python")
    options = parser.parse_args()
    with TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as server:
        folder = Path(name)
        server.settimeout(60)
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        env |= {
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
            # Else litellm first asks the network for its prices.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "OPENAI_API_KEY": "none",
        }
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        todo = [w for w in works(folder, options.personas, url) if options.only in w.name or w.name == "python -c pass"]
        samples: dict[str, list[Sample]] = {work.name: [] for work in todo}
        for number in range(options.runs + 1):
            for work in todo:
                sample = measure(work, number, env, folder, server)
                if number:
                    samples[work.name].append(sample)
    bare = statistics.median(s.cpu for s in samples["python -c pass"])
    packages = ", ".join(f"{p} {version(p)}" for p in ("click", "openai", "anthropic", "litellm"))
    print(f"Python {sys.version.split()[0]}, {packages}; {options.runs} runs each, median (least-most)\n")
    print(f"{'':38s} {'CPU ms':>7s}{'':23s}{'wall ms':>7s}{'':19s}{'MB':>6s} {'x bare':>7s}")
    for work, found in samples.items():
        print(told(work, found, bare))


if __name__ == "__main__":
    main()
