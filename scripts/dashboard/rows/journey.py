"""Which part of a user's journey is slow, or fails?"""

from __future__ import annotations

from scripts.dashboard import definitions as means
from scripts.dashboard import queries
from scripts.dashboard.panels import COUNT, SECONDS, Panel, Query, Row, lines

# Metric of the built-in scenarios -> what its line is called.
_LOGIN = {"guest_login_time_ms": "guest login", "refresh_token_time_ms": "refresh token"}
_CHAT = {
    "models_time_ms": "list models",
    "completion_time_ms": "completion",
    "streaming_time_ms": "streamed completion",
}
_CONVERSATION = {
    "conversation_time_ms": "create and get conversation",
    "list_conversations_time_ms": "list conversations",
    "conversation_items_time_ms": "list items",
}
_RESPONSES = {
    "response_time_ms": "response",
    "response_time_with_tools_ms": "response with tools",
    "response_stream_time_ms": "streamed response",
    "response_stream_time_with_tools_ms": "streamed response with tools",
}

_RUN = "{{testid}}"


def row() -> Row:
    """Return the row."""
    failures = queries.total("step_failures", queries.STEP, queries.BY_STEP)
    return Row(
        "Journey",
        [
            _times("Guest login and refresh", _LOGIN, "Good: under 2 s."),
            _times("Models and chat", _CHAT, "Good: as long as your answers are."),
            _times(
                "Conversations and items",
                _CONVERSATION,
                "Good: under 3 s, for they are reads and writes of a database.",
            ),
            _times("Responses", _RESPONSES, "Good: as long as your answers are."),
            lines(
                "Every step",
                [
                    Query(
                        queries.percentile(
                            "http_req_duration", 95, f'{queries.STEP},expected_response="true"'
                        ),
                        "p95 {{step}} {{testid}}",
                    )
                ],
                SECONDS,
                "Duration of the requests of each step of any scenario, yours included, from the "
                f"first byte sent to the last received. {means.GOOD_ONLY} {means.SINCE_START}",
            ),
            lines(
                "Failed steps",
                [Query(failures, "{{step}} {{test_case}} {{testid}}")],
                COUNT,
                "Steps with a failed check, counted since the start of the run. Empty is good: "
                "no step failed.",
            ),
        ],
    )


def _times(title: str, metrics: dict[str, str], good: str) -> Panel:
    return lines(
        title,
        [
            Query(queries.percentile(metric, 95, queries.STEP, "testid"), f"{name} {_RUN}")
            for metric, name in metrics.items()
        ],
        SECONDS,
        "The p95 response time of the built-in scenarios' steps, failed requests included (k6's "
        f"`*_time_ms` metrics, shown in seconds as they arrive). {means.SINCE_START} {good}",
    )
