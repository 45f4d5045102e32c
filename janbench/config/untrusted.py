"""What a scenario file of others may have: files of its own folder, and a few variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from janbench.errors import ConfigError, Location
from janbench.model.text.secret import is_secret

# Settings of a run, which are no secrets.
VARIABLES = ("BASE", "MODEL", "FLAVOUR", "DEBUG", "SINGLE_RUN", "NONSTREAM_RPS", "STREAM_RPS",
             "DURATION_MIN")  # fmt: skip
# What programs need to start and where results go to; a scenario can't name them.
_SYSTEM = frozenset({
    "PATH", "HOME", "USER", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE", "LANG", "TERM",
    "TZ", "COLUMNS", "NO_COLOR", "CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "JANBENCH_K6",
    "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "KUBECONFIG", "SSL_CERT_FILE",
})  # fmt: skip
_SYSTEM_PREFIXES = ("LC_", "K6_PROMETHEUS_RW_")


@dataclass(frozen=True)
class Untrusted:
    """The rules of `--untrusted`; `allowed` are the variables of `--allow-var` and `-e`."""

    allowed: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def allowing(cls, names: Iterable[str]) -> Untrusted:
        """Return the rules with these variables besides the usual ones."""
        return cls(frozenset(names) | frozenset(VARIABLES))

    def environment(self, whole: Mapping[str, str]) -> dict[str, str]:
        """Return what is left of the environment, for k6 and for everything else."""
        return {name: value for name, value in whole.items() if self._kept(name)}

    def _kept(self, name: str) -> bool:
        if name in self.allowed:
            return True
        return not is_secret(name) and (name in _SYSTEM or name.startswith(_SYSTEM_PREFIXES))

    def check_variable(self, name: str, where: Location, extracted: Iterable[str] = ()) -> None:
        """Raise ConfigError for a variable that isn't allowed; extracted values are no variables.

        What has the name of a system variable can't be extracted: k6 would have that one instead.
        """
        if name in self.allowed or (name in extracted and not self._kept(name)):
            return
        raise ConfigError(
            f"--untrusted: a scenario may not use the variable {name}",
            where=where,
            hint=f"If this file may have it: --allow-var {name}",
        )

    def check_file(self, file: Path, root: Path, where: Location) -> None:
        """Raise ConfigError for a file outside of the folder `root`, wherever links lead."""
        if not file.resolve().is_relative_to(root.resolve()):
            raise ConfigError(
                "--untrusted: the file is outside of the scenario file's folder",
                where=where,
                hint=f"Only files below {root.resolve()} can be used, links included.",
            )

    def check_script(self, script: Path) -> None:
        """Raise ConfigError: a hand-written script is a program."""
        raise ConfigError(
            "--untrusted runs no hand-written scripts",
            where=str(script),
            hint="Name the scenarios to run, or read the script and go without --untrusted.",
        )
