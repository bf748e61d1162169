"""Runs the trials one after another and prints what held; with ``--write`` also into RELIABILITY.md."""

from __future__ import annotations

import argparse
import hashlib
import importlib
import platform
import sys
import time
from pathlib import Path

import orjson

from tests.faults.trial import Finding, Scale

# In the order of RELIABILITY.md; each is a file in this folder with a function ``trial(scale)``.
TRIALS: tuple[str, ...] = (
    *("kills", "steps", "cuts", "spending", "hunt", "refused", "storms", "mixed", "replies", "talk"),
    *("space", "race", "signals", "damage", "soak", "restart", "secrets"),
)
ROOT = Path(__file__).parent.parent.parent
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def main() -> int:
    args = _arguments()
    names = args.only or TRIALS
    folder = Path(args.out) / f"{'short' if args.short else 'full'}-{args.seed}-{_version()}"
    folder.mkdir(parents=True, exist_ok=True)
    print(f"seed {args.seed}; what is done is kept in {folder}: the same command goes on there", flush=True)
    findings: list[Finding] = []
    for name in names:
        began = time.monotonic()
        scale = Scale(args.seed, args.short, folder, lambda line: print(f"  {line}", flush=True))
        found = _kept(folder, name)
        if found is None:
            found = list(importlib.import_module(f"tests.faults.{name}").trial(scale))
            (folder / f"{name}.found.json").write_bytes(orjson.dumps([vars(finding) for finding in found]))
        for finding in found:
            print(f"{'held  ' if finding.held else 'FAILED'} {finding.promise}: {finding.measured}", flush=True)
        print(f"  {name}: {time.monotonic() - began:.0f} s", flush=True)
        findings += found
    if args.write:
        _write(findings, f"seed {args.seed}, {'short' if args.short else 'full'}")
    failed = [finding.promise for finding in findings if not finding.held]
    print(f"{len(findings) - len(failed)} of {len(findings)} promises held")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="CI's form, under five minutes")
    parser.add_argument("--seed", type=int, default=7, help="draws every fault (7)")
    parser.add_argument("--only", nargs="+", choices=TRIALS, help="these trials alone")
    parser.add_argument("--out", default="outputs/faults", help="where it keeps what is done (outputs/faults)")
    parser.add_argument("--write", action="store_true", help="put the figures into RELIABILITY.md")
    return parser.parse_args()


def _version() -> str:
    """A hash of the program and of its trials: what was found out about another version does not count."""
    files = sorted(file for part in ("personagen", "prompts", "tests/faults") for file in (ROOT / part).rglob("*.*"))
    code = [file.read_bytes() for file in files if file.suffix in (".py", ".md", ".c")]
    return hashlib.sha256(b"\0".join(code)).hexdigest()[:8]


def _kept(folder: Path, name: str) -> list[Finding] | None:
    file = folder / f"{name}.found.json"
    return [Finding(**row) for row in orjson.loads(file.read_bytes())] if file.is_file() else None


def _write(findings: list[Finding], how: str) -> None:
    file = ROOT / "RELIABILITY.md"
    before, _, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    rows = [f"| {f.promise} | {f.goal} | {f.measured} | {'yes' if f.held else '**no**'} |" for f in findings]
    table = ["| promise | goal | measured | held |", "|---|---|---|---|", *rows]
    made = f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}; {how}."
    file.write_text(f"{before}{BEGIN}\n" + "\n".join([*table, "", made]) + f"\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
