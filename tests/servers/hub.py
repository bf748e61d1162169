"""A Hub on 127.0.0.1 for the real huggingface_hub client: datasets, commits, LFS objects, tokens, and what goes wrong.

It speaks the part of the API that publishing and pulling use: create, repository info, file listing, the check of a
card's metadata, preupload, the LFS batch and its uploads, commits of JSON lines, settings, and resolve. Xet is not
spoken: a client has to run with HF_HUB_DISABLE_XET=1. ``Trouble`` makes some requests fail.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.servers.hub_metadata import faults

OWNER, TOKEN, READER = "me", "hf_writer", "hf_reader"
MOVED = "A commit has happened since. Please refresh and try again."


@dataclass
class Commit:
    """A commit: its files as (bytes, whether it is an LFS object)."""

    oid: str
    message: str
    files: dict[str, tuple[bytes, bool]]


@dataclass
class Repo:
    """A dataset with its commits, the first of which is made on creation."""

    private: bool
    commits: list[Commit] = field(default_factory=list)

    @property
    def head(self) -> Commit:
        return self.commits[-1]

    def add(self, files: Mapping[str, tuple[bytes, bool]], message: str) -> Commit:
        told = json.dumps([len(self.commits), message, sorted(files)]).encode()
        self.commits.append(Commit(hashlib.sha1(told).hexdigest(), message, dict(files)))
        return self.head

    def at(self, revision: str) -> Commit | None:
        if revision in ("main", ""):
            return self.head
        return next((commit for commit in self.commits if commit.oid == revision), None)


@dataclass
class Trouble:
    """What goes wrong, ``times`` times, with requests whose ``METHOD path`` the pattern finds.

    ``status`` 0 hangs up, before the request is carried out or ``after`` it; ``first`` happens just before.
    """

    pattern: str
    status: int = 0
    times: int = 1
    after: bool = False
    words: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    first: Callable[[], object] = lambda: None


@dataclass
class Answer:
    """A status, a body that is sent as JSON unless it is bytes, and headers."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)


def refused(status: int, words: str, code: str = "") -> Answer:
    return Answer(status, {"error": words}, {"X-Error-Message": words} | ({"X-Error-Code": code} if code else {}))


class Hub:
    """The state of the Hub, and the answers: ``repos`` by OWNER/NAME, LFS ``objects`` by sha256, the log ``asked``."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.troubles: list[Trouble] = []
        self.asked: list[str] = []
        self.received = 0
        self.url = ""
        self._lock = threading.RLock()

    def answer(self, method: str, path: str, body: bytes, token: str) -> Answer:
        with self._lock:
            self.asked.append(f"{method} {path}")
            self.received += len(body)
            for pattern, act in ROUTES:
                if found := re.fullmatch(pattern, f"{method} {path}"):
                    words = [unquote(word) for word in found.groups()]
                    # An upload goes to a signed address of the storage, without a token.
                    return (
                        act(self, *words, body=body)
                        if method == "PUT" and "/lfs/" in path
                        else self._allowed(act, words, body, method, token)
                    )
            return refused(404, f"no such thing: {method} {path}")

    def _allowed(self, act: Any, words: list[str], body: bytes, method: str, token: str) -> Answer:
        if token not in ("", TOKEN, READER):
            return refused(401, "Invalid credentials in Authorization header")
        name = words[0] if words and "/" in words[0] else ""
        if name and (name not in self.repos or (self.repos[name].private and not token)):
            return refused(404 if token else 401, "Repository not found", "RepoNotFound")
        if method not in ("GET", "HEAD") and act is not Hub.validate and token != TOKEN:
            return refused(403 if token else 401, "You don't have the rights to create or change it")
        return act(self, *words, body=body)

    def trouble(self, method: str, path: str, *, after: bool) -> Trouble | None:
        with self._lock:
            for one in self.troubles:
                if one.times > 0 and one.after == after and re.search(one.pattern, f"{method} {path}"):
                    one.times -= 1
                    return one
        return None

    def create(self, body: bytes) -> Answer:
        asked = json.loads(body)
        owner = asked.get("organization") or OWNER
        name = f"{owner}/{asked['name']}"
        if owner != OWNER:
            return refused(403, f"You don't have the rights to create a dataset under the namespace {owner!r}")
        if name in self.repos:
            return Answer(409, {"error": "You already created this dataset repo", "url": f"{self.url}/datasets/{name}"})
        self.repos[name] = Repo(asked.get("visibility") != "public")
        self.repos[name].add({".gitattributes": (b"*.parquet filter=lfs\n", False)}, "initial commit")
        return Answer(200, {"url": f"{self.url}/datasets/{name}"})

    def info(self, name: str, revision: str = "main", *, body: bytes) -> Answer:
        repo = self.repos[name]
        commit = repo.at(revision)
        if commit is None:
            return refused(404, "Invalid rev id", "RevisionNotFound")
        siblings = [{"rfilename": path} for path in commit.files]
        return Answer(200, {"id": name, "sha": commit.oid, "private": repo.private, "siblings": siblings, "tags": []})

    def tree(self, name: str, revision: str, *, body: bytes) -> Answer:
        commit = self.repos[name].at(revision)
        return Answer(200, [_listed(path, *file) for path, file in commit.files.items()] if commit else [])

    def validate(self, *, body: bytes) -> Answer:
        errors = [{"message": words} for words in faults(json.loads(body)["content"])]
        return Answer(400 if errors else 200, {"errors": errors, "warnings": []})

    def preupload(self, name: str, _: str, *, body: bytes) -> Answer:
        there = self.repos[name].head.files
        files = []
        for file in json.loads(body)["files"]:
            mode = "lfs" if file["path"].endswith(".parquet") or file["size"] > 10_000_000 else "regular"
            found = there.get(file["path"])
            oid = _listed(file["path"], *found)["oid"] if found else None
            files.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return Answer(200, {"files": files})

    def batch(self, name: str, *, body: bytes) -> Answer:
        objects = []
        for one in json.loads(body)["objects"]:
            upload = {
                "upload": {"href": f"{self.url}/lfs/{one['oid']}"},
                "verify": {"href": f"{self.url}/{name}/lfs/verify"},
            }
            objects.append(one if one["oid"] in self.objects else one | {"actions": upload})
        return Answer(200, {"transfer": "basic", "objects": objects})

    def upload(self, oid: str, *, body: bytes) -> Answer:
        if hashlib.sha256(body).hexdigest() != oid:
            return refused(400, "the content has another sha256")
        self.objects[oid] = body
        return Answer()

    def verify(self, _: str, *, body: bytes) -> Answer:
        asked = json.loads(body)
        good = len(self.objects.get(asked["oid"], b"")) == asked["size"]
        return Answer() if good else refused(404, "no such object")

    def commit(self, name: str, _: str, *, body: bytes) -> Answer:
        repo, lines = self.repos[name], [json.loads(line) for line in body.splitlines()]
        header, files = lines[0]["value"], dict(repo.head.files)
        if header.get("parentCommit") not in (None, repo.head.oid):
            return refused(412, MOVED)
        for line in lines[1:]:
            value = line["value"]
            match line["key"]:
                case "file":
                    files[value["path"]] = (base64.b64decode(value["content"]), False)
                case "lfsFile" if value["oid"] in self.objects:
                    files[value["path"]] = (self.objects[value["oid"]], True)
                case "deletedFile" if value["path"] in files:
                    del files[value["path"]]
                case _:
                    return refused(400, f"can't be done: {line}")
        made = repo.add(files, header["summary"])
        return Answer(200, {"commitUrl": f"{self.url}/datasets/{name}/commit/{made.oid}", "commitOid": made.oid})

    def settings(self, name: str, *, body: bytes) -> Answer:
        asked = json.loads(body)
        self.repos[name].private = asked.get("private", asked.get("visibility") == "private")
        return Answer(200, {})

    def resolve(self, name: str, revision: str, path: str, *, body: bytes) -> Answer:
        commit = self.repos[name].at(revision)
        if commit is None or path not in commit.files:
            return refused(404, "Entry not found", "EntryNotFound")
        content = commit.files[path][0]
        return Answer(200, content, {"X-Repo-Commit": commit.oid, "ETag": f'"{hashlib.sha256(content).hexdigest()}"'})


def _listed(path: str, content: bytes, lfs: bool) -> dict[str, Any]:
    """A file as the Hub lists it; of an LFS object git knows a pointer."""
    digest = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n".encode()
    blob = pointer if lfs else content
    listed: dict[str, Any] = {"type": "file", "path": path, "size": len(content)}
    listed["oid"] = hashlib.sha1(b"blob %d\0%b" % (len(blob), blob)).hexdigest()
    return listed | ({"lfs": {"oid": digest, "size": len(content), "pointerSize": len(pointer)}} if lfs else {})


_NAME = r"([\w.-]+/[\w.-]+)"
ROUTES: list[tuple[str, Any]] = [
    (r"POST /api/repos/create", Hub.create),
    (r"POST /api/validate-yaml", Hub.validate),
    (rf"GET /api/datasets/{_NAME}", Hub.info),
    (rf"GET /api/datasets/{_NAME}/revision/([^/]+)", Hub.info),
    (rf"GET /api/datasets/{_NAME}/tree/([^/]+)", Hub.tree),
    (rf"POST /api/datasets/{_NAME}/preupload/([^/]+)", Hub.preupload),
    (rf"POST /datasets/{_NAME}\.git/info/lfs/objects/batch", Hub.batch),
    (r"PUT /lfs/(\w+)", Hub.upload),
    (rf"POST /{_NAME}/lfs/verify", Hub.verify),
    (rf"POST /api/datasets/{_NAME}/commit/([^/]+)", Hub.commit),
    (rf"PUT /api/datasets/{_NAME}/settings", Hub.settings),
    (rf"(?:GET|HEAD) /datasets/{_NAME}/resolve/([^/]+)/(.+)", Hub.resolve),
]
