"""The Responses API of v1."""

from __future__ import annotations

import time
from typing import Any

import orjson

from janbench.server.dialects.responses_v1 import ResponsesV1Dialect
from janbench.server.faults import Backend
from janbench.server.flavours.generating import answer, plan_answer, stream
from janbench.server.flavours.v1.errors import STREAM_FAILED, error
from janbench.server.flavours.v1.response_input import go_text, invalid, prompt_of
from janbench.server.generation.model import Generation, Kind
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call, Route
from janbench.server.ids import random_id
from janbench.server.store import Conversation, Item, StoredResponse

BAD_REQUEST = "g7h8i9j0-k1l2-3456-ghij-789012345678"
_BAD_INPUT = "b2c3d4e5-f6g7-8901-bcde-f23456789012"
_NO_CONVERSATION = "k1l2m3n4-o5p6-7890-klmn-123456789012"
_UNKNOWN_MODEL = "h8i9j0k1-l2m3-4567-hijk-890123456789"
_NOT_FOUND = "u1v2w3x4-y5z6-7890-uvwx-123456789012"
_NEW_CONVERSATION = ("", "client-created-root")


def _refusal(call: Call) -> Reply | None:
    """Why the request is refused before the model is called; always with 400."""
    body = call.body
    model = body.get("model")
    if not isinstance(model, str) or not model:
        return error(400, BAD_REQUEST)
    if not body.get("input"):
        return error(400, _BAD_INPUT, "input validation error")
    code, problem = invalid(body)
    if problem:
        return error(400, code, problem)
    if model not in call.state.options.models:
        return error(400, _UNKNOWN_MODEL, "Model validation error")
    return None


def _create(call: Call) -> Reply | None:
    refusal = _refusal(call)
    if refusal is not None:
        return refusal
    body, fault = call.body, call.fault
    try:
        conversation = _conversation(call)
    except LookupError:
        return error(400, _NO_CONVERSATION, "Conversation not found")
    response = _response(call, conversation)
    generation = plan_answer(call, prompt_of(body))
    if body.get("stream") is True:
        failed = error(0, STREAM_FAILED).body
        stream(
            call, generation, ResponsesV1Dialect(response | {"stream": True}, generation, failed)
        )
        return None
    if fault.backend is Backend.DOWN:
        return error(400, STREAM_FAILED)

    def respond() -> Reply:
        nothing = fault.backend is Backend.REFUSES or not generation.tokens
        return Reply.json(response | _outcome(None if nothing else generation))

    answer(call, generation, respond)
    return None


def _response(call: Call, conversation: Conversation | None) -> dict[str, Any]:
    """The response object as far as the request decides it; it is stored as pending."""
    body = call.body
    response: dict[str, Any] = {
        "id": random_id("resp_", 42),
        "object": "response",
        "created": int(time.time()),
        "model": body["model"],
        "input": body["input"],
        "store": body.get("store") is not False,
    }
    for source, name in (
        ("temperature", "temperature"),
        ("top_p", "top_p"),
        ("max_tokens", "max_output_tokens"),
        ("metadata", "metadata"),
    ):
        if body.get(source) is not None:
            response[name] = body[source]
    if conversation is not None:
        response["conversation"] = {"id": conversation.id}
    text = go_text(body["input"])
    items = [
        {
            "id": random_id("msg_", 42),
            "object": "input_item",
            "created": response["created"],
            "type": "message",
            "text": text,
        }
    ]
    stored = StoredResponse(response["id"], call.user.id, response, items)
    if conversation is not None:
        stored.conversation_id = conversation.id
        stored.conversation_row = conversation.row
        part = {"type": "text", "text": {"value": text}}
        conversation.add(Item(items[0]["id"], "message", "user", [part]))
    call.state.store.responses.add(stored)
    return response


def _outcome(generation: Generation | None) -> dict[str, Any]:
    """What a finished generation adds; None: the backend gave nothing, which isn't an error."""
    output: list[dict[str, Any]] = []
    reasoning = generation.joined(Kind.REASONING) if generation else ""
    if reasoning:
        result = {"task": "reasoning", "result": reasoning}
        output.append({"type": "reasoning", "reasoning": result})
    text = generation.joined(Kind.CONTENT) if generation else ""
    if text:
        output.append({"type": "text", "text": {"value": text}})
    given, made = (generation.prompt_tokens, generation.tokens) if generation else (0, 0)
    return {
        "status": "completed",
        "output": output or None,
        "usage": {
            "input_tokens": given,
            "output_tokens": made,
            "total_tokens": given + made,
            "input_tokens_details": {},
            "output_tokens_details": {},
        },
        "reasoning": {"summary": reasoning} if reasoning else {},
        "text": {"format": {"type": "text"}},
        "truncation": "disabled",
    }


def _conversation(call: Call) -> Conversation | None:
    """The conversation to append to, a new one, or none; raises LookupError when it is unknown."""
    body, store = call.body, call.state.store
    previous = store.responses.get(str(body.get("previous_response_id") or ""), call.user.id)
    if previous is not None and previous.conversation_id:
        return store.conversations.get(previous.conversation_id, call.user.id)
    if body.get("store") is False:
        return None
    wanted = body.get("conversation") or ""
    if wanted not in _NEW_CONVERSATION:
        found = store.conversations.get(str(wanted), call.user.id)
        if found is None:
            raise LookupError(wanted)
        return found
    conversation = Conversation(random_id("conv_", 42), call.user.id)
    conversation.row = store.conversations.added + 1
    return store.conversations.add(conversation)


def _stored(call: Call) -> StoredResponse | None:
    return call.state.store.responses.get(call.params["response"], call.user.id)


def _as_stored(row: StoredResponse) -> dict[str, Any]:
    """A response read back: the outcome was lost with its transaction, so it is pending."""
    body = row.body | {"status": "pending", "input": orjson.dumps(row.body["input"]).decode()}
    if row.conversation_id:
        # The row's number, not the public id.
        body["conversation"] = {"id": f"conv_{row.conversation_row}"}
    return body


def _get(call: Call) -> Reply:
    row = _stored(call)
    return error(404, _NOT_FOUND) if row is None else Reply.json(_as_stored(row))


def _cancel(call: Call) -> Reply:
    row = _stored(call)
    if row is None:
        return error(404, _NOT_FOUND)
    cancelled = {"status": "cancelled", "cancelled_at": int(time.time())}
    return Reply.json(_as_stored(row) | cancelled)


def _delete(call: Call) -> Reply:
    reply = _cancel(call)
    row = _stored(call)
    if row is not None:
        call.state.store.responses.remove(row)
    return reply


def _input_items(call: Call) -> Reply:
    row = _stored(call)
    if row is None:
        return error(404, _NOT_FOUND)
    limit = call.request.query.get("limit", "20")
    if not limit.isdecimal() or not 1 <= int(limit) <= 100:
        return error(400, BAD_REQUEST, "limit must be between 1 and 100")
    items = row.input_items[: int(limit)]
    return Reply.json(
        {
            "jan_status": "000000",
            "object": "list",
            "first_id": items[0]["id"],
            "last_id": items[-1]["id"],
            "has_more": False,
            "data": items,
        }
    )


ROUTES = (
    Route("POST", "/v1/responses", _create, generates=True),
    Route("GET", "/v1/responses/{response}", _get),
    Route("DELETE", "/v1/responses/{response}", _delete),
    Route("POST", "/v1/responses/{response}/cancel", _cancel),
    Route("GET", "/v1/responses/{response}/input_items", _input_items),
)
