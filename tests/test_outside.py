from __future__ import annotations

import asyncio
import socket

import pytest


def reach_by_address():
    with socket.socket() as s:
        s.connect(("93.184.215.14", 80))


def reach_by_datagram():
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.sendto(b"x", ("8.8.8.8", 53))


def reach_by_name():
    socket.create_connection(("example.org", 80))


def reach_with_asyncio():
    asyncio.run(asyncio.wait_for(asyncio.open_connection("2606:2800:21f:cb07::1", 80), 5))


@pytest.mark.parametrize("reach", [reach_by_address, reach_by_datagram, reach_by_name, reach_with_asyncio])
def test_no_test_reaches_out(reach, outside):
    with pytest.raises(RuntimeError, match="tests use loopback only"):
        reach()
    assert outside
    outside.clear()


def test_loopback_is_open(outside):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        socket.create_connection(("localhost", listening.getsockname()[1])).close()
