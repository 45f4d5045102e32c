"""The steps of a scenario: one class for each kind, told apart by `kind`.

A new kind is a class here with its line in `Step`, and a module of the same name in
`templates/lib/steps/`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue, model_validator
from typing_extensions import Self

from janbench.model.base import Frozen

Lane = Literal["nonstream", "stream"]
MODEL_TIMEOUT_S = 130.0  # above the 120 s after which Jan Server itself ends a generation
OTHER_TIMEOUT_S = 60.0


class BaseStep(Frozen):
    """What every step has.

    `id`: the step's name in metrics and reports (default: its kind, numbered when it repeats).
    `title`: for people. `label`: what its checks begin with (default: the id). `lane`: the only
    lane that runs it (default: both). `think_time_s`: pause after it under load. `metric`: name of
    the k6 Trend that takes its response time in ms.
    """

    model_talk: ClassVar[bool] = False
    counted: ClassVar[bool] = True
    needs: ClassVar[str | None] = None
    default_title: ClassVar[str] = ""
    typical_s: ClassVar[float] = 0.2

    id: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]{0,59}$")
    title: str | None = Field(default=None, min_length=1, max_length=60)
    label: str | None = Field(default=None, min_length=1, max_length=60)
    lane: Lane | None = None
    think_time_s: float | None = Field(default=None, ge=0, le=3600)
    timeout_s: float = Field(default=OTHER_TIMEOUT_S, gt=0, le=3600)
    metric: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]{1,127}$")


class GuestLogin(BaseStep):
    """Create a guest account; once for each virtual user."""

    counted: ClassVar[bool] = False
    default_title: ClassVar[str] = "Guest login"
    kind: Literal["guest_login"]
    metric: Literal["guest_login_time_ms"] = "guest_login_time_ms"


class RefreshToken(BaseStep):
    """Trade the refresh token for a new access token."""

    counted: ClassVar[bool] = False
    default_title: ClassVar[str] = "Refresh token"
    kind: Literal["refresh_token"]
    metric: Literal["refresh_token_time_ms"] = "refresh_token_time_ms"


class ListModels(BaseStep):
    """List the models; the target's model must be among them."""

    default_title: ClassVar[str] = "List models"
    counted: ClassVar[bool] = False
    kind: Literal["list_models"]
    metric: str | None = Field(default="models_time_ms", pattern=r"^[A-Za-z_][A-Za-z0-9_]{1,127}$")


class Message(Frozen):
    """One chat message."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str


class ModelStep(BaseStep):
    """A request to the model; `max_tokens` bounds the answer, `stream` defaults to the lane's way.

    `prompt` is a short label for metrics. `parameters` are further keys of the request body.
    """

    model_talk: ClassVar[bool] = True
    typical_s: ClassVar[float] = 10.0
    answer_check: ClassVar[str] = "has choices"

    messages: tuple[Message, ...] = Field(min_length=1)
    stream: bool | None = None
    max_tokens: int = Field(default=150, ge=1, le=1_000_000)
    temperature: float | None = Field(default=None, ge=0, le=2)
    tools: tuple[dict[str, JsonValue], ...] = ()
    prompt: str = Field(default="standard", pattern=r"^[A-Za-z0-9_.-]{1,40}$")
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    timeout_s: float = Field(default=MODEL_TIMEOUT_S, gt=0, le=3600)

    @model_validator(mode="after")
    def _last_message_speaks(self) -> Self:
        if self.messages[-1].role not in ("user", "tool"):
            raise ValueError("the last message must be the user's")
        return self

    @property
    def streams(self) -> bool:
        """Whether the answer is asked for as a stream."""
        return self.lane == "stream" if self.stream is None else self.stream

    def body_parameters(self) -> dict[str, JsonValue]:
        """Give the keys of the request body beyond model, messages and stream."""
        body: dict[str, JsonValue] = {"max_tokens": self.max_tokens}
        if self.temperature is not None:
            body["temperature"] = self.temperature
        if self.tools:
            body["tools"] = list(self.tools)
        return {**body, **self.parameters}


class Chat(ModelStep):
    """A chat completion."""

    default_title: ClassVar[str] = "Chat completion"
    kind: Literal["chat"]


class CreateConversation(BaseStep):
    """Create a conversation for the later steps of this iteration."""

    needs: ClassVar[str | None] = "conversations"
    default_title: ClassVar[str] = "Create conversation"
    kind: Literal["create_conversation"]
    conversation_title: str = Field(default="janbench", min_length=1, max_length=200)
    metadata: dict[str, str] = Field(default_factory=dict)


class ConversationChat(ModelStep):
    """A message in the conversation, which the server stores together with the answer."""

    needs: ClassVar[str | None] = "conversation_chat"
    default_title: ClassVar[str] = "Message in conversation"
    kind: Literal["conversation_chat"]


class GetConversation(BaseStep):
    """Read the conversation back."""

    needs: ClassVar[str | None] = "conversations"
    default_title: ClassVar[str] = "Get conversation"
    kind: Literal["get_conversation"]


class ListConversations(BaseStep):
    """List the caller's conversations."""

    needs: ClassVar[str | None] = "conversations"
    default_title: ClassVar[str] = "List conversations"
    kind: Literal["list_conversations"]


class ListItems(BaseStep):
    """List the conversation's items and compare them with what was sent."""

    needs: ClassVar[str | None] = "conversations"
    default_title: ClassVar[str] = "List items"
    kind: Literal["list_items"]


class Response(ModelStep):
    """A call of the Responses API."""

    needs: ClassVar[str | None] = "responses"
    default_title: ClassVar[str] = "Response"
    answer_check: ClassVar[str] = "is completed"
    kind: Literal["response"]


class JsonCheck(Frozen):
    """A condition on the value at `path` of a JSON answer, such as `data[0].id`."""

    name: str = Field(min_length=1, max_length=80)
    path: str
    exists: bool | None = None
    equals: JsonValue = None
    contains: str | float | bool | None = None
    matches: str | None = None
    type: Literal["array", "boolean", "null", "number", "object", "string"] | None = None
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _has_condition(self) -> Self:
        if not self.model_fields_set - {"name", "path"}:
            raise ValueError("needs one of exists, equals, contains, matches, type, min, max")
        return self


class Request(BaseStep):
    """Any HTTP call: for endpoints that no other kind covers.

    `path`, `headers` and `body` may hold `${name}`: a value that an earlier step extracts, or an
    environment variable, with `${name:-default}`. `auth: false` sends it without credentials.
    """

    kind: Literal["request"]
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] = "GET"
    path: str = Field(pattern=r"^/")
    headers: dict[str, str] = Field(default_factory=dict)
    body: JsonValue = None
    auth: bool = True
    expect: tuple[Annotated[int, Field(ge=100, le=599)], ...] = (200,)
    checks: tuple[JsonCheck, ...] = ()
    extract: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str] = Field(
        default_factory=dict
    )

    @model_validator(mode="before")
    @classmethod
    def _one_status(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("expect"), int):
            return {**data, "expect": [data["expect"]]}
        return data

    @model_validator(mode="after")
    def _title(self) -> Self:
        if self.title is None:
            object.__setattr__(self, "title", f"{self.method} {self.path}"[:60])
        return self


Step = Annotated[
    GuestLogin
    | RefreshToken
    | ListModels
    | Chat
    | CreateConversation
    | ConversationChat
    | GetConversation
    | ListConversations
    | ListItems
    | Response
    | Request,
    Field(discriminator="kind"),
]
