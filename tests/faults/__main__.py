"""Runs the trials one after another and prints what held; with ``--write`` also into RELIABILITY.md."""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import orjson

from tests.faults.disk import NoCompiler
from tests.faults.trial import ROOT, Finding, Scale

# In the order of RELIABILITY.md; each is a file in this folder with a function ``trial(scale)``.
TRIALS: tuple[str, ...] = (
    *("kills", "steps", "cuts", "spending", "hunt", "refused", "storms", "mixed", "replies", "talk"),
    *("space", "race", "signals", "damage", "soak", "restart", "secrets"),
)
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def main() -> int:
    args = _arguments()
    folder = Path(args.out) / f"{'short' if args.short else 'full'}-{args.seed}-{_version()}"
    print(f"seed {args.seed}; what is done is kept in {folder}: the same command goes on there", flush=True)
    findings: list[Finding] = []
    for name in args.only or TRIALS:
        began = time.monotonic()
        scale = Scale(args.seed, args.short, folder / name, lambda line: print(f"  {line}", flush=True))
        try:
            found = tried(scale, importlib.import_module(f"tests.faults.{name}").trial)
        except NoCompiler as problem:
            sys.exit(f"faults: {problem}")
        for finding in found:
            print(f"{'held  ' if finding.held else 'FAILED'} {finding.promise}: {finding.measured}", flush=True)
        print(f"  {name}: {time.monotonic() - began:.0f} s", flush=True)
        findings += found
    if args.write:
        _write(findings, f"seed {args.seed}, in {'the short form' if args.short else 'full'}")
    failed = [finding.promise for finding in findings if not finding.held]
    print(f"{len(findings) - len(failed)} of {len(findings)} promises held")
    return 1 if failed else 0


def tried(scale: Scale, trial: Callable[[Scale], Iterable[Finding]]) -> list[Finding]:
    """What the trial found, read back where it held before.

    One that failed is put aside with all its rows, and done anew as a whole: a slow machine then does not spoil it for
    ever, and a fault that comes now and then is as likely to be seen again as it was at first.
    """
    kept = scale.folder / "found.json"
    if kept.is_file():
        return [Finding(**row) for row in orjson.loads(kept.read_bytes())]
    scale.folder.mkdir(parents=True, exist_ok=True)
    found = list(trial(scale))
    if all(finding.held for finding in found):
        kept.write_bytes(orjson.dumps([vars(finding) for finding in found]))
    else:
        aside = scale.folder.with_name(f"{scale.folder.name}.failed")
        shutil.rmtree(aside, ignore_errors=True)
        scale.folder.rename(aside)
        scale.tell(f"what failed is kept in {aside}")
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="CI's form, under five minutes")
    parser.add_argument("--seed", type=int, default=7, help="draws every fault (7)")
    parser.add_argument("--only", nargs="+", choices=TRIALS, help="these trials alone")
    parser.add_argument("--out", default="outputs/faults", help="where it keeps what is done (outputs/faults)")
    parser.add_argument("--write", action="store_true", help="put the figures into RELIABILITY.md")
    args = parser.parse_args()
    if args.write and args.only:
        parser.error("--write needs every trial: leave out --only")
    return args


def _version() -> str:
    """A hash of the program and of its trials: what was found out about another version does not count."""
    files = sorted(file for part in ("personagen", "prompts", "tests/faults") for file in (ROOT / part).rglob("*.*"))
    code = [file.read_bytes() for file in files if file.suffix in (".py", ".md", ".c")]
    return hashlib.sha256(b"\0".join(code)).hexdigest()[:8]


def _commit() -> str:
    """What git calls the version that was tried, or the hash of its files where it is no checkout."""
    git = shutil.which("git")
    describe = [git or "", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(describe, cwd=ROOT, capture_output=True, text=True, check=False) if git else None
    return f"on commit {done.stdout.strip()}" if done and done.stdout else f"no commit, the files' hash is {_version()}"


def _write(findings: list[Finding], how: str) -> None:
    file = ROOT / "RELIABILITY.md"
    before, _, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    rows = [f"| {f.promise} | {f.goal} | {f.measured} | {'yes' if f.held else '**no**'} |" for f in findings]
    table = ["| promise | goal | measured | held |", "|---|---|---|---|", *rows]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    made = f"{os.cpu_count()} cores, {python}, {platform.system()}; {how}, {_commit()}."
    file.write_text(f"{before}{BEGIN}\n" + "\n".join([*table, "", made]) + f"\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
