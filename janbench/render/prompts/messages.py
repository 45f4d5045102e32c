"""Messages in the form in which they are sent."""

from __future__ import annotations

from typing import Any

from janbench.model.prompts import Message


def as_sent(message: Message) -> dict[str, Any]:
    """Give a message as JSON; its images become parts."""
    if isinstance(message.content, str):
        return {"role": message.role, "content": message.content}
    parts = [part.model_dump(exclude_none=True) for part in message.content]
    return {"role": message.role, "content": parts}
