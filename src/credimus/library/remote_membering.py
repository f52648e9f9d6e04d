"""What the library says about members of a node elsewhere: expel, change powers, admit."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from credimus.api.shapes.members import KeyRotated, PowerName
from credimus.api.shapes.violations import Violations
from credimus.library.asking import Asker
from credimus.library.exchange import member_path
from credimus.library.fields import Waiting
from credimus.library.remote_receipt import RemoteReceipt


class RemoteMemberCalls:
    """The part of a running node elsewhere that is about members."""

    _asker: Asker

    def _write(self, path: str, given: Mapping[str, Any]) -> RemoteReceipt:
        raise NotImplementedError

    def violations(self) -> Violations:
        """What was found against members, who says so, and how the node holds them.

        Example:
            >>> (node.violations().violations, node.violations().threshold)
            ([], 8)
        """
        return self._asker.get("/v1/violations", Violations)

    def expel(self, member: str, reason: str = "", **options: Unpack[Waiting]) -> RemoteReceipt:
        """Say that a member is to go; see `Node.expel`.

        Example:
            >>> try:
            ...     receipt = node.expel("00" * 16, "it was stolen")
            ... except credimus.NotFound as problem:
            ...     print(problem.code)
            unknown-member
        """
        return self._write(f"{member_path(member)}/expel", {"reason": reason, **options})

    def rotate_key(self, passphrase: str | None = None) -> KeyRotated:
        """Give the node a new key; it goes on under the new id within seconds.

        Args:
            passphrase: of a protected key; what the node's environment points to when None.

        Example:
            >>> try:
            ...     made = credimus.connect(url, "made-up").rotate_key()
            ... except credimus.NotPermitted as problem:
            ...     print(problem.code)
            token-wrong
        """
        given = {} if passphrase is None else {"passphrase": passphrase}
        return self._asker.post("/v1/key/rotate", KeyRotated, given, 0.0)

    def grant(
        self,
        member: str,
        may: Sequence[PowerName],
        categories: Sequence[str] = (),
        **options: Unpack[Waiting],
    ) -> RemoteReceipt:
        """Change what a member may say; see `Node.grant`.

        Example:
            >>> (me,) = node.members()
            >>> try:
            ...     receipt = node.grant(me.id, ["vote"])
            ... except credimus.NotPermitted as problem:
            ...     print(problem.code)
            forbidden
        """
        given = {"may": list(may), "categories": list(categories), **options}
        return self._write(f"{member_path(member)}/powers", given)

    def admit(
        self, member: str, name: str | None = None, **options: Unpack[Waiting]
    ) -> RemoteReceipt:
        """Admit somebody whose key is known; see `Node.admit`.

        Example:
            >>> try:
            ...     receipt = node.admit("00" * 16)
            ... except credimus.NotFound as problem:
            ...     print(problem.code)
            unknown-member
        """
        return self._write(f"{member_path(member)}/admit", {"name": name, **options})
