"""The system's limit on open files, which bounds the requests in flight: each has a connection of its own."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

RESERVED_FILES = 64  # journal, result files, name resolution, idle connections
log = logging.getLogger(__name__)


def most_in_flight(wished: int) -> int:
    """How many of ``wished`` requests may be in flight at once, once the soft limit is raised as far as is needed."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wished
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wished + _open_files() + RESERVED_FILES
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wished
    raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    with suppress(OSError, ValueError):  # macOS may refuse what its hard limit permits
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, raised), hard))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    room = max(1, soft - _open_files() - RESERVED_FILES)
    if room < wished:
        told = "the system permits %d open files, so at most %d requests are in flight; raise it with ulimit -n."
        log.warning(told, soft, room)
    return min(room, wished)


def _open_files() -> int:
    try:
        return len(list(Path("/dev/fd").iterdir()))
    except OSError:
        return 0
