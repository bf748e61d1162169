"""The real huggingface_hub client, pointed at the double of the Hub in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.servers.hub import TOKEN, Hub
from tests.servers.hub_server import running


@contextmanager
def connected(monkeypatch: Any, folder: Any) -> Iterator[Hub]:
    """A Hub that HfApi and the command line in this process reach, with a token that may write to ``me``."""
    from huggingface_hub import constants

    with running() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(folder / "no-token"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", _template(hub))
        yield hub


def _template(hub: Hub) -> str:
    return hub.url + "/{repo_id}/resolve/{revision}/{filename}"
