"""Takes out of a Python environment what janbench never loads: for the image alone.

    python slim.py SITE-PACKAGES

The libraries' versions are not fixed, so that what is needless today may be needed tomorrow. That
is why the Dockerfile runs the demo afterwards: an environment that lacks something is no image.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Required by bokeh for images, maps, contours, data frames and its server, and by rich for source
# code in colour: imported where one of these is used, which janbench doesn't. The rest is pip's.
NEVER_IMPORTED = (
    "pillow",
    "contourpy",
    "narwhals",
    "pygments",
    "tornado",
    "xyzservices",
    "setuptools",
    "pip",
)
# Folders of packages' own tests, and of headers for those who compile against numpy; files for
# compilers and type checkers. Licences stay.
FOLDERS = ("tests", "include", "__pycache__")
FILES = ("*.a", "*.c", "*.h", "*.pxd", "*.pyi", "*.pyx", "*.lib")
# A report holds this one, all of it (janbench/reports/html/script.py).
BOKEH_STATIC = "bokeh/server/static"
BOKEH_SCRIPT = "bokeh/server/static/js/bokeh.min.js"

_ELF_64_LITTLE = b"\x7fELF\x02\x01"
_LEAST_GAIN = 64 << 10


def needless(site: Path) -> Iterator[Path]:
    """Return the files and folders that go."""
    for name in FOLDERS:
        yield from (path for path in site.rglob(name) if path.is_dir())
    for pattern in FILES:
        yield from site.rglob(pattern)
    for path in (site / BOKEH_STATIC).rglob("*"):
        if path.is_file() and path != site / BOKEH_SCRIPT:
            yield path


def cut_symbols(library: Path) -> int:
    """Cut off what follows the last segment of a shared library; give the bytes saved.

    Debug symbols and section headers are there for debuggers and linkers; a loader reads only the
    program headers and the segments (System V ABI, chapter 5). What isn't 64-bit little-endian ELF
    stays as it is.
    """
    data = library.read_bytes()
    if not data.startswith(_ELF_64_LITTLE):
        return 0
    (first,) = struct.unpack_from("<Q", data, 0x20)
    size, count = struct.unpack_from("<HH", data, 0x36)
    end = first + size * count
    for header in range(first, end, size):
        offset, _, _, length = struct.unpack_from("<4Q", data, header + 8)
        end = max(end, offset + length)
    saved = len(data) - end
    if saved < _LEAST_GAIN:
        return 0
    head = bytearray(data[:end])
    struct.pack_into("<Q", head, 0x28, 0)  # no section headers: their place,
    struct.pack_into("<3H", head, 0x3A, 0, 0, 0)  # size, count and names
    library.write_bytes(head)
    return saved


def slim(site: Path) -> None:
    """Remove what is needless, and shorten the libraries that remain."""
    for path in list(needless(site)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for library in site.rglob("*.so*"):
        cut_symbols(library)


def main() -> None:
    """Uninstall packages from the environment that runs this, then slim it."""
    site = Path(sys.argv[1])
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "uninstall", "-qq", "--yes", *NEVER_IMPORTED], check=True)
    slim(site)


if __name__ == "__main__":
    main()
