"""What should be known of answers though it made none of them bad: counted, and as warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from janbench.dialects import dialects
from janbench.model.results.result import Reason, ScenarioResult
from janbench.results.k6.summary import K6Summary
from janbench.results.records.reader import Records


def answer_notes(records: Records | None, summary: K6Summary) -> dict[str, int]:
    """Count answers by note: `zero_usage`, or `unknown_finish_reason: NAME` where records tell."""
    if records is not None:
        return records.notes()
    found = summary.submetrics("llm_answer_notes", "note")
    counts = {note: int(values.get("count", 0)) for note, values in found.items()}
    return {note: count for note, count in sorted(counts.items()) if count}


def note_warnings(notes: Mapping[str, int]) -> Iterator[Reason]:
    """Yield a warning for each note."""
    for note, count in notes.items():
        kind, _, name = note.partition(": ")
        meaning = dialects().notes.get(kind, kind)
        named = f" ({name})" if name else ""
        answers = "1 answer" if count == 1 else f"{count} answers"
        yield Reason(kind="warning", message=f"{answers} {meaning}{named}.", value=count)


def other_lengths(result: ScenarioResult) -> Iterator[Reason]:
    """Say where the target counts other lengths of prompts than were asked for.

    A chat template adds some tokens to each message, so a few more are no news.
    """
    for name, step in result.steps.items():
        asked, counted = step.asked_tokens, step.input_tokens
        if asked is None or counted is None or not counted:
            continue
        if abs(counted - asked) > max(_MORE * asked, _TEMPLATE_TOKENS):
            yield Reason(
                kind="warning",
                message=f"Step {name}: the target counts {counted:.0f} tokens in a prompt, "
                f"{asked:.0f} were asked for ({counted / asked - 1:+.0%}): its tokenizer is "
                "another one. Give its tokenizer.json as 'tokenizer'.",
                value=counted,
                limit=asked,
            )


_MORE = 0.1
_TEMPLATE_TOKENS = 40
