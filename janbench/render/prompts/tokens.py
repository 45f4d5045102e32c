"""How many tokens a text has: by a tokenizer that is given, else by its characters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from janbench.errors import ConfigError


@dataclass(frozen=True)
class Counter:
    """Counts tokens; `cut` shortens a text to at most so many. `words`: each word is one."""

    count: Callable[[str], int]
    cut: Callable[[str, int], str]
    words: bool = False


def words_counter(tokenizer: str | None) -> Counter:
    """Return a counter for text made of the words of `synthetic`: exact, or one token for a word.

    Each of these words, with the blank before it, is one token for the tokenizers of GPT-4, Llama 3
    and 4, Qwen, DeepSeek, Claude, and Mistral (SentencePiece and Tekken), which was counted.
    """
    return _exact(Path(tokenizer)) if tokenizer else _BY_WORDS


def counter(tokenizer: str | None, chars_per_token: float) -> Counter:
    """Return a counter: that of a `tokenizer.json`, else an estimate by characters.

    Raises ConfigError when the package `tokenizers` is missing or the file is none.
    """
    return _exact(Path(tokenizer)) if tokenizer else _estimated(chars_per_token)


def _estimated(chars_per_token: float) -> Counter:
    return Counter(
        count=lambda text: max(1, round(len(text) / chars_per_token)),
        cut=lambda text, tokens: text[: max(1, round(tokens * chars_per_token))],
    )


_BY_WORDS = Counter(
    count=lambda text: len(text.split()),
    cut=lambda text, tokens: " ".join(text.split()[:tokens]),
    words=True,
)


def _exact(file: Path) -> Counter:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise ConfigError(
            "a tokenizer needs the package 'tokenizers'",
            where=str(file),
            hint="Install it with: pip install 'janbench[tokenizers]'. Or leave 'tokenizer' out: "
            "tokens are then estimated by their characters.",
        ) from None
    try:
        known = Tokenizer.from_file(str(file))
    except Exception as error:  # the package raises bare Exception for a bad file
        raise ConfigError(f"not a tokenizer.json: {error}", where=str(file)) from None

    def cut(text: str, tokens: int) -> str:
        encoded = known.encode(text, add_special_tokens=False)
        if len(encoded.ids) <= tokens:
            return text
        end: int = encoded.offsets[tokens - 1][1]
        return text[:end]

    return Counter(
        count=lambda text: len(known.encode(text, add_special_tokens=False).ids), cut=cut
    )
