"""Identifiers in the formats of Jan Server and OpenAI."""

from __future__ import annotations

import secrets
import string

_ALPHABET = string.digits + string.ascii_lowercase


def random_id(prefix: str, length: int) -> str:
    """`prefix` followed by `length` random characters of `[0-9a-z]`."""
    value = secrets.randbits(length * 6)
    characters = []
    for _ in range(length):
        value, rest = divmod(value, 36)
        characters.append(_ALPHABET[rest])
    return prefix + "".join(characters)


def uuid4() -> str:
    """A random UUID of version 4."""
    value = secrets.randbits(128)
    value = value & ~(0xF000 << 64) | 4 << 76
    value = value & ~(0xC000 << 48) | 0x8000 << 48
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
