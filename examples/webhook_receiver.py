"""A webhook that votes for a node: it makes sure that this node asks, then judges by itself.

Run it: python examples/webhook_receiver.py NODE 9000

NODE is the id that `credimus status` shows. Needs PyNaCl, and nothing of credimus.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

BODY_BYTES_MAX = 4 * 1024 * 1024
AGE_MS_MAX = 60_000


def judge(question: dict[str, Any]) -> dict[str, Any]:
    """Trust what was photographed; leave the rest to the node. Here a model could answer."""
    for said in question["assertions"]:
        if any(proof["kind"] == "camera" for proof in said["evidence"]):
            reason = f"photographed by {said['name'] or said['author'][:12]}"
            return {"choice": "accept", "confidence": said["confidence"], "reason": reason}
    return {"choice": "next"}


def signer_of(headers: Mapping[str, str], body: bytes, now_ms: int) -> str:
    """The id of the node that signed this body a moment ago.

    Raises:
        ValueError: nobody did.
    """
    try:
        key = bytes.fromhex(headers["Credimus-Key"])
        signature = bytes.fromhex(headers["Credimus-Signature"])
        moment = headers["Credimus-Time"]
        VerifyKey(key).verify(b"credimus webhook 1\n" + moment.encode() + b"\n" + body, signature)
    except (KeyError, TypeError, ValueError, CryptoError) as problem:
        raise ValueError(f"not signed: {problem!r}") from None
    if abs(now_ms - int(moment)) > AGE_MS_MAX:
        raise ValueError("signed too long ago, or by a clock that is wrong")
    named = hashlib.sha256(b"credimus node" + len(key).to_bytes(4, "big") + key).hexdigest()
    return named[:32]  # the key belongs to this id, and to no other


def receiver(
    node: str, port: int, judging: Callable[[dict[str, Any]], dict[str, Any]] = judge
) -> ThreadingHTTPServer:
    """A server on the loopback that answers this node only.

    Args:
        port: 0 for any free one.
        judging: what answers a question; called in a thread for each.
    """

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_POST(self) -> None:
            """Check, judge, answer."""
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
                self.send_error(413)
                return
            body = self.rfile.read(int(length))
            try:
                signer = signer_of(dict(self.headers), body, time.time_ns() // 1_000_000)
            except ValueError as problem:
                self.send_error(401, str(problem))
                return
            if signer != node:
                self.send_error(403, "another node")
                return
            answer = json.dumps(judging(json.loads(body))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    with receiver(sys.argv[1], int(sys.argv[2])) as server:
        print(f"answers node {sys.argv[1]} on http://127.0.0.1:{server.server_port}")
        server.serve_forever()
