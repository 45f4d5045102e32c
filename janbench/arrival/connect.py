"""Opens connections whose bytes carry the kernel's time."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

from janbench.arrival.clock import KernelClock, ask_for_stamps
from janbench.arrival.tls import TlsTransport
from janbench.arrival.transport import TimedProtocol, TimedTransport

P = TypeVar("P", bound=TimedProtocol)


async def connect(
    make: Callable[[], P],
    address: tuple[str, int],
    clock: KernelClock,
    tls: ssl.SSLContext | None = None,
    host: str = "",
) -> P:
    """Connect to an IP address and port, with TLS for `host` if there is a context.

    Raises OSError and ssl.SSLError; cancelled, it leaves nothing open.
    """
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        ask_for_stamps(sock)
        await loop.sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    protocol = make()
    if tls is None:
        TimedTransport(loop, sock, protocol, clock)
        return protocol
    ready = loop.create_future()
    try:
        transport = TlsTransport(tls, host, protocol, ready)
    except BaseException:  # a host's name that no certificate can have
        sock.close()
        raise
    TimedTransport(loop, sock, transport, clock)
    try:
        await ready
    except BaseException:
        transport.abort()
        raise
    return protocol
