"""The errors personagen raises, and the exit code the command line gives each.

    PersonagenError                    1   the base class, never raised
    ├── UsageError                     2   an option or an input file is wrong
    ├── ConfigError                    3   a key, a model name or a setting is refused
    ├── BudgetError                    4   budget or credit is spent; the run can be resumed
    ├── QualityError                   5   too many replies were rejected
    ├── CorruptError                  70   a stored file is not what was written
    ├── DiskError                     74   the disk is full or refuses to write
    ├── InUseError                    75   another process works in this run folder
    ├── Interrupted                  130   Ctrl-C; the run can be resumed
    ├── ReplyError                     1   one reply is unusable: ask again, then give up that step
    └── ServerError                    1   one request failed and may succeed later: retry, then give up

Every message is one or two sentences: what is wrong, where, and what to do next. No message holds a key.
"""

from __future__ import annotations


class PersonagenError(Exception):
    """The base class of all errors below."""

    exit_code = 1


class UsageError(PersonagenError):
    """An option, a seed file or a prompt file is wrong; the message names the file and the line."""

    exit_code = 2


class ConfigError(PersonagenError):
    """The provider refuses the key, the model or a parameter; a retry can't help."""

    exit_code = 3


class BudgetError(PersonagenError):
    """The budget, the call limit or the provider's credit is exhausted; all paid answers are stored."""

    exit_code = 4


class QualityError(PersonagenError):
    """Too many steps failed; continuing would waste money."""

    exit_code = 5


class CorruptError(PersonagenError):
    """A file of a run folder is damaged."""

    exit_code = 70


class DiskError(PersonagenError):
    """A write failed: the disk is full, read-only or broken."""

    exit_code = 74


class InUseError(PersonagenError):
    """Another process holds the run folder's lock."""

    exit_code = 75


class Interrupted(PersonagenError):
    """The user stopped the run; all paid answers are stored."""

    exit_code = 130


class ReplyError(PersonagenError):
    """A model's reply is unusable; ``str(error)`` is the reason stored in its rejection.

    ``billed`` says that a complete answer arrived, which costs money; ``cause`` is ``context`` where the prompt does
    not fit into the model's context.
    """

    billed = False
    cause = ""


class ServerError(PersonagenError):
    """A request failed temporarily: refused connection, timeout, 408, 409, 429, 5xx.

    ``retry_after`` is the server's Retry-After in seconds, or None; ``billed`` as in ``ReplyError``. ``waited`` is how
    many seconds it was given to answer, 0 if it did not use them up; ``away`` says why the server is not there now;
    ``gateway`` that one before it found none; ``refused_here`` that nothing listens at an address of this machine.
    """

    billed = False
    waited = 0.0
    away = ""
    gateway = False
    refused_here = False

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
