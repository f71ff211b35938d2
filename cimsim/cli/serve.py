"""``cimsim serve``: serve mock packs until a signal comes."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cimsim.cli.banner import example, show_loaded
from cimsim.cli.cimoms import cimom_option
from cimsim.cli.clock_options import clock_options
from cimsim.cli.config import Seconds, config_option, pack_settings, setting
from cimsim.cli.control_options import control_options
from cimsim.cli.delivery_options import delivery_options
from cimsim.cli.failure import fail
from cimsim.cli.groups import GroupedCommand
from cimsim.cli.packs import lenient_option, mof_dialect_option
from cimsim.cli.security import security_options
from cimsim.cli.wsman_options import wsman_options

if TYPE_CHECKING:
    from cimsim.simulation.options import SimulationOptions
    from cimsim.simulation.simulation import Simulation

_QUIRKS: Final = ("openpegasus", "sfcb", "ecom", "compellent", "eternus", "intelliflash", "careless")
_EPILOG: Final = """\b
Example, a server for a test that sets the time itself:
  cimsim serve hyperv --port 0 --ready-file urls --clock manual \\
    --set hyperv.vms=4 --log-level info
"""

_COLLECTIONS: Final = 100, 10, 7000
"""After how many new objects, small and middle collections the collector looks at new, newer and all objects.

To look at all takes some 0.2 s for the classes of a large schema, in which everybody waits, and finds next to nothing: hardly
anything here refers to itself in a circle. To look at few new ones often keeps each wait short: those of a long answer refer to
many instances, and 700 of them take 10 ms.
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@click.argument("packs", nargs=-1, envvar="CIMSIM_PACKS")
@config_option
@setting("--address", default="127.0.0.1", show_default=True, help="Address to listen on.")
@setting("--port", type=click.IntRange(0, 65535), default=5988, show_default=True, help="Port; 0 picks a free one.")
@setting(
    "--ready-file", type=click.Path(path_type=Path, dir_okay=False), help="Write the URLs here once requests are answered."
)
@setting(
    "--ready-format",
    type=click.Choice(["lines", "json"]),
    default="lines",
    show_default=True,
    help="What is written there: a URL on each line, or a JSON object.",
)
@control_options
@cimom_option
@setting("--host-name", default="localhost", show_default=True, help="HOST of the paths in answers.")
@wsman_options
@security_options
@clock_options
@setting("--quirks", type=click.Choice(_QUIRKS), help="Answer with the quirks of another server.")
@setting(
    "--set",
    multiple=True,
    metavar="PACK.NAME=VALUE",
    callback=pack_settings,
    help="Change a setting of a pack; may be repeated.",
)
@setting(
    "--scenario",
    multiple=True,
    metavar="NAME",
    help="Begin with the fault rules of a scenario of a pack, or of a TOML file; may be repeated.",
)
@setting("--namespace", default="root/cimv2", show_default=True, help="Namespace for a schema and MOF files.")
@setting("--schema", type=click.Path(path_type=Path), help="Schema: a folder or ZIP archive of MOF files.")
@mof_dialect_option
@lenient_option
@setting(
    "--enforce-write/--no-enforce-write",
    default=None,
    help="Refuse changes of properties without the Write qualifier in all classes, or in none.  [default: as packs ask]",
)
@setting("--null-outputs/--no-null-outputs", default=False, show_default=True, help="Send output parameters that are NULL.")
@setting(
    "--error-instances",
    type=click.Choice(["none", "given", "all"]),
    default="given",
    show_default=True,
    help="Errors with instances of CIM_Error: none, those a provider gave some, or all.",
)
@setting(
    "--cache-dir", type=click.Path(path_type=Path, file_okay=False), help="Folder for compiled packs.  [default: user's cache]"
)
@setting("--cache/--no-cache", default=True, show_default=True, help="Keep compiled packs for the next start.")
@setting("--max-body", type=click.IntRange(1), default=64 * 2**20, show_default=True, help="Largest request body, in bytes.")
@setting(
    "--max-bodies",
    type=click.IntRange(1),
    default=256 * 2**20,
    show_default=True,
    help="Most bytes of all request bodies over 64 KiB together.",
)
@setting(
    "--max-header", type=click.IntRange(1024), default=64 * 2**10, show_default=True, help="Largest request header, in bytes."
)
@setting("--max-batch", type=click.IntRange(0), default=1000, show_default=True, help="Most requests in one message; 0: one.")
@setting("--m-post/--no-m-post", default=True, show_default=True, help="Take requests sent with M-POST.")
@setting("--max-connections", type=click.IntRange(1), default=1000, show_default=True, help="Most connections at once.")
@setting(
    "--idle-timeout",
    type=Seconds(0.1),
    default=60.0,
    show_default=True,
    help="Seconds until an idle connection is closed.",
)
@setting(
    "--request-timeout",
    type=Seconds(0.1),
    default=30.0,
    show_default=True,
    help="Seconds for a whole request to arrive, and for each piece of an answer to be taken.",
)
@setting(
    "--pull-timeout",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    help="Seconds until an idle enumeration session ends, if its client does not say.",
)
@setting(
    "--max-pull-timeout", type=click.IntRange(1), default=3600, show_default=True, help="Most seconds that a client may say."
)
@setting(
    "--max-contexts",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    help="Most enumeration sessions, and event subscriptions, at once.",
)
@setting("--max-user-contexts", type=click.IntRange(0), default=250, show_default=True, help="Most of these of one user.")
@setting(
    "--rotate-contexts/--no-rotate-contexts",
    default=False,
    show_default=True,
    help="Name an enumeration session anew in every answer.",
)
@setting("--reload/--no-reload", default=False, show_default=True, help="Load packs again when their files change.")
@setting(
    "--watchdog",
    type=Seconds(0),
    default=5.0,
    show_default=True,
    help="Seconds after which a provider that does not return is named in the log; 0: never.",
)
@delivery_options
@setting(
    "--log-level",
    type=click.Choice(["debug", "info", "warn", "error"]),
    default="warn",
    show_default=True,
    help="Least level of log lines on standard error; info has a line for each request, debug its bodies.",
)
@setting(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Log lines as text, or as a JSON object each.",
)
def serve(**options: Any) -> None:
    """Serve PACKS: folders of mock packs, names of shipped ones, MOF files, or mock scripts; without any, all shipped packs."""
    # What starting makes, modules and packs, stays for good: the collector need not look at it now, nor ever again.
    gc.disable()
    # Imported here so that --help and usage errors do not wait for the reactor and the object model.
    from twisted.internet import reactor
    from twisted.internet.error import CannotListenError

    from cimsim.cli.logs import log_to_stderr
    from cimsim.simulation.options import OptionsError, SimulationOptions

    log_to_stderr(options["log_level"], options["log_format"])
    try:
        simulation = _load(reactor, SimulationOptions(**options))
        ready = simulation.start()
    except OptionsError as error:
        fail(str(error))
    except CannotListenError as error:
        fail(f"cannot listen on {error.interface or options['address']}:{error.port}: {_reason(error)}")
    if sys.stderr.isatty():
        _progress("")
    for served in simulation.cimoms.values():
        show_loaded(served.loaded, served.name if len(simulation.cimoms) > 1 else None)
    command = example(simulation.loaded, simulation.urls[0], next(iter(simulation.users), None), simulation.options)
    if command is not None:
        click.echo(f"try: {command}")

    unready: list[str] = []

    def failed(failure: Any) -> None:
        unready.append(failure.getErrorMessage())
        running.stop()

    ready.addCallbacks(lambda _: _announce(simulation), failed)
    running: Any = reactor
    running.addSystemEventTrigger("before", "shutdown", simulation.stop)
    running.run()
    if unready:
        fail(unready[0])


def _load(reactor: Any, options: SimulationOptions) -> Simulation:
    from cimsim.control.port import listen
    from cimsim.packs.pack_errors import PackError
    from cimsim.simulation.loading import SharedPacks
    from cimsim.simulation.security import state_dir_of
    from cimsim.simulation.simulation import Simulation

    try:
        packs = SharedPacks(_progress if sys.stderr.isatty() else None)
        return Simulation(reactor, options, control=listen, packs=packs, state_dir=state_dir_of(options.state_dir))
    except PackError as error:
        if sys.stderr.isatty():
            _progress("")
        fail(str(error))
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(*_COLLECTIONS)


def _announce(simulation: Simulation) -> None:
    announcement = simulation.announcement()
    several = len(announcement.urls) > 1
    for name, urls in announcement.urls.items():
        for url in urls:
            click.echo(f"{name} listening on {url}" if several else f"listening on {url}")
    if announcement.console_url is not None:
        click.echo(f"console on {announcement.console_url}")
    elif announcement.control_url is not None:
        click.echo(f"control plane on {announcement.control_url}")


def _progress(text: str) -> None:
    # Erases the line, so that nothing of it is left beside what comes next.
    click.echo(f"\r\x1b[K{text}", nl=False, err=True)


def _reason(error: Any) -> str:
    """Return what the system says of a port that cannot be opened."""
    cause = error.socketError
    return os.strerror(cause.errno) if getattr(cause, "errno", None) and cause.errno > 0 else str(cause)
