"""What ``cimsim serve`` prints when it begins, and what it writes to the log about where that came from."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from cimsim.world.names import INTEROP_NAMES, fold_namespace

if TYPE_CHECKING:
    from cimsim.packs.load import Loaded
    from cimsim.simulation.options import SimulationOptions

_MAX_NAMES: Final = 20
"""How many files of a folder are listed before they are only counted."""


def show_loaded(loaded: Loaded, cimom: str | None = None) -> None:
    """Print what each namespace holds, after the name of its CIMOM if one is given; what came from where goes to the log."""
    before = "" if cimom is None else f"{cimom} "
    for namespace in loaded.namespaces:
        click.echo(f"{before}{namespace.name}: {namespace.classes} classes, {namespace.instances} instances")
    _log_sources(loaded)


def _log_sources(loaded: Loaded) -> None:
    """Write to the log what was loaded from where."""
    from twisted.logger import Logger

    log = Logger("cimsim.packs")
    for pack in loaded.packs:
        text = " ".join(part for part in ("pack", pack.name, pack.version, f"({pack.path})", pack.title) if part)
        log.info("{text}", text=text)
    for namespace in loaded.namespaces:
        for pack_name, files in namespace.sources:
            log.info("{namespace} from {pack}: {files}", namespace=namespace.name, pack=pack_name, files=_listed(files))


def example(loaded: Loaded, url: str, user: str | None, options: SimulationOptions) -> str | None:
    """Return a command that shows something of what is served; None if there are no instances."""
    held = [each for each in loaded.world.namespaces.values() if each.instance_count]
    # What is served is of interest, rather than the server's own namespace, which comes first.
    namespace = max(held, key=lambda each: fold_namespace(each.name) not in INTEROP_NAMES, default=None)
    if namespace is None or (options.client_ca is not None and url.startswith("https:")):
        return None
    classname = next(namespace.cls(folded).name for folded in namespace.instances if namespace.instances[folded])
    words = ["pywbemcli", "-s", url, "-d", namespace.name]
    if user is not None:
        words += ["-u", user]
    if url.startswith("https:") and options.certificate is None:
        from cimsim.server.certificates import ca_file  # OpenSSL only where TLS is
        from cimsim.simulation.security import state_dir_of

        words += ["--ca-certs", str(ca_file(state_dir_of(options.state_dir)))]
    return shlex.join([*words, "instance", "enumerate", classname])


def _listed(files: Sequence[str]) -> str:
    """Return the names of files, those of a folder behind its name: ``instances/{host,vm_web01}.mof``; many are counted."""
    folders: dict[str, list[str]] = {}
    for file in files:
        folder, _, name = file.rpartition("/")
        folders.setdefault(folder and folder + "/", []).append(name.removesuffix(".mof"))
    return ", ".join(_of_folder(folder, names) for folder, names in folders.items())


def _of_folder(folder: str, names: list[str]) -> str:
    if len(names) == 1:
        return f"{folder}{names[0]}.mof"
    return f"{folder}{{{','.join(names)}}}.mof" if len(names) <= _MAX_NAMES else f"{folder}*.mof ({len(names)} files)"
