"""``cimsim certificates``: the local CA and the server certificate that ``cimsim serve --tls`` uses."""

from __future__ import annotations

import time
from typing import Any

import click

from cimsim.cli.config import setting
from cimsim.cli.failure import fail
from cimsim.cli.security import state_dir_option
from cimsim.cli.variables import SettingsCommand


@click.command(cls=SettingsCommand)
@state_dir_option
@setting("--host-name", default="localhost", show_default=True, help="A name of the server besides those of this computer.")
@click.option("--ca", is_flag=True, help="Write the certificate of the CA (PEM) to standard output, and nothing else.")
@click.option("--renew", is_flag=True, help="Make a new CA and a new certificate; clients must trust the CA anew.")
def certificates(**options: Any) -> None:
    """Show the certificates of HTTPS, making them if there are none: where they are, what they are, how long they hold."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from cimsim.server.certificates import keep
    from cimsim.server.pem import CertificateError, fingerprint
    from cimsim.simulation.security import host_names, state_dir_of

    names = host_names(options["host_name"], "127.0.0.1")
    try:
        kept = keep(state_dir_of(options["state_dir"]), names, time.time(), renew=options["renew"])
    except CertificateError as error:
        fail(str(error))
    if options["ca"]:
        click.echo(kept.ca.public_bytes(Encoding.PEM), nl=False)
        return

    def show(title: str, path: object, certificate: x509.Certificate) -> None:
        click.echo(f"{title}: {path}")
        click.echo(f"  SHA-256 {fingerprint(certificate)}")
        click.echo(f"  valid until {certificate.not_valid_after_utc:%Y-%m-%d}")

    show("CA", kept.ca_path, kept.ca)
    show("server", kept.server_path, kept.server.certificate)
    click.echo(f"  for {', '.join(kept.names)}")
