"""Remote write, Grafana and OpenTelemetry out of flags and environment."""

from __future__ import annotations

import pytest

from janbench.config.telemetry import grafana, open_telemetry, remote_write, run_tags
from janbench.errors import ConfigError
from janbench.model.telemetry import OpenTelemetry, RemoteWrite, is_loopback

URL = "http://127.0.0.1:9090/api/v1/write"


def _target(**values: str) -> RemoteWrite:
    target = remote_write({f"K6_PROMETHEUS_RW_{name}": value for name, value in values.items()})
    assert target is not None
    return target


def test_nothing_is_pushed_unless_a_receiver_is_named() -> None:
    assert remote_write({}) is None
    assert remote_write({"K6_PROMETHEUS_RW_SERVER_URL": ""}) is None
    assert remote_write({"K6_PROMETHEUS_RW_USERNAME": "alice"}) is None


def test_defaults() -> None:
    target = _target(SERVER_URL=URL)
    assert target.url == URL
    assert target.trend_stats == "p(95),p(99),min,max"
    assert target.push_interval == "5s"
    assert target.verify_tls
    assert target.stale_markers
    assert not target.native_histograms


def test_the_flag_comes_before_the_environment() -> None:
    environment = {"K6_PROMETHEUS_RW_SERVER_URL": "http://other:9090/api/v1/write"}
    target = remote_write(environment, url=URL, native_histograms=True)
    assert target is not None
    assert (target.url, target.native_histograms) == (URL, True)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9090", "http://127.0.0.1:9090/"])
def test_a_bare_server_gets_the_receivers_path(url: str) -> None:
    assert _target(SERVER_URL=url).url == URL


def test_histograms_do_without_stale_markers_unless_asked() -> None:
    assert not _target(SERVER_URL=URL, TREND_AS_NATIVE_HISTOGRAM="true").stale_markers
    asked = _target(SERVER_URL=URL, TREND_AS_NATIVE_HISTOGRAM="true", STALE_MARKERS="true")
    assert asked.stale_markers


def test_credentials_come_from_the_environment_and_stay_out_of_sight() -> None:
    target = _target(
        SERVER_URL=URL,
        USERNAME="alice",
        PASSWORD="wonderland",
        BEARER_TOKEN="token-7",
        HTTP_HEADERS="X-Scope-OrgID:tenant, X-Key:s3cret",
    )
    assert (target.username, target.password, target.bearer_token) == (
        "alice",
        "wonderland",
        "token-7",
    )
    assert target.headers == {"X-Scope-OrgID": "tenant", "X-Key": "s3cret"}
    for secret in ("wonderland", "token-7", "s3cret"):
        assert secret not in repr(target)


def test_headers_in_k6s_older_spelling_lose_against_the_newer() -> None:
    target = _target(SERVER_URL=URL, HTTP_HEADERS="X-A:new", **{"HEADERS_X-A": "old"})
    assert target.headers == {"X-A": "new"}


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"SERVER_URL": "127.0.0.1:9090"}, "SERVER_URL"),
        ({"SERVER_URL": "http://127.0.0.1:99999"}, "SERVER_URL"),
        ({"SERVER_URL": "http://alice:pw@host/write"}, "user name or password"),
        ({"SERVER_URL": URL, "TREND_STATS": "p(95),p95"}, "p95"),
        ({"SERVER_URL": URL, "TREND_STATS": "p(101)"}, "p(101)"),
        ({"SERVER_URL": URL, "PUSH_INTERVAL": "5"}, "PUSH_INTERVAL"),
        ({"SERVER_URL": URL, "PUSH_INTERVAL": "0s"}, "PUSH_INTERVAL"),
        ({"SERVER_URL": URL, "HTTP_HEADERS": "no-colon"}, "HTTP_HEADERS"),
        ({"SERVER_URL": URL, "TREND_AS_NATIVE_HISTOGRAM": "maybe"}, "NATIVE_HISTOGRAM"),
    ],
)
def test_what_cannot_work_is_refused_by_name(values: dict[str, str], word: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _target(**values)
    assert word in str(caught.value)
    assert "alice" not in str(caught.value)


def test_grafana_needs_both_or_neither() -> None:
    assert grafana({}) is None
    assert grafana({"GRAFANA_TOKEN": "glsa_1"}) is None
    found = grafana({"GRAFANA_URL": "http://127.0.0.1:3000/", "GRAFANA_TOKEN": "glsa_1"})
    assert found is not None
    assert found.url == "http://127.0.0.1:3000"
    assert "glsa_1" not in repr(found)
    with pytest.raises(ConfigError, match="GRAFANA_TOKEN"):
        grafana({"GRAFANA_URL": "http://127.0.0.1:3000"})


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("127.0.0.1:4317", OpenTelemetry("127.0.0.1:4317", "grpc", "", insecure=True)),
        ("http://collector", OpenTelemetry("collector:4318", "http", "", insecure=True)),
        (
            "https://otel.example:443/v1/metrics",
            OpenTelemetry("otel.example:443", "http", "/v1/metrics", insecure=False),
        ),
    ],
)
def test_otel_endpoints(endpoint: str, expected: OpenTelemetry) -> None:
    assert open_telemetry(endpoint) == expected


@pytest.mark.parametrize("endpoint", ["collector", "grpc://x:1", "http://"])
def test_otel_endpoints_that_are_none(endpoint: str) -> None:
    with pytest.raises(ConfigError, match="--otel"):
        open_telemetry(endpoint)


def test_no_otel_without_the_flag() -> None:
    assert open_telemetry(None) is None


@pytest.mark.parametrize(
    ("base", "named", "expected"),
    [
        ("http://127.0.0.1:8787", "", "local"),
        ("http://localhost:1", "", "local"),
        ("https://api-stag.jan.ai", "", "api-stag.jan.ai"),
        ("https://api-stag.jan.ai", "staging", "staging"),
    ],
)
def test_environment_tag(base: str, named: str, expected: str) -> None:
    tags = run_tags("id", "chat", base, "m", named).as_tags()
    assert tags == {"testid": "id", "test_case": "chat", "environment": expected, "model": "m"}


def test_tags_are_short_and_plain() -> None:
    tags = run_tags('a"b\n', "c", "http://h", "m" * 500)
    assert tags.testid == "a_b_"
    assert len(tags.model) == 128


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.8.9.1", True), ("::1", True), ("10.0.0.1", False), ("jan", False)],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
