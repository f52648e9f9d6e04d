"""What the library says about members: expel, change powers, admit."""

from collections.abc import Sequence
from typing import Unpack

from credimus.api.endpoints import members
from credimus.api.shapes import inputs
from credimus.api.shapes.members import PowerName
from credimus.library.fields import Waiting, read
from credimus.library.receipt import Receipt
from credimus.node.commands import AnyCommand
from credimus.runtime.daemon import Daemon


class MemberCalls:
    """The part of a node in this process that is about members."""

    @property
    def _daemon(self) -> Daemon:
        raise NotImplementedError

    async def _write(self, command: AnyCommand, wait: inputs.Wait) -> Receipt:
        raise NotImplementedError

    async def expel(self, member: str, reason: str = "", **options: Unpack[Waiting]) -> Receipt:
        """Say that a member is to go: enough by itself where it was proven to equivocate, else it
        goes once more than two thirds of the members have said so.

        Raises:
            NotFound: `unknown-member`.
            NotPermitted: `forbidden`.

        Example:
            >>> try:
            ...     receipt = await node.expel("00" * 16, "it was stolen")
            ... except credimus.NotFound as problem:
            ...     print(problem.code)
            unknown-member
        """
        asked = read(inputs.NewExpulsion, {"reason": reason, **options})
        return await self._write(members.expulsion(self._daemon, member, asked), asked)

    async def grant(
        self,
        member: str,
        may: Sequence[PowerName],
        categories: Sequence[str] = (),
        **options: Unpack[Waiting],
    ) -> Receipt:
        """Change what a member may say, besides stating beliefs; for founders that lead a fleet.

        Args:
            categories: where it may propose and vote; everywhere when empty.

        Raises:
            NotPermitted: `forbidden`.

        Example:
            >>> (me,) = node.members()
            >>> try:
            ...     receipt = await node.grant(me.id, ["vote"])
            ... except credimus.NotPermitted as problem:
            ...     print(problem.code)
            forbidden
        """
        given = {"may": list(may), "categories": list(categories), **options}
        asked = read(inputs.NewPowers, given)
        return await self._write(members.granting(self._daemon, member, asked), asked)

    async def admit(
        self, member: str, name: str | None = None, **options: Unpack[Waiting]
    ) -> Receipt:
        """Admit somebody whose key is known: a newcomer whom others admitted, or a former member.

        Raises:
            NotFound: `unknown-member`.
            Conflict: `already-a-member`.

        Example:
            >>> try:
            ...     receipt = await node.admit("00" * 16)
            ... except credimus.NotFound as problem:
            ...     print(problem.code)
            unknown-member
        """
        asked = read(inputs.NewAdmission, {"name": name, **options})
        return await self._write(members.admission(self._daemon, member, asked), asked)
