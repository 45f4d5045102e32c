"""Messages in the form in which they are sent."""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path
from typing import Any

from janbench.errors import ConfigError
from janbench.model.prompts import Message

_MOST_BYTES = 20 * 1024 * 1024


def as_sent(message: Message) -> dict[str, Any]:
    """Return a message as JSON; its images become parts, files among them inside the request.

    Raises ConfigError for a file that can't be read, is no image, or has more than 20 MiB.
    """
    others = message.model_dump(
        include={"name", "tool_calls", "tool_call_id"}, exclude_defaults=True, mode="json"
    )
    return {"role": message.role, "content": _content(message), **others}


def _content(message: Message) -> str | list[dict[str, Any]] | None:
    if not message.images and (message.content is None or isinstance(message.content, str)):
        return message.content
    if isinstance(message.content, str):
        parts: list[dict[str, Any]] = [{"type": "text", "text": message.content}]
    else:
        parts = [part.model_dump(exclude_none=True) for part in message.content or ()]
    parts += [{"type": "image_url", "image_url": {"url": _url(image)}} for image in message.images]
    return parts


def _url(image: str) -> str:
    if image.startswith(("http://", "https://", "data:")):
        return image
    kind, _ = mimetypes.guess_type(image)
    if kind is None or not kind.startswith("image/"):
        raise ConfigError("not an image, as its name tells", where=image)
    try:
        content = Path(image).read_bytes()
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", where=image) from None
    if len(content) > _MOST_BYTES:
        raise ConfigError("an image of more than 20 MiB", where=image)
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
