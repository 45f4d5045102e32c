"""Prometheus' remote-write protocol (version 1), as far as janbench itself speaks it.

A push is a protobuf `WriteRequest` in Snappy's block format. Both are small enough to be written
here; Snappy is used without compression, which its format allows.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import requests

from janbench.model.telemetry import RemoteWrite, Sample

_HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
    "User-Agent": "janbench",
}
_LITERAL = 65_536  # bytes: what a literal with a length of two bytes holds
_SHORT = 60  # literals up to this long have their length in the tag itself


def push(target: RemoteWrite, samples: Sequence[Sample], timeout_s: float = 5.0) -> str:
    """Send samples; gives the problem in words for people, empty when the receiver took them.

    No samples is a valid push: it shows whether the receiver is there and takes the credentials.
    """
    with requests.Session() as session:
        # Neither a proxy nor .netrc of the user's machine has a say: k6 has its own credentials.
        session.trust_env = False
        try:
            answer = session.post(
                target.url,
                data=encode(samples),
                headers={**_HEADERS, **target.headers, **_bearer(target)},
                auth=(target.username, target.password) if target.username else None,
                verify=target.verify_tls,
                cert=_certificate(target),
                timeout=timeout_s,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            return f"TLS failed: {_innermost(error)}"
        except requests.Timeout:
            return f"no answer within {timeout_s:g} s"
        except (requests.RequestException, OSError) as error:
            return _innermost(error)
    return "" if answer.ok else _refusal(answer)


def encode(samples: Sequence[Sample]) -> bytes:
    """Return the body of a push: series are sorted by label, as the protocol demands."""
    return _snappy(b"".join(_field(1, _series(sample)) for sample in samples))


def _series(sample: Sample) -> bytes:
    labels = sorted({**sample.labels, "__name__": sample.name}.items())
    encoded = b"".join(
        _field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in labels
    )
    value = b"\x09" + struct.pack("<d", sample.value) + b"\x10" + _varint(sample.time_ms)
    return encoded + _field(2, value)


def _field(number: int, content: bytes) -> bytes:
    """A protobuf field of the wire type that has a length."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _snappy(data: bytes) -> bytes:
    """Snappy's block format: the length, then literals only."""
    encoded = bytearray(_varint(len(data)))
    for start in range(0, len(data), _LITERAL):
        piece = data[start : start + _LITERAL]
        length = len(piece) - 1
        if length < _SHORT:
            encoded.append(length << 2)
        else:
            encoded += bytes([61 << 2]) + struct.pack("<H", length)
        encoded += piece
    return bytes(encoded)


def _bearer(target: RemoteWrite) -> dict[str, str]:
    return {"Authorization": f"Bearer {target.bearer_token}"} if target.bearer_token else {}


def _certificate(target: RemoteWrite) -> str | tuple[str, str] | None:
    if not target.client_certificate:
        return None
    if not target.client_key:
        return target.client_certificate
    return target.client_certificate, target.client_key


def _refusal(answer: requests.Response) -> str:
    meanings = {
        401: "it wants other credentials",
        403: "these credentials may not write",
        404: "there is no receiver here; Prometheus needs --web.enable-remote-write-receiver",
        405: "this path takes no pushes; Prometheus' receiver is at /api/v1/write",
        429: "it is receiving too much",
    }
    detail = meanings.get(answer.status_code) or " ".join(answer.text.split())[:120]
    return f"status {answer.status_code}" + (f": {detail}" if detail else "")


def _innermost(error: BaseException) -> str:
    """The cause at the bottom of what requests wraps around it."""
    cause: object = error
    while isinstance(cause, BaseException):
        inner = getattr(cause, "reason", None) or next(
            (part for part in cause.args if isinstance(part, BaseException)), None
        )
        if inner is None or inner is cause:
            break
        cause = inner
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return text.split("): ")[-1].split("object at")[-1].strip() or type(error).__name__
