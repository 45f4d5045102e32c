"""Steps that talk to the model: what is asked, and what is expected of the answer."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, JsonValue, model_validator
from typing_extensions import Self

from janbench.model.base import Frozen
from janbench.model.prompts import Message, Prompts
from janbench.model.steps.base import BaseStep, HeaderName

MODEL_TIMEOUT_S = 130.0  # above the 120 s after which Jan Server itself ends a generation


_BOUNDS = ("max_tokens", "max_completion_tokens")


class ToolCall(Frozen):
    """A call that the model must make of one of the step's `tools`.

    `arguments`: values that the call must carry. `result`: sent back as the tool's answer, upon
    which the model must answer in words: a full round trip.
    """

    name: str = Field(min_length=1, max_length=128)
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    result: JsonValue = None


class ModelStep(BaseStep):
    """A request to the model; `max_tokens` bounds the answer, `stream` defaults to the lane's way.

    Either `messages` (the same each time; `${name}` takes an extracted value) or `prompts` (many).
    `prompt` is a short label for metrics. `parameters` are further keys of the request body; null
    leaves out a key that would be sent otherwise (`max_tokens: null`, `stream_options: null`), and
    `max_completion_tokens` takes the place of `max_tokens`. `path` replaces the flavour's own,
    `headers` are added to the request; both may hold `${name}`.
    `tool_call`: the call that the model must make. `json_schema`: the schema that the answer is
    asked to follow and is checked against. `ignore_eos`: generate up to the bound, where the server
    can. `extract_text`: the variable that takes the answer's text.
    """

    model_talk: ClassVar[bool] = True
    typical_s: ClassVar[float] = 10.0
    answer_check: ClassVar[str] = "has choices"

    messages: tuple[Message, ...] = ()
    prompts: Prompts | None = None
    stream: bool | None = None
    max_tokens: int = Field(default=150, ge=1, le=1_000_000)
    temperature: float | None = Field(default=None, ge=0, le=2)
    tools: tuple[dict[str, JsonValue], ...] = ()
    tool_call: ToolCall | None = None
    json_schema: dict[str, JsonValue] | None = None
    ignore_eos: bool = False
    extract_text: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    prompt: str = Field(default="standard", pattern=r"^[A-Za-z0-9_.-]{1,40}$")
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    path: str | None = Field(default=None, pattern=r"^/")
    headers: dict[HeaderName, str] = Field(default_factory=dict)
    timeout_s: float = Field(default=MODEL_TIMEOUT_S, gt=0, le=3600)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.messages and self.prompts is not None:
            raise ValueError("'messages' and 'prompts' can't go together")
        if not self.messages and self.prompts is None:
            raise ValueError("the key 'messages' is missing")
        if self.messages and self.messages[-1].role not in ("user", "tool"):
            raise ValueError("the last message must be the user's")
        return self

    @model_validator(mode="after")
    def _has_the_tool(self) -> Self:
        if self.tool_call is None:
            return self
        names = [_tool_name(tool) for tool in self.tools]
        if self.tool_call.name not in names:
            raise ValueError(f"'tools' has no {self.tool_call.name!r}, which 'tool_call' expects")
        return self

    @property
    def streams(self) -> bool:
        """Whether the answer is asked for as a stream."""
        return self.lane == "stream" if self.stream is None else self.stream

    @property
    def round_trip(self) -> bool:
        """Whether a tool's result is sent back."""
        return self.tool_call is not None and self.tool_call.result is not None

    @property
    def most_requests(self) -> int:
        """Return the most requests of one run of the step, logins aside."""
        return 2 if self.round_trip else 1

    def body_parameters(self) -> dict[str, JsonValue]:
        """Return the keys of the request body beyond model, messages and stream."""
        body: dict[str, JsonValue] = {}
        if "max_completion_tokens" not in self.parameters:
            body["max_tokens"] = self.max_tokens
        if self.temperature is not None:
            body["temperature"] = self.temperature
        if self.tools:
            body["tools"] = list(self.tools)
        if self.json_schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": self.json_schema},
            }
        whole = {**body, **self.parameters}
        left_out = {key for key in body if whole[key] is None} | {
            key for key in _BOUNDS if key in whole and whole[key] is None
        }
        return {key: value for key, value in whole.items() if key not in left_out}


class Chat(ModelStep):
    """A chat completion.

    `history: true` makes it a turn of a conversation: on a server that stores conversations it goes
    into one (created on first use), elsewhere what was said before is sent along.
    """

    default_title: ClassVar[str] = "Chat completion"
    kind: Literal["chat"]
    history: bool = False

    @property
    def most_requests(self) -> int:
        """Return the most requests of one run of the step, logins aside."""
        return super().most_requests + (1 if self.history else 0)


class Completion(ModelStep):
    """A legacy completion (`/v1/completions`), which goes on with the texts of `messages`."""

    default_title: ClassVar[str] = "Completion"
    kind: Literal["completion"]

    @model_validator(mode="after")
    def _plain_text(self) -> Self:
        if self.tools or self.json_schema is not None:
            raise ValueError("a completion takes neither 'tools' nor 'json_schema': use 'chat'")
        return self


class ConversationChat(ModelStep):
    """A message in the conversation, which the server stores together with the answer."""

    needs: ClassVar[str | None] = "conversation_chat"
    default_title: ClassVar[str] = "Message in conversation"
    kind: Literal["conversation_chat"]


class Response(ModelStep):
    """A call of the Responses API."""

    needs: ClassVar[str | None] = "responses"
    default_title: ClassVar[str] = "Response"
    answer_check: ClassVar[str] = "is completed"
    kind: Literal["response"]

    @model_validator(mode="after")
    def _words_only(self) -> Self:
        if self.round_trip:
            raise ValueError("a tool's result can be sent back in 'chat' only")
        return self


def _tool_name(tool: dict[str, JsonValue]) -> JsonValue:
    inner = tool.get("function", tool)
    return inner.get("name") if isinstance(inner, dict) else None
