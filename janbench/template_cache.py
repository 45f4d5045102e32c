"""Jinja templates stay compiled from one run to the next, beside their source, as Python's do."""

from __future__ import annotations

import sys
from pathlib import Path

from jinja2 import BytecodeCache, FileSystemBytecodeCache
from jinja2.bccache import Bucket


class _BesideTheSource(FileSystemBytecodeCache):
    """A cache that does without where it can't write: an image, a system's package."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template, if the folder can be written to."""
        try:
            super().dump_bytecode(bucket)
        except OSError:
            return


def compiled_templates(folder: Path) -> BytecodeCache | None:
    """Return the cache of a folder of templates, its `__pycache__`; none if Python keeps none."""
    if sys.dont_write_bytecode:
        return None
    cache = folder / "__pycache__"
    try:
        cache.mkdir(exist_ok=True)
    except OSError:
        return None
    return _BesideTheSource(str(cache), f"{sys.implementation.cache_tag}-%s.jinja")
