"""Chat completions of v1, stateless and with a conversation."""

from __future__ import annotations

from typing import Any

import orjson

from janbench.server.dialects.chat import ChatDialect, ChatStyle
from janbench.server.dialects.chat_reply import completion, new_head, tool_call, zero_completion
from janbench.server.dialects.chat_request import ChatRequest, message_text, parse_chat
from janbench.server.faults import Backend
from janbench.server.flavours.generating import answer, plan_answer, stream
from janbench.server.flavours.v1.errors import STREAM_FAILED, STREAM_TIMEOUT, error
from janbench.server.generation.model import Generation, Kind
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call, Route
from janbench.server.ids import random_id
from janbench.server.store import Conversation, Item

BAD_BODY = "0199600b-86d3-7339-8402-8ef1c7840475"
_NO_MESSAGES = "0199600f-2cbe-7518-be5c-9989cce59472"
_BACKEND_DOWN = "0199600c-3b65-7618-83ca-443a583d91c9"
_NO_CHOICES = "01995b18-1638-719d-8ee2-01375bb2a19c"
_NO_CONVERSATION = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
_DEFAULT_TITLE = "New Conversation"
_TITLE_BYTES = 50


def _failure_line(code: str) -> bytes:
    return error(0, code).body


def backend_refusal(model: str) -> bytes:
    """The body with which an inference server refuses an unknown model."""
    message = f"The model `{model}` does not exist."
    return orjson.dumps(
        {
            "object": "error",
            "message": message,
            "type": "NotFoundError",
            "param": None,
            "code": 404,
        }
    )


def _chat(call: Call) -> Reply | None:
    request = parse_chat(call.body)
    if not request.messages:
        return error(400, _NO_MESSAGES, "messages cannot be empty")
    return _generate(call, request, None)


def _conversation_chat(call: Call) -> Reply | None:
    request, wanted = parse_chat(call.body), call.body.get("conversation")
    if isinstance(wanted, dict | list):
        kind = "object" if isinstance(wanted, dict) else "array"
        field = "ExtendedChatCompletionRequest.conversation of type string"
        return error(400, BAD_BODY, f"json: cannot unmarshal {kind} into Go struct field {field}")
    link = _Link.open(call, request)  # a request without messages, too
    if link is None:
        return error(404, _NO_CONVERSATION)
    return _generate(call, request, link)


class _Link:
    """A chat's tie to its conversation."""

    def __init__(self, call: Call, conversation: Conversation, created: bool) -> None:
        self.conversation = conversation
        self.created = created
        self.store = bool(call.body.get("store"))
        self.store_reasoning = bool(call.body.get("store_reasoning"))
        # Told whether or not anything is stored under them.
        self.ask_id = random_id("msg_", 42)
        self.completion_id = random_id("msg_", 42)

    @staticmethod
    def open(call: Call, request: ChatRequest) -> _Link | None:
        """The tie to the conversation asked for, or to a new one; None when it is unknown."""
        table = call.state.store.conversations
        wanted = call.body.get("conversation") or ""
        title = _title(request.messages)
        if not wanted:
            # Whatever `store` says, and with this model whatever was asked for.
            conversation = Conversation(
                random_id("conv_", 42), call.user.id, title, {"model": "jan-v1-4b"}
            )
            conversation.row = table.added + 1
            table.add(conversation)
            return _Link(call, conversation, created=True)
        found = table.get(str(wanted), call.user.id)
        if found is None:
            return None
        if found.title in ("", _DEFAULT_TITLE):
            found.title = title
        return _Link(call, found, created=False)

    def metadata(self, *, stream: bool) -> dict[str, Any]:
        """What the client sees; a stream never says what is stored."""
        return {
            "conversation_id": self.conversation.id,
            "conversation_created": self.created,
            "conversation_title": self.conversation.title,
            "ask_item_id": self.ask_id,
            "completion_item_id": self.completion_id,
            "store": self.store and not stream,
            "store_reasoning": self.store_reasoning and not stream,
        }

    def remember(self, request: ChatRequest, generation: Generation) -> None:
        """Store what the real server stores: with `store:false` still the reply."""
        if self.store:
            last = request.messages[-1]
            part = {"type": "text", "text": {"value": message_text(last)}}
            self.conversation.add(
                Item(self.ask_id, "message", str(last.get("role", "user")), [part])
            )
        content = generation.joined(Kind.CONTENT)
        if generation.tool is not None:
            content = orjson.dumps([tool_call(generation)]).decode()
        elif not self.store and (generation.finish_reason != "stop" or not content):
            return
        part = {
            "type": "text",
            "finish_reason": generation.finish_reason,
            "text": {"value": content},
        }
        reasoning = generation.joined(Kind.REASONING)
        if self.store and self.store_reasoning and reasoning:
            part["reasoning_content"] = reasoning
        kind = "function_call" if generation.tool is not None else "message"
        item_id = self.completion_id if self.store else random_id("msg_", 42)
        self.conversation.add(Item(item_id, kind, "assistant", [part]))


def _generate(call: Call, request: ChatRequest, link: _Link | None) -> Reply | None:
    # The gateway doesn't look at the model's name: the inference server refuses it.
    unknown = request.model not in call.state.options.models
    if unknown and call.fault.backend is Backend.UP:
        call.refuse()
    fault = call.fault
    generation, head = plan_answer(call, request.prompt), new_head(request.model)
    if request.stream:
        timeout = STREAM_FAILED if link else STREAM_TIMEOUT
        style = ChatStyle(
            failure=lambda late: _failure_line(timeout if late else STREAM_FAILED),
            refused=backend_refusal(request.model),
            hangs=link is not None,
            refusal_hangs=link is not None,
        )
        dialect = ChatDialect(
            style,
            generation,
            head,
            usage=request.include_usage,
            metadata=call.text(link.metadata(stream=True)) if link else None,
        )
        stream(
            call,
            generation,
            dialect,
            (lambda: link.remember(request, generation)) if link else None,
        )
        return None
    if fault.backend is Backend.DOWN:
        return error(400, _BACKEND_DOWN)

    def respond() -> Reply:
        if fault.backend is Backend.REFUSES:
            if link and link.store:
                return error(400, _NO_CHOICES)
            body = zero_completion()
        else:
            body = completion(generation, head, finish=fault.finish_reason, go_openai=True)
        if link is not None:
            if fault.backend is Backend.UP:
                link.remember(request, generation)
            if link.store:
                body["id"] = link.completion_id
            body["metadata"] = call.text(link.metadata(stream=False))
        return Reply.json(body)

    if fault.backend is Backend.REFUSES:
        return respond()
    answer(call, generation, respond)
    return None


def _title(messages: list[dict[str, Any]]) -> str:
    """The first user message, cut after 50 bytes, even in the middle of a character."""
    first = next((m.get("content") for m in messages if m.get("role") == "user"), None)
    text = first.strip() if isinstance(first, str) else ""
    if not text:
        return _DEFAULT_TITLE
    raw = text.encode()
    if len(raw) <= _TITLE_BYTES:
        return text
    return raw[:_TITLE_BYTES].decode(errors="replace") + "..."


ROUTES = (
    Route("POST", "/v1/chat/completions", _chat, generates=True),
    Route("POST", "/v1/conv/chat/completions", _conversation_chat, generates=True),
)
