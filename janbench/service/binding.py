"""Where a service listens, and how it says so."""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import socket

from janbench.errors import CompanionError, ConfigError

BACKLOG = 4096


def bind(host: str, port: int, *, where: str, hint: str, shared: bool = False) -> socket.socket:
    """Bind a socket that doesn't listen yet; `shared` lets other processes have the same port.

    Raises CompanionError for a port in use, ConfigError for an address that can't be had; `where`
    is the option that named it, `hint` what to choose instead.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a host's name"
        raise ConfigError(f"unknown address {host!r}: {reason}", where=where) from None
    listening = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # on Windows it would let two programs have one port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(address)
        if not shared:
            listening.listen(BACKLOG)  # now, so that nobody else can have the port any more
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise CompanionError(f"port {port} is in use on {host}", hint=hint) from None
        raise ConfigError(f"can't listen there: {error.strerror}", where=where, hint=hint) from None
    listening.setblocking(False)
    return listening


def ready_line(host: str, port: int) -> str:
    """Return what a service prints for a program that waits for it: one line of JSON."""
    return json.dumps({"event": "listening", "host": host, "port": port, "pid": os.getpid()})


def address(host: str, port: int) -> str:
    """Return the address as a URL has it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def exposure(host: str, what: str) -> str:
    """Return a warning for a service that other machines can reach; empty for loopback."""
    if is_loopback(host):
        return ""
    return f"Warning: {host} can be reached from other machines, and {what}."
