"""What differs between the releases of v2: janhq/server today, janhq/jan-server before it."""

from __future__ import annotations

from dataclasses import dataclass

from janbench.server.flavours.v2.errors import UNTYPED, error
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call
from janbench.server.ids import uuid4

_FAILED = "Failed to complete chat request"
_LOST = "Failed to retrieve conversation"


def _trail(kind: str, text: str, layer: str = "handler") -> str:
    """A message with its origin, as the typed errors of today's services write it."""
    return f"[{layer}][{kind}][{uuid4()}] {text}"


@dataclass(frozen=True)
class Release:
    """A release; the defaults are those of 0.2."""

    names_conversation: bool = True  # a stream names its conversation in a frame of its own
    stands_in: bool = False  # a model's failure is answered with 200 and an apology
    typed_text: bool = False  # an item's text is a string, not an object
    roles: bool = False
    catalogue: bool = False  # models have a category and a number
    locks_titles: bool = False  # conversations say when they changed and whether the title is fixed
    created_at: bool = False  # responses carry `created_at`, `background` and `store`

    def no_messages(self) -> Reply:
        """A chat without messages."""
        return error(400, _FAILED, UNTYPED)

    def no_model(self) -> Reply:
        """A chat that names no model."""
        return error(400, _FAILED, uuid4())

    def unknown_model(self) -> Reply:
        """A chat with a model that no provider offers."""
        return error(404, _FAILED, "caa8476d-1b95-42a7-a96b-18b0c11b2f64")

    def chat_without_conversation(self, *, malformed: bool) -> Reply:
        """A chat in a conversation that isn't there, or whose id is malformed."""
        return error(400 if malformed else 404, _FAILED, UNTYPED)

    def no_conversation(self, *, malformed: bool) -> Reply:
        """A conversation that isn't there, or whose id is malformed."""
        return error(400 if malformed else 404, _LOST, UNTYPED)

    def unknown_response(self) -> str:
        """A response that isn't there."""
        return "record not found"

    def tool_choice_type(self) -> str:
        """Go's type of `tool_choice`."""
        return "dto.ToolChoice"


class Today(Release):
    """janhq/server, whose errors are typed and say where they come from."""

    def no_messages(self) -> Reply:
        """A chat without messages."""
        text = "messages cannot be empty"
        return error(400, text, uuid4(), detail=_trail("VALIDATION", text))

    def no_model(self) -> Reply:
        """A chat that names no model."""
        text = "failed to select provider model: model key is required"
        cause = _trail("VALIDATION", "model key is required")
        return error(400, text, uuid4(), detail=f"{_trail('VALIDATION', text)}: {cause}")

    def unknown_model(self) -> Reply:
        """A chat with a model that no provider offers."""
        text = "model not found in accessible providers"
        whole = _trail("NOT_FOUND", f"failed to select provider model: {text}: ")
        return error(404, whole + _trail("NOT_FOUND", text), "conv-not-found-001")

    def chat_without_conversation(self, *, malformed: bool) -> Reply:
        """A chat in a conversation that isn't there, or whose id is malformed."""
        head = "failed to get or create conversation: conversation not found for this user"
        if malformed:
            text = f"{head}: invalid conversation ID"
            return error(400, text, uuid4(), detail=_trail("VALIDATION", text))
        text = f"{head}: conversation not found: failed to find conversation by public ID"
        return error(404, _trail("NOT_FOUND", text), "conv-not-found-001")

    def no_conversation(self, *, malformed: bool) -> Reply:
        """A conversation that isn't there, or whose id is malformed."""
        if malformed:
            return error(400, "invalid conversation ID", uuid4(), detail=_LOST)
        text = "conversation not found: failed to find conversation by public ID"
        return error(404, text, UNTYPED, detail=_LOST)

    def unknown_response(self) -> str:
        """A response that isn't there."""
        return _trail("NOT_FOUND", "response not found: record not found", "repository")

    def tool_choice_type(self) -> str:
        """Go's type of `tool_choice`."""
        return "requests.ToolChoice"


RELEASES = {
    "jan-v2-0.2": Release(),
    "jan-v2": Today(
        names_conversation=False,
        stands_in=True,
        typed_text=True,
        roles=True,
        catalogue=True,
        locks_titles=True,
        created_at=True,
    ),
}


def release_of(call: Call) -> Release:
    """The release that the server imitates."""
    return RELEASES[call.state.options.flavour]
