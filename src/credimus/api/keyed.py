"""The idempotency key of a request: where it stands, and whose it is."""

from typing import Protocol

from credimus.api.endpoint import KEY_HEADER
from credimus.api.message import Request
from credimus.kernel.errors import UsageError
from credimus.kernel.ids import fingerprint
from credimus.runtime.keys import check_key


class Keyed(Protocol):
    """What is asked, with a field for a key."""

    @property
    def key(self) -> str | None:
        """The key in the body, if any."""
        ...


def key_of(request: Request, wait: Keyed) -> str | None:
    """The key under which the node keeps the write; None when the request names none.

    Each token has keys of its own. The node's owner has those of the library, which are plain.

    Raises:
        UsageError: `key-unusable`; `key-given-twice`, when header and field differ.
    """
    header = request.headers.get(KEY_HEADER)
    if header is not None and wait.key is not None and header != wait.key:
        raise UsageError(
            "key-given-twice",
            f"the header Idempotency-Key is {header[:40]!r}, but the field `key` is "
            f"{wait.key[:40]!r}; give one of them, or the same in both.",
        )
    key = wait.key if header is None else header
    if key is None:
        return None
    check_key(key)
    token = request.principal.id if request.principal is not None else ""
    if not token:
        return key
    return (
        f"{token}/{fingerprint(b'credimus token key', key.encode('utf-8', 'surrogatepass')).hex()}"
    )
