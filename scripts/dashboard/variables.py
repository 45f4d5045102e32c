"""The dashboard's variables: what is shown is chosen here."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from scripts.dashboard.panels import DATASOURCE

_SOURCE = "k6_http_reqs_total"
# Matches a missing label, too: scripts that are run by hand may lack one.
_ANY = ".*"


def variables() -> list[dashboard.QueryVariable | dashboard.DatasourceVariable]:
    """Return the variables in the order in which they narrow the choice."""
    chosen = 'environment=~"$environment",test_case=~"$test_case"'
    return [
        dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        _choice("environment", "Environment", ""),
        _choice("test_case", "Test case", 'environment=~"$environment"'),
        _choice("testid", "Run (testid)", chosen),
        _choice("step", "Step", f'{chosen},testid=~"$testid"'),
        _run("baseline", "Compare: baseline", chosen, "The run to compare with."),
        _run("candidate", "Compare: candidate", chosen, "The run that is compared."),
    ]


def _choice(label: str, title: str, where: str) -> dashboard.QueryVariable:
    everything = models.VariableOption(text=["All"], value=["$__all"], selected=True)
    return (
        _query(label, title, where, label)
        .multi(True)
        .include_all(True)
        .all_value(_ANY)
        .current(everything)
    )


def _run(name: str, title: str, where: str, description: str) -> dashboard.QueryVariable:
    return _query(name, title, where, "testid").multi(False).description(description)


def _query(name: str, title: str, where: str, label: str) -> dashboard.QueryVariable:
    selector = f"{_SOURCE}{{{where}}}" if where else _SOURCE
    expression = f"label_values({selector},{label})"
    return (
        dashboard.QueryVariable(name)
        .label(title)
        .datasource(DATASOURCE)
        .query({"qryType": 1, "query": expression, "refId": f"variable-{name}"})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_DESC)
    )
