"""What a class or qualifier declaration that a client sends must fulfil before it enters a schema (rules OP-CC-3, OP-CC-4).

Mock packs do not pass through here: the schemas of vendors, which packs retell, are not always that clean, and a start would
pay for checks whose outcome is known.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
from pywbem import CIMClass, CIMMethod, CIMParameter, CIMQualifier, CIMQualifierDeclaration

from cimsim.world.convert import shape
from cimsim.world.declared import check_declaration
from cimsim.world.errors import failed, invalid_parameter
from cimsim.world.names import did_you_mean, fold
from cimsim.world.propagation import copy_of
from cimsim.world.schema import ResolvedClass, Schema
from cimsim.world.world import Namespace

_FLAVORS: Final = {"overridable": True, "tosubclass": True, "toinstance": False, "translatable": False}
"""What a flavor is where neither a qualifier nor its declaration says it (rule D28)."""


def referred_classes(declared: CIMClass) -> list[str]:
    """Return the names of the classes that a class needs beside its superclass: of references and embedded instances."""
    elements: list[Any] = [*declared.properties.values(), *declared.methods.values()]
    for method in declared.methods.values():
        elements.extend(method.parameters.values())
    names = {fold(declared.classname): ""}
    for element in elements:
        embedded = element.qualifiers.get("EmbeddedInstance")
        name = getattr(element, "reference_class", None) or (embedded.value if embedded is not None else None)
        if name:
            names.setdefault(fold(name), name)
    return [name for name in names.values() if name]


def check_declared(declared: CIMClass, namespace: Namespace) -> None:
    """Check what can be checked of a class without its superclass: its qualifiers, and the classes that it refers to.

    Raises:
        CIMError: CIM_ERR_INVALID_PARAMETER (rule OP-CC-3).
    """
    for where, part, scopes in _parts(declared, namespace.schema):
        for qualifier in part.qualifiers.values():
            _check_qualifier(where, qualifier, scopes, namespace)
        _check_embedding(where, part)
    for name in referred_classes(declared):
        if namespace.schema.get(name) is None:
            raise invalid_parameter(f"class {declared.classname} refers to {namespace.no_class(name)}")


def own_part(declared: CIMClass, parent: ResolvedClass | None, namespace: Namespace) -> CIMClass:
    """Return a class with only its own elements and qualifiers, all flavors given, nothing marked as inherited.

    A client that sends back a class with all that it inherits marks that as propagated; what is so marked and says nothing new
    is left out. Otherwise the marks and the classes of origin that a client sends count for nothing.

    Raises:
        CIMError: CIM_ERR_INVALID_PARAMETER for what contradicts the superclass (rule OP-CC-3).
    """
    name = declared.classname
    above = parent.full if parent else CIMClass(name)
    return CIMClass(
        name,
        superclass=parent.name if parent else None,
        properties=_own_elements(declared, declared.properties, above.properties, namespace),
        methods=_own_elements(declared, declared.methods, above.methods, namespace),
        qualifiers=_own_qualifiers(f"class {name}", declared.qualifiers, above.qualifiers, namespace),
    )


def check_whole(cls: ResolvedClass) -> None:
    """Check what DSP0004 demands of a class together with all that it inherits (rule OP-CC-3).

    References and keys that a superclass has against the rules, as one of a mock pack may, are not held against the class.

    Raises:
        CIMError: CIM_ERR_INVALID_PARAMETER.
    """
    _check_kind(cls)
    _check_references(cls)
    _check_keys(cls)


def checked_declaration(declaration: CIMQualifierDeclaration, namespace: Namespace) -> CIMQualifierDeclaration:
    """Return a qualifier declaration with all flavors given.

    Raises:
        CIMError: CIM_ERR_INVALID_PARAMETER as ``declared.check_declaration`` does;
            CIM_ERR_FAILED when it would change type, scope or flavors of a qualifier that a class uses (rule OP-SQ-2).
    """
    new = declaration.copy()
    check_declaration(new)
    for flavor, default in _FLAVORS.items():
        if getattr(new, flavor) is None:
            setattr(new, flavor, default)
    known = namespace.qualifiers.get(fold(new.name))
    if known is not None and _ruling(known) != _ruling(new):
        check_unused(new.name, namespace, "type, scope and flavors of")
    return new


def check_unused(qualifier: str, namespace: Namespace, what: str) -> None:
    """Refuse with CIM_ERR_FAILED to touch a qualifier that a class uses; ``what`` begins the text (OP-SQ-2, OP-DQ-2)."""
    for cls in namespace.schema:
        if any(qualifier in part.qualifiers for _, part, _ in _parts(cls.declared, namespace.schema)):
            raise failed(f"{what} qualifier {qualifier} must stay: class {cls.name} uses it")


# The class as a whole


def _check_kind(cls: ResolvedClass) -> None:
    """Refuse a subclass of a terminal class, and one that is an association where its superclass is none, or the reverse."""
    if cls.abstract and _is_true(cls.declared, "Terminal"):
        raise invalid_parameter(f"class {cls.name} cannot have both of the qualifiers Abstract and Terminal")
    parent = cls.superclass
    if parent is None:
        return
    if _is_true(parent.full, "Terminal"):
        raise invalid_parameter(f"class {cls.name} cannot derive from {parent.name}, which has the qualifier Terminal")
    if cls.association and not parent.association:
        raise invalid_parameter(f"class {cls.name} is an association, but its superclass {parent.name} is none")
    for kind, is_one, above in (
        ("Association", cls.association, parent.association),
        ("Indication", cls.indication, parent.indication),
    ):
        if above and not is_one:
            raise invalid_parameter(f"class {cls.name} cannot turn off the qualifier {kind} of its superclass {parent.name}")


def _check_references(cls: ResolvedClass) -> None:
    """Refuse a new reference in a class that is not an association, and too few ends of an association that is not abstract."""
    if cls.association:
        if not cls.abstract and len(cls.references) < 2:
            count = len(cls.references)
            raise invalid_parameter(f"association {cls.name} needs two references at least, it has {count or 'none'}")
        return
    for prop in cls.declared.properties.values():
        if prop.type == "reference" and (cls.superclass is None or cls.superclass.find(prop.name) is None):
            raise invalid_parameter(f"property {cls.name}.{prop.name} is a reference, but the class is not an association")


def _check_keys(cls: ResolvedClass) -> None:
    """Refuse keys that are added to inherited ones, and keys that are arrays or embedded objects."""
    inherited = cls.superclass.key_names if cls.superclass else frozenset()
    for name in cls.declared.properties:
        prop = cls.find(name)
        if prop is None or not prop.key:
            continue
        if inherited and fold(name) not in inherited:
            raise invalid_parameter(f"property {cls.name}.{prop.name} cannot be a key: the superclass has keys already")
        if prop.is_array or prop.embedded:
            kind = "an array" if prop.is_array else "an embedded object"
            raise invalid_parameter(f"property {cls.name}.{prop.name} cannot be a key: it is {kind}")


# Qualifiers


def _parts(declared: CIMClass, schema: Schema) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Yield the class and each element of it: how a text names it, the part, its scopes in upper case."""
    name = declared.classname
    yield f"class {name}", declared, _class_scopes(declared, schema)
    for prop in declared.properties.values():
        yield f"property {name}.{prop.name}", prop, ("REFERENCE" if prop.type == "reference" else "PROPERTY",)
    for method in declared.methods.values():
        yield f"method {name}.{method.name}", method, ("METHOD",)
        for parameter in method.parameters.values():
            yield f"parameter {name}.{method.name}({parameter.name})", parameter, ("PARAMETER",)


def _class_scopes(declared: CIMClass, schema: Schema) -> tuple[str, ...]:
    """Return the scopes of a class: an association and an indication are classes too."""
    parent = schema.get(declared.superclass) if declared.superclass else None
    scopes = ["CLASS"]
    if "Association" in declared.qualifiers or (parent is not None and parent.association):
        scopes.append("ASSOCIATION")
    if "Indication" in declared.qualifiers or (parent is not None and parent.indication):
        scopes.append("INDICATION")
    return tuple(scopes)


def _check_qualifier(element: str, qualifier: CIMQualifier, scopes: tuple[str, ...], namespace: Namespace) -> None:
    declaration = namespace.qualifiers.get(fold(qualifier.name))
    if declaration is None:
        raise invalid_parameter(f"{element}: {namespace.no_qualifier(qualifier.name)}")
    is_array = bool(declaration.is_array) if qualifier.value is None else isinstance(qualifier.value, list)
    if (qualifier.type, is_array) != (declaration.type, bool(declaration.is_array)):
        given = f"{qualifier.type}{'[]' if is_array else ''}"
        raise invalid_parameter(f"{element}: qualifier {declaration.name} is declared as {shape(declaration)}, not {given}")
    allowed = _scopes(declaration)
    if not allowed.intersection(scopes):
        raise invalid_parameter(f"{element}: qualifier {declaration.name} has only the scopes {', '.join(sorted(allowed))}")
    if qualifier.overridable and declaration.overridable is False:
        raise invalid_parameter(f"{element}: qualifier {declaration.name} is declared with DisableOverride")


def _check_embedding(where: str, part: Any) -> None:
    """Refuse embedded objects in anything but strings."""
    cim_type = getattr(part, "type", None) or getattr(part, "return_type", "string")
    if cim_type != "string" and (_is_true(part, "EmbeddedInstance") or _is_true(part, "EmbeddedObject")):
        raise invalid_parameter(f"{where} is of type {cim_type}: only strings embed objects")


def _scopes(declaration: CIMQualifierDeclaration) -> frozenset[str]:
    """Return the scopes in upper case; a declaration without any holds for everything."""
    given = {name.upper() for name, scope in declaration.scopes.items() if scope}
    every = frozenset({"CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER", "INDICATION"})
    return every if not given or "ANY" in given else frozenset(given)


def _ruling(declaration: CIMQualifierDeclaration) -> tuple[Any, ...]:
    """Return what a declaration rules about its use: type, scopes and flavors, but not the default value."""
    flavors = [getattr(declaration, flavor) for flavor in _FLAVORS]
    known = [default if flavor is None else flavor for flavor, default in zip(flavors, _FLAVORS.values(), strict=True)]
    return declaration.type, bool(declaration.is_array), declaration.array_size, _scopes(declaration), known


def _own_qualifiers(element: str, given: Any, inherited: Any, namespace: Namespace) -> list[CIMQualifier]:
    """Return the qualifiers that are the element's own, with all flavors; refuse those that may not change."""
    own = []
    for qualifier in given.values():
        above = inherited.get(qualifier.name)
        fixed = False
        if above is not None and above.tosubclass is not False:
            if above.value == qualifier.value and qualifier.propagated:
                continue
            fixed = above.overridable is False
            if fixed and above.value != qualifier.value:
                raise invalid_parameter(f"{element}: qualifier {above.name} cannot change, its value is {above.value} above")
            if fixed and qualifier.overridable:
                raise invalid_parameter(f"{element}: qualifier {above.name} has the flavor DisableOverride above")
        copy = _with_flavors(qualifier, namespace)
        if fixed:
            copy.overridable = False
        own.append(copy)
    return own


def _with_flavors(qualifier: CIMQualifier, namespace: Namespace) -> CIMQualifier:
    declaration = namespace.qualifiers.get(fold(qualifier.name))
    flavors = {}
    for flavor, default in _FLAVORS.items():
        candidates = (getattr(qualifier, flavor), getattr(declaration, flavor, None), default)
        flavors[flavor] = next(each for each in candidates if each is not None)
    return CIMQualifier(qualifier.name, qualifier.value, type=qualifier.type, **flavors)


# Properties and methods


def _own_elements(declared: CIMClass, given: Any, inherited: Any, namespace: Namespace) -> list[Any]:
    own = []
    for element in given.values():
        above = inherited.get(element.name)
        if above is not None and element.propagated and _repeats(element, above):
            continue
        where = f"{'method' if isinstance(element, CIMMethod) else 'property'} {declared.classname}.{element.name}"
        _check_override(where, element, above, inherited)
        if above is not None:
            _check_compatible(where, element, above, _Descent(declared, namespace.schema))
        elif getattr(element, "type", None) == "reference" and not element.reference_class:
            raise invalid_parameter(f"{where} is a reference to no class")
        copy = copy_of(element)
        copy.propagated = copy.class_origin = None
        copy.qualifiers = _own_qualifiers(where, element.qualifiers, above.qualifiers if above is not None else {}, namespace)
        if isinstance(copy, CIMMethod):
            _own_parameters(where, copy, above, namespace)
        own.append(copy)
    return own


def _own_parameters(where: str, method: CIMMethod, above: CIMMethod | None, namespace: Namespace) -> None:
    for parameter in method.parameters.values():
        known = above.parameters.get(parameter.name) if above is not None else None
        inherited = known.qualifiers if known is not None else {}
        parameter.qualifiers = _own_qualifiers(f"{where}({parameter.name})", parameter.qualifiers, inherited, namespace)


def _check_override(where: str, element: Any, above: Any, inherited: Mapping[str, Any]) -> None:
    """Refuse to redefine what is not overridden, and to override what is not there."""
    qualifier = element.qualifiers.get("Override")
    overridden = qualifier.value if qualifier is not None else None
    if above is not None:
        if overridden is None:
            raise invalid_parameter(f"{where} is inherited already: it needs the qualifier Override")
        # Older schemas write the class in front: CIM_Service.Name.
        if fold(overridden.rpartition(".")[2]) != fold(element.name):
            raise invalid_parameter(f"{where} overrides {overridden}, which has another name")
    elif overridden is not None:
        hint = did_you_mean(overridden, (each.name for each in inherited.values()))
        raise invalid_parameter(f"{where} overrides {overridden}, which no superclass has{hint}")


class _Descent(msgspec.Struct, frozen=True):
    """Who derives from whom, with a class that is being declared: it need not be in the schema yet."""

    declared: CIMClass
    schema: Schema

    def derives(self, name: str, above: str) -> bool:
        """Whether a class is the one named ``above`` or derives from it."""
        if fold(name) == fold(above):
            return True
        superclass = self.declared.superclass if fold(name) == fold(self.declared.classname) else None
        cls = self.schema.get(superclass or name)
        return cls is not None and cls.is_a(fold(above))


def _check_compatible(where: str, element: Any, above: Any, descent: _Descent) -> None:
    """Refuse an override of another type; scalar types of properties and return types are the schema's own check."""
    narrower, wider = _target(element), _target(above)
    if narrower and wider and not descent.derives(narrower, wider):
        raise invalid_parameter(f"{where} is for {wider} in the superclass; {narrower} does not derive from that")
    if wider and not narrower and _is_true(element, "EmbeddedObject"):
        raise invalid_parameter(f"{where} is for {wider} in the superclass, not for any object")
    if isinstance(element, CIMMethod):
        for parameter in element.parameters.values():
            known = above.parameters.get(parameter.name)
            if known is not None:
                _check_parameter(f"{where}({parameter.name})", parameter, known, descent)


def _check_parameter(where: str, parameter: CIMParameter, above: CIMParameter, descent: _Descent) -> None:
    """Refuse another type, and a class that has nothing to do with the one above: inputs may widen, outputs narrow."""
    if shape(parameter) != shape(above):
        raise invalid_parameter(f"{where} is {shape(above)} in the superclass, not {shape(parameter)}")
    own, other = _target(parameter), _target(above)
    if own and other and not descent.derives(own, other) and not descent.derives(other, own):
        raise invalid_parameter(f"{where} is for {other} in the superclass, which has nothing in common with {own}")


def _target(element: Any) -> str | None:
    """Return the class that an element refers to or embeds, None without."""
    embedded = element.qualifiers.get("EmbeddedInstance")
    name: str | None = getattr(element, "reference_class", None) or (embedded.value if embedded is not None else None)
    return name


def _is_true(element: Any, qualifier: str) -> bool:
    """Whether an element has a qualifier whose value is neither NULL nor FALSE nor empty."""
    found = element.qualifiers.get(qualifier)
    return found is not None and bool(found.value)


def _repeats(element: Any, above: Any) -> bool:
    """Whether an element says nothing but what is inherited. It may say less, for a client may not know the qualifiers."""
    if isinstance(element, CIMMethod):
        same = element.return_type == above.return_type and _shapes(element.parameters) == _shapes(above.parameters)
    else:
        same = (shape(element), fold(element.reference_class or "")) == (shape(above), fold(above.reference_class or ""))
        same = same and (element.value is None or element.value == above.value)
    return same and all(_inherited(qualifier, above.qualifiers) for qualifier in element.qualifiers.values())


def _inherited(qualifier: CIMQualifier, above: Any) -> bool:
    known = above.get(qualifier.name)
    return qualifier.tosubclass is False or (known is not None and known.value == qualifier.value)


def _shapes(parameters: Any) -> Iterable[tuple[str, str]]:
    return [(fold(parameter.name), shape(parameter)) for parameter in parameters.values()]
