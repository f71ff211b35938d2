"""Resource URIs: which namespace and class a message is about, and the form in which its client writes that (rules WM-R)."""

from typing import Final

import msgspec

from cimsim.wsman.soap_faults import DESTINATION_UNREACHABLE, WsmanError

WMI: Final = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
"""In front of ``NAMESPACE/CLASS`` (rule WM-R-1)."""
_CIM_SCHEMAS: Final = (
    "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/",
    "http://schemas.microsoft.com/wbem/wscim/1/cim-schema/2/",
)
"""In front of ``CLASS``; a selector names the namespace (rules WM-R-3, WM-R-4)."""
ALL_CLASSES: Final = "http://schemas.dmtf.org/wbem/wscim/1/*"
CIM_SCHEMA: Final = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/"
"""In front of a class whose definition is wanted (rule WM-R-6)."""
_CONFIG: Final = "http://schemas.microsoft.com/wbem/wsman/1/config"
DEFAULT_NAMESPACE: Final = "root/cimv2"
NAMESPACE_SELECTOR: Final = "__cimnamespace"
ANY_CLASS: Final = "*"


class Resource(msgspec.Struct, frozen=True):
    """What a resource URI names.

    Attributes:
        uri: as the client wrote it.
        base: what stands in it before the class, the namespace included where the form has it.
        classname: as the client wrote it; ``*`` for all classes.
        namespace: that the URI names; None: a selector does.
        definition: the definition of the class is meant, not its instances.
    """

    uri: str
    base: str
    classname: str
    namespace: str | None
    definition: bool = False

    @property
    def of_all_classes(self) -> bool:
        """Whether it names no class."""
        return self.classname == ANY_CLASS

    def of_class(self, classname: str, namespace: str) -> str:
        """Return the URI of a class in the same form."""
        if self.namespace is not None:
            if namespace.lower() == self.namespace.lower():
                return f"{self.base}{classname}"
            return f"{self.base[: -len(self.namespace) - 1]}{namespace}/{classname}"
        return f"{self.base}{classname}"


def parse_resource(uri: str) -> Resource:
    """Return what a resource URI names (rules WM-R-1 to WM-R-7).

    Raises:
        WsmanError: it is not the URI of CIM classes, such as that of a shell.
    """
    lowered = uri.lower()
    if lowered.startswith(WMI):
        namespace, slash, classname = uri[len(WMI) :].rpartition("/")
        if slash and namespace and classname:
            return Resource(uri, uri[: -len(classname)], classname, namespace)
    if lowered == ALL_CLASSES:
        return Resource(uri, _CIM_SCHEMAS[0], ANY_CLASS, None)
    for start in (*_CIM_SCHEMAS, CIM_SCHEMA):
        if lowered.startswith(start) and "/" not in (classname := uri[len(start) :]) and classname:
            return Resource(uri, uri[: len(start)], classname, None, definition=start == CIM_SCHEMA)
    if "/windows/shell" in lowered or "/powershell/" in lowered:
        what = "shells are not simulated: there is no PowerShell or cmd behind this server, only CIM classes"
    elif lowered.startswith(_CONFIG):
        what = "the configuration of WinRM is not simulated: there are only CIM classes behind this server"
    else:
        what = f"resource URI {uri[:200]!r} is not that of a CIM class; {WMI}NAMESPACE/CLASS is one"
    raise WsmanError(DESTINATION_UNREACHABLE, what, "InvalidResourceURI")
