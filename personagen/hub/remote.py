"""A dataset repository of the Hub, through huggingface_hub: what it holds, one commit to it, a copy of it.

The token is HF_TOKEN or that of `hf auth login`; it is never read here. Another server than huggingface.co is named by
HF_ENDPOINT. Errors of the Hub become one sentence with what to do.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from personagen.errors import ConfigError, ServerError, UsageError

T = TypeVar("T")
TRIES = 5
MAX_WAIT_SECONDS = 300.0
PASSING = frozenset([408, 425, 429, *range(500, 600)]) - {501, 505, 507, 511}  # statuses that pass
CONFLICT = frozenset([409, 412])  # another commit is under way, or came first
LOGIN = "set HF_TOKEN to a token with write access (https://huggingface.co/settings/tokens) or run `hf auth login`"
_CHUNK = 1 << 20
_NAME, _MAX_NAME = re.compile(r"\w(?:[\w.-]*\w)?/\w(?:[\w.-]*\w)?", re.ASCII), 96
_ALWAYS_THERE = frozenset([".gitattributes"])


@dataclass(frozen=True)
class Head:
    """The newest commit of a dataset, the digest of every file in it, and whether only its owner sees it."""

    commit: str
    files: Mapping[str, str]
    private: bool

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing but what a new repository has."""
        return not self.files.keys() - _ALWAYS_THERE


def hub() -> Any:
    """The client (huggingface_hub.HfApi).

    Raises:
        UsageError: it is not installed.
    """
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError:
        raise UsageError("publish and pull need huggingface_hub: pip install 'personagen[publish]'") from None
    disable_progress_bars()
    return HfApi(library_name="personagen")


def api_address() -> str:
    """Where the Hub is: HF_ENDPOINT or https://huggingface.co."""
    from huggingface_hub import constants

    return str(constants.ENDPOINT)


def has_token() -> bool:
    """Whether HF_TOKEN is set or a login is stored."""
    from huggingface_hub import get_token

    return bool(get_token())


def check_name(name: str) -> str:
    """``name`` if it can be the OWNER/NAME of a dataset; else ``UsageError``."""
    if not _NAME.fullmatch(name) or ".." in name or "--" in name or len(name) > _MAX_NAME or name.endswith(".git"):
        raise UsageError(f"{name} is not the name of a dataset: give it as OWNER/NAME, such as me/my-pairs")
    return name


def look(api: Any, name: str, wait: Callable[[float], None] = time.sleep) -> Head | None:
    """What the dataset holds now; None if it is not there, or not for this token."""
    from huggingface_hub import RepoFile
    from huggingface_hub.errors import RepositoryNotFoundError

    def ask() -> Head | None:
        try:
            info = api.repo_info(name, repo_type="dataset")
        except (
            RepositoryNotFoundError
        ):  # also of one that this token must not see; of a wrong token it is another error
            return None
        tree = api.list_repo_tree(name, repo_type="dataset", recursive=True, revision=info.sha)
        files = {file.path: _digest(file) for file in tree if isinstance(file, RepoFile)}
        return Head(str(info.sha), files, bool(info.private))

    return _retried(name, ask, wait)


def create(api: Any, name: str, private: bool, wait: Callable[[float], None] = time.sleep) -> None:
    """Creates the dataset; it may be there already."""

    def ask() -> None:
        try:
            api.create_repo(name, repo_type="dataset", private=private, exist_ok=True)
        except LookupError as error:  # the client takes every 409 for a dataset that is there, whose address it reads
            raise ServerError(f"the Hub could not create {name} now; run the command again") from error

    _retried(name, ask, wait)


def same(file: Path, digest: str | None) -> bool:
    """Whether a file of the Hub with this digest, or without one, has the content of ``file``."""
    if digest is None:
        return False
    kind, _, value = digest.partition(":")
    found = hashlib.sha256() if kind == "sha256" else hashlib.sha1(usedforsecurity=False)
    if kind != "sha256":
        found.update(f"blob {file.stat().st_size}\0".encode())
    with file.open("rb") as source:
        while part := source.read(_CHUNK):
            found.update(part)
    return found.hexdigest() == value


def open_to_all(api: Any, name: str, wait: Callable[[float], None] = time.sleep) -> None:
    """Makes a private dataset public."""
    _retried(name, lambda: api.update_repo_settings(name, repo_type="dataset", private=False), wait)


def commit(api: Any, name: str, parent: str, files: Mapping[str, Path], gone: list[str], message: str) -> str:
    """Sends ``files`` and removes ``gone`` in one commit on top of ``parent``; its id.

    Files of which the Hub has the content already, such as after an interruption, are not sent again.

    Raises:
        Moved: the newest commit is another one than ``parent``, or another commit is under way.
        ServerError: the answer did not arrive, so the commit may be there.
        ConfigError: the Hub refuses.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    operations = [
        *(CommitOperationAdd(path_in_repo=path, path_or_fileobj=file) for path, file in files.items()),
        *(CommitOperationDelete(path_in_repo=path) for path in gone),
    ]
    with _words(name):
        return str(
            api.create_commit(name, operations, commit_message=message, repo_type="dataset", parent_commit=parent).oid
        )


def download(
    api: Any, name: str, revision: str | None, folder: Path, wait: Callable[[float], None] = time.sleep
) -> str:
    """Copies the dataset at ``revision`` (the newest one) into a folder named by its commit, which it returns, below
    ``folder``; a copy that was interrupted goes on.
    """

    def ask() -> str:
        commit = str(api.repo_info(name, repo_type="dataset", revision=revision).sha)
        api.snapshot_download(name, repo_type="dataset", revision=commit, local_dir=folder / commit)
        return commit

    return _retried(name, ask, wait)


class Moved(ServerError):
    """Another commit came first."""


def _retried(name: str, ask: Callable[[], T], wait: Callable[[float], None]) -> T:
    """``ask``, again after a while if the Hub says that it passes."""
    for attempt in range(TRIES):
        try:
            with _words(name):
                return ask()
        except ServerError as error:
            if attempt == TRIES - 1 or isinstance(error, Moved):
                raise
            wait(pause(error, attempt))
    raise AssertionError


def pause(error: ServerError, attempt: int) -> float:
    """The seconds before the next try: what the Hub asks for, else 1, 2, 4, ..."""
    return min(MAX_WAIT_SECONDS, 2.0**attempt if error.retry_after is None else error.retry_after)


@contextmanager
def _words(name: str) -> Iterator[None]:
    """Turns errors of the client into ours."""
    import httpx
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    try:
        yield
    except LocalTokenNotFoundError as error:
        raise ConfigError(f"there is no token for the Hub: {LOGIN}") from error
    except (HfHubHTTPError, httpx.HTTPError, OSError, RuntimeError, ValueError) as error:
        if isinstance(error, ValueError) and "metadata" in str(error):
            raise UsageError(f"the Hub refuses the card: {' '.join(str(error).split())}") from error
        if isinstance(error, ValueError) and "Invalid filename" in str(error):
            raise UsageError(f"{name} has a file whose name leads out of its folder, so nothing was copied") from error
        cause = _cause(error, (HfHubHTTPError, httpx.HTTPError, ConnectionError))
        if isinstance(cause, HfHubHTTPError):
            raise _refused(name, cause) from error
        if "xet-write-token" in str(error):
            raise UsageError(
                f"{api_address()} does not take Xet uploads: set HF_HUB_DISABLE_XET=1 and run the command again"
            ) from error
        if cause is not None:
            what = (str(cause) or type(cause).__name__).splitlines()[0]
            raise ServerError(f"the Hub did not answer ({what}); nothing is half published: run again") from error
        raise


def _cause(error: BaseException | None, kinds: tuple[type[BaseException], ...]) -> Any:
    while error is not None:
        if isinstance(error, kinds):
            return error
        error = error.__cause__ or error.__context__
    return None


def _refused(name: str, error: Any) -> ConfigError | ServerError | UsageError:
    status, said = _status(error), str(error.server_message or "").strip().rstrip(".")
    why = f" ({said})" if said else ""
    owner = name.partition("/")[0]
    request = error.response.request
    if request.method == "PUT" and not request.url.path.startswith("/api/") and status not in PASSING:
        again = "its addresses are valid for a short time, so run the command again"
        return ServerError(f"the Hub's storage refuses a file: {status}{why}; {again}", status=status)
    if status == 401:
        return ConfigError(f"the Hub refuses the token{why}: {LOGIN}")
    if status in (402, 403) and request.method in ("GET", "HEAD"):
        return ConfigError(f"the token may not read {name}{why}: ask its owner for access, or use another token")
    if status in (402, 403):
        return ConfigError(
            f"the token may not write to {name}{why}: use one with write access to {owner}, or another OWNER/NAME"
        )
    if status in CONFLICT:
        return Moved(f"{name} changed at the same time{why}; run the command again", status=status)
    if status in PASSING:
        after = error.response.headers.get("retry-after", "")
        problem = f"the Hub answers {status}{why}; nothing is half published; run the command again"
        return ServerError(problem, status=status, retry_after=float(after) if after.isdigit() else None)
    if type(error).__name__ == "RevisionNotFoundError":
        return UsageError(f"{name} has no such branch, tag or commit: check --revision")
    if status == 404 and request.url.path in ("/api/repos/create", "/api/validate-yaml"):
        return UsageError(f"{api_address()} does not speak the Hub's API ({request.url.path}: 404): check HF_ENDPOINT")
    if status == 404:
        return UsageError(f"the Hub has no dataset {name}, or not for this token: check the name, or {LOGIN}")
    return ConfigError(f"the Hub refuses {name}: {status}{why}")


def _status(error: Any) -> int:
    return int(error.response.status_code)


def _digest(file: Any) -> str:
    return f"sha256:{file.lfs.sha256}" if file.lfs else f"git:{file.blob_id}"
