"""The errors personagen raises, and the exit code the command line gives each.

Every message is one or two sentences: what is wrong, where, and what to do next. No message holds a key.
"""

from __future__ import annotations

MAX_TEXT_CHARS = 2000  # of an unusable reply, kept to be read


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
    """The user stopped the run; all paid answers are stored.

    ``again`` is how to stop it without waiting for calls in flight.
    """

    exit_code = 130
    again = ""


class ReplyError(PersonagenError):
    """A model's reply is unusable; ``str(error)`` is the reason stored in its rejection.

    ``cause`` is a word for the reason: ``length``, ``context``, ``refusal``, ``content_filter``, ``json``, ``form``, or
    the finish reason of a provider. ``text`` is the beginning of the last reply and ``finish_reason`` how it ended,
    after ``attempts`` replies to ``prompt``. ``billed`` says that a complete answer arrived, which costs money.
    """

    billed = False

    def __init__(self, message: str, *, cause: str = "form", text: str = "", finish_reason: str = "") -> None:
        super().__init__(message)
        self.cause, self.text, self.finish_reason = cause, text[:MAX_TEXT_CHARS], finish_reason
        self.prompt, self.attempts = "", 0

    def after(self, prompt: str, attempts: int, message: str) -> ReplyError:
        """This error once ``prompt`` is given up after so many ``attempts``, with another ``message``."""
        given_up = ReplyError(message, cause=self.cause, text=self.text, finish_reason=self.finish_reason)
        given_up.prompt, given_up.attempts, given_up.billed = prompt, attempts, self.billed
        return given_up


class ServerError(PersonagenError):
    """A request failed temporarily: refused connection, timeout, 408, 409, 429, 5xx.

    ``retry_after`` is the server's Retry-After in seconds, or None; ``billed`` as in ``ReplyError``. ``waited`` is how
    many seconds it was given to answer, 0 if it did not use them up; ``away`` says why the server is not there now;
    ``gateway`` that it may be gone: one before it found none, or the connection broke; ``refused_here`` that nothing
    listens at an address of this machine, or that no such host is known.
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
