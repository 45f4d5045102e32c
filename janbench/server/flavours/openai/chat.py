"""Chat completions of an OpenAI-compatible engine."""

from __future__ import annotations

from janbench.server.dialects.chat import ChatDialect, ChatStyle
from janbench.server.dialects.chat_reply import completion, new_head
from janbench.server.dialects.chat_request import parse_chat
from janbench.server.faults import Backend
from janbench.server.flavours.generating import answer, plan_answer, stream
from janbench.server.flavours.openai.errors import backend_failed, error, unknown_model
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call, Route

# An error after the headers is an event like the others.
_FAILED = b"data: " + backend_failed().body + b"\n\n"
_STYLE = ChatStyle(failure=lambda _late: _FAILED, refused=b"", relay=False, role_at_once=True)


def _chat(call: Call) -> Reply | None:
    request = parse_chat(call.body, stop_may_be_text=True)
    if not request.messages:
        return error(400, "messages: at least one message is required")
    fault = call.fault
    if request.model not in call.state.options.models:
        return unknown_model(request.model)
    if fault.backend is Backend.DOWN:
        return backend_failed()
    if fault.backend is Backend.REFUSES:
        return error(400, "The request was refused.")
    generation, head = plan_answer(call, request.prompt), new_head(request.model)
    if request.stream:
        stream(call, generation, ChatDialect(_STYLE, generation, head, usage=request.include_usage))
        return None

    def respond() -> Reply:
        return Reply.json(completion(generation, head, finish=fault.finish_reason, go_openai=False))

    answer(call, generation, respond)
    return None


ROUTES = (Route("POST", "/v1/chat/completions", _chat, generates=True),)
