"""Members over HTTP: who may what, expulsion, admission by several, powers of tickets."""

from credimus.kernel.ids import node_id
from credimus.lace.seal import SeedSigner

GUEST = SeedSigner(b"\x31" * 32)
GUEST_ID = node_id(GUEST.public).hex()
