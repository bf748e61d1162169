"""A run whose server is restarted waits for it, and one that nothing listens for says so at once."""

from __future__ import annotations

import time

import pytest

from personagen.errors import ConfigError
from personagen.llm.limits import away
from tests.servers import serving
from tests.servers.actor import actor


def test_a_run_outlasts_a_restart_of_its_server(run, monkeypatch, caplog):
    monkeypatch.setattr(away, "KNOCK_SECONDS", 0.2)
    monkeypatch.setattr(away, "FIRST_KNOCK_SECONDS", 0.1)

    def restarted(request):
        if len(server.requests) != 12:
            return None

        async def gone(connection):
            server.shut(3)
            for transport in list(server.connections):
                transport.abort()

        return gone

    with serving(actor, misbehave=restarted) as server:
        out = run("run", people=3, turns=2, model="openai/a", base_url=server.v1, concurrency=8)
    assert out.report.status == "done"
    assert "answers again" in caplog.text


def test_a_server_of_this_machine_that_was_not_started_is_told_within_seconds(run):
    with serving(actor) as server:
        url = server.v1
    began = time.monotonic()
    with pytest.raises(ConfigError, match=r"nothing listens at .*: start the server, or correct --base-url"):
        run("run", people=3, turns=2, model="openai/a", base_url=url)
    assert time.monotonic() - began < 8
