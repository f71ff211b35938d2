"""``cimsim serve``: serve mock packs until a signal comes."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cimsim.cli.banner import example, show_loaded
from cimsim.cli.clock_command import clock_options, control_port_of, random_of, seed_of, start_of
from cimsim.cli.config import Seconds, config_option, pack_settings, setting
from cimsim.cli.delivery_options import delivery_of, delivery_options
from cimsim.cli.failure import fail
from cimsim.cli.groups import GroupedCommand
from cimsim.cli.packs import lenient_option, mof_dialect_option
from cimsim.cli.security import access_of, security_options, serves_http, tls_of, users_of

if TYPE_CHECKING:
    from cimsim.packs.load import Loaded

_QUIRKS: Final = ("openpegasus", "sfcb", "ecom", "compellent", "eternus", "intelliflash", "careless")
_MAX_WARNINGS: Final = 20
_RECORDED: Final = frozenset({"info", "debug"})
"""Levels of the log that have a line for each request."""
_EPILOG: Final = """\b
Example, a server for a test that sets the time itself:
  cimsim serve hyperv --port 0 --ready-file urls --clock manual \\
    --set hyperv.vms=4 --log-level info
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@click.argument("packs", nargs=-1, envvar="CIMSIM_PACKS")
@config_option
@setting("--address", default="127.0.0.1", show_default=True, help="Address to listen on.")
@setting("--port", type=click.IntRange(0, 65535), default=5988, show_default=True, help="Port; 0 picks a free one.")
@setting(
    "--ready-file", type=click.Path(path_type=Path, dir_okay=False), help="Write the URLs here once requests are answered."
)
@setting("--host-name", default="localhost", show_default=True, help="HOST of the paths in answers.")
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
@setting("--max-contexts", type=click.IntRange(0), default=1000, show_default=True, help="Most enumeration sessions at once.")
@setting(
    "--max-user-contexts", type=click.IntRange(0), default=250, show_default=True, help="Most enumeration sessions of one user."
)
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

    from cimsim.cimom.contexts import ContextOptions
    from cimsim.cimxml.encode.error_writer import ErrorInstances
    from cimsim.cli.logs import log_to_stderr
    from cimsim.operations.call import Policy
    from cimsim.quirks.profiles import PROFILES, Quirks
    from cimsim.server.limits import HttpLimits
    from cimsim.server.recording import RequestLog
    from cimsim.simulation.endpoint import Endpoint, EndpointOptions

    log_to_stderr(options["log_level"], options["log_format"])
    ready_file: Path | None = options["ready_file"]
    if ready_file is not None:
        _forget(ready_file)
    users, tls = users_of(options), tls_of(options)
    access = access_of(options, users)
    delivery = delivery_of(options)
    start = start_of(options)
    seed = seed_of(options)
    loaded = _load(options, time.time() if start is None else start, seed)
    endpoint = Endpoint(
        reactor,
        loaded,
        EndpointOptions(
            address=options["address"],
            port=options["port"] if serves_http(options) else None,
            tls=tls,
            tls_port=options["tls_port"],
            host=options["host_name"],
            users=users,
            access=access,
            quirks=PROFILES[options["quirks"]] if options["quirks"] else Quirks(),
            null_outputs=options["null_outputs"],
            error_instances=ErrorInstances(options["error_instances"]),
            m_post=options["m_post"],
            max_batch=options["max_batch"],
            limits=HttpLimits(
                max_body=options["max_body"],
                max_bodies=options["max_bodies"],
                max_header_bytes=options["max_header"],
                max_connections=options["max_connections"],
                max_failed_logins=options["max_failed_logins"],
                idle_timeout=options["idle_timeout"],
                request_timeout=options["request_timeout"],
            ),
            policy=Policy(enforce_write=options["enforce_write"], max_pull_timeout=options["max_pull_timeout"]),
            contexts=ContextOptions(
                timeout=options["pull_timeout"],
                most=options["max_contexts"],
                most_of_user=options["max_user_contexts"],
                rotate=options["rotate_contexts"],
            ),
            delivery=delivery,
            start=start,
            running=options["clock"] == "real",
            random=random_of(options),
            watchdog=options["watchdog"],
            recorder=RequestLog(bodies=options["log_level"] == "debug") if options["log_level"] in _RECORDED else None,
        ),
    )
    try:
        urls = endpoint.listen()
        lines = [f"listening on {url}" for url in urls]
        control_port = control_port_of(options)
        if control_port is not None:
            from cimsim.control.api import listen  # twisted.web only where it is wanted

            control, _ = listen(reactor, endpoint.cimom, control_port)
            urls.append(f"control {control}")
            lines.append(f"control plane on {control}")
    except CannotListenError as error:
        fail(f"cannot listen on {error.interface or options['address']}:{error.port}: {_reason(error)}")
    if sys.stderr.isatty():
        _progress("")
    show_loaded(loaded)
    command = example(loaded, urls[0], next(iter(users), None), options)
    if command is not None:
        click.echo(f"try: {command}")
    if options["reload"]:
        from cimsim.simulation.reload import Reloader

        now = endpoint.clock.now
        Reloader(reactor, lambda: load_packs(options, now(), seed), endpoint.renew, loaded).start()

    unready: list[str] = []

    def announce() -> None:
        endpoint.watch()
        if ready_file is not None:
            try:
                _write_whole(ready_file, "\n".join(urls))
            except OSError as error:
                unready.append(_unready(ready_file, error))
                running.stop()
                return
        for line in lines:
            click.echo(line)

    running: Any = reactor
    running.callWhenRunning(announce)
    running.addSystemEventTrigger("before", "shutdown", endpoint.stop)
    running.run()
    if unready:
        fail(unready[0])


def _forget(ready_file: Path) -> None:
    """Remove what an earlier run left, and refuse a file that this one could not write."""
    try:
        # Not the file itself: whoever waits for it must not find it before there is something in it.
        _beside(ready_file).touch()
        _beside(ready_file).unlink()
        ready_file.unlink(missing_ok=True)
    except OSError as error:
        fail(_unready(ready_file, error))


def _unready(ready_file: Path, error: OSError) -> str:
    return f"--ready-file {ready_file}: cannot be written: {error.strerror}"


def _load(options: dict[str, Any], now: float, seed: int) -> Loaded:
    from cimsim.packs.pack_errors import PackError

    try:
        return load_packs(options, now, seed)
    except PackError as error:
        if sys.stderr.isatty():
            _progress("")
        fail(str(error))
    finally:
        gc.freeze()
        gc.enable()


def load_packs(options: dict[str, Any], now: float, seed: int) -> Loaded:
    """Return what the options ask to be loaded, at a time in seconds since 1970-01-01 UTC; raises PackError.

    ``seed`` is what generated identifiers are made from; a server that loads packs again keeps its own.
    """
    from cimsim.packs.cache import default_cache_dir
    from cimsim.packs.load import load

    cache_dir = (options["cache_dir"] or default_cache_dir()) if options["cache"] else None
    loaded = load(
        options["packs"],
        options["set"],
        cache_dir=cache_dir,
        now=now,
        seed=seed,
        progress=_progress if sys.stderr.isatty() else None,
        namespace=options["namespace"],
        schema=options["schema"],
        lenient=options["lenient"],
        mof_dialect=options["mof_dialect"],
        defaults=_pack_defaults(options["quirks"]),
    )
    _warn(loaded.warnings)
    return loaded


def _pack_defaults(profile: str | None) -> Mapping[str, Mapping[str, Any]]:
    """Return the defaults of settings that a profile of quirks replaces."""
    if profile is None:
        return {}
    from cimsim.quirks.options import pack_defaults
    from cimsim.quirks.profiles import PROFILES

    return pack_defaults(PROFILES[profile])


def _warn(warnings: Sequence[str]) -> None:
    if not warnings:
        return
    from twisted.logger import Logger

    log = Logger(namespace="cimsim.packs")
    for warning in warnings[:_MAX_WARNINGS]:
        log.warn("{warning}", warning=warning)  # noqa: G010 - Twisted's name
    left = len(warnings) - _MAX_WARNINGS
    if left > 0:
        log.warn("{left} more warnings of this kind: cimsim check shows all", left=left)  # noqa: G010


def _progress(text: str) -> None:
    # Erases the line, so that nothing of it is left beside what comes next.
    click.echo(f"\r\x1b[K{text}", nl=False, err=True)


def _reason(error: Any) -> str:
    """Return what the system says of a port that cannot be opened."""
    cause = error.socketError
    return os.strerror(cause.errno) if getattr(cause, "errno", None) and cause.errno > 0 else str(cause)


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever sees it half-written."""
    temporary = _beside(path)
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(path)


def _beside(path: Path) -> Path:
    return path.with_name(f".cimsim-{os.getpid()}")
