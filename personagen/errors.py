"""The errors personagen raises, and the exit code the command line gives each.

    PersonagenError                    1   never raised itself
    ├── UsageError                     2   an option or an input file is wrong
    ├── ConfigError                    3   a key, a model name or a setting is refused
    ├── BudgetError                    4   budget or credit is spent; the run can be resumed
    ├── QualityError                   5   too much of what came back had to be rejected
    ├── CorruptError                  70   a stored file is not what was written
    ├── DiskError                     74   the disk is full or refuses to write
    ├── InUseError                    75   another process works in this run folder
    ├── Interrupted                  130   Ctrl-C; the run can be resumed
    ├── ReplyError                     1   one reply can't be used: ask again, then give up that step
    └── ServerError                    1   one request failed and may succeed later: retried, then given up

Every message is one sentence or two: what is wrong, where, and what to do next. No message ever holds a key.
"""

from __future__ import annotations


class PersonagenError(Exception):
    """The ancestor of every error below, so that ``except PersonagenError`` catches them all."""

    exit_code = 1


class UsageError(PersonagenError):
    """An option, a seed file or a prompt file is wrong; the message names the file and the line."""

    exit_code = 2


class ConfigError(PersonagenError):
    """The provider refuses the key, the model or a parameter: asking again can't help."""

    exit_code = 3


class BudgetError(PersonagenError):
    """The budget, the call limit or the provider's credit is exhausted; what was paid for is stored."""

    exit_code = 4


class QualityError(PersonagenError):
    """So many steps failed that going on would waste money."""

    exit_code = 5


class CorruptError(PersonagenError):
    """A file of a run folder can't be read back."""

    exit_code = 70


class DiskError(PersonagenError):
    """A write failed: the disk is full, read-only or broken."""

    exit_code = 74


class InUseError(PersonagenError):
    """Another process holds the run folder's lock."""

    exit_code = 75


class Interrupted(PersonagenError):
    """The user stopped the run; what was paid for is stored."""

    exit_code = 130


class ReplyError(PersonagenError):
    """A model's reply can't be used as it is; ``str(error)`` is the reason kept with the rejection.

    ``billed`` says that a whole answer arrived all the same, which is paid for.
    """

    billed = False


class ServerError(PersonagenError):
    """A request failed in a way that may pass: refused connection, timeout, 408, 409, 429, 5xx.

    ``retry_after`` is the server's own wish in seconds, where it gave one; ``billed`` as in ``ReplyError``.
    """

    billed = False

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
