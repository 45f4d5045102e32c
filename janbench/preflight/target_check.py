"""The few calls that tell a target that can be tested from one that can't, within 5 seconds."""

from __future__ import annotations

import json
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from janbench.errors import ConfigError, TargetError, suggestion
from janbench.model.flavour import ApiCall
from janbench.model.http import redirect
from janbench.model.http.rate_limit import TOO_MANY, RateLimit, read_rate_limit
from janbench.model.load.plan import Plan

_BUDGET_S = 4.5
_CONNECT_S = 2.0
_MOST = 16 << 20
# Once for each virtual user, not for each iteration.
_LOGINS = ("guest_login", "refresh_token")


@dataclass(frozen=True)
class Preflight:
    """What the target said; `rate_limit` is what its headers tell of one."""

    models: tuple[str, ...]
    seconds: float
    rate_limit: RateLimit = field(default_factory=RateLimit)


def check_target(plan: Plan, *, verify: bool = True, ca_file: Path | None = None) -> Preflight:
    """Reach the target, log in, look for the model; raises TargetError that says what failed.

    `ca_file` holds certificates that are trusted beside the system's; ConfigError when it can't be
    read.
    """
    return _Checker(plan, _Trusting(verify, ca_file)).check()


def beyond_limit(plan: Plan, limit: RateLimit) -> str:
    """Say that a load asks for more than the target allows; empty when it doesn't, as far as known.

    Requests a minute: of each lane at its highest rate, logins aside.
    """
    allowed = limit.per_minute
    asked = 60 * sum(
        lane.rate * share * step.most_requests
        for lane in plan.lanes
        for step, share in plan.scenario.expected_visits(lane.name)
        if step.kind not in _LOGINS
    )
    if allowed is None or asked <= allowed:
        return ""
    return (
        f"The target allows {limit.allowed}, as its headers say, and this load asks for "
        f"{asked:.0f} a minute: expect status 429. Lower the rates, or raise the limit."
    )


@dataclass(frozen=True)
class _Answer:
    """A status and a JSON object, empty for anything else; and what is told of a rate limit."""

    status: int
    body: dict[str, Any]
    rate_limit: RateLimit


class _Trusting(HTTPAdapter):
    """Trusts whom k6 and the timing proxy trust: the system's store and one file."""

    def __init__(self, verify: bool, ca_file: Path | None) -> None:
        self.verify = verify
        self._context = ssl.create_default_context()
        if ca_file is not None:
            try:
                self._context.load_verify_locations(str(ca_file))
            except (OSError, ssl.SSLError):
                raise ConfigError(
                    "can't load the CA certificates, which must be in PEM form", where=str(ca_file)
                ) from None
        if not verify:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._context, **options)

    def cert_verify(self, *_: Any) -> None:
        """Leave the context as it is: requests would add certificates of its own."""


class _Checker:
    def __init__(self, plan: Plan, adapter: _Trusting) -> None:
        self.plan = plan
        self.started = time.monotonic()
        self.session = requests.Session()
        self.session.headers["User-Agent"] = "janbench (preflight)"
        # No proxy, and no .netrc, which would replace the configured key.
        self.session.trust_env = False
        self.session.verify = adapter.verify
        self.session.mount("https://", adapter)
        if plan.loadtest_token:
            self.session.headers["x-loadtest-token"] = plan.loadtest_token

    def check(self) -> Preflight:
        with self.session:
            if self.plan.api_key:
                header = self.plan.flavour.auth.api_key_header
                value = self.plan.api_key if header else f"Bearer {self.plan.api_key}"
                self.session.headers[header or "Authorization"] = value
            elif self.plan.guests and self.plan.flavour.auth.login is not None:
                self._log_in(self.plan.flavour.auth.login)
            models, limit = self._models()
        return Preflight(models, time.monotonic() - self.started, limit)

    def _log_in(self, login: ApiCall) -> None:
        answer = self._call(login.method, login.path, {})
        token = answer.body.get("access_token")
        if answer.status != login.status or not token:
            raise TargetError(
                f"guest login at {self.plan.target.base}{login.path} gave status "
                f"{answer.status}, not {login.status} with an access token",
                hint=f"Is this a {self.plan.target.flavour} server, and --base without /v1 at its "
                "end? Choose another kind with --flavour, or set API_KEY.",
            )
        self.session.headers["Authorization"] = f"Bearer {token}"

    def _models(self) -> tuple[tuple[str, ...], RateLimit]:
        path, model = self.plan.flavour.models.path, self.plan.target.model
        answer = self._call("GET", path, None)
        where = f"{self.plan.target.base}{path}"
        if answer.status in (401, 403):
            raise TargetError(
                f"{where} refuses the credentials (status {answer.status})",
                hint="Set API_KEY (in the environment or in .env) to a valid key.",
            )
        if answer.status == TOO_MANY:
            said = f" ({answer.rate_limit})" if str(answer.rate_limit) else ""
            raise TargetError(
                f"{where} answers with status 429, too many requests{said}",
                hint="Wait until the limit allows requests again, or raise it.",
            )
        listed = answer.body.get("data")
        if answer.status != 200 or not isinstance(listed, list):
            raise TargetError(
                f"{where} gave status {answer.status} and no list of models",
                hint="Check --base (without /v1 at its end) and --flavour.",
            )
        models = tuple(
            str(entry["id"]) for entry in listed if isinstance(entry, dict) and "id" in entry
        )
        if model not in models:
            hint = suggestion(model, models) if models else "The server lists no model at all."
            raise TargetError(
                f"the target has no model {model!r}", hint=f"{hint} Choose with --model."
            )
        return models, answer.rate_limit

    def _call(self, method: str, path: str, body: Any) -> _Answer:
        base = self.plan.target.base
        left = max(0.2, _BUDGET_S - (time.monotonic() - self.started))
        until = time.monotonic() + left
        try:
            with self.session.request(
                method,
                base + path,
                json=body,
                timeout=(min(_CONNECT_S, left), left),
                allow_redirects=False,
                stream=True,
            ) as answer:
                content = _content(answer, until)
        except requests.exceptions.SSLError as error:
            raise TargetError(
                f"TLS to {base} failed: {_cause(error)}",
                hint="Trust its certificate with --ca-file, or none at all with "
                "--insecure-skip-tls-verify.",
            ) from None
        except requests.exceptions.Timeout:
            raise TargetError(
                f"{base}{path} gave no answer in {left:.1f} s",
                hint="Is the server up and reachable? --skip-preflight goes on all the same.",
            ) from None
        except requests.exceptions.RequestException as error:
            raise TargetError(
                f"can't reach {base}: {_cause(error)}",
                hint="Is the server up, and --base (or BASE) right? To try janbench without a "
                "server: janbench run --all --demo",
            ) from None
        location = answer.headers.get("Location")
        if answer.status_code in redirect.STATUSES and location:
            raise TargetError(
                redirect.redirect_message(answer.status_code, base + path, location),
                where=base + path,
                hint=redirect.redirect_hint(base, path, location),
            )
        limit = read_rate_limit(answer.headers.items())
        return _Answer(answer.status_code, _json(content), limit)


def _content(answer: requests.Response, until: float) -> bytes:
    """Read a body in bounds: neither its size nor its pace is left to the target."""
    read = getattr(answer.raw, "read1", answer.raw.read)
    content = bytearray()
    try:
        while piece := read(65_536, decode_content=True):
            content += piece
            if len(content) > _MOST:
                raise TargetError(f"{answer.url} answers with more than {_MOST >> 20} MiB")
            if time.monotonic() > until:
                raise requests.exceptions.Timeout
    except (urllib3.exceptions.TimeoutError, TimeoutError):
        raise requests.exceptions.Timeout from None
    except urllib3.exceptions.HTTPError as error:
        raise requests.exceptions.ConnectionError(error) from None
    return bytes(content)


def _json(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a chain of exceptions, without object addresses."""
    text = str(error)
    for known in (
        "Connection refused",
        "Name or service not known",
        "No route to host",
        "Network is unreachable",
        "Temporary failure in name resolution",
        "certificate verify failed",
        "Connection reset by peer",
        "nodename nor servname provided",
        "wrong version number",
    ):
        if known.lower() in text.lower():
            return known.lower()
    return type(error).__name__
