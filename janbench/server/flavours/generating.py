"""What all handlers that call the model do alike."""

from __future__ import annotations

from collections.abc import Callable

from janbench.server.dialects.base import Dialect
from janbench.server.flavours.base import SSE_HEADERS
from janbench.server.generation.delivery import StreamDelivery, WholeDelivery
from janbench.server.generation.model import Generation, ModelInput
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call


def plan_answer(call: Call, prompt: ModelInput) -> Generation:
    """What the model will say, and when."""
    return call.state.model.plan(prompt, call.fault, call.state.slots.active)


def stream(
    call: Call, generation: Generation, dialect: Dialect, store: Callable[[], None] | None = None
) -> None:
    """Stream the plan; `store` runs once the last token has left."""
    StreamDelivery(
        call.state.delivery,
        call.exchange,
        generation,
        call.fault,
        dialect=dialect,
        headers=SSE_HEADERS,
        store=store,
        commit_error=call.state.commit_error,
    )


def answer(call: Call, generation: Generation, respond: Callable[[], Reply]) -> None:
    """Send what `respond` gives when the plan's last token is due."""
    WholeDelivery(call.state.delivery, call.exchange, generation, call.fault, respond)
