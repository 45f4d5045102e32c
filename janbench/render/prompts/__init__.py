"""The prompts of a scenario's steps, from wherever they come, as data files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from janbench.model.scenario import Scenario
from janbench.model.step import ModelStep
from janbench.render.prompts.messages import as_sent


@dataclass
class PromptFiles:
    """`inline`: messages that stand in the scenario, by step; `own`: text of a file, by step."""

    inline: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)


def prompt_files(scenario: Scenario) -> PromptFiles:
    """Give the prompts of each step that talks to the model."""
    found = PromptFiles()
    for step_id, step in zip(scenario.step_ids(), scenario.leaves, strict=True):
        if isinstance(step, ModelStep) and step.messages:
            found.inline[step_id] = [{"messages": [as_sent(message) for message in step.messages]}]
    return found


def expected_tokens(scenario: Scenario, lane: str) -> tuple[float, float]:
    """Estimate the tokens of one iteration of a lane: those that go in, and the most that come out.

    What goes in is estimated at four characters for a token where a step doesn't say.
    """
    taken = given = 0.0
    for step, share in scenario.expected_visits(lane):
        if not isinstance(step, ModelStep):
            continue
        text = sum(len(str(as_sent(message)["content"])) for message in step.messages)
        taken += share * text / 4
        given += share * step.max_tokens
    return taken, given
