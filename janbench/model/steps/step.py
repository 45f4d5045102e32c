"""The steps of a scenario: one class for each kind, told apart by `kind`.

A new kind is a class with its line in `Step`, and a module of the same name in
`templates/lib/steps/`. `group` and `choose` hold other steps: they make a scenario a tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from janbench.model.base import Frozen
from janbench.model.prompts import Message
from janbench.model.steps.base import METRIC, BaseStep
from janbench.model.steps.model_step import Chat, Completion, ConversationChat, ModelStep, Response
from janbench.model.steps.request_step import JsonCheck, Request

__all__ = [
    "BaseStep", "Chat", "Choose", "Completion", "ConversationChat", "Group", "JsonCheck", "Leaf",
    "Message", "ModelStep", "Request", "Response", "Step", "leaves",
]  # fmt: skip


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
    metric: str | None = Field(default="models_time_ms", pattern=METRIC)


class CreateConversation(BaseStep):
    """Create a conversation for the later steps of this iteration."""

    needs: ClassVar[str | None] = "conversations"
    default_title: ClassVar[str] = "Create conversation"
    kind: Literal["create_conversation"]
    conversation_title: str = Field(default="janbench", min_length=1, max_length=200)
    metadata: dict[str, str] = Field(default_factory=dict)


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


class Group(BaseStep):
    """Steps taken together: to repeat them, or to run them only when a condition holds."""

    default_title: ClassVar[str] = "Group"
    kind: Literal["group"]
    steps: tuple[Step, ...] = Field(min_length=1)


class Branch(Frozen):
    """One way to go on, taken with its `weight` among the branches."""

    weight: float = Field(default=1.0, gt=0, le=1e9)
    steps: tuple[Step, ...] = Field(min_length=1)


class Choose(BaseStep):
    """One of several branches, drawn by weight for each iteration; the same for the same `seed`."""

    default_title: ClassVar[str] = "Choose"
    kind: Literal["choose"]
    branches: tuple[Branch, ...] = Field(min_length=1)
    seed: int = Field(default=1, ge=0, le=2**31 - 1)


Leaf = (
    GuestLogin
    | RefreshToken
    | ListModels
    | Chat
    | Completion
    | CreateConversation
    | ConversationChat
    | GetConversation
    | ListConversations
    | ListItems
    | Response
    | Request
)

Step = Annotated[Leaf | Group | Choose, Field(discriminator="kind")]

Branch.model_rebuild()
Group.model_rebuild()
Choose.model_rebuild()


def every(steps: Sequence[Step]) -> Iterator[Step]:
    """Return all steps, groups and branches before what is in them."""
    for step in steps:
        yield step
        if isinstance(step, Group):
            yield from every(step.steps)
        elif isinstance(step, Choose):
            for branch in step.branches:
                yield from every(branch.steps)


def leaves(steps: Sequence[Step]) -> Iterator[Leaf]:
    """Return the steps that make requests, in the order in which they stand."""
    for step in steps:
        if isinstance(step, Group):
            yield from leaves(step.steps)
        elif isinstance(step, Choose):
            for branch in step.branches:
                yield from leaves(branch.steps)
        else:
            yield step
