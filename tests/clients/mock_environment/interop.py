"""Installs the providers that pywbem has for namespaces and for subscriptions."""

from pathlib import Path
from typing import Any


def setup(conn: Any, server: Any, verbose: bool) -> None:
    conn.add_namespace("interop", verbose=verbose)
    conn.compile_mof_file(str(Path(__file__).parent / "interop.mof"), namespace="interop")
    conn.install_namespace_provider("interop", verbose=verbose)
    conn.install_subscription_providers("interop", verbose=verbose)
    assert conn.find_interop_namespace() == "interop"
    assert "interop" in server.namespaces
