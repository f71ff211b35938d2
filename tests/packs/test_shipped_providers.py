"""The providers of the shipped packs: a reader finds the methods of a CIM class in one place."""

import importlib
import tomllib
from collections.abc import Iterator

import pytest

from cimsim.packs.locate import shipped_folder, shipped_names
from cimsim.providers import Provider


def bound_providers() -> Iterator[tuple[str, type[Provider]]]:
    """Yield each CIM class that a shipped pack binds, with the Python class."""
    for pack in shipped_names():
        manifest = tomllib.loads((shipped_folder() / pack / "pack.toml").read_text(encoding="utf-8"))
        module = importlib.import_module(f"cimsim.mocks.{pack}.providers")
        for table in manifest["providers"].values():
            for classname, name in table.items():
                yield classname, getattr(module, name)


def owners(provider: type[Provider]) -> list[str]:
    """Return the classes that define the extrinsic methods of a provider."""
    kinds = [kind for kind in provider.__mro__ if issubclass(kind, Provider)]
    return [kind.__name__ for kind in kinds if any(name[0].isupper() and callable(value) for name, value in vars(kind).items())]


@pytest.mark.parametrize(("classname", "provider"), list(bound_providers()))
def test_the_methods_of_a_class_are_in_one_place(classname: str, provider: type[Provider]) -> None:
    """In the class itself, and at most in one more that many classes share, such as the life cycle of services."""
    assert len(owners(provider)) <= 2
    assert all(len(kind.__bases__) == 1 for kind in provider.__mro__[:-1]), f"the provider of {classname} mixes classes"


def test_a_chain_of_classes_is_found() -> None:
    one = type("One", (Provider,), {"Start": lambda self, call: 0})
    two = type("Two", (one,), {"Stop": lambda self, call: 0})
    three = type("Three", (two,), {"Reset": lambda self, call: 0, "helper": 1})
    assert owners(three) == ["Three", "Two", "One"]
