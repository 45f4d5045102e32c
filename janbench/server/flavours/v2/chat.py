"""Chat completions of v2, stateless or with a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from janbench.server.dialects.chat import ChatDialect, ChatStyle
from janbench.server.dialects.chat_reply import completion, new_head, tool_call
from janbench.server.dialects.chat_request import ChatRequest, message_text, parse_chat
from janbench.server.faults import Backend
from janbench.server.flavours.generating import answer, plan_answer, stream
from janbench.server.flavours.v2.conversations import is_conversation_id
from janbench.server.flavours.v2.errors import UNTYPED, error
from janbench.server.flavours.v2.release import Release, release_of
from janbench.server.flavours.v2.stand_in import stand_in_completion
from janbench.server.generation.model import Generation, Kind
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call, Route
from janbench.server.ids import random_id
from janbench.server.store import Conversation, Item

_FAILED = "Failed to complete chat request"
_FAILURE_LINE = error(0, _FAILED, UNTYPED).body
_STYLE = ChatStyle(failure=lambda _late: _FAILURE_LINE, refused=_FAILURE_LINE, hangs=True)
_TITLE_BYTES = 60
_TITLE_LEAST = 30


def _chat(call: Call) -> Reply | None:
    request, fault, release = parse_chat(call.body), call.fault, release_of(call)
    refusal = _refusal(call, request, release)
    if refusal is not None:
        return refusal
    link = _link(call, request)
    if isinstance(link, Reply):
        return link
    generation, head = plan_answer(call, request.prompt), new_head(request.model)
    if request.stream:
        frame = {"created": head.created, "id": "", "model": request.model}
        frame["object"] = "chat.completion.chunk"
        named = link if release.names_conversation else None
        dialect = ChatDialect(
            _STYLE,
            generation,
            head,
            usage=True,  # the client's stream_options are overwritten
            before_done=call.text({"conversation": link.json()} | frame)
            if link and named
            else None,
        )
        stream(
            call,
            generation,
            dialect,
            (lambda: link.remember(request, generation)) if link else None,
        )
        return None
    if fault.backend is not Backend.UP and release.stands_in:
        return Reply.json(stand_in_completion(request.model))
    if fault.backend is not Backend.UP:
        return error(500 if fault.backend is Backend.DOWN else 502, _FAILED, UNTYPED)

    def respond() -> Reply:
        body = completion(generation, head, finish=fault.finish_reason, go_openai=True)
        if link is not None:
            link.remember(request, generation)
            body["conversation"] = call.text(link.json())
        return Reply.json(body)

    answer(call, generation, respond)
    return None


def _refusal(call: Call, request: ChatRequest, release: Release) -> Reply | None:
    """Why the request is refused before any model is asked."""
    if not request.messages:
        return release.no_messages()
    if not request.model:
        return release.no_model()
    known = request.model in call.state.options.models
    return None if known else release.unknown_model()


@dataclass(frozen=True)
class _Link:
    """A chat's tie to its conversation."""

    conversation: Conversation
    store: bool
    store_reasoning: bool
    typed_text: bool

    def json(self) -> dict[str, Any]:
        """What the client sees."""
        body = {"id": self.conversation.id}
        return body | ({"title": self.conversation.title} if self.conversation.title else {})

    def remember(self, request: ChatRequest, generation: Generation) -> None:
        """Store the last message and the reply, unless asked not to."""
        if not self.store:
            return
        last = request.messages[-1]
        role = str(last.get("role", "user"))
        part: dict[str, Any] = {"type": "input_text", "input_text": message_text(last)}
        if self.typed_text:
            part = {"type": "text", "text": message_text(last)}
        self._add(role, [part])
        content: list[dict[str, Any]] = []
        reasoning, text = generation.joined(Kind.REASONING), generation.joined(Kind.CONTENT)
        if self.store_reasoning and reasoning:
            content.append({"type": "reasoning_content", "reasoning_content": reasoning})
        if text:
            finish = generation.finish_reason
            kept = text if self.typed_text else {"text": text}
            content.append({"type": "text", "finish_reason": finish, "text": kept})
        if generation.tool is not None:
            content.append({"type": "tool_calls", "tool_calls": [tool_call(generation)]})
        self._add("assistant", content)

    def _add(self, role: str, content: list[dict[str, Any]]) -> None:
        self.conversation.add(Item(random_id("msg_", 16), "message", role, content))


def _link(call: Call, request: ChatRequest) -> _Link | Reply | None:
    """The tie to the conversation that the request names; None when it names none."""
    asked, referrer = call.body.get("conversation"), call.request.query.get("referrer")
    if asked is None and not referrer:
        return None
    wanted = asked.get("id", "") if isinstance(asked, dict) else asked
    conversations = call.state.store.conversations
    if not wanted:
        conversation = conversations.add(
            Conversation(random_id("conv_", 16), call.user.id, referrer=referrer)
        )
    else:
        release = release_of(call)
        if not is_conversation_id(wanted):
            return release.chat_without_conversation(malformed=True)
        found = conversations.get(wanted, call.user.id)
        if found is None:
            return release.chat_without_conversation(malformed=False)
        conversation = found
    if not conversation.title:
        conversation.title = _title(request.messages)
    store = call.body.get("store") is not False
    reasoning = bool(call.body.get("store_reasoning"))
    return _Link(conversation, store, reasoning, release_of(call).typed_text)


def _title(messages: list[dict[str, Any]]) -> str:
    """The first user message; over 60 bytes cut at the last space after byte 30, else at 60."""
    first = next((m for m in messages if m.get("role") == "user"), {})
    raw = message_text(first).strip().encode()
    if len(raw) <= _TITLE_BYTES:
        return raw.decode()
    space = raw.rfind(b" ", _TITLE_LEAST + 1, _TITLE_BYTES)
    return raw[: space if space > 0 else _TITLE_BYTES].decode(errors="replace") + "..."


ROUTES = (Route("POST", "/v1/chat/completions", _chat, generates=True),)
