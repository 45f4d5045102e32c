"""The kernel's own record of loopback traffic: when each TCP segment was sent.

Truth about a server that keeps none, by a witness that is neither janbench nor the server. Needs
Linux and root (a packet socket). Only HTTP/1.1 in plain text, one request at a time for each
connection.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

_ETH_P_ALL = 0x0003
_SO_TIMESTAMPNS = 35
_SO_RCVBUFFORCE = 33
_OUTGOING = 4
_CONTENT = re.compile(rb'"content": ?"[^"]')


@dataclass
class Exchange:
    """One request on the wire: its last segment, and each segment that carried content (ns)."""

    sent_ns: int
    content_ns: list[int] = field(default_factory=list)


@dataclass
class Capture:
    """Segments as they were seen; read them with `exchanges` when the capture has ended."""

    port: int
    offset_ns: int
    """From the wall clock, which the kernel stamps with, to perf_counter_ns."""
    segments: list[tuple[int, bytes]] = field(default_factory=list)

    def exchanges(self) -> list[Exchange]:
        """Return the requests to the port, in the order of their start."""
        latest: dict[int, Exchange] = {}
        answered: dict[int, bool] = {}
        found: list[Exchange] = []
        heard: dict[tuple[int, int], set[int]] = {}
        for stamp, frame in self.segments:
            source, target, sequence, payload = _tcp(frame)
            known = heard.setdefault((source, target), set())
            if not payload or sequence in known:  # nothing, or sent once more
                continue
            known.add(sequence)
            at = stamp + self.offset_ns
            if target == self.port:
                if answered.get(source, True):
                    latest[source] = Exchange(at)
                    found.append(latest[source])
                    answered[source] = False
                latest[source].sent_ns = at
            elif source == self.port and target in latest:
                answered[target] = True
                latest[target].content_ns += [at] * len(_CONTENT.findall(payload))
        return found


@contextlib.contextmanager
def capture(port: int) -> Iterator[Capture]:
    """Note what passes loopback to and from a port until the block ends."""
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    sniffer.bind(("lo", 0))
    sniffer.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    sniffer.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 256 << 20)
    sniffer.settimeout(0.2)
    seen = Capture(port, time.perf_counter_ns() - time.time_ns())
    ended = threading.Event()
    wanted = struct.pack("!H", port)

    def listen() -> None:
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                frame, ancillary, _, address = sniffer.recvmsg(65536, 64)
                if address[2] == _OUTGOING and wanted in (frame[34:36], frame[36:38]):
                    second, nano = struct.unpack("qq", ancillary[0][2][:16])
                    seen.segments.append((second * 10**9 + nano, frame))

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()
        sniffer.close()


def _tcp(frame: bytes) -> tuple[int, int, int, bytes]:
    """Return ports, sequence number and payload of an IPv4 frame without options."""
    length = struct.unpack("!H", frame[16:18])[0]
    source, target, sequence = struct.unpack("!HHI", frame[34:42])
    start = 34 + (frame[46] >> 4) * 4
    return source, target, sequence, frame[start : 14 + length]
