"""What all handlers that call the model do alike."""

from __future__ import annotations

from collections.abc import Callable

from janbench.server.delivery import StreamDelivery, WholeDelivery
from janbench.server.dialects.base import Dialect
from janbench.server.exchange import Reply
from janbench.server.flavours.base import SSE_HEADERS
from janbench.server.generation import Plan, Prompt
from janbench.server.routing import Call


def plan_answer(call: Call, prompt: Prompt) -> Plan:
    """What the model will say, and when."""
    return call.app.model.plan(prompt, call.fault, call.app.slots.active)


def stream(
    call: Call, plan: Plan, dialect: Dialect, store: Callable[[], None] | None = None
) -> None:
    """Stream the plan; `store` runs once the last token has left."""
    StreamDelivery(
        call.app.engine,
        call.exchange,
        plan,
        call.fault,
        dialect=dialect,
        headers=SSE_HEADERS,
        store=store,
        commit_error=call.app.flavour.commit_error,
    )


def answer(call: Call, plan: Plan, respond: Callable[[], Reply]) -> None:
    """Send what `respond` gives when the plan's last token is due."""
    WholeDelivery(call.app.engine, call.exchange, plan, call.fault, respond)
