"""Errors as the API tells them: whose fault they are, and the one that carries a receipt."""

from credimus.api.shapes.answers import ProblemKind, Receipt
from credimus.kernel.errors import (
    Conflict,
    CredimusError,
    NotFound,
    NotPermitted,
    StorageError,
    Unavailable,
    UsageError,
)

KINDS: tuple[tuple[type[CredimusError], ProblemKind], ...] = (
    (NotFound, "not-found"),
    (Conflict, "conflict"),
    (NotPermitted, "not-permitted"),
    (UsageError, "usage"),
    (Unavailable, "unavailable"),
    (StorageError, "storage"),
)
"""Whose fault an error is, as the field `kind` says it; anything else is `internal`."""


class Waited(Unavailable):
    """The write is made and goes on; its receipt tells how far it has come.

    Asking again would write again, so `retry` is false: wait with the receipt, or ask under a key.
    """

    retry = False

    def __init__(self, code: str, message: str, receipt: Receipt) -> None:
        super().__init__(code, message)
        self.receipt = receipt

    def __reduce__(self) -> tuple[type["Waited"], tuple[str, str, Receipt]]:
        return type(self), (self.code, self.message, self.receipt)
