"""The prompts of a scenario's steps, from wherever they come, as data files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from janbench.errors import ConfigError
from janbench.model.load.plan import lanes_of
from janbench.model.load.profile import Arrival, Scheduled
from janbench.model.prompts import Message, Prompt, Prompts
from janbench.model.scenario import Scenario
from janbench.model.steps.step import ModelStep
from janbench.render.prompts.files import read_prompts, read_sharegpt
from janbench.render.prompts.lengths import draw
from janbench.render.prompts.messages import as_sent
from janbench.render.prompts.synthetic import of_blocks, of_lengths, synthetic
from janbench.render.prompts.tokens import counter, words_counter


@dataclass
class PromptFiles:
    """`inline`: messages that stand in the scenario, by step; `own`: text of a file, by step.

    `asked`: by step, the mean length of its prompts in tokens, where it is known; `notes`: what was
    left out.
    """

    inline: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    asked: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def prompt_files(scenario: Scenario) -> PromptFiles:
    """Return the prompts of each step that talks to the model.

    Raises ConfigError when a file of prompts can't be used, or holds none.
    """
    found = PromptFiles()
    for step_id, step in zip(scenario.step_ids(), scenario.leaves, strict=True):
        if not isinstance(step, ModelStep):
            continue
        if step.prompts is None:
            messages = [as_sent(message) for message in step.messages]
            found.inline[step_id] = [{"messages": messages}]
        else:
            rows = list(_rows(scenario, step, step.prompts, found.notes))
            found.own[step_id] = _file(rows, step.prompts)
            lengths = _lengths(rows, step.prompts)
            if lengths:
                found.asked[step_id] = sum(lengths) / len(lengths)
    return found


def _lengths(rows: list[tuple[Prompt, dict[str, Any]]], prompts: Prompts) -> list[int]:
    """Return the lengths of prompts in tokens; empty where they would be a guess."""
    if prompts.tokenizer is None and (prompts.system or not (prompts.synthetic or prompts.trace)):
        return []
    count = words_counter(prompts.tokenizer).count
    return [sum(count(_text(message)) for message in row["messages"]) for _, row in rows]


def _file(rows: list[tuple[Prompt, dict[str, Any]]], prompts: Prompts) -> str:
    """Write prompts as a JSON list, one on a line; unequal weights as a running share."""
    if not rows:
        raise ConfigError(
            "there are no prompts", where=prompts.file or prompts.sharegpt or "prompts"
        )
    weights = [prompt.weight for prompt, _ in rows]
    weighted = prompts.order == "random" and len(set(weights)) > 1
    total, below = sum(weights), 0.0
    lines = []
    for (_, row), weight in zip(rows, weights, strict=True):
        below += weight
        if weighted:
            row["upto"] = round(below / total, 9)
        lines.append(json.dumps(row, ensure_ascii=False))
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _rows(
    scenario: Scenario, step: ModelStep, prompts: Prompts, notes: list[str]
) -> Iterator[tuple[Prompt, dict[str, Any]]]:
    """Return each prompt with what is sent for it: messages, and its own bound on the answer."""
    rng = Random(f"output {prompts.seed}")
    for prompt in _prompts(scenario, step, prompts, notes):
        messages = [as_sent(message) for message in _asked(prompt, prompts)]
        if prompt.text is not None:
            messages = [{"role": "user", "content": prompt.text}]
        if prompts.system is not None:
            messages.insert(0, {"role": "system", "content": prompts.system})
        row: dict[str, Any] = {"messages": messages}
        if prompt.max_tokens is not None:
            row["max_tokens"] = prompt.max_tokens
        elif prompts.output_tokens is not None:
            row["max_tokens"] = draw(prompts.output_tokens, rng)
        yield prompt, row


def _asked(prompt: Prompt, prompts: Prompts) -> Sequence[Message]:
    """Return a prompt's messages without the answer that its data set gives at the end."""
    end = len(prompt.messages)
    while end and prompt.messages[end - 1].role == "assistant":
        end -= 1
    if not end and prompt.messages:
        raise ConfigError(
            "a prompt holds nothing but what the model says", where=prompts.file or "prompts"
        )
    return prompt.messages[:end]


def _prompts(
    scenario: Scenario, step: ModelStep, prompts: Prompts, notes: list[str]
) -> Iterator[Prompt]:
    made_up = words_counter(prompts.tokenizer)
    if prompts.file is not None:
        yield from read_prompts(prompts, Path(prompts.file))
    elif prompts.sharegpt is not None:
        found, left_out = read_sharegpt(prompts, Path(prompts.sharegpt))
        if left_out:
            kept = f"{left_out:,} of the first {left_out + len(found):,} conversations"
            notes.append(f"{kept} in {prompts.sharegpt} hold no question with an answer: left out.")
        tokens = counter(prompts.tokenizer, prompts.chars_per_token)
        for prompt, answer in found:
            own = None if prompts.output_tokens else tokens.count(answer)
            yield prompt.model_copy(update={"max_tokens": own})
    elif prompts.synthetic is not None:
        for text in synthetic(prompts, prompts.synthetic, made_up):
            yield Prompt(text=text)
    elif prompts.trace:
        arrivals = _arrivals(scenario, step)
        if arrivals[0].blocks:
            shared = [(a.blocks, a.input_tokens or 1) for a in arrivals]
            texts = of_blocks(prompts.seed, shared, made_up)
        else:
            texts = of_lengths(prompts.seed, [a.input_tokens or 1 for a in arrivals], made_up)
        for arrival, text in zip(arrivals, texts, strict=True):
            yield Prompt(text=text, max_tokens=arrival.output_tokens)
    else:
        yield from prompts.list[: prompts.limit]


def _arrivals(scenario: Scenario, step: ModelStep) -> list[Arrival]:
    """Return the arrivals whose lengths a step takes: those of the lane that runs it."""
    for lane in lanes_of(scenario, scenario.load):
        if any(leaf is step and runs > 1 for leaf, runs in scenario.expected_visits(lane.name)):
            raise ConfigError(
                f"step {step.id or step.default_title!r}: 'prompts: trace' gives each arrival its "
                "own length, so the step must run once in each iteration",
                where=scenario.name,
                hint="Take 'repeat' out.",
            )
        if step in scenario.in_lane(lane.name) and isinstance(lane.profile, Scheduled):
            known = [a for a in lane.profile.arrivals if a.input_tokens is not None]
            if known and len(known) == len(lane.profile.arrivals):
                return known
    raise ConfigError(
        "'prompts: trace' needs a load that replays a trace with a column of input lengths",
        where=scenario.name,
        hint="For example: load: {shape: trace, file: trace.jsonl}",
    )


def expected_tokens(scenario: Scenario, lane: str) -> tuple[float, float]:
    """Estimate the tokens of one iteration of a lane: those that go in, and the most that come out.

    What goes in is counted or estimated as the step says, else at four characters for a token.
    """
    taken = given = 0.0
    ids = dict(zip(map(id, scenario.leaves), scenario.step_ids(), strict=True))
    files: PromptFiles | None = None
    for step, share in scenario.expected_visits(lane):
        if not isinstance(step, ModelStep):
            continue
        if step.prompts is None:
            text = sum(len(_text(as_sent(message))) for message in step.messages)
            taken, given = taken + share * text / 4, given + share * step.max_tokens
            continue
        files = files or prompt_files(scenario)
        rows = json.loads(files.own[ids[id(step)]])[:1000]
        made_up = step.prompts.synthetic is not None or step.prompts.trace
        estimate = counter(step.prompts.tokenizer, step.prompts.chars_per_token)
        count = (words_counter(step.prompts.tokenizer) if made_up else estimate).count
        texts = sum(count(_text(m)) for row in rows for m in row["messages"])
        taken += share * texts / len(rows)
        given += share * sum(r.get("max_tokens", step.max_tokens) for r in rows) / len(rows)
    return taken, given


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)
