"""Entry point of the image: becomes the owner of /tests, then `janbench` with the arguments.

Nothing, or `run-all`, runs every test case; a bare NAME or NAME.js runs that one; `--list` lists
them; every verb of janbench works as it is.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

TESTS = Path("/tests")
UNPRIVILEGED = 10001  # the user janbench of the Dockerfile
_AS_THEY_ARE = ("--help", "-h", "--version", "-V")


def translate(given: Sequence[str], verbs: Collection[str]) -> list[str]:
    """Return janbench's arguments for those of the container."""
    if not given or given[0] == "run-all":
        return ["run", "--all", *given[1:]]
    first, *rest = given
    if first in ("--list", "-l"):
        return ["list", *rest]
    if first == "run":
        return ["run", *_names(rest)]
    if first in verbs or first in _AS_THEY_ARE:
        return list(given)
    if first.startswith("-"):
        return ["run", "--all", *given]
    return ["run", *_names(given)]


def _names(words: Sequence[str]) -> list[str]:
    """Take `src/NAME.js` for NAME, among the words before the first option."""
    first = next((at for at, word in enumerate(words) if word.startswith("-")), len(words))
    bare = [word.rpartition("/")[2].removesuffix(".js") for word in words[:first]]
    return [*bare, *words[first:]]


def become_owner(folder: Path) -> None:
    """Give up root for the owner of the folder; who isn't root stays who they are.

    Where root owns it, nobody special takes over: then only `results` becomes theirs. In a rootless
    engine root is the user outside, who may keep it with JANBENCH_KEEP_ROOT=true.
    """
    if os.geteuid() != 0 or os.environ.get("JANBENCH_KEEP_ROOT") == "true":
        return
    status = folder.stat()
    user, group = status.st_uid, status.st_gid
    if user == 0:
        user = group = UNPRIVILEGED
        _hand_over(folder / "results", user)
    try:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    except PermissionError:
        sys.exit(
            f"janbench: can't become user {user} for {folder}\n"
            f"Start the container with --user {user}:{group}"
        )


def _hand_over(results: Path, user: int) -> None:
    """Make the folder and its owner; a link is left alone, and so is what can't be changed."""
    with contextlib.suppress(OSError):
        results.mkdir(exist_ok=True)
        descriptor = os.open(results, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            os.fchown(descriptor, user, user)
        finally:
            os.close(descriptor)


def main() -> None:
    """Start janbench in place of this process."""
    become_owner(TESTS)
    os.chdir(TESTS)
    from janbench.cli.main import VERBS  # not before root is given up

    program = str(Path(sys.executable).parent / "janbench")
    os.execv(program, [program, *translate(sys.argv[1:], VERBS)])  # noqa: S606


if __name__ == "__main__":
    main()
