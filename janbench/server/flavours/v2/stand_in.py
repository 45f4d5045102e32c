"""What today's gateway says in the place of a model that fails: status 200, and no token spent."""

from __future__ import annotations

import time
from typing import Any

APOLOGY = "I'm sorry, but I can't answer right now. Please try again in a moment."
NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def stand_in_completion(model: str) -> dict[str, Any]:
    """A `chat.completion` that no model made; its id says so."""
    return {
        "id": f"fallback_{time.time_ns()}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": APOLOGY},
                "finish_reason": "stop",
            }
        ],
        "usage": NO_USAGE,
    }
