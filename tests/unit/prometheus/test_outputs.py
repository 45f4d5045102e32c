"""k6's outputs: arguments and environment."""

from __future__ import annotations

import pytest

from janbench.engines.k6.outputs import otel_output, prometheus_output
from janbench.model.telemetry import OpenTelemetry, RemoteWrite

TARGET = RemoteWrite("http://127.0.0.1:9090/api/v1/write")


def test_prometheus_arguments_hold_no_secret() -> None:
    target = RemoteWrite(
        TARGET.url, username="alice", password="wonderland", bearer_token="token-7"
    )
    output = prometheus_output(target)
    assert output.arguments[:2] == ("-o", "experimental-prometheus-rw")
    assert not {"alice", "wonderland", "token-7"} & set(" ".join(output.arguments).split())
    assert output.environment["K6_PROMETHEUS_RW_PASSWORD"] == "wonderland"
    assert output.environment["K6_PROMETHEUS_RW_BEARER_TOKEN"] == "token-7"
    assert "wonderland" not in repr(output)


def test_prometheus_environment() -> None:
    environment = prometheus_output(TARGET).environment
    assert environment == {
        "K6_PROMETHEUS_RW_SERVER_URL": TARGET.url,
        "K6_PROMETHEUS_RW_TREND_STATS": "p(95),p(99),min,max",
        "K6_PROMETHEUS_RW_PUSH_INTERVAL": "5s",
        "K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM": "false",
        "K6_PROMETHEUS_RW_STALE_MARKERS": "true",
        "K6_PROMETHEUS_RW_INSECURE_SKIP_TLS_VERIFY": "false",
    }


def test_tags_without_end_are_left_out() -> None:
    arguments = prometheus_output(TARGET).arguments
    tags = arguments[arguments.index("--system-tags") + 1].split(",")
    assert not {"url", "error", "vu", "iter", "ip"} & set(tags)
    assert {"name", "status", "scenario", "check", "expected_response"} <= set(tags)


@pytest.mark.parametrize(
    ("version", "name", "variable"),
    [
        ((1, 1, 0), "experimental-opentelemetry", ("K6_OTEL_EXPORTER_TYPE", "http")),
        ((1, 4, 0), "opentelemetry", ("K6_OTEL_EXPORTER_PROTOCOL", "http/protobuf")),
        ((2, 2, 0), "opentelemetry", ("K6_OTEL_EXPORTER_PROTOCOL", "http/protobuf")),
    ],
)
def test_otel_follows_k6s_renaming(
    version: tuple[int, ...], name: str, variable: tuple[str, str]
) -> None:
    target = OpenTelemetry("otel:4318", "http", "/v1/metrics", insecure=False)
    output = otel_output(target, version)
    assert output.arguments == ("-o", name)
    assert output.environment[variable[0]] == variable[1]
    assert output.environment["K6_OTEL_HTTP_EXPORTER_ENDPOINT"] == "otel:4318"
    assert output.environment["K6_OTEL_HTTP_EXPORTER_URL_PATH"] == "/v1/metrics"
    assert output.environment["K6_OTEL_HTTP_EXPORTER_INSECURE"] == "false"


def test_otel_over_grpc() -> None:
    environment = otel_output(OpenTelemetry("127.0.0.1:4317"), (1, 1, 0)).environment
    assert environment["K6_OTEL_EXPORTER_TYPE"] == "grpc"
    assert environment["K6_OTEL_GRPC_EXPORTER_ENDPOINT"] == "127.0.0.1:4317"
    assert environment["K6_OTEL_GRPC_EXPORTER_INSECURE"] == "true"
