"""What connecting to a target needs, decided alike for the preflight, the timing proxy and k6."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from janbench.errors import ConfigError

_PORTS = {"http": 80, "https": 443}
_IPV6 = re.compile(r"\[(.*?)(?:\](?::\d*)?$|$)")
_BLANK_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")


@dataclass(frozen=True)
class Trust:
    """Which certificates are accepted; `ca_file` holds those trusted beside the system's."""

    verify: bool = True
    ca_file: Path | None = None


def trust(insecure: bool, ca_file: Path | None, environment: Mapping[str, str]) -> Trust:
    """Decide whom to trust: SSL_CERT_FILE counts for all, as Go and with it k6 read it."""
    named = Path(environment.get("SSL_CERT_FILE") or "")
    return Trust(not insecure, ca_file or (named if named.is_file() else None))


def base_url(url: str, name: str = "BASE") -> str:
    """Return a base URL in its plain form; raises ConfigError that names what is wrong with it."""
    parts = _split(url, name)
    if parts.scheme not in _PORTS or not parts.hostname:
        shown = "" if "@" in url else f", not {url!r}"
        raise ConfigError(
            f"{name} must be an http:// or https:// URL{shown}",
            hint="For example: --base http://127.0.0.1:8787",
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            f"{name} must not carry a user name or password",
            hint="Set API_KEY in the environment or in .env instead.",
        )
    if parts.query or parts.fragment or _BLANK_OR_CONTROL.search(url):
        raise ConfigError(f"{name} must not have a query, a fragment or blanks in it: {url!r}")
    return f"{parts.scheme}{url[len(parts.scheme) :]}".rstrip("/")


def header_value(name: str, value: str) -> str:
    """Return a key that a header can carry; raises ConfigError, which never quotes it."""
    if value and not _HEADER_VALUE.fullmatch(value):
        if value.strip() != value:
            what = "begins or ends with a blank or a line break"
        elif value.isascii():
            what = "has a line break or another control character in it"
        else:
            what = "has letters or signs beyond ASCII in it"
        raise ConfigError(
            f"{name} {what}, which an HTTP header can't carry",
            hint="Copy the key again, without anything around it.",
        )
    return value


def refuse_forward_proxy(url: str, environment: Mapping[str, str]) -> None:
    """Raise ConfigError when the environment names a proxy for this target, as Go reads it.

    k6 would take that way, the timing proxy would not, and the times would be the forward proxy's.
    """
    parts = urlsplit(url)
    name = f"{parts.scheme.upper()}_PROXY"
    found = next((n for n in (name, name.lower()) if environment.get(n)), None)
    if found is None or _exempt(parts, environment):
        return
    raise ConfigError(
        f"{found} would send the load for {parts.hostname} through a proxy, whose times would be "
        "measured with the target's",
        hint=f"Add {parts.hostname} to NO_PROXY to connect directly, or unset {found}.",
    )


def _split(url: str, name: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        literal = _IPV6.match(parts.netloc.rpartition("@")[2])
        if literal is not None:
            ipaddress.IPv6Address(literal[1])
    except ValueError:
        raise ConfigError(
            f"{name} is not a valid URL{_quoted(url)}",
            hint="An IPv6 address stands in brackets: http://[::1]:8787",
        ) from None
    try:
        _ = parts.port
    except ValueError:
        raise ConfigError(
            f"{name} has no valid port{_quoted(url)}",
            hint="An IPv6 address stands in brackets: http://[::1]:8787",
        ) from None
    return parts


def _quoted(url: str) -> str:
    return "" if "@" in url else f": {url!r}"


def _exempt(parts: SplitResult, environment: Mapping[str, str]) -> bool:
    host = (parts.hostname or "").rstrip(".")
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    port = parts.port or _PORTS[parts.scheme]
    listed = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    entries = [entry.strip().lower() for entry in listed.split(",")]
    return any(entry and _names(entry, host, address, port) for entry in entries)


def _names(
    entry: str,
    host: str,
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None,
    port: int,
) -> bool:
    """Whether an entry of NO_PROXY covers a host (golang.org/x/net/http/httpproxy)."""
    if entry == "*":
        return True
    try:
        network = ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass
    else:
        return address is not None and address in network
    bare, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdigit():
        if int(wanted) != port:
            return False
        entry = bare.strip("[]")
    if entry.startswith("*."):
        entry = entry[1:]
    if entry.startswith("."):
        return host.endswith(entry)
    return host == entry or host.endswith(f".{entry}")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
