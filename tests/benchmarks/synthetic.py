"""A schema of the size and shape of DMTF's, in words of no meaning: for measuring, since DMTF's own is not ours to ship.

One file for each class in folders by model, and a top file that includes them by the alphabet, so that most classes stand
before their superclass. A quarter are associations, inheritance is eight levels deep, every tenth class is large.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

CLASSES: Final = 1631
TOP: Final = "bench_schema.mof"
_MODELS: Final = re.findall(
    r"\w+",
    """Application Core Database Device Event Interop IPsecPolicy Metrics
    Network Physical Policy Security Support System User""",
)
_WORDS: Final = re.findall(
    r"\w+",
    """the a of that which element system service value state describes indicates represents manages is not for this each
    associated instance property capability requested enabled current maximum device storage network access protocol""",
)
_QUALIFIERS: Final = """\
Qualifier Abstract : boolean = false, Scope(class, association, indication), Flavor(EnableOverride, Restricted);
Qualifier Association : boolean = false, Scope(association), Flavor(DisableOverride, ToSubclass);
Qualifier Deprecated : string[], Scope(any), Flavor(EnableOverride, Restricted);
Qualifier Description : string = null, Scope(any), Flavor(EnableOverride, ToSubclass, Translatable);
Qualifier Experimental : boolean = false, Scope(any), Flavor(EnableOverride, Restricted);
Qualifier In : boolean = true, Scope(parameter), Flavor(DisableOverride, ToSubclass);
Qualifier Indication : boolean = false, Scope(class, indication), Flavor(DisableOverride, ToSubclass);
Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);
Qualifier MappingStrings : string[], Scope(any), Flavor(EnableOverride, ToSubclass);
Qualifier MaxLen : uint32 = null, Scope(property, method, parameter), Flavor(EnableOverride, ToSubclass);
Qualifier ModelCorrespondence : string[], Scope(any), Flavor(EnableOverride, ToSubclass);
Qualifier Out : boolean = false, Scope(parameter), Flavor(DisableOverride, ToSubclass);
Qualifier Override : string = null, Scope(property, reference, method), Flavor(EnableOverride, Restricted);
Qualifier UMLPackagePath : string = null, Scope(class, association, indication), Flavor(EnableOverride, Restricted);
Qualifier ValueMap : string[], Scope(property, method, parameter), Flavor(EnableOverride, ToSubclass);
Qualifier Values : string[], Scope(property, method, parameter), Flavor(EnableOverride, ToSubclass, Translatable);
Qualifier Version : string = null, Scope(class, association, indication), Flavor(EnableOverride, Restricted, Translatable);
Qualifier Write : boolean = false, Scope(property), Flavor(EnableOverride, ToSubclass);
"""
_TYPES: Final = ("string", "uint16", "uint32", "uint64", "boolean", "datetime", "sint16", "real32")


def write_schema(folder: Path, classes: int = CLASSES) -> Path:
    """Write a schema into an empty folder, the same at every call; return its top file."""
    random = Random(249)
    associations = classes // 4
    (folder / "qualifiers.mof").write_text(_QUALIFIERS, encoding="utf-8")
    includes = []
    for kind, count in (("Element", classes - associations), ("Link", associations)):
        for number in range(count):
            name = _name(kind, number)
            path = folder / _MODELS[number * len(_MODELS) // count] / f"{name}.mof"
            path.parent.mkdir(exist_ok=True)
            path.write_text("".join(_class(random, kind, number)), encoding="utf-8")
            includes.append(path.relative_to(folder).as_posix())
    lines = ['#pragma locale ("en_US")', '#pragma include ("qualifiers.mof")']
    lines += [f'#pragma include ("{include}")' for include in sorted(includes)]
    top = folder / TOP
    top.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return top


def _name(kind: str, number: int) -> str:
    # Digits in reverse, so that the order of the alphabet is not that of inheritance.
    return f"Bench_{kind}{f'{number:04}'[::-1]}"


def _class(random: Random, kind: str, number: int) -> Iterator[str]:
    name = _name(kind, number)
    above = _name(kind, number * 2 // 5) if number else None
    is_link = kind == "Link"
    marks = ["Association"] * is_link + ["Abstract"] * (number < 20) + ["Experimental"] * (number % 9 == 5)
    marks += [f'Deprecated {{ "{_name(kind, 0)}" }}'] * (number % 17 == 11)
    marks += ['Version ( "2.49.0" )', 'UMLPackagePath ( "CIM::Bench::Parts" )', _description(random, 6)]
    yield f"// {name}\n   [{', '.join(marks)}]\nclass {name}{f' : {above}' if above else ''} {{\n\n"
    if is_link:
        yield from _ends(random, number)
    elif not number:
        yield f"      [Key, {_description(random, 3)}, MaxLen ( 256 )]\n   string InstanceID;\n\n"
    large = number % 10 == 3
    for count in range(0 if is_link and number % 3 else 20 if large else random.randint(2, 6)):
        yield from _property(random, f"P{number}_{count}", name)
    for count in range(8 if large and not is_link else 0):
        yield from _method(random, f"M{number}_{count}")
    yield "};\n"


def _ends(random: Random, number: int) -> Iterator[str]:
    for role in ("Antecedent", "Dependent"):
        mark = f'Override ( "{role}" )' if number else "Key"
        yield f"      [{mark}, {_description(random, 2)}]\n   {_name('Element', number)} REF {role};\n\n"


def _property(random: Random, name: str, owner: str) -> Iterator[str]:
    cim_type = random.choice(_TYPES)
    marks = [_description(random, random.randint(2, 8))]
    if cim_type == "uint16":
        marks += _values(random)
    if random.random() < 0.3:
        marks.append(f'ModelCorrespondence {{ "{owner}.{name}" }}')
    if random.random() < 0.2:
        marks += ["Write", 'MappingStrings { "MIF.DMTF|Bench|001.1" }']
    is_array = random.random() < 0.15
    default = " = 0x5" if cim_type == "uint16" and not is_array and random.random() < 0.3 else ""
    yield f"      [{', '.join(marks)}]\n   {cim_type} {name}{'[]' if is_array else ''}{default};\n\n"


def _method(random: Random, name: str) -> Iterator[str]:
    yield f"      [{_description(random, 5)}, {', '.join(_values(random))}]\n   uint32 {name}(\n"
    for count, comma in enumerate((",", ",", ");\n\n")):
        way = "In ( false ), Out" if count == 2 else "In"
        yield f"         [{way}, {_description(random, 3)}]\n      {random.choice(_TYPES)} A{count}{comma}\n"


def _values(random: Random) -> list[str]:
    count = random.randint(4, 24)
    numbers = ", ".join(f'"{number}"' for number in range(count))
    names = ", ".join(f'"{random.choice(_WORDS).title()} {number}"' for number in range(count))
    return [f'ValueMap {{ {numbers}, "..", "0x8000..0xFFFF" }}', f'Values {{ {names}, "DMTF Reserved", "Vendor Reserved" }}']


def _description(random: Random, lines: int) -> str:
    texts = (" ".join(random.choices(_WORDS, k=9)) for _ in range(lines))
    return "Description ( \n" + " \n".join(f'          "{text}, \\"so\\" to say.\\n"' for text in texts) + " )"
