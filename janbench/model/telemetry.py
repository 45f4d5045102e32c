"""Where a run's metrics, annotations and traces go besides its folder."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_TREND_STATS = "p(95),p(99),min,max"
DEFAULT_PUSH_INTERVAL = "5s"


@dataclass(frozen=True)
class RemoteWrite:
    """A Prometheus remote-write receiver, as k6's output and janbench itself push to it.

    `url` carries no credentials. `push_interval` is a duration as k6 writes it (`5s`, `500ms`).
    `headers` are sent with every push.
    """

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    bearer_token: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    trend_stats: str = DEFAULT_TREND_STATS
    push_interval: str = DEFAULT_PUSH_INTERVAL
    native_histograms: bool = False
    stale_markers: bool = True
    verify_tls: bool = True
    client_certificate: str = ""
    client_key: str = ""


@dataclass(frozen=True)
class Grafana:
    """A Grafana that takes annotations; `token` is a service account's."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class OpenTelemetry:
    """A collector for k6's own OpenTelemetry output.

    `endpoint` is host:port, `path` only for HTTP, and `insecure` means without TLS.
    """

    endpoint: str
    protocol: str = "grpc"
    path: str = ""
    insecure: bool = True


@dataclass(frozen=True)
class RunTags:
    """The labels that tell runs apart: few values each, since every one multiplies the series."""

    testid: str
    test_case: str
    environment: str
    model: str

    def as_tags(self) -> dict[str, str]:
        """Return the tags under the names that the dashboard's variables have."""
        return {
            "testid": self.testid,
            "test_case": self.test_case,
            "environment": self.environment,
            "model": self.model,
        }


@dataclass(frozen=True)
class Sample:
    """One value of one series; `time_ms` is Unix time in milliseconds."""

    name: str
    labels: Mapping[str, str]
    value: float
    time_ms: int


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
