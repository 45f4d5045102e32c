"""What k6's exit codes mean."""

from __future__ import annotations

THRESHOLDS_CROSSED = 99
INTERRUPTED = 105

_MESSAGES = {
    97: "k6 could not talk to its cloud",
    98: "k6 could not talk to its cloud",
    100: "setup() took too long",
    101: "teardown() took too long",
    102: "k6 timed out",
    103: "the test was stopped through k6's REST API",
    104: "k6 refused the options",
    105: "k6 was stopped by a signal",
    106: "k6 could not open its REST API's port",
    107: "the script threw an exception while it loaded",
    108: "the script aborted the test",
    109: "k6 itself crashed",
    110: "the script failed the test",
}


def error_message(code: int) -> str | None:
    """Return k6's trouble in words; None for 0 and 99, which are results."""
    if code in (0, THRESHOLDS_CROSSED):
        return None
    if code < 0:
        return f"k6 was killed by signal {-code}"
    return _MESSAGES.get(code, f"k6 ended with exit code {code}")
