"""PromQL for what k6 pushes, in words.

What every query here takes into account:

- k6 sends a Trend either as one gauge for each statistic (`k6_NAME_p95`), a running value since the
  start of the run, or as one native histogram (`k6_NAME_seconds`, also since the start). Each query
  takes whichever is there: `gauges or histogram`.
- Time Trends arrive in seconds, whatever `_ms` their name carries. No query here converts.
- k6 pushes a series only when it has changed. A counter that last moved six minutes ago is gone for
  an instant look-up, so totals look back over the whole range of the dashboard.
- A percentile of several series can't be had from their percentiles: the worst series is shown.
"""

from __future__ import annotations

RUN = 'testid=~"$testid",test_case=~"$test_case",environment=~"$environment"'
STEP = f'{RUN},step=~"$step"'
# Only good answers: how quickly a request failed says nothing about how quickly it works.
GOOD = f'{STEP},status=~"2.."'

BY_RUN = "testid, test_case"
BY_STEP = f"{BY_RUN}, step"

_RANGE = "[$__range]"
# A look-up every 5 s, the push interval: last_over_time takes no histograms in Prometheus 2.42.
_LOOK_UPS = "[$__range:5s]"


def percentile(metric: str, percent: int, where: str = GOOD, by: str = BY_STEP) -> str:
    """Return a Trend's percentile at each moment: of everything since the start of the run."""
    return (
        f"max by ({by}) (k6_{metric}_p{percent}{{{where}}})"
        f" or histogram_quantile({percent / 100:g}, sum by ({by}) ({_histogram(metric, where)}))"
    )


def final_percentile(metric: str, percent: int, where: str = GOOD, by: str = BY_STEP) -> str:
    """Return a Trend's percentile as it stood at the end: one value for the dashboard's range."""
    histogram = (
        f"histogram_quantile({percent / 100:g}, sum by ({by}) ({_histogram(metric, where)}))"
    )
    return (
        f"max by ({by}) (last_over_time(k6_{metric}_p{percent}{{{where}}}{_RANGE}))"
        f" or max by ({by}) (last_over_time({histogram}{_LOOK_UPS}))"
    )


def least(metric: str, where: str = GOOD, by: str = BY_STEP) -> str:
    """Return a Trend's smallest value so far."""
    return (
        f"min by ({by}) (k6_{metric}_min{{{where}}})"
        f" or histogram_quantile(0, sum by ({by}) ({_histogram(metric, where)}))"
    )


def most(metric: str, where: str = GOOD, by: str = BY_STEP) -> str:
    """Return a Trend's largest value so far."""
    return (
        f"max by ({by}) (k6_{metric}_max{{{where}}})"
        f" or histogram_quantile(1, sum by ({by}) ({_histogram(metric, where)}))"
    )


def moving_percentile(metric: str, quantile: float, where: str = GOOD, by: str = BY_STEP) -> str:
    """Return a Trend's percentile of the last moments only; native histograms alone hold it."""
    return (
        f"histogram_quantile({quantile:g}, sum by ({by}) "
        f"(rate({_histogram(metric, where)}[$__rate_interval])))"
    )


def per_second(counter: str, where: str = RUN, by: str = BY_RUN) -> str:
    """Return how fast a counter grows now."""
    return f"sum by ({by}) (rate(k6_{counter}_total{{{where}}}[$__rate_interval]))"


def total(counter: str, where: str = RUN, by: str = BY_RUN) -> str:
    """Return a counter's value since the start of the run."""
    return f"sum by ({by}) (last_over_time(k6_{counter}_total{{{where}}}{_RANGE}))"


def total_or_zero(counter: str, where: str = RUN, by: str = BY_RUN) -> str:
    """Return a counter's value, 0 where k6 never touched it and so never sent it."""
    return f"{total(counter, where, by)} or 0 * {total('iterations', RUN, by)}"


def error_ratio(where: str = STEP, by: str = BY_RUN) -> str:
    """Return failed requests / all requests since the start: bad statuses and broken 200s."""
    requests = total("http_reqs", where, by)
    refused = total("http_reqs", f'{where},expected_response="false"', by)
    broken = total("llm_failed_inside_200", where, by)
    none = f"0 * {requests}"
    return f"(({refused} or {none}) + ({broken} or {none})) / {requests}"


def worst_check(by: str = BY_RUN) -> str:
    """Return the smallest share of passes among the checks; k6 doesn't send how many there were."""
    return f"min by ({by}) (last_over_time(k6_checks_rate{{{STEP}}}{_RANGE}))"


def gauge(name: str, where: str = RUN, by: str = BY_RUN) -> str:
    """Return a k6 gauge at each moment."""
    return f"sum by ({by}) (k6_{name}{{{where}}})"


def pushed(name: str, where: str = RUN, by: str = BY_RUN) -> str:
    """Return a figure that janbench pushed when the run had ended."""
    return f"max by ({by}) (last_over_time(janbench_{name}{{{where}}}{_RANGE}))"


def _histogram(metric: str, where: str) -> str:
    # k6 adds the unit to the names of time Trends; this is the only other one there is.
    suffix = "" if metric == "llm_tokens_per_sec" else "_seconds"
    return f"k6_{metric}{suffix}{{{where}}}"
