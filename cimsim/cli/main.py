"""The command ``cimsim``."""

import click

from cimsim import __version__
from cimsim.cli.certificates_command import certificates
from cimsim.cli.clock_command import clock
from cimsim.cli.conformance import conformance
from cimsim.cli.control_commands import calls, reset, restore, snapshot, status
from cimsim.cli.export_command import export
from cimsim.cli.faults_command import faults
from cimsim.cli.load_command import load
from cimsim.cli.packs import check, new
from cimsim.cli.password import password
from cimsim.cli.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cimsim")
def main() -> None:
    """Simulate WBEM servers: CIM-XML over HTTP, for test suites and for trying things out."""


main.add_command(calls)
main.add_command(certificates)
main.add_command(check)
main.add_command(clock)
main.add_command(conformance)
main.add_command(export)
main.add_command(faults)
main.add_command(load)
main.add_command(new)
main.add_command(password)
main.add_command(reset)
main.add_command(restore)
main.add_command(serve)
main.add_command(snapshot)
main.add_command(status)
