"""Remote write, Grafana and OpenTelemetry, out of flags and environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from janbench.config.settings import flag
from janbench.errors import ConfigError
from janbench.model.telemetry import (
    DEFAULT_PUSH_INTERVAL,
    DEFAULT_TREND_STATS,
    Grafana,
    OpenTelemetry,
    RemoteWrite,
    RunTags,
    is_loopback,
)

_PREFIX = "K6_PROMETHEUS_RW_"
_STATISTIC = re.compile(r"^(avg|min|med|max|count|sum|p\((100|\d{1,2}(\.\d+)?)\))$")
_DURATION = re.compile(r"^(\d+(\.\d+)?(ms|s|m|h))+$")
_TAG_LIMIT = 128


def remote_write(
    environment: Mapping[str, str], url: str | None = None, native_histograms: bool | None = None
) -> RemoteWrite | None:
    """Return the receiver to push to, None when none is named.

    `url` and `native_histograms` are the flags `--prometheus` and `--native-histograms`, which come
    before `K6_PROMETHEUS_RW_*`. Credentials come from the environment alone. Raises ConfigError.
    """
    values = {k: v for k, v in environment.items() if k.startswith(_PREFIX) and v != ""}
    server = url or values.get(f"{_PREFIX}SERVER_URL", "")
    if not server:
        return None
    origin = "--prometheus" if url else f"{_PREFIX}SERVER_URL"
    native = (
        flag(values, f"{_PREFIX}TREND_AS_NATIVE_HISTOGRAM")
        if native_histograms is None
        else native_histograms
    )
    stale = f"{_PREFIX}STALE_MARKERS"
    return RemoteWrite(
        url=_receiver(server, origin),
        username=values.get(f"{_PREFIX}USERNAME", ""),
        password=values.get(f"{_PREFIX}PASSWORD", ""),
        bearer_token=values.get(f"{_PREFIX}BEARER_TOKEN", ""),
        headers=_headers(values),
        trend_stats=_trend_stats(values.get(f"{_PREFIX}TREND_STATS", DEFAULT_TREND_STATS)),
        push_interval=_interval(values.get(f"{_PREFIX}PUSH_INTERVAL", DEFAULT_PUSH_INTERVAL)),
        native_histograms=native,
        # They end the lines where the run ended. A histogram's last state would be gone with them:
        # last_over_time, which gets a gauge's back, takes no histograms in Prometheus 2.42.
        stale_markers=flag(values, stale) if stale in values else not native,
        verify_tls=not flag(values, f"{_PREFIX}INSECURE_SKIP_TLS_VERIFY"),
        client_certificate=values.get(f"{_PREFIX}CLIENT_CERTIFICATE", ""),
        client_key=values.get(f"{_PREFIX}CLIENT_CERTIFICATE_KEY", ""),
    )


def grafana(environment: Mapping[str, str]) -> Grafana | None:
    """Return the Grafana for annotations: `GRAFANA_URL` with `GRAFANA_TOKEN`, None without the URL.

    Raises ConfigError for one without the other.
    """
    url, token = environment.get("GRAFANA_URL", ""), environment.get("GRAFANA_TOKEN", "")
    if not url:
        return None
    if not token:
        raise ConfigError(
            "GRAFANA_URL is set without GRAFANA_TOKEN",
            hint="Set a service account's token, or unset GRAFANA_URL to go without annotations.",
        )
    return Grafana(_url(url, "GRAFANA_URL").rstrip("/"), token)


def open_telemetry(endpoint: str | None) -> OpenTelemetry | None:
    """Understand `--otel`: `HOST:PORT` is gRPC without TLS; `http(s)://HOST[:PORT][/PATH]` is HTTP.

    Raises ConfigError for anything else.
    """
    if not endpoint:
        return None
    if "://" not in endpoint:
        if not re.fullmatch(r"[^\s/@]+:\d{1,5}", endpoint):
            raise ConfigError(
                f"{endpoint!r} is not a valid OpenTelemetry endpoint",
                where="--otel",
                hint="Write HOST:PORT for gRPC (127.0.0.1:4317) or a URL for HTTP.",
            )
        return OpenTelemetry(endpoint)
    parts = urlsplit(_url(endpoint, "--otel"))
    tls = parts.scheme == "https"
    host = parts.netloc if parts.port else f"{parts.netloc}:{443 if tls else 4318}"
    return OpenTelemetry(host, "http", parts.path.rstrip("/"), insecure=not tls)


def run_tags(testid: str, test_case: str, base: str, model: str, environment: str = "") -> RunTags:
    """Return the tags of a run; `environment` defaults to the target's host (`local` here).

    Values are cut to 128 characters and freed of what a label shouldn't hold.
    """
    host = urlsplit(base).hostname or "unknown"
    named = environment or ("local" if is_loopback(host) else host)
    return RunTags(*(_tag(value) for value in (testid, test_case, named, model)))


def _tag(value: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\"\\]", "_", value)[:_TAG_LIMIT] or "unknown"


def _receiver(url: str, origin: str) -> str:
    checked = _url(url, origin)
    parts = urlsplit(checked)
    # The bare server is what people have at hand; k6 itself would post to "/" and fail.
    return checked.rstrip("/") + "/api/v1/write" if parts.path in ("", "/") else checked


def _url(url: str, origin: str) -> str:
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ConfigError(
            f"{origin} must not carry a user name or password",
            hint=f"Set {_PREFIX}USERNAME and {_PREFIX}PASSWORD in the environment or in .env.",
        )
    try:
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigError(
            f"{origin} must be an http:// or https:// URL, not {url!r}",
            hint="For example: http://127.0.0.1:9090/api/v1/write",
        )
    return url


def _headers(values: Mapping[str, str]) -> dict[str, str]:
    # k6's older way, one variable for each header, and its newer one, which wins.
    prefix = f"{_PREFIX}HEADERS_"
    headers = {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
    for pair in filter(None, values.get(f"{_PREFIX}HTTP_HEADERS", "").split(",")):
        name, colon, value = pair.partition(":")
        if not colon:
            raise ConfigError(f"{_PREFIX}HTTP_HEADERS must be NAME:VALUE[,NAME:VALUE...]")
        headers[name.strip()] = value.strip()
    return headers


def _trend_stats(text: str) -> str:
    for statistic in text.split(","):
        if not _STATISTIC.match(statistic.strip()):
            raise ConfigError(
                f"{_PREFIX}TREND_STATS: {statistic.strip()!r} is not a valid k6 statistic",
                hint="Choose among avg, min, med, max, count, sum and p(N), with commas between.",
            )
    return ",".join(part.strip() for part in text.split(","))


def _interval(text: str) -> str:
    if not _DURATION.match(text) or not re.search(r"[1-9]", text):
        raise ConfigError(
            f"{_PREFIX}PUSH_INTERVAL must be a duration, not {text!r}", hint="For example: 5s"
        )
    return text
