"""The three error shapes of Jan Server v2: llm-api, response-api and Kong."""

from __future__ import annotations

from janbench.server.http.exchange import Headers, Reply

RESPONSES_PREFIX = "/responses"


UNTYPED = "auto-generated-uuid"
"""The code of errors that no handler named."""


def error(status: int, message: str, code: str = "", *, detail: str = "") -> Reply:
    """An error of llm-api: the same text twice, unless `detail` says more."""
    return Reply.json({"code": code, "error": detail or message, "message": message}, status)


def response_error(status: int, message: str) -> Reply:
    """An error of response-api."""
    return Reply.json({"error": message}, status)


def kong_error(status: int, message: str, headers: Headers = ()) -> Reply:
    """An error of the gateway itself."""
    return Reply.json({"message": message}, status, headers)


def not_found(path: str) -> Reply:
    """An unknown route: of a service behind the gateway, or of the gateway."""
    services = ("/v1/", "/llm/", "/auth/", f"{RESPONSES_PREFIX}/")
    if path.startswith(services):
        return Reply.text("404 page not found", 404)
    unrouted = b'{"message":"no Route matched with those values"}'
    return Reply(404, unrouted, "application/json")


def refuse(status: int, path: str) -> Reply:
    """401, 429 or 500 by the service that the path leads to."""
    if status == 429:
        minute = "120"
        return kong_error(
            429,
            "API rate limit exceeded",
            (
                ("RateLimit-Limit", minute),
                ("RateLimit-Remaining", "0"),
                ("RateLimit-Reset", "30"),
                ("X-RateLimit-Limit-Minute", minute),
                ("X-RateLimit-Remaining-Minute", "0"),
                ("Retry-After", "30"),
            ),
        )
    on_responses = path.startswith(RESPONSES_PREFIX)
    if status == 401:
        return response_error(401, "invalid token") if on_responses else error(401, "unauthorized")
    message = "internal server error"
    return response_error(status, message) if on_responses else error(status, message)
