"""Object paths as Windows writes them into text: in Parent, HostResource and BootSourceOrder."""

import re
from typing import Any, Final

from cimsim.providers import Instance, Transaction

from .topology import management_service

_NAMED: Final = r"""(?s)InstanceID=(?:"(.*)"|'(.*)')\s*"""


def identifier_in(text: str) -> str:
    """Return the InstanceID, folded, that an object path of Windows names, or the text itself if it is no path."""
    match = re.search(_NAMED, text)
    if match is None:
        return text.casefold()
    return (match[1] or match[2] or "").replace("\\\\", "\\").casefold()


def object_path(transaction: Transaction, instance: Instance) -> str:
    """Return the path of an instance as Windows writes it into text."""
    service = management_service(transaction)
    host = service["SystemName"] if service is not None else "."
    keys = ",".join(f'{name}="{_escaped(value)}"' for name, value in instance.path.keys)
    return f"\\\\{host}\\root\\virtualization\\v2:{instance.cls.name}.{keys}"


def _escaped(value: Any) -> str:
    return str(value).replace("\\", "\\\\").replace('"', '\\"')
