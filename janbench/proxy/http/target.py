"""Where the proxy sends everything: one upstream, fixed when it starts."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from janbench.errors import ConfigError

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class UpstreamTarget:
    """A parsed target; `prefix` is put before each request's path and has no final slash."""

    url: str
    host: str
    port: int
    tls: bool
    host_header: bytes
    prefix: bytes


@dataclass(frozen=True)
class TlsOptions:
    """How the certificate of an HTTPS target is verified."""

    verify: bool = True
    ca_file: Path | None = field(default=None)


def parse_target(url: str) -> UpstreamTarget:
    """Read a target URL; raises ConfigError for anything but http(s)://host[:port][/prefix]."""
    where = "--target"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{_shown(url)!r} is not a URL: {error}", where=where) from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ConfigError(
            f"{_shown(url)!r} is not the URL of an HTTP API",
            where=where,
            hint="Name the base URL, such as https://api.example.com or http://127.0.0.1:8080.",
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "the target's URL carries credentials",
            where=where,
            hint="Send them in a header instead: LOADTEST_TOKEN or API_KEY.",
        )
    if parts.query or parts.fragment:
        raise ConfigError("the target's URL has a query or a fragment", where=where)
    host = parts.hostname
    literal = f"[{host}]" if ":" in host else host
    shown_port = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    try:
        return UpstreamTarget(
            url=url.rstrip("/"),
            host=host,
            port=port or _PORTS[parts.scheme],
            tls=parts.scheme == "https",
            host_header=(literal.encode("idna") if literal.isascii() is False else literal.encode())
            + shown_port.encode(),
            prefix=parts.path.rstrip("/").encode("ascii"),
        )
    except UnicodeError:
        raise ConfigError(f"{url!r} has characters that a URL can't carry", where=where) from None


def tls_context(options: TlsOptions) -> ssl.SSLContext:
    """Make the TLS context for the target; raises ConfigError when the CA file can't be used."""
    try:
        context = ssl.create_default_context()
        if options.ca_file:
            context.load_verify_locations(str(options.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"can't load the CA file: {error}",
            where=f"--ca-file {options.ca_file}",
            hint="It must hold certificates in PEM form.",
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    if not options.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _shown(url: str) -> str:
    """Return the URL without what may be a password."""
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://...@{tail}" if at else url
