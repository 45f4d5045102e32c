"""From a scenario to its k6 script: data through Jinja, libraries as they are."""

from __future__ import annotations

import contextlib
import json
import textwrap
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from janbench import __version__, resources
from janbench.model.flavour import Flavour
from janbench.model.scenario import Scenario
from janbench.model.script import Script
from janbench.model.text.foreign import well_formed
from janbench.render import dialects
from janbench.render.jinja import environment
from janbench.render.load import schedules
from janbench.render.parts import parts
from janbench.render.prompts import prompt_files


def render(scenario: Scenario, flavours: Mapping[str, Flavour], source: str) -> Script:
    """Render a scenario; `source` is the file that it came from, named in the script's header.

    Raises ConfigError when a file of prompts or images can't be used.
    """
    prompts = prompt_files(scenario)
    times = schedules(scenario)
    text = (
        environment()
        .get_template("scenario.js.j2")
        .render(
            version=__version__,
            source=source,
            scenario=scenario,
            description=textwrap.wrap(
                " ".join((scenario.description or scenario.name).split()), 92
            ),
            flavour_names=", ".join(flavours),
            inline_prompts=list(prompts.inline),
            own_prompts=list(prompts.own),
            schedule_lanes=list(times),
            **parts(scenario),
        )
    )
    name = scenario.name
    files = {
        f"{name}.js": text,
        "data/flavours.json": _json({name: f.model_dump() for name, f in flavours.items()}),
        **_library(),
    }
    if prompts.inline:
        files[f"data/{name}.prompts.json"] = _json(prompts.inline)
    for step_id, rows in prompts.own.items():
        files[f"data/{name}.{step_id}.prompts.json"] = rows
    for lane, offsets in times.items():
        files[f"data/{name}.{lane}.schedule.json"] = _json(offsets)
    files = {name: well_formed(text) for name, text in files.items()}
    mode = _private_mode(scenario)
    private = [file for file in files if file.startswith(f"data/{name}.")] if mode else []
    modes = dict.fromkeys(private, mode)
    return Script(name, f"{name}.js", files, modes, prompts.notes, prompts.asked)


def _private_mode(scenario: Scenario) -> int:
    """Return the permissions of data made of files that not everybody may read, else 0."""
    mode = 0o666
    for file in _sources(scenario.model_dump(include={"steps", "load"})):
        with contextlib.suppress(OSError):
            mode &= file.stat().st_mode
    return 0 if mode & 0o004 else (mode & 0o660) | 0o600


def _sources(value: Any) -> Iterator[Path]:
    """Return the files that prompts, images and schedules come from."""
    if isinstance(value, dict):
        for key, entry in value.items():
            if key in ("file", "sharegpt") and isinstance(entry, str):
                yield Path(entry)
            elif key == "images" and isinstance(entry, list | tuple):
                yield from (Path(e) for e in entry if not e.startswith(("http", "data:")))
            else:
                yield from _sources(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _sources(entry)


@lru_cache(maxsize=1)
def _library() -> dict[str, str]:
    root = resources.templates()
    files = {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((root / "lib").rglob("*.js"))
    }
    return {**files, dialects.FILE: dialects.dialect_table()}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
