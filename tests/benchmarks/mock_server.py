"""The peer for enumerations: pywbem_mock behind Python's threaded HTTP server, decoding and encoding with pywbem itself.

It knows one operation, EnumerateInstances, and holds the things of ``packs/things``.
"""

import argparse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pywbem
import pywbem_mock
from pywbem._tupleparse import TupleParser
from pywbem._tupletree import xml_to_tupletree_sax

from tests.benchmarks.packs.things.providers import CLASS, NAMESPACE, thing
from tests.benchmarks.processes import PACKS
from tests.benchmarks.ready import announce

KEY: Final = "Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);\n"
ENVELOPE: Final = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="{id}" PROTOCOLVERSION="1.0"><SIMPLERSP>'
    '<IMETHODRESPONSE NAME="{name}"><IRETURNVALUE>{value}</IRETURNVALUE></IMETHODRESPONSE>'
    "</SIMPLERSP></MESSAGE></CIM>"
)


def repository(count: int) -> pywbem_mock.FakedWBEMConnection:
    """Return a mock environment with so many things."""
    connection = pywbem_mock.FakedWBEMConnection(default_namespace=NAMESPACE)
    connection.compile_mof_string(KEY + (PACKS / "things" / "things.mof").read_text(encoding="utf-8"))
    declared = connection.GetClass(CLASS, LocalOnly=False)
    connection.add_cimobjects([_instance(declared, number) for number in range(count)])
    return connection


def _instance(declared: pywbem.CIMClass, number: int) -> pywbem.CIMInstance:
    instance = pywbem.CIMInstance(CLASS)
    for name, value in thing(number).items():
        prop = declared.properties[name]
        instance.properties[name] = pywbem.CIMProperty(name, value, type=prop.type, is_array=prop.is_array)
    instance.path = pywbem.CIMInstanceName.from_instance(declared, instance, namespace=NAMESPACE)
    return instance


def answer(connection: pywbem_mock.FakedWBEMConnection, body: bytes) -> bytes:
    """Decode an EnumerateInstances request, perform it and encode its response."""
    tree = TupleParser().parse_cim(xml_to_tupletree_sax(body, "request"))
    _, attributes, (_, _, (_, call, namespace, parameters)) = tree[2]
    arguments: dict[str, Any] = dict(parameters)
    instances = connection.EnumerateInstances(arguments.pop("ClassName"), namespace=namespace, **arguments)
    for instance in instances:
        # EnumerateInstances returns relative paths.
        instance.path.namespace = instance.path.host = None
    value = "".join(instance.tocimxmlstr() for instance in instances)
    return ENVELOPE.format(id=attributes["ID"], name=call["NAME"], value=value).encode()


class Handler(BaseHTTPRequestHandler):
    """Answers POST."""

    protocol_version = "HTTP/1.1"
    connection_to_mock: pywbem_mock.FakedWBEMConnection

    def do_POST(self) -> None:
        """Answer a request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        response = answer(self.connection_to_mock, body)
        self.send_response(200)
        self.send_header("Content-Type", 'application/xml; charset="utf-8"')
        self.send_header("Content-Length", str(len(response)))
        self.end_headers()
        self.wfile.write(response)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--ready-file", type=Path, required=True)
    options = parser.parse_args()
    Handler.connection_to_mock = repository(options.count)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    announce(options.ready_file, server.server_address[1])
    server.serve_forever()


if __name__ == "__main__":
    main()
