"""A script of the older form: it fills a second namespace, through Python objects and a MOF string."""

# ruff: noqa: F821
# CONN, SERVER and VERBOSE are put into this module before it runs.

from typing import Any

import pywbem

CONN: Any
SERVER: Any
VERBOSE: bool
NAMESPACE = "root/elsewhere"
SHED = pywbem.CIMClass(
    "X_Shed",
    properties={
        "Place": pywbem.CIMProperty("Place", None, type="string", qualifiers={"Key": pywbem.CIMQualifier("Key", True)}),
        "Size": pywbem.CIMProperty("Size", None, type="real64"),
    },
)
GARDEN = pywbem.CIMInstance("X_Shed", {"Place": "garden", "Size": pywbem.Real64(12.5)})
GARDEN.path = pywbem.CIMInstanceName("X_Shed", {"Place": "garden"})
KEY = pywbem.CIMQualifierDeclaration(
    "Key", "boolean", value=False, scopes={"PROPERTY": True}, overridable=False, tosubclass=True
)

CONN.add_namespace(NAMESPACE)
for cim_object in (KEY, SHED, GARDEN):
    CONN.add_cimobjects(cim_object, namespace=NAMESPACE)
CONN.compile_mof_string('instance of X_Shed { Place = "yard"; };', namespace=NAMESPACE)
if VERBOSE:
    CONN.display_repository()
