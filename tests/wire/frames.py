"""Reads `frames.yaml`: frames of a stream, and what they mean."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class FrameCase:
    """One case: `frames` in, `means` out; see the file for both."""

    name: str
    frames: list[dict[str, Any]]
    means: dict[str, Any]
    stop: bool = False
    end: list[str] = field(default_factory=list)

    def body(self) -> str:
        """Return the frames as a stream's body."""
        ending: list[dict[str, Any]] = (
            [{"delta": {}, "finish": "stop"}, {"text": "[DONE]"}] if self.stop else []
        )
        return "".join(_text(frame) for frame in [*self.frames, *ending])


@lru_cache(maxsize=1)
def frame_cases() -> list[FrameCase]:
    """Return all cases."""
    text = Path(__file__).with_name("frames.yaml").read_text(encoding="utf-8")
    return [FrameCase(**case) for case in yaml.safe_load(text)]


def _text(frame: dict[str, Any]) -> str:
    if "raw" in frame:
        return str(frame["raw"]).replace("NESTED", "[" * 900 + '"a"' + "]" * 900)
    if "delta" in frame:
        choice = {"index": 0, "delta": frame["delta"], "finish_reason": frame.get("finish")}
        data = json.dumps({"object": "chat.completion.chunk", "choices": [choice]})
    elif "data" in frame:
        data = json.dumps(frame["data"])
    else:
        data = frame["text"]
    name = f"event: {frame['event']}\n" if "event" in frame else ""
    return f"{name}data: {data}\n\n"
