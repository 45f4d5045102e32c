"""What a hand-written script says of itself, when it is made of janbench's library."""

from __future__ import annotations

import re
from pathlib import Path

from janbench.model.results.case_info import StepInfo

_LIBRARY = re.compile(r"""from\s+['"]\./lib/(iteration|janbench)\.js['"]""")
_LIST = r"^const {name} = \[([^\]]*)\]"
_TEXT = re.compile(r"""['"]([a-z][a-z0-9_]{0,59})['"]""")


def steps_of(script: Path) -> tuple[StepInfo, ...]:
    """Return the steps that a script lists as `const steps = [...]`, as a rendered one does.

    No steps for a script that doesn't use janbench's library: only that knows the timing proxy.
    """
    text = script.read_text(encoding="utf-8", errors="replace")
    if not _LIBRARY.search(text):
        return ()
    model = _listed(text, "modelSteps")
    return tuple(
        StepInfo(step, step, "script", step, None, step in model) for step in _listed(text, "steps")
    )


def _listed(text: str, name: str) -> list[str]:
    found = re.search(_LIST.format(name=name), text, re.MULTILINE)
    return list(dict.fromkeys(_TEXT.findall(found[1]))) if found else []
