"""One tree of errors, split by who is at fault.

    CredimusError
    |-- UsageError      a caller broke a rule; nothing was changed
    |-- PeerFault       a peer broke a rule; raised in ingress only, counted, turned into an event
    |-- Unavailable     could not be done now: no quorum, timed out, overloaded
    |   `-- Partitioned   too little of the fleet is in reach; certainly nothing happened
    |-- StorageError    the disk: full, torn (repaired) or corrupt (stop)
    `-- InternalError   a bug in credimus

Each carries `code` (stable; also on the wire, in HTTP problem details and `--json`), `definite`
(did it certainly not happen?) and `retry` (may the same call succeed later?). Messages say what
happened, to which id, what was expected and what to do; never a secret, never a whole belief.
"""

from typing import Any

TOO_MANY_REQUESTS = 429
"""The HTTP status of a refusal by a rate."""


class CredimusError(Exception):
    """The root; never raised itself."""

    definite: bool = True
    retry: bool = False
    status: int = 500
    """The HTTP status that answers it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.code, self.message)


class UsageError(CredimusError):
    """A caller broke a rule. Nothing was changed; the same call will fail again."""

    status = 422


class NotFound(UsageError):
    """What the caller named is not known here."""

    status = 404


class Conflict(UsageError):
    """The call is well formed but contradicts what is already so: voted, closed, in use."""

    status = 409


class NotPermitted(UsageError):
    """The caller is known but may not do this."""

    status = 403


class PeerFault(CredimusError):
    """A peer sent what no honest, working peer sends. Nothing was changed; it is counted."""


class Unavailable(CredimusError):
    """It can not be done now; later it may."""

    definite = False
    retry = True
    status = 503
    retry_after_ms: int | None = None
    """When it is likely to be possible again, from now on; None where nobody can say."""

    def after(self, wait_ms: int) -> "Unavailable":
        """This error, saying when to ask again; nothing happened."""
        self.retry_after_ms = wait_ms
        self.definite = True
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.code, self.message), {
            "retry_after_ms": self.retry_after_ms, "definite": self.definite, "status": self.status,
        }  # fmt: skip


class Partitioned(Unavailable):
    """Too little of the fleet is in reach to write. Nothing was changed; reads work."""

    definite = True


class StorageError(CredimusError):
    """The disk failed: full, torn or altered. The message names the file, table and row."""

    definite = False


class InternalError(CredimusError):
    """A bug in credimus: please report it with the message."""

    definite = False
