"""The response-api of v2, behind the gateway's `/responses`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from janbench.server.dialects.chat_reply import usage
from janbench.server.dialects.chat_request import functions, last_user_text, message_text
from janbench.server.dialects.responses_v2 import ResponsesV2Dialect
from janbench.server.faults import Backend
from janbench.server.flavours.generating import answer, plan_answer, stream
from janbench.server.flavours.v2.errors import RESPONSES_PREFIX, response_error
from janbench.server.flavours.v2.release import Release, release_of
from janbench.server.flavours.v2.stand_in import APOLOGY, NO_USAGE
from janbench.server.generation.model import Kind, ModelInput
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call, Route
from janbench.server.ids import uuid4
from janbench.server.store import StoredResponse


def _create(call: Call) -> Reply | None:
    body, state = call.body, call.state
    release = release_of(call)
    model, messages = body.get("model"), _messages(body.get("input"))
    refusal = _refusal(body, messages, release)
    if refusal:
        return response_error(400, refusal)
    unknown = model not in state.options.models
    if unknown and call.fault.backend is Backend.UP:
        call.refuse()
    # What the service says when llm-api refuses it.
    reason = release.unknown_model().body.decode() if unknown else "llm provider request failed"
    if call.fault.backend is not Backend.UP and body.get("stream") is not True:
        if release.stands_in and not unknown:
            return Reply.json(_describe(body, APOLOGY, release)("completed") | {"usage": NO_USAGE})
        return response_error(500, f"llm api error: {reason}" if unknown else reason)
    generation = plan_answer(call, _prompt(body, messages))
    describe = _describe(body, generation.joined(Kind.CONTENT), release)
    given = [
        {
            "role": m.get("role", "user"),
            "content": {"text": message_text(m), "type": "text"},
            "status": "completed",
        }
        for m in messages
    ]
    row = StoredResponse(
        describe("in_progress")["id"], call.user.id, describe("in_progress"), given
    )
    state.store.responses.add(row)

    def store() -> None:
        row.body = describe("completed")

    def respond() -> Reply:
        row.body = describe("completed") | {"usage": usage(generation)}
        return Reply.json(row.body)

    if body.get("stream") is True:
        failure = f"llm api error: 404 {reason}" if unknown else reason
        stream(call, generation, ResponsesV2Dialect(describe, generation, failure), store)
        return None
    answer(call, generation, respond)
    return None


def _refusal(body: dict[str, Any], messages: list[dict[str, Any]], release: Release) -> str:
    """Why the service refuses a request, in the words of Go's decoder and validator."""
    if isinstance(body.get("tool_choice"), str):
        field = f"CreateResponseRequest.tool_choice of type {release.tool_choice_type()}"
        return f"json: cannot unmarshal string into Go struct field {field}"
    missing = "Model" if not isinstance(body.get("model"), str) or not body["model"] else ""
    missing = missing or ("" if messages else "Input")
    if not missing:
        return ""
    return (
        f"Key: 'CreateResponseRequest.{missing}' Error:"
        f"Field validation for '{missing}' failed on the 'required' tag"
    )


def _messages(given: Any) -> list[dict[str, Any]]:
    """The input as messages; empty for what the service refuses (an array of strings)."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}] if given else []
    if isinstance(given, dict):
        return [given]
    if isinstance(given, list) and all(isinstance(item, dict) for item in given):
        return given
    return []


def _prompt(body: dict[str, Any], messages: list[dict[str, Any]]) -> ModelInput:
    limit = body.get("max_tokens")
    texts = [str(body.get("system_prompt") or ""), *(message_text(m) for m in messages)]
    return ModelInput(
        text="\n".join(texts).strip(),
        max_tokens=limit if isinstance(limit, int) and limit > 0 else None,
        tools=functions(body.get("tools")),
        tool_choice=body.get("tool_choice"),
        last_user_text=last_user_text(messages),
    )


def _describe(
    body: dict[str, Any], output: str, release: Release
) -> Callable[[str], dict[str, Any]]:
    now = int(time.time())
    fixed: dict[str, Any] = {
        "id": f"resp_{uuid4()}",
        "object": "response",
        "created": now,
        **({"created_at": now} if release.created_at else {}),
        "model": body["model"],
        "input": body["input"],
        "usage": None,
        "conversation_id": _conversation_id(body),
        "stream": body.get("stream") is True,
        **({"background": False, "store": False} if release.created_at else {}),
        "error": None,
    }
    for name in ("metadata", "previous_response_id", "system_prompt"):
        if body.get(name):
            fixed[name] = body[name]

    def describe(status: str) -> dict[str, Any]:
        # An ended response has an error object whose code and message are empty.
        done = {"output": output, "error": {"code": "", "message": ""}}
        return fixed | {"status": status} | (done if status == "completed" else {})

    return describe


def _conversation_id(body: dict[str, Any]) -> str:
    asked = body.get("conversation")
    return asked if isinstance(asked, str) and asked else f"conv_{uuid4()}"


def _stored(call: Call) -> StoredResponse | Reply:
    row = call.state.store.responses.get(call.params["response"], call.user.id)
    return row or response_error(404, release_of(call).unknown_response())


def _get(call: Call) -> Reply:
    row = _stored(call)
    return row if isinstance(row, Reply) else Reply.json(row.body)


def _cancel(call: Call) -> Reply:
    """Cancels what is still running; a finished response comes back unchanged."""
    row = _stored(call)
    if isinstance(row, Reply):
        return row
    if row.body["status"] == "in_progress":
        row.body = row.body | {"status": "cancelled"}
    return Reply.json(row.body)


def _delete(call: Call) -> Reply:
    row = _stored(call)
    if isinstance(row, Reply):
        return row
    call.state.store.responses.remove(row)
    return Reply.json(row.body | {"status": "cancelled"})


def _input_items(call: Call) -> Reply:
    row = _stored(call)
    return row if isinstance(row, Reply) else Reply.json({"data": row.input_items})


def _health(_call: Call) -> Reply:
    return Reply.json({"status": "ok"})


_ALL = f"{RESPONSES_PREFIX}/v1/responses"
ROUTES = (
    Route("GET", f"{RESPONSES_PREFIX}/healthz", _health),
    Route("POST", _ALL, _create, generates=True),
    Route("GET", f"{_ALL}/{{response}}", _get),
    Route("DELETE", f"{_ALL}/{{response}}", _delete),
    Route("POST", f"{_ALL}/{{response}}/cancel", _cancel),
    Route("GET", f"{_ALL}/{{response}}/input_items", _input_items),
)
