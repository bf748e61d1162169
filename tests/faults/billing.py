"""The server of the crash trials: it plays every agent, and keeps books of what it billed, process by process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson

from tests.servers import Reply, Request, Server, refusal
from tests.servers.actor import actor
from tests.servers.streams import threaded

IN, OUT = 2.0, 8.0  # USD for a million tokens, as --price is given
PRICE = f"{IN:g},{OUT:g}"
INPUT, OUTPUT = 0.5, 0.95  # of the most a call can use; what is reserved is hardly more than what is billed


@dataclass(frozen=True)
class Bill:
    """One request that was paid for: the digest of its body, its price in USD, and the ``most`` it could have cost."""

    body: str
    cost: float
    most: float = 0.0


@dataclass
class Client:
    """One process that asks: how it is served, and its bills in order of arrival.

    An answer takes up to twice ``delay`` seconds, drawn by ``rng``. With ``refuse`` every request gets that status.
    ``kill`` is called when ``kill_at`` requests have arrived, or with ``after`` that many answers were sent; ``book``
    with every bill, before it is answered. ``peak`` is the most that was ever billed and could still have come to it.
    """

    delay: float = 0.0
    rng: Random = field(default_factory=Random)
    refuse: int = 0
    kill_at: int = 0
    after: bool = False
    kill: Callable[[], None] = lambda: None
    book: Callable[[Bill], None] = lambda bill: None
    bills: list[Bill] = field(default_factory=list)
    requests: int = 0
    answers: int = 0
    peak: float = 0.0
    _held: float = 0.0

    def arrived(self, bill: Bill) -> None:
        """Books a request."""
        self.bills.append(bill)
        self._held += bill.most
        self.peak = max(self.peak, self._held)
        self.book(bill)
        if not self.after and self.requests == self.kill_at:
            self.kill()

    def answered(self, bill: Bill) -> None:
        """Books that it was answered."""
        self.answers += 1
        self._held += bill.cost - bill.most
        if self.after and self.answers == self.kill_at:
            self.kill()

    @property
    def cost(self) -> float:
        """USD billed so far."""
        return sum(bill.cost for bill in self.bills)


class Billing:
    """The books of a server. Each process asks at an address of its own, so that what arrives late has its sender."""

    def __init__(self) -> None:
        self.server = Server(self._answer, log=False)
        self._clients: dict[str, Client] = {}
        self._answers: dict[bytes, tuple[bytes, Bill]] = {}

    def address(self, client: Client) -> str:
        """The base URL for a new process."""
        name = f"p{len(self._clients) + 1}"
        self._clients[name] = client
        return f"{self.server.url}/{name}/v1"

    def settle(self) -> None:
        """Waits until everything that was sent by now is booked."""
        self.server.settle()

    def _answer(self, request: Request) -> Reply:
        client = self._clients[request.path.split("/")[1]]
        client.requests += 1
        if client.refuse:
            return refusal(client.refuse, "Incorrect API key provided", code="invalid_api_key")
        answer, bill = self._billed(request)
        client.arrived(bill)
        return Reply(answer, delay=client.rng.uniform(0, 2 * client.delay), sent=lambda: client.answered(bill))

    def _billed(self, request: Request) -> tuple[bytes, Bill]:
        """The same body, the same answer. Its ``model`` is the body's digest, by which an acknowledgement names it."""
        if request.raw not in self._answers:
            asked, digest = request.body, request.digest
            reply: Any = actor(request).body
            if digest < "4":  # some verdicts are ties, so that there are rejections too
                said = reply["choices"][0]["message"]
                said["content"] = said["content"].replace('"tie":false', '"tie":true')
            size = sum(len(message["content"].encode()) for message in asked["messages"])
            used = {"prompt_tokens": int(INPUT * size), "completion_tokens": int(OUTPUT * asked["max_tokens"])}
            cost = (IN * used["prompt_tokens"] + OUT * used["completion_tokens"]) / 1e6
            most = (IN * (size + 16 * len(asked["messages"])) + OUT * asked["max_tokens"]) / 1e6
            answer = orjson.dumps(reply | {"model": digest, "usage": used})
            self._answers[request.raw] = answer, Bill(digest, cost, most)
        return self._answers[request.raw]


@contextmanager
def billing() -> Iterator[Billing]:
    """A server in a thread, and its books."""
    books = Billing()
    with threaded(books.server.up()):
        yield books
