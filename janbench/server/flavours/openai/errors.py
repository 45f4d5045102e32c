"""The error shape of OpenAI."""

from __future__ import annotations

from janbench.server.http.exchange import Headers, Reply


def error(
    status: int,
    message: str,
    kind: str = "invalid_request_error",
    code: str | None = None,
    *,
    headers: Headers = (),
) -> Reply:
    """`{"error": {message, type, param, code}}`."""
    body = {"message": message, "type": kind, "param": None, "code": code}
    return Reply.json({"error": body}, status, headers)


def unknown_model(model: str) -> Reply:
    """404 for a model that isn't served."""
    return error(404, f"The model `{model}` does not exist.", code="model_not_found")


def backend_failed() -> Reply:
    """503 when the engine behind the API is dead."""
    return error(503, "The engine is not available.", "server_error", "engine_dead")
