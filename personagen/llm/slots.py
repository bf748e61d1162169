"""How many calls a local server takes at once, for those that say so: llama.cpp's ``/props`` and ``/slots``."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import orjson

from personagen.llm.endpoints import Endpoint

SECONDS = 2.0  # a server that does not answer by then has nothing to say
_VERSION = re.compile(r"/v\d+/?$")


async def slots(endpoints: Iterable[Endpoint]) -> dict[str, int]:
    """The number of slots, by address, of those ``endpoints`` on this machine or a private network that name it.

    llama.cpp lets further calls wait without a word, and they time out.
    """
    servers = {there.address: there for there in endpoints if there.base_url and there.is_near and not there.is_local}
    found = await asyncio.gather(*map(_total, servers.values()))
    return {address: total for address, total in zip(servers, found, strict=True) if total}


async def _total(endpoint: Endpoint) -> int:
    import aiohttp

    base_url, key = endpoint.base_url or "", os.environ.get("OPENAI_API_KEY", "").strip()
    headers = {"Authorization": f"Bearer {key}"} if key and endpoint.model.startswith("openai/") else {}
    url = _VERSION.sub("", base_url.rstrip("/"))
    # A server of several models must know of which; it shall not load it for that.
    query = {"model": endpoint.model.partition("/")[2], "autoload": "false"}
    with suppress(aiohttp.ClientError, TimeoutError, ValueError, OSError):
        async with asyncio.timeout(SECONDS), aiohttp.ClientSession(headers=headers) as session:
            for path in ("/props", "/slots"):
                async with session.get(f"{url}{path}", params=query, allow_redirects=False) as answer:
                    said = orjson.loads(await answer.content.read(1 << 20)) if answer.status == 200 else None
                if found := _named(said):
                    return found
    return 0


def _named(said: Any) -> int:
    """The number of slots in what ``/props`` says, or the length of the list that ``/slots`` gives."""
    if isinstance(said, list):
        return len(said) if all(isinstance(slot, dict) and "id" in slot for slot in said) else 0
    total = said.get("total_slots") if isinstance(said, dict) else None
    return total if type(total) is int and total > 0 else 0
