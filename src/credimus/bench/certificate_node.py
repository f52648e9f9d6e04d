"""One node of `bench certificate`: decides beliefs under a load, then certifies some of them."""

import asyncio
import time
from typing import Any

from credimus.bench.decide_node import Load
from credimus.certificate import Archive, Trust, make_certificate, verify
from credimus.certificate.abbreviating import Known
from credimus.certificate.document import proof_of, read_certificate
from credimus.certificate.excerpt import Proof, operations_shown
from credimus.harness.node_process import Orders, read_settings, serve
from credimus.harness.orders import ChildSettings
from credimus.kernel.codec import encode
from credimus.kernel.ids import BeliefId
from credimus.lace.seal import pack_leaves
from credimus.runtime.archiving import packed
from credimus.runtime.driver import Driver
from credimus.state.member_operations import Vouch
from credimus.state.operations import Admit, Found, Operation, Propose, Publish, read_operations


class Certifier:
    """A load, and certificates of what it decided."""

    def __init__(self, settings: ChildSettings, driver: Driver) -> None:
        self._load = Load(settings, driver)

    async def order(self, driver: Driver, order: dict[str, Any]) -> dict[str, Any]:
        """A phase of load, the certificates of the beliefs named, or whether anybody vouches."""
        if "certify" in order:
            return {"certificates": [certified(driver, one) for one in order["certify"]]}
        if "vouched" in order:
            return {"vouched": await vouched(driver)}
        return await self._load.phase(driver, order)


async def vouched(driver: Driver, patience_s: float = 60.0) -> bool:
    """Whether some member comes to vouch for all others."""
    state, lace = driver.node.state, driver.node.lace
    until_s = time.monotonic() + patience_s
    while not state.roster.vouches.usable(state.roster.current, lace):
        if time.monotonic() > until_s:
            return False
        await asyncio.sleep(0.05)
    return True


def certified(driver: Driver, name: str) -> dict[str, int]:
    """The figures of one belief's certificate; bytes of its parts are those in the file."""
    state = driver.node.state
    belief = state.beliefs.get(BeliefId(bytes.fromhex(name)))
    if belief is None:
        return {}
    archive = Archive(driver.node.fleet, driver.node.lace, state, driver.store.wires)
    begun = time.perf_counter_ns()
    text = make_certificate(archive, belief)
    made = time.perf_counter_ns()
    verified = verify(text, Trust(driver.node.fleet))
    checked = time.perf_counter_ns()
    stated = read_certificate(text)
    told = bytes.fromhex(stated.round), bytes.fromhex(stated.belief)
    return {
        "bytes": len(text),
        "kept_bytes": len(packed(text)),
        "votes": len(verified.voters),
        "make_us": (made - begun) // 1_000,
        "verify_us": (checked - made) // 1_000,
        **parts(proof_of(stated), told),
        "words_bytes": len(text) - len(verified.certificate.proof),
    }


def parts(proof: Proof, told: tuple[bytes, bytes]) -> dict[str, int]:
    """Bytes of a proof by what they are for, in base 85."""
    found = {"roster": 0, "proposal": 0, "votes": 0}
    known = Known(told)
    for excerpt in proof.excerpts:
        shown = operations_shown(excerpt, known)
        said = read_operations(pack_leaves([*shown.values()]))
        found[_purpose(said)] += len(encode(excerpt))
    return {f"{name}_bytes": -(-count * 5 // 4) for name, count in found.items()}


def _purpose(said: list[Operation]) -> str:
    if any(isinstance(one, _ADMITTING) for one in said):
        return "roster"
    return "proposal" if any(isinstance(one, Propose | Publish) for one in said) else "votes"


_ADMITTING = Found | Admit | Vouch


def begin(settings: ChildSettings, driver: Driver) -> Orders:
    """The job of a node process."""
    return Certifier(settings, driver).order


if __name__ == "__main__":
    asyncio.run(serve(begin, None, read_settings()))
