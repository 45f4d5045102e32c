"""Text that nobody wrote: words in random order, as long as asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from random import Random

from janbench.model.prompts import Prompts, Synthetic
from janbench.render.prompts.lengths import draw
from janbench.render.prompts.tokens import Counter

_VOCABULARY = """
the of and to in that it was for on are as with they at be this from have or by one had not but
what all were when we there can an your which their said if do will each about how up out them
then she many some so these would other into has more her two like him see time could no make than
first been its who now people my made over did down only way find use may water long little very
after words called just where most know get through back much before go good new write our used me
man too any day same right look think also around another came come work three word must because
does part even place well such here take why things help put years different away again off went
old number great tell men say small every found still between name should home big give air line
set own under read last never us left end along while might next sound below saw something thought
both few those always looked show large often together asked house world going want school
important until form food keep children feet land side without boy once animals life enough took
sometimes four head above kind began almost live page got earth need far hand high year mother
light parts country father let night following picture
"""
_WORDS = _VOCABULARY.split()
_POOL_WORDS = 60_000
_OWN_WORDS = 8
BLOCK_TOKENS = 512


class Text:
    """A long text from which pieces are taken: quicker than to put together each by itself."""

    def __init__(self, seed: int, counter: Counter) -> None:
        rng = Random(f"text {seed}")
        self._words = rng.choices(_WORDS, k=_POOL_WORDS)
        self._pool = " ".join(self._words)
        self._counter = counter
        # Characters for one token, with a margin, as this counter sees this text.
        sample = self._pool[:8000]
        self._chars = 1.2 * len(sample) / counter.count(sample)

    def take(self, tokens: int, rng: Random) -> str:
        """Return a text of so many tokens that no other draw is likely to return.

        It is a piece of the pool from a random place, after some words of its own.
        """
        own = rng.choices(_WORDS, k=min(tokens, _OWN_WORDS))
        if self._counter.words:
            while len(own) < tokens:
                start = rng.randrange(_POOL_WORDS - 1)
                own += self._words[start : start + tokens - len(own)]
            return " ".join(own)
        pieces = [" ".join(own)]
        # With room for a word that the end of the piece may cut.
        left = int((tokens - _OWN_WORDS) * self._chars) + 10 if tokens > _OWN_WORDS else 0
        while left > 0:
            start = self._pool.find(" ", rng.randrange(len(self._pool) - 20)) + 1
            piece = self._pool[start : start + left]
            pieces.append(piece)
            left -= len(piece) + 1
        return self._counter.cut(" ".join(pieces).lstrip(), tokens)


def synthetic(prompts: Prompts, source: Synthetic, counter: Counter) -> Iterator[str]:
    """Return the texts of made-up prompts; the same for the same seed.

    A shared prefix is part of a prompt's length: a prompt that is shorter is cut from it.
    """
    text = Text(prompts.seed, counter)
    rng = Random(f"synthetic {prompts.seed}")
    shared = source.shared_prefix
    prefixes = (
        [text.take(shared.tokens, rng) for _ in range(shared.count)] if shared is not None else []
    )
    for index in range(min(source.count, prompts.limit or source.count)):
        tokens = draw(source.input_tokens, rng)
        if shared is None or rng.random() >= shared.share:
            yield text.take(tokens, rng)
            continue
        prefix = prefixes[index % len(prefixes)]
        rest = tokens - shared.tokens
        yield f"{prefix} {text.take(rest, rng)}" if rest > 0 else counter.cut(prefix, tokens)


def of_lengths(seed: int, lengths: Sequence[int], counter: Counter) -> Iterator[str]:
    """Return a text of each of these lengths in tokens."""
    text, rng = Text(seed, counter), Random(f"trace {seed}")
    for tokens in lengths:
        yield text.take(tokens, rng)


def of_blocks(
    seed: int, arrivals: Iterable[tuple[Sequence[int], int]], counter: Counter
) -> Iterator[str]:
    """Return a text for each (block ids, length in tokens): what shares ids, shares its beginning.

    A block has 512 tokens, as in Mooncake's traces; the last one is cut to the length.
    """
    text = Text(seed, counter)

    @lru_cache(maxsize=4096)
    def block(number: int) -> str:
        return text.take(BLOCK_TOKENS, Random(f"block {seed} {number}"))

    for ids, tokens in arrivals:
        whole = min(len(ids), -(-tokens // BLOCK_TOKENS))
        parts = [block(number) for number in ids[:whole]]
        missing = tokens - whole * BLOCK_TOKENS
        if missing > 0:
            parts.append(text.take(missing, Random(f"rest {seed} {ids}")))
        yield counter.cut(" ".join(parts), tokens)
