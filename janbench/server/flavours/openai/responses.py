"""The Responses API of OpenAI."""

from __future__ import annotations

import time
from typing import Any

from janbench.server.dialects.chat_request import functions, last_user_text, message_text
from janbench.server.dialects.responses_openai import Body, ResponsesOpenAIDialect, output_items
from janbench.server.faults import Backend
from janbench.server.flavours.generating import answer, plan_answer, stream
from janbench.server.flavours.openai.errors import backend_failed, error, unknown_model
from janbench.server.generation.model import Generation, Kind, ModelInput
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call, NotJsonError, Route
from janbench.server.ids import random_id
from janbench.server.store import StoredResponse


def _create(call: Call) -> Reply | None:
    body, state, fault = call.body, call.state, call.fault
    model, given = body.get("model"), body.get("input")
    if not isinstance(model, str) or model not in state.options.models:
        return unknown_model(str(model or ""))
    if not isinstance(given, (str, list)) or not given:
        return error(400, "input: a string or an array is required")
    if fault.backend is Backend.DOWN:
        return backend_failed()
    if fault.backend is Backend.REFUSES:
        return error(400, "The request was refused.")
    generation = plan_answer(call, _prompt(body, given))
    describe = _describe(body, generation)
    items = output_items(generation)
    cut = generation.finish_reason == "length"
    finished = describe(
        "incomplete" if cut else "completed",
        [item | {"status": "completed"} for item in items.values()],
    )

    def store() -> None:
        if body.get("store") is not False:
            stored = StoredResponse(finished["id"], call.user.id, finished, _input_items(given))
            state.store.responses.add(stored)

    def respond() -> Reply:
        store()
        return Reply.json(finished)

    if body.get("stream") is True:
        stream(call, generation, ResponsesOpenAIDialect(describe, items, generation), store)
        return None
    answer(call, generation, respond)
    return None


def _prompt(body: dict[str, Any], given: str | list[Any]) -> ModelInput:
    messages = _messages(given)
    limit = body.get("max_output_tokens")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise NotJsonError("max_output_tokens")
    texts = [str(body.get("instructions") or ""), *(message_text(m) for m in messages)]
    text_format = (body.get("text") or {}).get("format") or {}
    return ModelInput(
        text="\n".join(texts).strip(),
        max_tokens=limit,
        tools=functions(body.get("tools")),
        tool_choice=body.get("tool_choice"),
        json_object=text_format.get("type") in ("json_object", "json_schema"),
        after_tool=bool(messages) and messages[-1].get("type") == "function_call_output",
        last_user_text=last_user_text(messages),
    )


def _messages(given: str | list[Any]) -> list[dict[str, Any]]:
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not all(isinstance(item, dict) for item in given):
        raise NotJsonError("input")
    return given


def _describe(body: dict[str, Any], generation: Generation) -> Body:
    fixed = {
        "id": random_id("resp_", 42),
        "object": "response",
        "created_at": int(time.time()),
        "model": body["model"],
        "error": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": body.get("metadata") or {},
        "parallel_tool_calls": True,
        "previous_response_id": body.get("previous_response_id"),
        "store": body.get("store") is not False,
        "temperature": body.get("temperature", 1.0),
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p", 1.0),
        "truncation": "disabled",
    }

    def describe(status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
        ended = status in ("completed", "incomplete")
        reason = {"reason": "max_output_tokens"} if status == "incomplete" else None
        return fixed | {
            "status": status,
            "incomplete_details": reason,
            "output": output,
            "usage": _usage(generation) if ended else None,
        }

    return describe


def _usage(generation: Generation) -> dict[str, Any]:
    reasoning = generation.kinds.count(Kind.REASONING)
    return {
        "input_tokens": generation.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": generation.tokens,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": generation.prompt_tokens + generation.tokens,
    }


def _input_items(given: str | list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": random_id("msg_", 42),
            "type": "message",
            "role": message.get("role", "user"),
            "content": [{"type": "input_text", "text": message_text(message)}],
        }
        for message in _messages(given)
    ]


def _stored(call: Call) -> StoredResponse | Reply:
    response_id = call.params["response"]
    row = call.state.store.responses.get(response_id, call.user.id)
    return row or error(404, f"Response with id '{response_id}' not found.")


def _get(call: Call) -> Reply:
    row = _stored(call)
    return row if isinstance(row, Reply) else Reply.json(row.body)


def _delete(call: Call) -> Reply:
    row = _stored(call)
    if isinstance(row, Reply):
        return row
    call.state.store.responses.remove(row)
    return Reply.json({"id": row.id, "object": "response.deleted", "deleted": True})


def _cancel(call: Call) -> Reply:
    row = _stored(call)
    if isinstance(row, Reply):
        return row
    return error(400, "Only responses created with background=true can be cancelled.")


def _list_input_items(call: Call) -> Reply:
    row = _stored(call)
    if isinstance(row, Reply):
        return row
    return Reply.json(
        {
            "object": "list",
            "data": row.input_items,
            "first_id": row.input_items[0]["id"],
            "last_id": row.input_items[-1]["id"],
            "has_more": False,
        }
    )


ROUTES = (
    Route("POST", "/v1/responses", _create, generates=True),
    Route("GET", "/v1/responses/{response}", _get),
    Route("DELETE", "/v1/responses/{response}", _delete),
    Route("POST", "/v1/responses/{response}/cancel", _cancel),
    Route("GET", "/v1/responses/{response}/input_items", _list_input_items),
)
