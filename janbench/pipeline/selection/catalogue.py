"""Which test cases there are, and which of them a run takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from janbench.config.scenario_file import Scenarios, find_scenario_file, load_scenarios
from janbench.config.untrusted import Untrusted
from janbench.errors import ConfigError, suggestion
from janbench.model.scenario import Scenario
from janbench.model.script import case_name
from janbench.render.writer import hand_written

SCRIPTS = Path("src")


@dataclass(frozen=True)
class Catalogue:
    """Scenarios of the file, and hand-written scripts of `src/`, by name."""

    source: Path
    scenarios: dict[str, Scenario]
    scripts: dict[str, Path]
    untrusted: Untrusted | None = None

    @property
    def names(self) -> list[str]:
        """All test cases, scenarios first."""
        return [*self.scenarios, *self.scripts]

    def chosen(self, names: Sequence[str], everything: bool) -> list[str]:
        """Return the names to run; raises ConfigError for an unknown one, or for none at all."""
        names = [case_name(name) for name in names]
        if everything and not names:
            return self._checked(self.names)
        if not names:
            raise ConfigError(
                "name a test case, or use --all", hint=f"There are: {', '.join(self.names)}."
            )
        for name in names:
            if name not in self.names:
                raise ConfigError(
                    f"there is no test case {name!r}", hint=suggestion(name, self.names)
                )
        return self._checked(list(dict.fromkeys(names)))

    def _checked(self, names: list[str]) -> list[str]:
        for name in names:
            if self.untrusted is not None and name in self.scripts:
                self.untrusted.check_script(self.scripts[name])
        return names


def catalogue(
    scenario_file: str | None,
    environment: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    untrusted: Untrusted | None = None,
) -> Catalogue:
    """Read the scenario file, with what `--set` changes in it, and look into `src/`."""
    file = find_scenario_file(scenario_file)
    scenarios: Scenarios = load_scenarios(file, environment, overrides, untrusted)
    scripts = {path.stem: path for path in hand_written(SCRIPTS)}
    for name, path in scripts.items():
        if name in scenarios.scenarios:
            raise ConfigError(
                f"the script has the name of a scenario ({name})",
                where=str(path),
                hint="Rename the script or the scenario.",
            )
    return Catalogue(scenarios.source, scenarios.scenarios, scripts, untrusted)
