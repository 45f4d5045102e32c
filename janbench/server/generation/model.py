"""What the pretended model will say to a request, and with which delays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from random import Random
from typing import Any

from janbench.server.faults import Fault
from janbench.server.generation.prose import HTML, count_tokens, json_text, tool_arguments, words
from janbench.server.ids import random_id
from janbench.server.options import ServerOptions

_MS = 1_000_000


class Kind(IntEnum):
    """What a token belongs to."""

    CONTENT = 0
    REASONING = 1
    TOOL = 2


@dataclass(frozen=True)
class ModelInput:
    """The part of a request that the model sees, whatever API it came through."""

    text: str
    max_tokens: int | None = None
    tools: tuple[dict[str, Any], ...] = ()  # functions: name, parameters
    tool_choice: Any = None
    json_object: bool = False
    after_tool: bool = False  # the last message is a tool's result
    last_user_text: str = ""


@dataclass(frozen=True)
class GeneratedCall:
    """A function call that the model asks for."""

    id: str
    name: str


@dataclass(frozen=True)
class Generation:
    """A whole generation, fixed before it starts; delays in nanoseconds."""

    ttft_ns: int
    finalize_ns: int
    gap: int | Callable[[], float]  # a constant, or a draw
    # Not pairs: an object for each token is what the garbage collector would have to visit.
    kinds: list[Kind]
    texts: list[str]
    finish_reason: str
    prompt_tokens: int
    tool: GeneratedCall | None = None
    rng: Random = field(default_factory=Random)

    @property
    def pieces(self) -> Iterator[tuple[Kind, str]]:
        """Kind and text of each token."""
        return zip(self.kinds, self.texts, strict=True)

    def joined(self, kind: Kind) -> str:
        """The text of one kind."""
        return "".join(text for each, text in self.pieces if each is kind)

    @property
    def tokens(self) -> int:
        """How many tokens are generated."""
        return len(self.texts)

    def gap_ns(self) -> float:
        """The delay before the next token, in nanoseconds."""
        return self.gap if isinstance(self.gap, int) else self.gap()


class Model:
    """Plans generations; the n-th of a seed is always the same."""

    def __init__(self, options: ServerOptions) -> None:
        self._options = options
        self._count = 0

    def plan(self, prompt: ModelInput, fault: Fault, active: int) -> Generation:
        """Plan the answer to `prompt` while `active` generations run."""
        options = self._options
        rng = Random(options.seed * 1_000_003 + self._count)
        self._count += 1
        ttft_ms = options.ttft_ms.draw(rng) * fault.ttft_factor
        ttft_ms += fault.ttft_ms_each_active * active
        kinds, texts, finish, tool = self._say(prompt, rng)
        if fault.empty:
            kinds, texts, tool = [], [], None
        elif fault.html and tool is None:
            texts = [f"{text} {HTML}" for text in texts]
        itl = options.itl_ms
        constant = itl.constant
        return Generation(
            ttft_ns=round(ttft_ms * _MS),
            finalize_ns=round(options.finalize_ms.draw(rng) * _MS),
            gap=(lambda: options.itl_ms.draw(rng) * _MS)
            if constant is None
            else round(constant * _MS),
            kinds=kinds,
            texts=texts,
            finish_reason=finish,
            prompt_tokens=count_tokens(prompt.text),
            tool=tool,
            rng=rng,
        )

    def _say(
        self, prompt: ModelInput, rng: Random
    ) -> tuple[list[Kind], list[str], str, GeneratedCall | None]:
        function = _wanted_tool(prompt)
        if function is not None:
            tool = GeneratedCall(random_id("call_", 24), str(function.get("name")))
            fragments = ["", *tool_arguments(rng, function.get("parameters"))]
            return [Kind.TOOL] * len(fragments), fragments, "tool_calls", tool
        wanted = max(1, round(self._options.tokens.draw(rng)))
        reasoning = round(self._options.reasoning_tokens.draw(rng))
        finish = "stop"
        if prompt.max_tokens is not None and prompt.max_tokens < wanted + reasoning:
            finish = "length"
            reasoning = min(reasoning, prompt.max_tokens)
            wanted = prompt.max_tokens - reasoning
        say = json_text if prompt.json_object else words
        thoughts, answer = words(rng, reasoning), say(rng, wanted)
        kinds = [Kind.REASONING] * len(thoughts) + [Kind.CONTENT] * len(answer)
        return kinds, thoughts + answer, finish, None


def _wanted_tool(prompt: ModelInput) -> dict[str, Any] | None:
    """The function to call: one that the caller demands, or that the user's message names."""
    choice = prompt.tool_choice
    if not prompt.tools or choice == "none" or prompt.after_tool:
        return None
    if isinstance(choice, dict):
        function = choice.get("function", choice)
        named = function.get("name") if isinstance(function, dict) else None
        return next((tool for tool in prompt.tools if tool.get("name") == named), None)
    if choice == "required":
        return prompt.tools[0]
    said = prompt.last_user_text.replace("_", " ").lower()
    for tool in prompt.tools:
        if str(tool.get("name", "")).replace("_", " ").lower() in said:
            return tool
    return None
