"""What went wrong, before what it led to: a saturated target, statuses that say no."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus

from janbench.model.results.result import CheckResult, Reason, ScenarioResult

_LISTED_CHECKS = 3


def saturated(result: ScenarioResult) -> Iterator[Reason]:
    """Say that the target fell behind, and what came of it."""
    found = result.saturation
    if found is None:
        return
    parts = [f"requests in flight grew to {found.in_flight}"]
    if found.slowdown is not None:
        parts.append(f"and answers took {found.slowdown:.1f} times as long as at first")
    consequences = []
    if result.requests.failed:
        consequences.append(f"{result.requests.failed} of {result.requests.attempted} failed")
    if result.requests.dropped:
        consequences.append(
            f"{result.requests.dropped} iterations could not start, since every virtual user "
            "waited for an answer"
        )
    then = f" {'; '.join(consequences)[:1].upper()}{'; '.join(consequences)[1:]}."
    yield Reason(
        kind="saturated",
        message=f"Target saturated: it completed {found.completed_per_s:.3g}/s of "
        f"{found.asked_per_s:.3g}/s; {' '.join(parts)}.{then if consequences else ''}",
        value=found.completed_per_s,
        limit=found.asked_per_s,
    )


def bad_statuses(result: ScenarioResult) -> Iterator[Reason]:
    """Name each status from 400 on that the target answered with, the most frequent first."""
    total = sum(result.statuses.values())
    bad = [(status, n) for status, n in result.statuses.items() if _is_bad(status)]
    for status, count in sorted(bad, key=lambda entry: -entry[1]):
        share = f"{count} of {total} requests"
        if status == "0":
            message = f"No answer to {share}: no connection, or it broke before the headers."
        elif status == "429":
            said = f" ({result.rate_limit})" if result.rate_limit else ""
            message = (
                f"Status 429, too many requests: {share}. A rate limit holds{said}: lower the rate."
            )
        else:
            message = f"Status {status}{_phrase(status)}: {share}."
        yield Reason(kind="status", message=message, value=count)


def failed_checks(checks: Sequence[CheckResult]) -> Iterator[Reason]:
    """Sum up the checks that failed under load in one sentence: they are what follows."""
    failed = sorted((check for check in checks if check.fails), key=lambda check: -check.fails)
    if not failed:
        return
    named = ", ".join(
        f"{check.name} ({check.fails} of {check.fails + check.passes})"
        for check in failed[:_LISTED_CHECKS]
    )
    more = f" and {len(failed) - _LISTED_CHECKS} more" if len(failed) > _LISTED_CHECKS else ""
    yield Reason(
        kind="warning",
        message=f"Checks failed: {named}{more}.",
        value=sum(check.fails for check in failed),
    )


def _is_bad(status: str) -> bool:
    return status == "0" or (status.isdigit() and int(status) >= 400)


def _phrase(status: str) -> str:
    try:
        return f", {HTTPStatus(int(status)).phrase.lower()}"
    except ValueError:
        return ""
