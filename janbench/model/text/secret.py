"""What is secret: the one table of names and forms; `lib/secrets.js` is written from it for k6.

Every expression means the same in Python and in JavaScript.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, quote_plus, unquote, urlsplit

MASK = "***"
SHORTEST = 4  # masking anything shorter would garble every text

# What janbench itself reads; a Secret of a cluster holds these.
OWN_VARIABLES = ("API_KEY", "LOADTEST_TOKEN", "K6_PROMETHEUS_RW_PASSWORD")

# Names of variables, headers, cookies and JSON keys, as lower-case words joined by `_`.
NAMES = (
    # anywhere in the name
    r"(^|_)(authorization|cookie|cookies|password|passwd|passphrase|secret|credential|credentials"
    r"|jwt|apikey|authtoken|accesstoken|refreshtoken|sessionkey|secretkey|sessionid|bearer"
    r"|api_key|auth_token|access_token|refresh_token|session_id|session_key)(_|$)",
    # at its end, perhaps with a number
    r"(^|_)(key|token|pass|pwd|pat|auth|sid|csrf|xsrf|signature)(_?[0-9]+)?$",
    # headers for Prometheus and OpenTelemetry carry credentials as a rule
    r"^(k6|otel)_.*headers(_|$)",
)
# They end like the name of a secret, and are none.
NOT_ONE = r"(^|_)(public_key|certificate_key|idempotency_key|cache_key|gpg_key|sort_key)$"

# What is shown of a match is its first group; the rest is masked. `i`: letters of either case.
_WORD = (
    r"token|secret|password|passwd|passphrase|pwd|api[_-]?key|apikey|[_-]key|credentials?"
    r"|authorization|signature|session[_-]?id|sessionid|session[_-]?key|jwt|[_-]auth"
)
FORMS: tuple[tuple[str, str], ...] = (
    (r"((?:set-)?cookie\\*[\"']?\s*[:=]\s*\\*[\"'\[]*)[^\"\n\\]+", "i"),
    (r"(bearer\s+)[^\s\"',;\\]+", "i"),
    (r"(\b[Bb]asic\s+)(?=[A-Za-z+/_-]*[0-9=A-Z])[A-Za-z0-9+/_-]{8,}={0,2}", ""),
    (r"()\beyJ[\w-]+\.[\w-]+\.[\w-]*", ""),
    (r"()\bsk[-_][\w-]{4,}", ""),
    (
        r"()\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|hf_|gsk_|nvapi-|pypi-|AKIA|AIza|ya29\.)"
        r"[\w.-]{12,}",
        "",
    ),
    # JSON, and JSON inside of a JSON text
    (rf"((?:{_WORD}|\"key)[\"']\s*[:=]\s*[\"'])(?:[^\"\\]|\\.)*", "i"),
    (rf"((?:{_WORD})\\+\"\s*:\s*\\+\")[^\"\\]*", "i"),
    # headers, queries, forms, command lines
    (rf"((?:{_WORD})=[\"']?)[^\s\"'\\,;&<>{{}}]+", "i"),
    (r"((?:authorization|[_-](?:key|token|auth))\s*:\s*(?:\w+\s+)?)[^\s\"'\\,;&<>{}]+", "i"),
    (r"(https?://)[^/\s@:\"']*:[^/\s@\"']+@", "i"),
)

_NAMES = tuple(re.compile(pattern) for pattern in NAMES)
_NO_NAME = re.compile(NOT_ONE)
_FORMS = tuple((re.compile(form, re.I if flags else 0)) for form, flags in FORMS)
_HUMP = re.compile(r"([a-z0-9])([A-Z])")


def is_secret(name: str) -> bool:
    """Whether the value of a variable, header, cookie or JSON key of that name is a secret."""
    plain = re.sub(r"[^a-z0-9]+", "_", _HUMP.sub(r"\1_\2", name).lower()).strip("_")
    if _NO_NAME.search(plain):
        return False
    return any(pattern.search(plain) for pattern in _NAMES)


def secret_values(environment: Mapping[str, str], also: Iterable[str] = ()) -> frozenset[str]:
    """Return the values that must never be written anywhere.

    Those of variables with the name of a secret or named in `also`, and passwords of URLs.
    """
    named = frozenset(also)
    found = {v for k, v in environment.items() if k in named or is_secret(k)}
    for value in environment.values():
        if "://" in value and "@" in value:
            found |= _of_url(value)
    stripped = found | {value.strip() for value in found}
    return frozenset(value for value in stripped if len(value) >= SHORTEST)


def _of_url(url: str) -> set[str]:
    try:
        password = urlsplit(url).password
    except ValueError:
        return set()
    return {password, unquote(password)} if password else set()


def redactor(secrets: Iterable[str]) -> Callable[[str], str]:
    """Return a function that hides these values, in any form, and what looks like a credential."""
    forms = {form for secret in secrets if secret for form in forms_of(secret)}
    known = sorted(forms, key=len, reverse=True)

    def redact(text: str) -> str:
        for form in known:
            text = text.replace(form, MASK)
        for pattern in _FORMS:
            text = pattern.sub(rf"\1{MASK}", text)
        return text

    return redact


def forms_of(secret: str) -> set[str]:
    """Return a value as it is, escaped as JSON, in a URL, and in base64 whatever stands before."""
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    for char, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        escaped |= {form.replace(char, code) for form in escaped}
    escaped |= {json.dumps(form)[1:-1] for form in escaped}  # JSON inside of a JSON text
    in_url = {quote(secret, safe=safe) for safe in ("", "/", "!'()*")} | {quote_plus(secret)}
    in_url |= {re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), form) for form in in_url}
    return {secret, *escaped, *in_url, *_in_base64(secret.encode("utf-8", "replace"))}


def _in_base64(raw: bytes) -> set[str]:
    """Return what base64 makes of a value, less the letters that its neighbours decide."""
    found = set()
    for before in range(3):
        text = base64.b64encode(b"x" * before + raw).decode()
        end = len(text) - (text.count("=") + 1 if text.endswith("=") else 0)
        inner = text[(0, 2, 3)[before] : end]
        if len(inner) >= 6:
            found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found


def as_javascript() -> str:
    """Return the table as a module for k6 (`templates/lib/secrets.js`)."""
    table = {
        "ownVariables": OWN_VARIABLES,
        "names": NAMES,
        "notSecret": NOT_ONE,
        "forms": FORMS,
    }
    return (
        "// What is secret: names and forms. Written by scripts/write_secrets_js.py from\n"
        "// janbench/model/text/secret.py, which is the place to change.\n\n"
        f"export const SHORTEST = {SHORTEST};\n\n"
        "// Made when it is needed, which most virtual users never do.\n"
        f"export const secrets = () => ({json.dumps(table, indent=2)});\n"
    )
