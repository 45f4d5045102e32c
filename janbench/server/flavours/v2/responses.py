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
from janbench.server.generation.model import Generation, Kind, ModelInput
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call, Route
from janbench.server.ids import uuid4
from janbench.server.store import StoredResponse


def _create(call: Call) -> Reply | None:
    body, state = call.body, call.state
    model, messages = body.get("model"), _messages(body.get("input"))
    if not isinstance(model, str) or not model or not messages:
        return response_error(400, "model and input are required")
    if model not in state.options.models and call.fault.backend is Backend.UP:
        call.refuse()
    if call.fault.backend is not Backend.UP and body.get("stream") is not True:
        return response_error(500, "llm provider request failed")
    generation = plan_answer(call, _prompt(body, messages))
    describe = _describe(body, generation)
    given = [
        {"role": m.get("role", "user"), "content": message_text(m), "status": "completed"}
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
        stream(call, generation, ResponsesV2Dialect(describe, generation), store)
        return None
    answer(call, generation, respond)
    return None


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


def _describe(body: dict[str, Any], generation: Generation) -> Callable[[str], dict[str, Any]]:
    fixed: dict[str, Any] = {
        "id": f"resp_{uuid4()}",
        "object": "response",
        "created": int(time.time()),
        "model": body["model"],
        "input": body["input"],
        "usage": None,
        "conversation_id": _conversation_id(body),
        "stream": body.get("stream") is True,
        "error": None,
    }
    for name in ("metadata", "previous_response_id", "system_prompt"):
        if body.get(name):
            fixed[name] = body[name]
    output = generation.joined(Kind.CONTENT)

    def describe(status: str) -> dict[str, Any]:
        ended = {"output": output} if status == "completed" else {}
        return fixed | {"status": status} | ended

    return describe


def _conversation_id(body: dict[str, Any]) -> str:
    asked = body.get("conversation")
    return asked if isinstance(asked, str) and asked else f"conv_{uuid4()}"


def _stored(call: Call) -> StoredResponse | Reply:
    row = call.state.store.responses.get(call.params["response"], call.user.id)
    return row or response_error(404, "response not found")


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
