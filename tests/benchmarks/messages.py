"""Request bytes, made once and sent often: the same for the server and its peers."""

from collections.abc import Mapping


def intrinsic(method: str, namespace: str, parameters: Mapping[str, str]) -> bytes:
    """Return the HTTP request of an intrinsic operation; ``parameters`` hold the XML of their values."""
    values = "".join(f'<IPARAMVALUE NAME="{name}">{value}</IPARAMVALUE>' for name, value in parameters.items())
    call = f'<IMETHODCALL NAME="{method}">{_namespace_path(namespace)}{values}</IMETHODCALL>'
    return _http(method, _escaped(namespace), call)


def extrinsic(
    method: str, namespace: str, classname: str, keys: Mapping[str, str], arguments: Mapping[str, str] | None = None
) -> bytes:
    """Return the HTTP request of a method with string arguments, called on the instance with these string keys."""
    path = f"<LOCALINSTANCEPATH>{_namespace_path(namespace)}{instance_name(classname, keys)}</LOCALINSTANCEPATH>"
    bindings = ",".join(f'{name}="{value}"' for name, value in keys.items())
    given = "".join(
        f'<PARAMVALUE NAME="{name}" PARAMTYPE="string"><VALUE>{value}</VALUE></PARAMVALUE>'
        for name, value in (arguments or {}).items()
    )
    call = f'<METHODCALL NAME="{method}">{path}{given}</METHODCALL>'
    return _http(method, _escaped(f"{namespace}:{classname}.{bindings}"), call)


def instance_name(classname: str, keys: Mapping[str, str]) -> str:
    """Return the INSTANCENAME of the instance with these string keys."""
    bindings = "".join(
        f'<KEYBINDING NAME="{name}"><KEYVALUE VALUETYPE="string">{value}</KEYVALUE></KEYBINDING>'
        for name, value in keys.items()
    )
    return f'<INSTANCENAME CLASSNAME="{classname}">{bindings}</INSTANCENAME>'


def class_name(name: str) -> str:
    """Return the CLASSNAME element."""
    return f'<CLASSNAME NAME="{name}"/>'


def soap(
    action: str, namespace: str, classname: str, keys: Mapping[str, str] | None = None, body: str = "", envelope: int = 153_600
) -> bytes:
    """Return the HTTP request of a WS-Management message as pywinrm writes it; an action that is no URI is a method."""
    uri = f"http://schemas.microsoft.com/wbem/wsman/1/wmi/{namespace}/{classname}"
    selectors = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>' for name, value in (keys or {}).items())
    chosen = f"<w:SelectorSet>{selectors}</w:SelectorSet>" if selectors else ""
    if "/" not in action:
        body = body or f'<p:{action}_INPUT xmlns:p="{uri}"/>'
        action = f"{uri}/{action}"
    content = (
        '<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" '
        'xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"><s:Header>'
        "<a:To>http://windows-host:5985/wsman</a:To><a:ReplyTo>"
        '<a:Address mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>'
        f'<w:MaxEnvelopeSize mustUnderstand="true">{envelope}</w:MaxEnvelopeSize><a:MessageID>uuid:1001</a:MessageID>'
        '<w:Locale mustUnderstand="false" xml:lang="en-US"/><p:DataLocale mustUnderstand="false" xml:lang="en-US"/>'
        f'<w:OperationTimeout>PT20S</w:OperationTimeout><w:ResourceURI mustUnderstand="true">{uri}</w:ResourceURI>'
        f'<a:Action mustUnderstand="true">{action}</a:Action>{chosen}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()
    head = (
        "POST /wsman HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n"
        f"Authorization: Basic dXNlcjpwYXNz\r\nContent-Length: {len(content)}\r\n\r\n"
    ).encode()
    return head + content


def _namespace_path(namespace: str) -> str:
    parts = "".join(f'<NAMESPACE NAME="{part}"/>' for part in namespace.split("/"))
    return f"<LOCALNAMESPACEPATH>{parts}</LOCALNAMESPACEPATH>"


def _escaped(path: str) -> str:
    return path.replace("%", "%25").replace('"', "%22")


def _http(method: str, path: str, call: str) -> bytes:
    body = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1001" PROTOCOLVERSION="1.0"><SIMPLEREQ>'
        f"{call}</SIMPLEREQ></MESSAGE></CIM>"
    ).encode()
    head = (
        "POST /cimom HTTP/1.1\r\nHost: localhost\r\n"
        'Content-Type: application/xml; charset="utf-8"\r\n'
        f"CIMOperation: MethodCall\r\nCIMMethod: {method}\r\nCIMObject: {path}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    return head + body
