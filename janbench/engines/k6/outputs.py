"""k6's outputs: what its command line and environment need to push metrics while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from janbench.model.telemetry import OpenTelemetry, RemoteWrite

# Left out: `error`, free text with addresses and ports in it that would make a new series for each
# message, and `url`, which repeats `name`.
_SYSTEM_TAGS = "proto,status,method,name,group,check,error_code,scenario,expected_response"
# The output's name and its variable for the protocol changed in this version; the old ones are gone
# in k6 2.
_OTEL_RENAMED_IN = (1, 4)


@dataclass(frozen=True)
class Output:
    """What to add to `k6 run`; secrets are in `environment` only."""

    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


def prometheus_output(target: RemoteWrite) -> Output:
    """Push to a remote-write receiver."""
    prefix = "K6_PROMETHEUS_RW_"
    environment = {
        f"{prefix}SERVER_URL": target.url,
        f"{prefix}TREND_STATS": target.trend_stats,
        f"{prefix}PUSH_INTERVAL": target.push_interval,
        f"{prefix}TREND_AS_NATIVE_HISTOGRAM": _truth(target.native_histograms),
        f"{prefix}STALE_MARKERS": _truth(target.stale_markers),
        f"{prefix}INSECURE_SKIP_TLS_VERIFY": _truth(not target.verify_tls),
    }
    optional = {
        "USERNAME": target.username,
        "PASSWORD": target.password,
        "BEARER_TOKEN": target.bearer_token,
        "CLIENT_CERTIFICATE": target.client_certificate,
        "CLIENT_CERTIFICATE_KEY": target.client_key,
    }
    environment.update({f"{prefix}{name}": value for name, value in optional.items() if value})
    arguments = ("-o", "experimental-prometheus-rw", "--system-tags", _SYSTEM_TAGS)
    return Output(arguments, environment)


def otel_output(target: OpenTelemetry, k6_version: tuple[int, ...]) -> Output:
    """Push to an OpenTelemetry collector, under the names that this version of k6 knows."""
    kind = target.protocol.upper()
    environment = {
        "K6_OTEL_SERVICE_NAME": "janbench",
        "K6_OTEL_METRIC_PREFIX": "k6_",
        f"K6_OTEL_{kind}_EXPORTER_ENDPOINT": target.endpoint,
        f"K6_OTEL_{kind}_EXPORTER_INSECURE": _truth(target.insecure),
    }
    if target.path:
        environment["K6_OTEL_HTTP_EXPORTER_URL_PATH"] = target.path
    if k6_version[:2] < _OTEL_RENAMED_IN:
        environment["K6_OTEL_EXPORTER_TYPE"] = target.protocol
        return Output(("-o", "experimental-opentelemetry"), environment)
    protocol = "grpc" if target.protocol == "grpc" else "http/protobuf"
    environment["K6_OTEL_EXPORTER_PROTOCOL"] = protocol
    return Output(("-o", "opentelemetry"), environment)


def _truth(value: bool) -> str:
    return "true" if value else "false"
