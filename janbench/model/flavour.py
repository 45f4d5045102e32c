"""What differs between servers, as data: paths, login, dialect of answers."""

from __future__ import annotations

from typing import Literal

from janbench.model.base import Frozen

EndMarker = Literal["done", "response.completed"]


class ApiCall(Frozen):
    """One HTTP call and the status that means success."""

    method: Literal["GET", "POST"]
    path: str
    status: int = 200


class Auth(Frozen):
    """How a client proves who it is.

    `guest-cookie`: guest login whose refresh token is the cookie `cookie`; `guest-json`: the same
    with the refresh token in JSON; `key`: an API key, or nothing. `api_key_header` is the header of
    an API key; None means `Authorization: Bearer`. `refresh_before_s`: renew that early.
    """

    mode: Literal["guest-cookie", "guest-json", "key"]
    login: ApiCall | None = None
    refresh: ApiCall | None = None
    cookie: str | None = None
    api_key_header: str | None = None
    refresh_before_s: float = 120.0


class Health(Frozen):
    """A path that answers 2xx while the server is up."""

    path: str


class ModelsApi(Frozen):
    """The list of models; `auth` says whether it needs a login."""

    path: str
    auth: bool


class ChatApi(Frozen):
    """A chat endpoint: how its streams end and report usage, whether it takes `ignore_eos`."""

    path: str
    stream_usage: Literal["opt-in", "always", "never"]
    end: tuple[EndMarker, ...] = ()
    headers_with_first_token: bool = False
    ignore_eos: bool = False


class ConversationChatApi(Frozen):
    """Chat within a stored conversation; `streams_name_it`: whether a stream says which it is."""

    path: str
    reference: Literal["string", "object"]
    response_key: Literal["metadata", "conversation"]
    streams_name_it: bool = True
    end: tuple[EndMarker, ...] = ()
    headers_with_first_token: bool = False


class ConversationsApi(Frozen):
    """Stored conversations; `item_text`: where a content part may hold its text."""

    path: str
    cursor: str
    item_text: tuple[str, ...]
    workspace_path: str | None = None


class ResponsesApi(Frozen):
    """The Responses API.

    `limit_key` is what this server calls the bound on output tokens; `tools` is the form of a tool:
    `nested` (`{type, function: {name, ...}}`, as in chat) or `flat` (`{type, name, ...}`).
    """

    path: str
    input: Literal["string", "array"]
    end: tuple[EndMarker, ...] = ()
    limit_key: str = "max_tokens"
    tools: Literal["nested", "flat"] = "nested"
    headers_with_first_token: bool = False


class Flavour(Frozen):
    """A kind of server. A part that is None isn't offered there.

    `stand_in_ids`: beginnings of the ids of answers that a gateway makes up for a model that is
    down, with status 200. `stream_limit_s`: after how many seconds the server cuts a stream; None
    where no such limit is known.
    """

    title: str
    stand_in_ids: tuple[str, ...] = ()
    stream_limit_s: float | None = None
    health: Health | None = None
    auth: Auth
    models: ModelsApi
    chat: ChatApi
    conversation_chat: ConversationChatApi | None = None
    conversations: ConversationsApi | None = None
    responses: ResponsesApi | None = None
