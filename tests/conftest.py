"""What every test has: no socket leaves this machine; a fake model, simulations in a folder, an edited prompt."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import socket
import sys

import pytest
from hypothesis import settings

from tests import fakes

# A busy machine is no fault of the code: how long an example takes says nothing here.
settings.register_profile("untimed", deadline=None, max_examples=40)
settings.load_profile("untimed")
# The report of a run takes longer than most runs of the tests; those about it ask for it.
os.environ |= {f"PERSONAGEN_{name}_NO_REPORT": "1" for name in ("SIMULATE", "EXPAND", "EVALUATE")}
# Variables with which whoever runs the tests would steer a client.
PERSONAL = re.compile(
    r"\w+_(API_KEY|AUTH_TOKEN|BASE_URL|CUSTOM_HEADERS|ORG_ID|PROJECT_ID|PROXY)|SSL_CERT_(FILE|DIR)", re.IGNORECASE
)


def _is_outside(host):
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return False
    try:
        return not ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return True


def pytest_collection_modifyitems(items):
    """What takes longest begins first, so that no worker is left with it at the end."""
    items.sort(key=lambda item: item.path.name not in ("test_readme.py", "test_wheel.py"))


@pytest.fixture(autouse=True)
def outside(monkeypatch):
    """Every way to an address that is not loopback raises at once, and fails the test even if the error is caught.

    The list of addresses that were tried; a test that tries one on purpose empties it.
    """
    tried = []

    def check(host):
        if _is_outside(host):
            tried.append(host)
            raise RuntimeError(f"a test reaches out to {host}: tests use loopback only")

    def guarded(name, real):
        def method(self, *args):
            address = args[-1]
            if self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
                check(address[0])
            return real(self, *args)

        monkeypatch.setattr(socket.socket, name, method)

    for name in ("connect", "connect_ex", "sendto"):
        guarded(name, getattr(socket.socket, name))

    def looking_up(name, real):
        def function(host, *args, **kwargs):
            check(host)
            return real(host, *args, **kwargs)

        monkeypatch.setattr(socket, name, function)

    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        looking_up(name, getattr(socket, name))
    for name in filter(PERSONAL.fullmatch, [*os.environ]):
        monkeypatch.delenv(name)
    yield tried
    assert not tried, f"the test reached out to {tried}"


@pytest.fixture
def model(monkeypatch):
    """``model(reply)`` puts a fake that answers so in the cast's place, and returns it."""

    def use(reply):
        fake = fakes.Fake(reply)
        monkeypatch.setattr(fakes, "llm", fake)
        return fake

    return use


@pytest.fixture
def command(tmp_path, monkeypatch):
    """``command("show", "run", code=0)`` runs it in an empty folder, with keys, and sees how it ends."""
    from click.testing import CliRunner

    from personagen.cli import main

    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, fakes.KEY)

    def run(*arguments, code=0):
        result = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Writes a module of the user's own into the folder personagen is started from, and gives the module's name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write(code):
        name = f"own_{abs(hash(code))}"
        (tmp_path / f"{name}.py").write_text(code)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return name

    return write


@pytest.fixture
def run(tmp_path):
    """``run("out", turns=4)`` simulates, by default six personas in three turns with ``tests.fakes:llm``."""

    from personagen.flows.simulate import simulate
    from personagen.options import SimulateOptions

    def run(out="run", *, people=6, progress=None, consent=None, **options):
        given = {"personas": str(fakes.personas(tmp_path, people)), "out": str(tmp_path / out), "turns": 3}
        given |= {"model": "tests.fakes:llm", "counterfactual": 0, **options}
        return asyncio.run(simulate(SimulateOptions(**given), progress, consent))

    return run


@pytest.fixture
def edited(tmp_path):
    """``edited("judge/prefer", old, new)`` is a folder of prompts with that one changed."""

    from personagen.prompts.files import packaged

    def edit(name, old, new):
        text = (packaged() / f"{name}.md").read_text()
        assert old in text
        file = tmp_path / "mine" / f"{name}.md"
        file.parent.mkdir(parents=True)
        file.write_text(text.replace(old, new))
        return str(tmp_path / "mine")

    return edit
