"""Two targets in alternating blocks, so that a drift of the machine meets both alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from janbench.config.settings import Flags, minutes
from janbench.errors import ConfigError

BLOCKS = 4  # for each side: enough to balance a drift, few enough to keep the ramps short
SIDES = ("base", "head")


@dataclass(frozen=True)
class Block:
    """One block: which side, its number from 1 on, and its target."""

    side: str
    number: int
    target: str

    @property
    def suffix(self) -> str:
        """Return the end of the names of what runs in it."""
        return f"-{self.side}-{self.number}"

    def flags(self, flags: Flags, environment: Mapping[str, str]) -> Flags:
        """Return the flags of this block: its target, and its share of the whole duration.

        Raises ConfigError when no duration is given, or a single run is asked for.
        """
        whole = flags.duration or environment.get("DURATION_MIN")
        if not whole or flags.single:
            raise ConfigError(
                "--interleave needs a load with a --duration", hint="For example: --duration 4m"
            )
        share = minutes(whole) / (BLOCKS * len(SIDES))
        return replace(flags, base=self.target, duration=f"{share:.6f}")


def blocks(base: str, head: str, count: int = BLOCKS) -> list[Block]:
    """Return the blocks in order; every second pair is reversed, which cancels a steady drift."""
    ordered: list[Block] = []
    for number in range(1, count + 1):
        pair = [Block("base", number, base), Block("head", number, head)]
        ordered += pair if number % 2 else pair[::-1]
    return ordered
