"""Files in and out of a container, as tar streams: no user id of either side matters."""

from __future__ import annotations

import io
import shutil
import tarfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from janbench.errors import EngineError

ROOT = "janbench"
SCRIPTS = f"/{ROOT}/job"
OUTPUT = f"/{ROOT}/out"
_WORLD = 0o777


def output_folder() -> bytes:
    """Return a tar with the folder `OUTPUT`, which any user of the image may write into."""
    return _tar([(f"{ROOT}/out", None, _WORLD)])


def packed(folder: Path) -> bytes:
    """Return a tar with a copy of the script folder, for a daemon that can't mount it."""
    entries: list[tuple[str, bytes | None, int]] = [(f"{ROOT}/job", None, 0o755)]
    for path in sorted(folder.rglob("*")):
        name = f"{ROOT}/job/{path.relative_to(folder).as_posix()}"
        if path.is_dir():
            entries.append((name, None, 0o755))
        elif path.is_file():
            entries.append((name, path.read_bytes(), 0o644))
    return _tar(entries)


def unpack(chunks: Iterable[bytes], folder: Path, renamed: dict[str, Path]) -> list[Path]:
    """Write the files of a container's output folder to `folder`; gives what was written.

    `renamed` says where a file of that name goes. Links, devices and names that lead elsewhere are
    left out, and a file that exists in `folder` stays as it is: the image isn't trusted with it.
    Raises EngineError when the disk refuses.
    """
    written: list[Path] = []
    try:
        with tarfile.open(fileobj=_Stream(iter(chunks)), mode="r|") as archive:
            for member in archive:
                target = _target(member, folder, renamed)
                source = archive.extractfile(member) if target else None
                if target is None or source is None:
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(source, file)
                written.append(target)
    except OSError as error:
        raise EngineError(
            f"can't keep the results: {error.strerror or error}", where=str(folder)
        ) from None
    return written


def _target(member: tarfile.TarInfo, folder: Path, renamed: dict[str, Path]) -> Path | None:
    parts = PurePosixPath(member.name).parts[1:]  # the first one is the output folder itself
    if not member.isfile() or not parts or ".." in parts:
        return None
    wanted = renamed.get("/".join(parts))
    if wanted is not None:
        return wanted
    target = folder.joinpath(*parts)
    inside = target.resolve().is_relative_to(folder.resolve())
    return target if inside and not target.exists() else None


def _tar(entries: Iterable[tuple[str, bytes | None, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content, mode in entries:
            member = tarfile.TarInfo(name)
            member.mode, member.mtime = mode, int(time.time())
            if content is None:
                member.type = tarfile.DIRTYPE
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


class _Stream(io.RawIOBase):
    """Chunks as a file that can only be read onwards."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                size = len(self._rest)
                break
            self._rest += chunk
        data, self._rest = self._rest[:size], self._rest[size:]
        return data
