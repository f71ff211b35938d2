"""Messages of WS-Management as clients write them, and what the fuzzer does to them."""

from html import escape
from random import Random
from typing import Any, Final

from lxml import etree

from tests.hostile.mutations import LARGEST, ON_ELEMENTS, SIGNS, TEXTS, change_bytes
from tests.wsman.conftest import ENUMERATION, EVENTING, MANAGEMENT, TRANSFER, V2, WMI, WQL, envelope

CONTEXT: Final = "CONTEXT"
"""Stands in a message for the context of an enumeration that is under way."""
SUBSCRIPTION: Final = "SUBSCRIPTION"
"""Stands in a message for the identifier of a subscription."""
_CIM: Final = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
_SCHEMA: Final = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/"
_OPTIONS: Final = (
    '<w:OptionSet><w:Option Name="IncludeInheritanceHierarchy">true</w:Option>'
    '<w:Option Name="IncludeQualifiers">false</w:Option></w:OptionSet>'
)
_CQL: Final = "http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf"
_SELECTOR_FILTER: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"
_ASSOCIATIONS: Final = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"
_MACHINE: Final = "3f2c6a10-8b41-4e0d-9c57-1a6e0b7d2f01"
_SYSTEM: Final = {"CreationClassName": "Msvm_ComputerSystem", "Name": _MACHINE}
_SERVICE: Final = {"CreationClassName": "Msvm_VirtualSystemManagementService"}
_OPTIMIZED: Final = "<w:OptimizeEnumeration/><w:MaxElements>50</w:MaxElements>"
_QUERIES: Final = (
    "SELECT * FROM Msvm_ComputerSystem WHERE Name != __SERVER AND (EnabledState != 0 and EnabledState != 3)",
    "SELECT Name, State FROM Win32_Service WHERE NOT Name LIKE '[a-f]%' AND ProcessId = '0' OR Started = TRUE",
    f"ASSOCIATORS OF {{Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='{_MACHINE}'}} "
    "WHERE AssocClass = Msvm_SettingsDefineState ResultClass = Msvm_VirtualSystemSettingData",
    'REFERENCES OF {Msvm_VirtualSystemSettingData="Microsoft:x\\\\0"} WHERE Role = Dependent KeysOnly',
    r"SELECT * FROM CIM_Service WHERE __PATH = '\\\\HVHOST01\\root\\cimv2:Win32_Service.Name=\"x\"' OR __this ISA 'C'",
    "SELECT * FROM __NAMESPACE WHERE __RELPATH LIKE '%'",
)


def _reference(classname: str, selectors: dict[str, str]) -> str:
    chosen = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>' for name, value in selectors.items())
    return (
        f"<a:Address>http://any</a:Address><a:ReferenceParameters><w:ResourceURI>{V2}{classname}</w:ResourceURI>"
        f"<w:SelectorSet>{chosen}</w:SelectorSet></a:ReferenceParameters>"
    )


def _enumerate(uri: str, body: str) -> bytes:
    return envelope(f"{ENUMERATION}Enumerate", uri, f"<n:Enumerate>{body}</n:Enumerate>")


def _filter(dialect: str, content: str, body: str = _OPTIMIZED) -> str:
    return f'<w:Filter Dialect="{dialect}">{content}</w:Filter>{body}'


_LISTENER: Final = (
    "<e:NotifyTo><a:Address>http://listener/x</a:Address><a:ReferenceParameters><m:a xmlns:m='urn:m' m:b='c'>d</m:a>"
    "</a:ReferenceParameters></e:NotifyTo>"
)
_TERMS: Final = (
    '<w:Heartbeats>PT60S</w:Heartbeats><w:ConnectionRetry Total="3">PT5S</w:ConnectionRetry><w:MaxElements>2</w:MaxElements>'
    '<w:MaxTime>PT1S</w:MaxTime><w:MaxEnvelopeSize Policy="Notify">9000</w:MaxEnvelopeSize>'
)
_EVENT_QUERIES: Final = (
    "SELECT * FROM __InstanceModificationEvent WITHIN 2 WHERE TargetInstance ISA 'Win32_Service' "
    "AND TargetInstance.State <> PreviousInstance.State",
    "SELECT TargetInstance FROM __InstanceOperationEvent WHERE TargetInstance.Name LIKE 'v%' "
    "OR TargetInstance ISA 'CIM_Service'",
)


def _subscribe(query: str, mode: str, delivery: str = "") -> bytes:
    chosen = f'<w:Filter Dialect="{WQL}">{escape(query)}</w:Filter>'
    end = _LISTENER.replace("NotifyTo", "EndTo")
    body = f'{end}<e:Delivery Mode="{mode}">{delivery}</e:Delivery>{chosen}<e:Expires>PT10M</e:Expires>'
    return envelope(f"{EVENTING}Subscribe", f"{WMI}root/cimv2/*", f"<e:Subscribe>{body}</e:Subscribe>")


def _eventing() -> list[bytes]:
    named = f"<e:Identifier>{SUBSCRIPTION}</e:Identifier>"
    context = f"<n:EnumerationContext>subscription:{SUBSCRIPTION}</n:EnumerationContext>"
    pulled = f"<n:Pull>{context}<n:MaxTime>PT60S</n:MaxTime><n:MaxElements>3</n:MaxElements></n:Pull>"
    service = f"{WMI}root/cimv2/*"
    return [
        *(_subscribe(query, f"{MANAGEMENT}Pull", "<w:Heartbeats>PT60S</w:Heartbeats>") for query in _EVENT_QUERIES),
        *(_subscribe(query, f"{MANAGEMENT}Events", _LISTENER + _TERMS) for query in _EVENT_QUERIES),
        _subscribe(_EVENT_QUERIES[0], f"{MANAGEMENT}PushWithAck", _LISTENER),
        _subscribe(_EVENT_QUERIES[1], f"{EVENTING}DeliveryModes/Push", _LISTENER),
        envelope(f"{EVENTING}Renew", None, "<e:Renew><e:Expires>2026-01-01T00:00:00Z</e:Expires></e:Renew>", headers=named),
        envelope(f"{EVENTING}GetStatus", None, "<e:GetStatus/>", headers=named),
        envelope(f"{EVENTING}Unsubscribe", None, "<e:Unsubscribe/>", headers=named),
        envelope(f"{ENUMERATION}Pull", service, pulled),
        envelope(f"{ENUMERATION}Release", service, f"<n:Release>{context}</n:Release>"),
    ]


def _invoke(classname: str, method: str, body: str, selectors: dict[str, str]) -> bytes:
    uri = f"{V2}{classname}"
    return envelope(f"{uri}/{method}", uri, f"<p:{method}_INPUT>{body}</p:{method}_INPUT>", selectors)


def _envelopes() -> list[bytes]:
    system, reference = f"{V2}Msvm_ComputerSystem", _reference("Msvm_ComputerSystem", _SYSTEM)
    selected = "".join(
        f'<w:Selector Name="{name}">{value}</w:Selector>' for name, value in (("Name", "vmms"), ("Started", "1"))
    )
    settings = (
        '<INSTANCE CLASSNAME="Msvm_VirtualSystemSettingData"><PROPERTY NAME="ElementName" TYPE="string"><VALUE>new</VALUE>'
    )
    listed = (
        f"<b:Object>{reference}</b:Object><b:ResultClassName>CIM_ManagedElement</b:ResultClassName><b:Role>Dependent</b:Role>"
    )
    pulled = f"<n:EnumerationContext>{CONTEXT}</n:EnumerationContext>"
    service = f"{WMI}root/cimv2/Win32_Service"
    return [
        envelope("", None, "<wsmid:Identify/>"),
        envelope(f"{TRANSFER}Get", system, selectors=_SYSTEM),
        envelope(f"{TRANSFER}Get", f"{_CIM}Win32_Service", selectors={"__cimnamespace": "root/cimv2", "Name": "VMMS"}),
        envelope(
            f"{TRANSFER}Put",
            system,
            "<p:Msvm_ComputerSystem><p:ElementName>x</p:ElementName><p:EnabledState> 2 </p:EnabledState>"
            '<p:OtherEnabledState xsi:nil="true"/><p:OperationalStatus>2</p:OperationalStatus>'
            "<p:TimeOfLastStateChange><cim:Datetime>2025-03-10T06:12:00.34Z</cim:Datetime></p:TimeOfLastStateChange>"
            "</p:Msvm_ComputerSystem>",
            _SYSTEM,
        ),
        envelope(
            f"{TRANSFER}Create", service, "<p:Win32_Service><p:Name>new</p:Name><p:Started>1</p:Started></p:Win32_Service>"
        ),
        envelope(f"{TRANSFER}Delete", system, selectors=_SYSTEM),
        _invoke("Msvm_ComputerSystem", "RequestStateChange", "<p:RequestedState>2</p:RequestedState>", _SYSTEM),
        _invoke(
            "Msvm_VirtualSystemManagementService",
            "DefineSystem",
            f"<p:SystemSettings>{escape(settings)}&lt;/PROPERTY&gt;&lt;/INSTANCE&gt;</p:SystemSettings>"
            f"<p:ReferenceConfiguration>{reference}</p:ReferenceConfiguration>",
            _SERVICE,
        ),
        _invoke(
            "Msvm_VirtualSystemManagementService",
            "GetSummaryInformation",
            "<p:RequestedInformation>0</p:RequestedInformation><p:RequestedInformation>100</p:RequestedInformation>",
            {},
        ),
        envelope(f"{service}/StopService", service, "<p:StopService_INPUT/>", {"Name": "vmms"}),
        _enumerate(service, _OPTIMIZED),
        _enumerate(
            service, "<w:EnumerationMode>EnumerateObjectAndEPR</w:EnumerationMode><n:Expires>PT5M</n:Expires>" + _OPTIMIZED
        ),
        _enumerate(f"{V2}CIM_Dependency", "<b:PolymorphismMode>None</b:PolymorphismMode>" + _OPTIMIZED),
        _enumerate(f"{V2}CIM_Component", "<b:PolymorphismMode>ExcludeSubClassProperties</b:PolymorphismMode>" + _OPTIMIZED),
        *(_enumerate(f"{WMI}root/cimv2/*" if "Win32" in each else f"{V2}*", _filter(WQL, escape(each))) for each in _QUERIES),
        _enumerate(f"{V2}*", _filter(_CQL, "SELECT Name FROM CIM_System WHERE EnabledState = 2")),
        _enumerate(service, _filter(_SELECTOR_FILTER, f"<w:SelectorSet>{selected}</w:SelectorSet>")),
        _enumerate(f"{V2}*", _filter(_ASSOCIATIONS, f"<b:AssociatedInstances>{listed}</b:AssociatedInstances>")),
        _enumerate(f"{V2}*", _filter(_ASSOCIATIONS, f"<b:AssociationInstances>{listed}</b:AssociationInstances>")),
        envelope(f"{ENUMERATION}Pull", service, f"<n:Pull>{pulled}<n:MaxElements>3</n:MaxElements></n:Pull>"),
        envelope(f"{ENUMERATION}Release", service, f"<n:Release>{pulled}</n:Release>"),
        envelope(f"{TRANSFER}Get", f"{_SCHEMA}*", "", {"__cimnamespace": "root/cimv2", "ClassName": "Win32_Service"}, _OPTIONS),
        envelope(f"{ENUMERATION}Enumerate", f"{_SCHEMA}*", f"<n:Enumerate>{_OPTIMIZED}</n:Enumerate>", headers=_OPTIONS),
        _enumerate(f"{_SCHEMA}CIM_Service", _filter(WQL, "SELECT * FROM meta_class WHERE __this ISA 'CIM_Service'")),
        _enumerate(f"{WMI}root/__NAMESPACE", _OPTIMIZED),
        envelope(f"{TRANSFER}Get", f"{WMI}root/virtualization/__NAMESPACE", selectors={"Name": "v2"}),
        envelope(f"{TRANSFER}Create", f"{WMI}root/__NAMESPACE", "<p:__NAMESPACE><p:Name>new</p:Name></p:__NAMESPACE>"),
    ]


ENVELOPES: Final = [*_envelopes(), *_eventing()]
_WORDS: Final = (
    WQL,
    "None",
    "EnumerateEPR",
    "PT0S",
    "P1D",
    "2025-13-41T99:99:99Z",
    f"{V2}Msvm_ComputerSystem",
    f"{V2}*",
    f"{WMI}/",
    f"{_CIM}*",
    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd",
    f"{TRANSFER}Get",
    f"{ENUMERATION}Renew",
    "8191",
    "8192",
    "__cimnamespace",
    "{Win32_Service=@}",
    "meta_class",
    "__InstanceDeletionEvent",
    f"{EVENTING}Subscribe",
    f"{MANAGEMENT}Pull",
    "CancelSubscription",
    *_EVENT_QUERIES,
    "__NAMESPACE",
    "__PATH",
    *_QUERIES,
)


def mutate_envelope(message: bytes, random: Random) -> bytes:
    """Return a message that is like another, but not quite."""
    if random.randrange(5) == 0:
        return change_bytes(message, random)[:LARGEST]
    root = etree.fromstring(message)
    for _ in range(random.randrange(1, 4)):
        elements = list(root.iter())
        # Half of the changes leave the message one that is carried out, or nothing behind the codec would be tried.
        if random.randrange(2):
            _value([each for each in elements if each.text and each.text.strip()] or elements, random)
        else:
            random.choice(ON_ELEMENTS)(random.choice(elements), elements, random)
    written: bytes = etree.tostring(root)
    return written[:LARGEST]


def _value(carriers: list[Any], random: Random) -> None:
    """Change a text or an attribute, to one of the same message or to another."""
    element = random.choice(carriers)
    texts = [each.text for each in carriers if each.text]
    if element.keys() and random.randrange(3) == 0:
        element.set(random.choice(element.keys()), random.choice((*TEXTS, *_WORDS)))
    elif random.randrange(2) or not element.text:
        element.text = random.choice((*texts, *TEXTS, *_WORDS))
    else:
        place = random.randrange(len(element.text))
        element.text = element.text[:place] + random.choice(SIGNS) + element.text[place + random.randrange(3) :]
