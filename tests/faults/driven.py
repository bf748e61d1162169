"""The real command in a process of its own, again and again: forked from one that has imported everything already.

Each process runs ``personagen`` with the arguments it is given and nothing is changed in it but this: whoever gets an
answer says so through a pipe (the acknowledgement that a crash must not undo), and a mutant is put in where a trial
asks for one. The fork happens before there is any thread, loop or open file; by then the prompt files are compiled,
which would be half of a small run's work.
"""

from __future__ import annotations

import gc
import hashlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from tests.faults.disk import VARIABLES, Operation, begin, library
from tests.faults.mutants import MUTANTS, become
from tests.faults.trial import ROOT

LARGEST = 1 << 16
NO_MUTANT = 113
PATIENCE = 120.0  # seconds; no run of the trials takes a tenth of it
# What a run imports on its way; a process that had to do it itself would spend half a second on that.
IMPORTS = (
    "aiohttp",
    "tenacity",
    "rich.console",
    "personagen.cli.progress",
    "personagen.cli.simulate",
    "personagen.flows.simulate",
    "personagen.llm.litellm",
    "personagen.runs.interrupt",
)


@dataclass(frozen=True)
class Ack:
    """Somebody got an answer: the key of the call, the digest of the request's body, and the hash of the text."""

    key: str
    body: str
    text: str


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code or minus the signal, its acknowledgements, its output, and how long it ran."""

    status: int
    acks: tuple[Ack, ...]
    said: str
    seconds: float


class Driver:
    """A fork server; a context manager. One process at a time.

    ``hashes`` seeds the order of Python's sets (PYTHONHASHSEED), which no result may depend on.
    """

    def __init__(self, folder: Path, hashes: int = 1) -> None:
        self._said = folder / f"said-{os.getpid()}-{id(self)}"
        env = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        env |= {"LD_PRELOAD": str(library()), "PYTHONHASHSEED": str(hashes), "PYTHONPATH": str(ROOT), "NO_PROXY": "*"}
        env |= dict.fromkeys(VARIABLES, "")
        # What is tried is the run; its report is written after it, and its size would count as a part of the results.
        env |= dict.fromkeys((f"PERSONAGEN_{name}_NO_REPORT" for name in ("SIMULATE", "EXPAND", "EVALUATE")), "1")
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "tests.faults.driven", str(theirs.fileno())]
        self._server = subprocess.Popen(command, env=env, cwd=ROOT, pass_fds=[theirs.fileno()])
        theirs.close()

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        self._server.wait()
        self._said.unlink(missing_ok=True)

    def run(
        self,
        arguments: list[str],
        *,
        disk: dict[str, str] | None = None,
        mutant: str = "",
        kill_after: float | None = None,
        started: Callable[[int], None] = lambda pid: None,
    ) -> Ended:
        """Runs the command to its end, or kills it after ``kill_after`` seconds; ``started`` is told its process id.

        One that hangs is ended with SIGABRT, so that nobody takes it for one that was to be killed.
        """
        said = str(self._said)
        asked = {"arguments": arguments, "disk": disk or {}, "mutant": mutant, "after": kill_after, "said": said}
        reading, writing = os.pipe()
        try:
            socket.send_fds(self._control, [orjson.dumps(asked)], [writing])
        finally:
            os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            pid = orjson.loads(self._control.recv(LARGEST))["pid"]
            started(pid)
            acks = [Ack(*line.split()) for line in pipe.read().decode().splitlines() if line.count(" ") == 2]
            ended = orjson.loads(self._control.recv(LARGEST))
        told = self._said.read_text(errors="replace")
        # A mutant that the program has outgrown must not pass for one that was caught.
        outgrown = ended["status"] == NO_MUTANT or (mutant in MUTANTS and "internal error" in told)
        assert not outgrown, f"{mutant}: {told}"
        return Ended(ended["status"], tuple(acks), told, ended["seconds"])


def _serve(control: socket.socket) -> None:
    for name in IMPORTS:
        import_module(name)
    prompts = import_module("personagen.prompts.files")
    names = import_module("personagen.flows.simulate").PROMPTS
    compiled = {name: prompts.load(name, prompts.folders(None)) for name in names}
    prompts.load = lambda name, where: compiled[name]  # type: ignore[attr-defined]
    gc.collect()
    gc.freeze()
    while True:
        data, fds, _, _ = socket.recv_fds(control, LARGEST, 1)
        if not data:
            return
        asked, began = orjson.loads(data), time.monotonic()
        pid = os.fork()
        if not pid:
            control.close()
            _be_the_command(asked, fds[0])
        os.close(fds[0])
        control.send(orjson.dumps({"pid": pid}))
        _kill(pid, asked["after"])
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        control.send(orjson.dumps({"status": status, "seconds": time.monotonic() - began}))


def _kill(pid: int, after: float | None) -> None:
    """Kills the process after so many seconds, unless it ends before; whoever waits for it is nobody else."""
    handle = os.pidfd_open(pid)
    try:
        if not select.select([handle], [], [], PATIENCE if after is None else after)[0]:
            signal.pidfd_send_signal(handle, signal.SIGABRT if after is None else signal.SIGKILL)
    finally:
        os.close(handle)


def _be_the_command(asked: dict[str, Any], pipe: int) -> None:
    status = 1
    with suppress(BaseException):
        said = os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(said, 1)
        os.dup2(said, 2)
        try:
            status = _command(asked, pipe)
        except SystemExit as ending:
            status = ending.code if isinstance(ending.code, int) else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _command(asked: dict[str, Any], pipe: int) -> int:
    from personagen.__main__ import start
    from personagen.llm import middleware

    log = -1
    if asked["disk"]:
        begin(asked["disk"])
        if asked["disk"]["DISK_LOG"]:
            log = os.open(asked["disk"]["DISK_LOG"], os.O_WRONLY | os.O_APPEND)
    if asked["mutant"]:
        try:
            become(asked["mutant"])
        except Exception:
            sys.excepthook(*sys.exc_info())
            return NO_MUTANT

    def tell(key: str, answer: Any) -> None:
        seen = f"{answer.model} {hashlib.sha256(answer.text.encode()).hexdigest()[:16]}"
        os.write(pipe, f"{key} {seen}\n".encode())
        if log >= 0:
            os.write(log, Operation("A", key, 0, seen.encode()).line())

    middleware.with_journal = _acknowledging(middleware.with_journal, tell)  # type: ignore[assignment]
    sys.argv = ["personagen", *asked["arguments"]]
    start()
    return 0


def _acknowledging(with_journal: Any, tell: Callable[[str, Any], None]) -> Any:
    def layer(llm: Any, journal: Any, tally: Any) -> Any:
        inner = with_journal(llm, journal, tally)

        async def ask(call: Any) -> Any:
            answer = await inner(call)
            tell(call.key, answer)
            return answer

        return ask

    return layer


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
