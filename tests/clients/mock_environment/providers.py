"""A method provider and an instance write provider, in the form that pywbem documents."""

from typing import Any

import pywbem
from pywbem import CIMError, CIMInstance, CIMInstanceName, CIMParameter
from pywbem_mock import InstanceWriteProvider, MethodProvider


class LampMethods(MethodProvider):  # type: ignore[misc] # pywbem has no type information
    """Carries out the methods of X_Lamp."""

    provider_classnames = "X_Lamp"

    def InvokeMethod(self, methodname: str, localobject: Any, params: Any) -> Any:
        methods = {"dim": self.dim, "count": self.count, "steal": self.steal, "explode": self.explode}
        if methodname.lower() not in methods:
            raise CIMError(pywbem.CIM_ERR_METHOD_NOT_AVAILABLE)
        return methods[methodname.lower()](localobject, params)

    def dim(self, lamp: Any, params: Any) -> Any:
        """An In and an Out parameter, the latter as CIMParameter."""
        store = self.cimrepository.get_instance_store(lamp.namespace)
        instance = store.get(lamp)
        before = instance.get("Level", pywbem.Uint8(0))
        level = params["Level"].value
        if level > 100:
            return 5, []
        instance["Level"] = level
        if "LastOn" not in instance.properties:
            instance["LastOn"] = pywbem.CIMDateTime("20240201080000.000000+000")
        store.update(lamp, instance)
        return 0, [CIMParameter("Before", "uint8", value=before)]

    def count(self, lamp_class: Any, params: Any) -> Any:
        """A static method: a reference as In parameter, the Out parameters as a mapping."""
        instances = self.cimrepository.get_instance_store(lamp_class.namespace)
        classes = self.cimrepository.get_class_store(lamp_class.namespace)
        stored = list(instances.iter_values())
        lamps = [each for each in stored if self.is_subclass(each.classname, "X_Lamp", classes)]
        if "Room" in params:
            room = params["Room"].value["Name"]
            inside = [each["Lamp"] for each in stored if each.classname == "X_LampInRoom" and each["Room"]["Name"] == room]
            lamps = [each for each in lamps if each.path in inside]
        makers = sorted({each["Maker"] for each in lamps if "Maker" in each})
        return 0, {"Number": pywbem.Uint64(len(lamps)), "Makers": makers}

    def steal(self, lamp: Any, _: Any) -> Any:
        raise CIMError(pywbem.CIM_ERR_ACCESS_DENIED, f"lamp {lamp['Number']} is screwed down")

    def explode(self, lamp: Any, _: Any) -> Any:
        self.cimrepository.get_instance_store(lamp.namespace).delete(lamp)
        self.cimrepository.add_namespace("root/rubble")
        raise ValueError("bang")


class Readings(InstanceWriteProvider):  # type: ignore[misc] # pywbem has no type information
    """Makes the keys of X_Reading, checks its values, and counts its changes."""

    provider_classnames = ("X_Reading",)
    conn: Any = None

    def post_register_setup(self, conn: Any) -> None:
        self.conn = conn

    def CreateInstance(self, namespace: str, new_instance: CIMInstance) -> Any:
        if "InstanceID" in new_instance.properties:
            raise CIMError(pywbem.CIM_ERR_INVALID_PARAMETER, "the server makes the InstanceID")
        check(new_instance)
        number = len(self.conn.EnumerateInstanceNames("X_Reading", namespace=namespace)) + 1
        new_instance["InstanceID"] = f"X:{number}"
        new_instance["Revision"] = pywbem.Uint16(0)
        return super().CreateInstance(namespace, new_instance)

    def ModifyInstance(self, modified_instance: CIMInstance, IncludeQualifiers: bool | None = None) -> Any:
        check(modified_instance)
        stored = self.conn.GetInstance(modified_instance.path)
        modified_instance["Revision"] = pywbem.Uint16(stored["Revision"] + 1)
        return super().ModifyInstance(modified_instance, IncludeQualifiers=IncludeQualifiers)

    def DeleteInstance(self, InstanceName: CIMInstanceName) -> Any:
        if InstanceName["InstanceID"] == "X:1":
            raise CIMError(pywbem.CIM_ERR_ACCESS_DENIED, "the first reading is kept")
        return super().DeleteInstance(InstanceName)


def check(reading: CIMInstance) -> None:
    if (reading.get("Lux") or 0) > 100000:
        raise CIMError(pywbem.CIM_ERR_INVALID_PARAMETER, "nothing is brighter than the sun")


def setup(conn: Any, server: Any, verbose: bool) -> None:
    conn.register_provider(LampMethods(conn.cimrepository), namespaces=conn.default_namespace, verbose=verbose)
    conn.register_provider(Readings(conn.cimrepository), verbose=verbose)
    conn.CreateInstance(CIMInstance("X_Reading", {"Lux": pywbem.Uint32(300)}))
