"""The quirks of real servers that a client has to cope with, as profiles of switches (rules Q1 to Q7, W7)."""

from enum import Enum
from typing import Final

import msgspec

from cimsim.operations.operation import PULL_GROUPS
from cimsim.operations.table import OPERATIONS
from cimsim.world.names import INTEROP_NAMES


class KeyType(Enum):
    """What the TYPE of a KEYVALUE says."""

    DECLARED = "declared"
    ABSENT = "absent"
    EMPTY = "empty"


class Product(msgspec.Struct, frozen=True):
    """How an object manager presents itself, by which clients recognize the product and its version (rule W7).

    Attributes:
        element_name: of CIM_ObjectManager.
        description: of CIM_ObjectManager; it holds the version.
        namespace_class: the subclass of CIM_Namespace that clients create once they know the product; "": none.
    """

    element_name: str
    description: str
    namespace_class: str = ""


class Quirks(msgspec.Struct, frozen=True):
    """The quirks of a server. Nothing is switched on by default.

    Attributes:
        product: how the object manager presents itself; None: as cimsim.
        versions: CIMVERSION, DTDVERSION and PROTOCOLVERSION of responses.
        content_type: of responses; None: the usual one.
        realm: of Basic authentication; None: the usual one.
        key_type: what KEYVALUE has for a TYPE.
        both_embedded: EMBEDDEDOBJECT beside EmbeddedObject.
        untyped_pull: the output parameters of pull operations have no PARAMTYPE.
        output_type: PARAMVALUE has TYPE, not PARAMTYPE.
        empty_hosts: the paths of association operations have an empty HOST.
        interop: the name of the namespace root/interop; None: that.
        leading_slash: CIM_Namespace names namespaces with a slash in front.
        hidden_namespaces: those that CIM_Namespace does not list, by folded name.
        class_paths_as_keys: a key that is a reference is a LOCALCLASSPATH.
        untyped_methods: METHOD has no TYPE.
        bare_pull: an answer of a pull operation that has no objects has no IRETURNVALUE.
        empty_booleans: a boolean property that is FALSE has an empty VALUE.
        undeclared_property: instances have a property of this name that their class does not declare.
        error_instance: ERROR holds an INSTANCE without CLASSNAME.
        illegal_description: the DESCRIPTION for an unknown method holds a character that XML forbids.
        descriptions: texts for status codes, in place of ours.
        unknown_parameter: the status code for a parameter that an operation does not have; 0: the usual one, as below.
        no_continuation: for ContinueOnError.
        filter_pairing: for a filter query without language, or a language without query.
        pull_kind: for an enumeration context that does not exist or belongs to another pull operation.
        unknown_operation: for operations that do not exist, or that ``left_out`` names.
        left_out: operations that the server does not have.
        values_as_http: a value that is malformed is answered 400, not with a CIM error.
        post_only: methods other than POST and M-POST are answered 501, OPTIONS too.
        no_expectations: Expect is answered 417 whatever it says.
        no_matching: the CIM headers need not agree with the body, and all but CIMOperation may be missing.
        status_trailers: a client that accepts trailers gets chunks, and the status code in a trailer.
        nameless_class: an empty CLASSNAME in EnumerateClasses and EnumerateClassNames is NULL.
        leading_blanks: white space may stand before the XML declaration.
        cim_value_types: VALUETYPE may name a CIM type.
        keyless_class: an INSTANCENAME without keys, where a class or an instance may stand, is the class if that has keys.
    """

    product: Product | None = None
    versions: tuple[str, str, str] | None = None
    content_type: bytes | None = None
    realm: str | None = None
    key_type: KeyType = KeyType.DECLARED
    both_embedded: bool = False
    untyped_pull: bool = False
    output_type: bool = False
    empty_hosts: bool = False
    interop: str | None = None
    leading_slash: bool = False
    hidden_namespaces: frozenset[str] = frozenset()
    class_paths_as_keys: bool = False
    untyped_methods: bool = False
    bare_pull: bool = False
    empty_booleans: bool = False
    undeclared_property: str | None = None
    error_instance: bool = False
    illegal_description: bool = False
    descriptions: dict[int, str] = msgspec.field(default_factory=dict)
    unknown_parameter: int = 0
    no_continuation: int = 0
    filter_pairing: int = 0
    pull_kind: int = 0
    unknown_operation: int = 0
    left_out: frozenset[str] = frozenset()
    values_as_http: bool = False
    post_only: bool = False
    no_expectations: bool = False
    no_matching: bool = False
    status_trailers: bool = False
    nameless_class: bool = False
    leading_blanks: bool = False
    cim_value_types: bool = False
    keyless_class: bool = False


_FAILED: Final = 1
_NOT_SUPPORTED: Final = 7
_PULL: Final = frozenset(name for name, operation in OPERATIONS.items() if operation.group in PULL_GROUPS)

PROFILES: Final[dict[str, Quirks]] = {
    "openpegasus": Quirks(
        product=Product("Pegasus", "OpenPegasus CIM Server Version 2.14.1", namespace_class="PG_Namespace"),
        key_type=KeyType.ABSENT,
        both_embedded=True,
        untyped_pull=True,
        empty_hosts=True,
        interop="root/PG_InterOp",
        unknown_parameter=_NOT_SUPPORTED,
        no_continuation=_NOT_SUPPORTED,
        filter_pairing=_FAILED,
        pull_kind=_FAILED,
        values_as_http=True,
        post_only=True,
    ),
    "sfcb": Quirks(
        product=Product("sfcb", "Small Footprint CIM Broker 1.4.9"),
        realm="cimom",
        key_type=KeyType.ABSENT,
        unknown_operation=_FAILED,
        left_out=_PULL,
        descriptions={_FAILED: "invalid imethodcall XML"},
        post_only=True,
        no_expectations=True,
        no_matching=True,
        status_trailers=True,
        nameless_class=True,
        leading_blanks=True,
        cim_value_types=True,
    ),
    "ecom": Quirks(
        product=Product("EMC CIM Server", "EMC CIM Server Version 8.3.0"),
        output_type=True,
        illegal_description=True,
        descriptions={_FAILED: "Unhandled Exception"},
    ),
    "compellent": Quirks(
        versions=("2.8", "2.4", "1.4"),
        content_type=b"text/xml;charset=UTF-8",
        key_type=KeyType.EMPTY,
        error_instance=True,
    ),
    "eternus": Quirks(leading_slash=True, hidden_namespaces=INTEROP_NAMES),
    "intelliflash": Quirks(class_paths_as_keys=True),
    "careless": Quirks(
        untyped_methods=True, bare_pull=True, empty_booleans=True, undeclared_property="Undeclared", keyless_class=True
    ),
}
"""The profiles by name; ``careless`` has the quirks that were seen in servers whose product is not known (rule Q7)."""
