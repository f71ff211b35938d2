"""The command ``cimsim``. A command is imported when it is asked for, so that ``serve`` does not wait for the others."""

from importlib import import_module
from typing import Final

import click

from cimsim import __version__

COMMANDS: Final = {
    "calls": "control_commands",
    "certificates": "certificates_command",
    "check": "packs",
    "clock": "clock_command",
    "conformance": "conformance",
    "export": "export_command",
    "faults": "faults_command",
    "load": "load_command",
    "new": "packs",
    "password": "password",
    "reset": "control_commands",
    "restore": "control_commands",
    "serve": "serve",
    "snapshot": "control_commands",
    "status": "control_commands",
}
"""The module below ``cimsim.cli`` that has the command of a name, under that name."""


class CommandGroup(click.Group):
    """A group of the commands in ``COMMANDS``."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return their names."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return the one of a name, None if there is none."""
        module = COMMANDS.get(name)
        if module is None:
            return None
        command: click.Command = getattr(import_module(f"cimsim.cli.{module}"), name)
        return command


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cimsim")
def main() -> None:
    """Simulate WBEM servers: CIM-XML over HTTP, for test suites and for trying things out."""
