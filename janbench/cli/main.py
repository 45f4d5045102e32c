"""The `janbench` group: lazy verbs and the one place where errors become exit codes."""

from __future__ import annotations

import importlib
import io
import sys
import traceback
from typing import NoReturn

import click

from janbench import __version__
from janbench.errors import EngineError, JanbenchError

EXIT_INTERRUPTED = 130

# verb -> (module, attribute, one line of help shown by `janbench --help` without an import)
VERBS: dict[str, tuple[str, str, str]] = {
    "init": ("janbench.cli.init", "init", "Write something to start from."),
    "list": ("janbench.cli.list", "list_command", "List the test cases."),
    "render": ("janbench.cli.render", "render", "Write the scenarios as k6 scripts."),
    "validate": (
        "janbench.cli.validate",
        "validate",
        "Check scenarios, render them, load them in k6.",
    ),
    "run": ("janbench.cli.run", "run", "Run test cases and judge them."),
    "report": ("janbench.cli.report", "report", "Report a run again, in any form."),
    "compare": ("janbench.cli.compare", "compare", "Tell whether one run is worse than another."),
    "runs": ("janbench.cli.runs", "runs", "List the runs on disk, or remove old ones."),
    "k8s": ("janbench.cli.k8s", "k8s", "Run test cases on a Kubernetes cluster."),
    "serve": ("janbench.cli.serve", "serve", "Start the embedded Jan Server (not a real model)."),
    "proxy": ("janbench.cli.proxy", "proxy", "Start the timing proxy by itself."),
}


class LazyGroup(click.Group):
    """A group that imports a verb's module when the verb is used, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        module, attribute, _ = VERBS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry[2]) for name, entry in VERBS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="janbench")
def cli() -> None:
    """Load-test Jan Server and any OpenAI-compatible LLM API with real k6 scripts."""


def main() -> NoReturn:
    """Run the command line; exit 2 for bad usage, the class's code for a janbench error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a code page that lacks a sign ends no run
            stream.reconfigure(errors="replace")
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except JanbenchError as error:
        _show(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:
        # Python's own exit code for this is 1, which CI would read as a failed target.
        _show(f"janbench itself failed: {type(error).__name__}: {error}\n-v shows where.")
        sys.exit(EngineError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _show(message: str) -> None:
    from janbench.cli.output import shown

    if any(flag in sys.argv for flag in ("-v", "--verbose", "-vv")):
        click.echo(shown(traceback.format_exc()), err=True)
    click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(shown(message), err=True)
