"""The page that a browser gets at the root of a port of clients: what is here, and how to begin."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from cimsim.server.pages import Page

_WSMAN: Final = "/wsman"
_STYLE: Final = """
:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 52rem; padding: 2.5rem 1.25rem; font: 16px/1.6 system-ui, sans-serif;
  background: light-dark(#edf1f3, #0c1216); color: light-dark(#14212b, #e3ebef); }
h1 { margin: 0; font-size: 1.8rem; } h2 { margin: 2rem 0 0.4rem; font-size: 1.1rem; } p { margin: 0.4rem 0; }
a { color: light-dark(#0a6860, #5cd6c4); }
pre { margin: 0.4rem 0; padding: 0.8rem 1rem; overflow-x: auto; border-radius: 8px; font: 13px/1.5 ui-monospace, monospace;
  background: light-dark(#fff, #131b21); border: 1px solid light-dark(#d8e0e4, #25323a); }
ul { padding-left: 1.2rem; }
"""
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_LINES: Final = (
    f"Content-Security-Policy: default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\n"
    "Vary: Accept\r\n"
).encode("ascii")


def front_page(urls: Sequence[str], namespaces: Mapping[str, int] | None, control_url: str | None) -> Page:
    """Return the page.

    Args:
        urls: of the ports of clients; those of WS-Management end with ``/wsman``.
        namespaces: how many instances each has; None: clients must log in, and strangers learn nothing.
        control_url: of the control plane, without its token; None: there is none.
    """
    names = list(namespaces or ())
    first = next((name for name in names if name != "root/interop"), "root/interop")
    parts = [
        "<h1>cimsim</h1>",
        "<p>This is a simulated WBEM server: CIM clients talk to it by CIM-XML over HTTP and by WS-Management. "
        "They send POST; this page is all that there is for browsers here.</p>",
        _way_to_console(control_url),
    ]
    if namespaces is None:
        parts.append("<p>Clients must log in, so this page does not say what is served.</p>")
    else:
        items = "".join(f"<li><code>{escape(name)}</code>, {count:,} instances</li>" for name, count in namespaces.items())
        parts.append(f"<h2>Namespaces</h2><ul>{items}</ul>")
    for title, command in _commands(urls, first, login=namespaces is None):
        parts.append(f"<h2>{escape(title)}</h2><pre>{escape(command)}</pre>")
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>cimsim</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )
    return Page(html.encode(), _LINES)


def _way_to_console(control_url: str | None) -> str:
    if control_url is None:
        return "<p>The console is not served: <code>cimsim serve --console</code> serves it.</p>"
    url = escape(control_url)
    return f'<p>The console shows what is simulated and what clients do: <a href="{url}/" rel="noreferrer">{url}</a></p>'


def _commands(urls: Sequence[str], namespace: str, *, login: bool) -> list[tuple[str, str]]:
    """Return first commands by client."""
    cimxml = next((url for url in urls if not url.endswith(_WSMAN)), None)
    wsman = next((url for url in urls if url.endswith(_WSMAN)), None)
    found = []
    if cimxml is not None:
        scheme, _, host = cimxml.partition("://")
        credentials = '("USER", "PASSWORD"), ' if login else ""
        found = [
            (
                "pywbem",
                "from pywbem import WBEMConnection\n"
                f'conn = WBEMConnection("{cimxml}", {credentials}default_namespace="{namespace}")\n'
                "print(conn.EnumerateClassNames(DeepInheritance=True))",
            ),
            (
                "pywbemcli",
                f"pywbemcli -s {cimxml}{' -u USER' if login else ''} -d {namespace} class enumerate --names-only",
            ),
            ("wbemcli", f"wbemcli ecn {scheme}://{'USER:PASSWORD@' if login else ''}{host}/{namespace}"),
            (
                "curl",
                f"curl {'-u USER ' if login else ''}{cimxml}/cimom -H 'Content-Type: application/xml; charset=utf-8' \\\n"
                "  -H 'CIMOperation: MethodCall' -H 'CIMMethod: EnumerateClassNames' \\\n"
                f"  -H 'CIMObject: {namespace}' --data-binary @- <<'END'\n{_enumerate(namespace)}\nEND",
            ),
        ]
    if wsman is not None:
        found.append(("WS-Management", f"curl {wsman} -H 'Content-Type: application/soap+xml;charset=UTF-8' -d '{_IDENTIFY}'"))
    return found


_IDENTIFY: Final = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
    "<s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>"
)


def _enumerate(namespace: str) -> str:
    path = "".join(f'<NAMESPACE NAME="{escape(part)}"/>' for part in namespace.split("/"))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ>'
        f'<IMETHODCALL NAME="EnumerateClassNames"><LOCALNAMESPACEPATH>{path}</LOCALNAMESPACEPATH></IMETHODCALL>'
        "</SIMPLEREQ></MESSAGE></CIM>"
    )
