"""Kerberos for Negotiate: the service principals of a keytab, by pyspnego and gssapi (rule WM-A-5)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

MISSING: Final = "Kerberos needs the packages pyspnego, gssapi and krb5: pip install 'cimsim-wbem[kerberos]'"
_PACKAGES: Final = ("spnego", "gssapi", "krb5")


class KerberosError(Exception):
    """Kerberos cannot be served; the text says why."""


class Kerberos:
    """The service that clients have tickets for.

    Args:
        keytab: file with its keys.
        principal: which of the principals of the keytab it is, such as ``HTTP/hvhost01.example``; "": each of them.

    Raises:
        KerberosError: a package is missing, or the keytab cannot be read, or does not have the principal.
    """

    def __init__(self, keytab: Path, principal: str = "") -> None:
        if any(find_spec(each) is None for each in _PACKAGES):
            raise KerberosError(MISSING)
        import gssapi

        try:
            with keytab.open("rb"):
                pass
            name = gssapi.Name(principal, gssapi.NameType.kerberos_principal) if principal else None
            self._credential = gssapi.Credentials(name=name, usage="accept", store={"keytab": f"FILE:{keytab}"})
        except OSError as error:
            raise KerberosError(f"{keytab}: {error.strerror}") from None
        except gssapi.raw.misc.GSSError as error:
            text = f"{keytab}: is not a keytab with keys of {principal or 'a service'}: {error}"
            raise KerberosError(text) from None

    def acceptor(self) -> Any:
        """Return pyspnego's server side of one login."""
        from spnego import NegotiateOptions
        from spnego._gss import GSSAPIProxy

        return GSSAPIProxy(
            usage="accept",
            protocol="kerberos",
            options=NegotiateOptions.use_gssapi | NegotiateOptions.wrapping_winrm,
            _gssapi_credential=self._credential,
        )


def name_of(principal: str) -> str:
    """Return the name of the user that a client principal, ``NAME@REALM``, stands for."""
    return principal.rpartition("@")[0] or principal
