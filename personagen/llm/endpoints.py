"""Which model each role asks, where it is served and what it costs; resolved once per run."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from personagen.call import LLM
from personagen.errors import ConfigError
from personagen.llm.context import Refused
from personagen.llm.errors import address
from personagen.llm.prices import Price, parse_price, price_of
from personagen.options import ENCODER, ModelOptions, NamedFunction, shared_and_own

OFFLINE = "offline"
_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def is_offline(model: str | None) -> bool:
    """Whether a model string names the offline cast: ``offline``, or ``offline/NAME``, whose judge errs otherwise."""
    return model is not None and model.partition("/")[0] == OFFLINE


@dataclass(frozen=True)
class Endpoint:
    """One model, where it is served (None: its provider's own address) and what it costs (None: unknown).

    ``model`` is ``offline``, ``offline/NAME``, ``openai/NAME``, ``anthropic/NAME``, any other LiteLLM model string, or
    ``PACKAGE.MODULE:FUNCTION``: an ``async (Call) -> Completion``, or a factory with the signature of
    ``personagen.llm.openai.backend``. ``function`` is such a callable given from Python. ``refused`` collects request
    parts (a schema, a setting) that this server refuses.
    """

    model: str
    base_url: str | None = None
    price: Price | None = None
    function: LLM | None = None
    refused: Refused = field(default_factory=Refused, compare=False, repr=False)

    @property
    def address(self) -> str:
        """The key of a server's limits: the model and where it is served."""
        return f"{self.model} at {self.base_url}" if self.base_url else self.model

    @property
    def is_function(self) -> bool:
        """Whether a custom function answers."""
        return self.function is not None or _FUNCTION.fullmatch(self.model) is not None

    @property
    def is_offline(self) -> bool:
        """Whether the offline cast answers."""
        return is_offline(self.model)

    @property
    def is_local(self) -> bool:
        """Whether the offline cast or a custom function answers, which has no rate limit."""
        return self.is_offline or self.is_function

    @property
    def is_near(self) -> bool:
        """Whether it is local, or its server is on this machine or a private network."""
        host = urlsplit(address(self.model, self.base_url) or "").hostname or ""
        try:
            return self.is_local or host == "localhost" or ipaddress.ip_address(host).is_private
        except ValueError:
            return False


def endpoint(model: str, base_url: str | None = None, price: Price | None = None, *, batch: bool = False) -> Endpoint:
    """The endpoint of ``model`` with its list price, unless ``price`` overrides it; ``batch`` takes the batch price."""
    price = price_of(model, base_url=base_url, override=price, batch=batch)
    return Endpoint(str(model), base_url, price, model.function if isinstance(model, NamedFunction) else None)


@dataclass(frozen=True)
class Models:
    """The endpoint of every role of a run; roles with the same settings share one ``Endpoint`` object."""

    by_role: Mapping[str, Endpoint]
    encoder: Endpoint | None = None

    @property
    def everyone(self) -> dict[str, Endpoint]:
        """All endpoints by role, including the encoder's."""
        return dict(self.by_role) | ({} if self.encoder is None else {ENCODER: self.encoder})

    @property
    def names(self) -> dict[str, str]:
        """The model's name by role."""
        return {role: there.model for role, there in self.by_role.items()}

    @property
    def prices(self) -> dict[str, Price | None]:
        """The price by role, including the encoder's; None where it is unknown."""
        return {role: there.price for role, there in self.everyone.items()}

    def pacing(self, first: str) -> str:
        """The role whose queue says when the next item may begin: ``first``, unless its model is local.

        A local model always has room, so that all items would begin at once and wait for another one.
        """
        remote = (role for role in (first, *self.by_role) if role in self.by_role and not self.by_role[role].is_local)
        return next(remote, first)

    @property
    def are_free(self) -> bool:
        """Whether nothing can cost: all are on this machine or a private network, and no price is given."""
        return all(there.is_near and there.price in (None, Price(0.0, 0.0)) for there in self.everyone.values())


def resolve(options: ModelOptions, roles: Iterable[str], encoder: str | None = None) -> Models:
    """The models of ``options`` for ``roles``; ``encoder`` names a remote embedding model, if any.

    Raises:
        UsageError: an option names an unknown role, or a price is not a price.
        ConfigError: keys would be sent to the wrong server, or a budget is set and a price is unknown.
    """
    roles = sorted(roles)
    models = options.models
    urls = options.by_role("--base-url", options.base_url)
    prices = {role: parse_price(text) for role, text in options.by_role("--price", options.price).items()}
    _check_urls(options, {role: models.get(role, OFFLINE) for role in roles if role in urls})
    shared: dict[Endpoint, Endpoint] = {}
    found: dict[str, Endpoint] = {}
    for role in roles:
        made = endpoint(models.get(role, OFFLINE), urls.get(role), prices.get(role), batch=options.batch)
        found[role] = shared.setdefault(made, made)
    embedder = None if encoder is None else endpoint(encoder, urls.get(ENCODER), prices.get(ENCODER))
    resolved = Models(found, embedder)
    _check_budget(options, resolved)
    return resolved


def _check_urls(options: ModelOptions, models: Mapping[str, str]) -> None:
    """Refuses one URL for models of several providers: it would get the keys of all of them."""
    shared, own = shared_and_own("--base-url", options.base_url)
    for url in (shared or "", *own.values()):
        if "@" in url or "?" in url:
            raise ConfigError(
                "--base-url holds a password or a query, which run.json would store; set the provider's key instead"
            )
        try:
            _ = urlsplit(url).port
        except ValueError as error:
            raise ConfigError(
                f"--base-url {url} is not a valid URL ({error}): write it as http://HOST:PORT/v1"
            ) from None
    providers = {model.partition("/")[0] for role, model in models.items() if role not in own and "/" in model}
    if shared and len(providers) > 1:
        names = " and ".join(sorted(providers))
        raise ConfigError(f"--base-url {shared} would get the keys of {names}; name the role, as in judge={shared}")


def _check_budget(options: ModelOptions, models: Models) -> None:
    unknown = {role: there.model for role, there in models.everyone.items() if there.price is None}
    if options.budget is not None and unknown:
        form = f"{ENCODER}=IN,OUT" if set(unknown) == {ENCODER} else "IN,OUT"
        names = ", ".join(sorted(set(unknown.values())))
        raise ConfigError(f"--budget needs prices, and that of {names} is unknown; give --price {form}")
