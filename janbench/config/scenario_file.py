"""`scenarios.yaml`: found, read, validated; every error with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from janbench import resources
from janbench.config.environment import read_environment
from janbench.config.flavours import load_flavours
from janbench.config.overrides import apply_overrides
from janbench.config.references import resolve_references
from janbench.config.scenario_sources import gather, resolve_extends
from janbench.config.threshold_scope import threshold_complaints
from janbench.config.trace_file import read_trace
from janbench.config.untrusted import Untrusted
from janbench.config.validation_errors import validated
from janbench.config.yaml_source import Document
from janbench.errors import ConfigError, suggestion
from janbench.model.load.arrivals import Trace
from janbench.model.scenario import Scenario, ScenarioFile, Target
from janbench.model.script import case_name


@dataclass(frozen=True)
class Scenarios:
    """The scenarios of one file, in its order."""

    source: Path
    scenarios: dict[str, Scenario]

    def named(self, names: Sequence[str]) -> list[Scenario]:
        """Return the scenarios of these names; raises ConfigError with the nearest valid one."""
        names = [case_name(name) for name in names]
        for name in names:
            if name not in self.scenarios:
                raise ConfigError(
                    f"there is no test case {name!r} in {self.source.name}",
                    hint=suggestion(name, self.scenarios),
                )
        return [self.scenarios[name] for name in names]


def find_scenario_file(given: str | None) -> Path:
    """Return the file to use: the given one, else `./scenarios.yaml`, else the packaged one."""
    if given:
        return Path(given)
    here = Path("scenarios.yaml")
    return here if here.exists() else resources.builtin_scenarios()


def load_scenarios(
    path: Path,
    environment: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    untrusted: Untrusted | None = None,
) -> Scenarios:
    """Read a scenario file with all that it includes, extends and refers to.

    `environment` is what `${NAME}` stands for (default: the process's and `.env`); `overrides` are
    those of `--set`, `untrusted` the rules for files of others. Raises ConfigError with file, line,
    column and what to do.
    """
    document = gather(path, untrusted)
    if not isinstance(document.data, dict) or "scenarios" not in document.data:
        raise ConfigError(
            "a scenario file needs the key 'scenarios'",
            where=document.locate(()),
            hint="For example:\nscenarios:\n  my-test:\n    steps:\n      - kind: list_models",
        )
    if isinstance(document.data["scenarios"], dict):
        resolve_extends(document)
        apply_overrides(document, overrides)
        known = read_environment() if environment is None else environment
        resolve_references(document, known, untrusted)
    whole = validated(ScenarioFile, document, document.data)
    if not whole.scenarios:
        raise ConfigError("there are no scenarios", where=document.locate(("scenarios",)))
    named = {
        name: _completed(name, scenario, whole.target, document)
        for name, scenario in whole.scenarios.items()
    }
    for scenario in named.values():
        _feed_traces(scenario)
    return Scenarios(path, named)


def _feed_traces(scenario: Scenario) -> None:
    """Read the traces that a scenario's load replays."""
    for shape in scenario.load.lanes.values():
        if isinstance(shape, Trace) and shape.file is not None:
            shape.feed(*read_trace(Path(shape.file), shape.unit, shape.limit))


def _completed(name: str, scenario: Scenario, shared: Target, document: Document) -> Scenario:
    """Return the scenario its name and what it leaves to the file's own `target`."""
    own = {key: getattr(scenario.target, key) for key in scenario.target.model_fields_set}
    target = shared.model_copy(update=own)
    flavours = load_flavours()
    if target.flavour not in flavours:
        at = ("scenarios", name, "target", "flavour") if "flavour" in own else ("target", "flavour")
        raise ConfigError(
            f"unknown flavour {target.flavour!r}",
            where=document.locate(at),
            hint=suggestion(target.flavour, flavours),
        )
    if scenario.name and scenario.name != name:
        raise ConfigError(
            f"the scenario calls itself {scenario.name!r} but stands under {name!r}",
            where=document.locate(("scenarios", name, "name")),
            hint="Leave out 'name': the key is the name.",
        )
    for metric, why in threshold_complaints(scenario):
        path = ("scenarios", name, "thresholds", metric)
        raise ConfigError(why, where=document.locate(path, key=True))
    return scenario.model_copy(
        update={"name": name, "target": target, "test_case": scenario.test_case or name}
    )
