"""Where a step's prompts come from, how long they are, and in which order they are sent."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue, model_validator
from typing_extensions import Self

from janbench.model.base import Frozen

Tokens = Annotated[int, Field(ge=1, le=1_000_000)]


class Part(Frozen):
    """A part of a message in OpenAI's form: a text or an image."""

    type: Literal["text", "image_url"]
    text: str | None = None
    image_url: dict[Literal["url", "detail"], str] | None = None

    @model_validator(mode="after")
    def _has_its_value(self) -> Self:
        if getattr(self, self.type) is None:
            raise ValueError(f"a part of type {self.type} needs the key {self.type!r}")
        return self


class Message(Frozen):
    """One chat message; `images` are URLs or files, which are sent inside the request.

    `name` of who speaks. `tool_calls` of an assistant, whose `content` may then be left out, and
    `tool_call_id` of the tool's answer are sent as they stand.
    """

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | tuple[Part, ...] | None = None
    images: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    name: str | None = Field(default=None, min_length=1, max_length=256)
    tool_calls: tuple[dict[str, JsonValue], ...] = ()
    tool_call_id: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.content is None and not self.tool_calls and not self.images:
            raise ValueError("the key 'content' is missing")
        return self


class Length(Frozen):
    """A number of tokens: fixed, or drawn for each prompt.

    A bare number is fixed. `normal` and `lognormal` take `mean` and `sd` (of the lengths
    themselves, not of their logarithms), `uniform` takes `min` and `max`, which also cut the other
    two off.
    """

    BARE: ClassVar[dict[str, Any] | None] = {"type": "number"}

    distribution: Literal["fixed", "normal", "lognormal", "uniform"] = "fixed"
    mean: float | None = Field(default=None, ge=1, le=1_000_000)
    sd: float = Field(default=0.0, ge=0, le=1_000_000)
    min: Tokens = 1
    max: Tokens | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_number(cls, data: Any) -> Any:
        """Take a bare number for a fixed length."""
        if isinstance(data, int | float | str) and not isinstance(data, bool):
            return {"mean": data}
        return data

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.distribution == "uniform":
            if self.max is None:
                raise ValueError("a uniform length needs 'max'")
        elif self.mean is None:
            raise ValueError(f"a {self.distribution} length needs 'mean'")
        if self.max is not None and self.max < self.min:
            raise ValueError("'max' is below 'min'")
        return self

    @property
    def expected(self) -> float:
        """Return the mean to expect (that of a cut-off distribution is only near it)."""
        if self.distribution == "uniform":
            return (self.min + (self.max or self.min)) / 2
        return self.mean or 1.0


class SharedPrefix(Frozen):
    """A beginning that prompts have in common, so that a prefix cache can help.

    `share` of the prompts begin with one of `count` texts of so many `tokens`.
    """

    tokens: Tokens
    share: float = Field(default=1.0, ge=0, le=1)
    count: int = Field(default=1, ge=1, le=10_000)


class Synthetic(Frozen):
    """Made-up text: `count` different prompts of `input_tokens`, the shared prefix included."""

    input_tokens: Length
    count: int = Field(default=1000, ge=1, le=1_000_000)
    shared_prefix: SharedPrefix | None = None


class Prompt(Frozen):
    """One prompt of a list; a bare text is its `text`.

    `weight`: how often it is drawn, in the order `random`. `max_tokens`: its own bound.
    """

    BARE: ClassVar[dict[str, Any] | None] = {"type": "string"}

    text: str | None = None
    messages: tuple[Message, ...] = ()
    weight: float = Field(default=1.0, gt=0, le=1e9)
    max_tokens: Tokens | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_text(cls, data: Any) -> Any:
        """Take a bare text for the prompt."""
        return {"text": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.text is None) == (not self.messages):
            raise ValueError("a prompt needs either 'text' or 'messages'")
        return self


class Prompts(Frozen):
    """Many prompts for one step: one of `list`, `file`, `sharegpt`, `synthetic`, `trace`.

    `file`: .txt (one prompt per line), .jsonl, .csv or .parquet (`field` names the column; else
    `messages`, `prompt`, `text` or `content`; also read: `weight`, `max_tokens`). OpenAI's batch
    lines are read, too. An answer at the end of `messages` is not sent. `sharegpt`: a JSON, JSONL
    or Parquet file of conversations; `take`: their `first` question, or the whole `history` up to
    the last one that has an answer. What the model says before the first question is left out, and
    turns of one speaker in a row are one turn. `trace: true`: synthetic text of the lengths that
    the load's trace gives, with the beginnings that its `hash_ids` share. `order`: one after
    another; drawn by weight; or `unique`: each request begins with a number of its own, which
    defeats prefix caches. `output_tokens`: the bound for each prompt. `system`: a system message
    before each. `tokenizer`: a `tokenizer.json` to count tokens with; without it, synthetic text is
    made of words that are one token each in the usual vocabularies, and `chars_per_token` estimates
    other texts. The same `seed` gives the same bytes.
    """

    list: tuple[Prompt, ...] = ()
    file: str | None = None
    sharegpt: str | None = None
    synthetic: Synthetic | None = None
    trace: bool = False
    field: str | None = Field(default=None, min_length=1)
    take: Literal["first", "history"] = "first"
    limit: int | None = Field(default=None, ge=1)
    order: Literal["sequential", "random", "unique"] = "sequential"
    seed: int = Field(default=1, ge=0, le=2**53)
    output_tokens: Length | None = None
    system: str | None = None
    tokenizer: str | None = None
    chars_per_token: float = Field(default=4.0, ge=0.5, le=100)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in _SOURCES if getattr(self, name)]
        if len(given) != 1:
            extra = f", not {' and '.join(given)}" if given else ""
            raise ValueError(f"prompts need one of {', '.join(_SOURCES)}{extra}")
        if self.trace and self.order == "random":
            raise ValueError("'trace' gives each arrival its own prompt: 'order' can't be random")
        return self


_SOURCES = ("list", "file", "sharegpt", "synthetic", "trace")
