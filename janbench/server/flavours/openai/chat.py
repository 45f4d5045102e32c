"""Chat completions of an OpenAI-compatible engine."""

from __future__ import annotations

import time

from janbench.server.chat_reply import completion
from janbench.server.chat_request import parse_chat
from janbench.server.delivery import StreamDelivery, WholeDelivery
from janbench.server.dialects.chat import ChatDialect, ChatStyle
from janbench.server.exchange import Reply
from janbench.server.faults import Backend
from janbench.server.flavours.base import SSE_HEADERS
from janbench.server.flavours.openai.errors import backend_failed, error, unknown_model
from janbench.server.ids import uuid4
from janbench.server.routing import Call, Route

# An error after the headers is an event like the others.
_FAILED = b"data: " + backend_failed().body + b"\n\n"
_STYLE = ChatStyle(failure=lambda _late: _FAILED, refused=b"", relay=False, role_at_once=True)


def _chat(call: Call) -> Reply | None:
    request = parse_chat(call.body, stop_may_be_text=True)
    if not request.messages:
        return error(400, "messages: at least one message is required")
    app, fault = call.app, call.fault
    if request.model not in app.options.models:
        return unknown_model(request.model)
    if fault.backend is Backend.DOWN:
        return backend_failed()
    if fault.backend is Backend.REFUSES:
        return error(400, "The request was refused.")
    plan = app.model.plan(request.prompt, fault, app.slots.active)
    created, reply_id = int(time.time()), f"chatcmpl-{uuid4()}"
    if request.stream:
        dialect = ChatDialect(
            _STYLE,
            plan,
            model=request.model,
            stream_id=reply_id,
            created=created,
            usage=request.include_usage,
        )
        StreamDelivery(app.engine, call.exchange, plan, fault, dialect=dialect, headers=SSE_HEADERS)
        return None

    def respond() -> Reply:
        return Reply.json(
            completion(
                plan,
                reply_id=reply_id,
                model=request.model,
                created=created,
                finish=fault.finish_reason,
                go_openai=False,
            )
        )

    WholeDelivery(app.engine, call.exchange, plan, fault, respond)
    return None


ROUTES = (Route("POST", "/v1/chat/completions", _chat, generates=True),)
