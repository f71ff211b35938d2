"""The options of ``cimsim serve`` in groups, as its help shows them. An option that no group names stands under "Other"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import click

from cimsim.cli.variables import SettingsCommand

GROUPS: Final[Mapping[str, Sequence[str]]] = {
    "Listen": ("address", "port", "wsman", "wsman_port", "wsman_tls_port", "host_name", "quirks", "m_post", "cimom"),
    "Control": (
        "console",
        "control_port",
        "control_address",
        "control_token",
        "control_host",
        "ready_file",
        "ready_format",
    ),
    "Security": (
        "http",
        "tls",
        "tls_port",
        "certificate",
        "key",
        "client_ca",
        "state_dir",
        "user",
        "users_file",
        "role",
        "allow_plain_passwords",
        "max_failed_logins",
    ),
    "Time": ("clock", "start_time", "seed"),
    "Packs": (
        "set",
        "scenario",
        "namespace",
        "schema",
        "mof_dialect",
        "lenient",
        "enforce_write",
        "null_outputs",
        "error_instances",
        "reload",
        "cache",
        "cache_dir",
    ),
    "Limits": (
        "max_body",
        "max_bodies",
        "max_header",
        "max_batch",
        "max_connections",
        "idle_timeout",
        "request_timeout",
        "pull_timeout",
        "max_pull_timeout",
        "max_contexts",
        "max_user_contexts",
        "rotate_contexts",
    ),
    "Indications": ("indication_queue", "listener_timeout", "allow_listener", "listener_ca", "verify_listeners"),
    "Logging": ("log_level", "log_format", "watchdog"),
}
"""The names of options, as TOML keys, by the title of their group."""

OTHER: Final = "Other"


class GroupedCommand(SettingsCommand):
    """A command whose help shows its options in ``GROUPS``."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each group under its title, those of no group last."""
        records = {each.name: record for each in self.get_params(ctx) if (record := each.get_help_record(ctx)) is not None}
        for title, names in GROUPS.items():
            known = [records.pop(name) for name in names if name in records]
            if known:
                with formatter.section(title):
                    formatter.write_dl(known)
        if records:
            with formatter.section(OTHER):
                formatter.write_dl(list(records.values()))
