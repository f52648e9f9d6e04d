"""A dot names one event: the counter-th of one replica; inside a set it is packed into one int.

A set interns its replicas to small indices, and a packed dot is `counter * STRIDE + index`. The
dots of one replica are then an arithmetic progression, a dictionary of dots is a dictionary of
ints, and since STRIDE is odd, dense counters fall on distinct low bits: with the index in the upper
bits, the same counters of two replicas would collide in every such dictionary.
"""

from typing import NamedTuple

STRIDE = 65_537
"""Distance between successive packed dots of a replica; a prime just above 2**16."""
REPLICAS_MAX = 65_536
"""Replicas one set may know, so that an index stays below STRIDE."""
COUNTER_MAX = (1 << 63) - 1
"""Greatest counter; keeps a counter within 64 bits on the wire."""
REPLICA_BYTES_MAX = 255
"""Bytes of a replica's name. [guess: NodeIds have 16]"""


class Dot(NamedTuple):
    """One event of one replica; sorts by name, then by counter.

    Args:
        replica: the name of the replica, 1 to 255 bytes; 16 in a fleet.
        counter: from 1.
    """

    replica: bytes
    counter: int
