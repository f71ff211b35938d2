"""``providers.py``: the Python part of a pack, imported by its path."""

import importlib
import importlib.util
import sys
import traceback
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Final

from cimsim.packs.locate import shipped_folder
from cimsim.packs.manifest import Pack
from cimsim.packs.modules import FAILURES, SHIPPED_MODULES, SourceLoader, module_name, no_bytecode, reason, syntax_error
from cimsim.packs.pack_errors import PackError
from cimsim.packs.settings import Settings
from cimsim.providers.below import Below
from cimsim.providers.provider import Provider
from cimsim.providers.registry import ProviderBinding
from cimsim.providers.setting_error import SettingError
from cimsim.world.names import did_you_mean, fold, fold_namespace
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

PROVIDERS_FILE: Final = "providers.py"
FORMER_FILE: Final = "behaviours.py"
FORMER_PACKAGE: Final = "cimsim.behaviours"


class ProviderModule:
    """The ``providers.py`` of a pack, if it has one.

    It may import modules beside it with ``from . import``. It is imported anew by every ``ProviderModule``: that of a shipped
    pack as ``cimsim.mocks.PACK.providers``, any other under a name of its own that no other module can have.

    Raises:
        PackError: it cannot be imported, naming the line; it has its former name; or it is missing although ``pack.toml`` binds
            providers.
    """

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._path = pack.folder / PROVIDERS_FILE
        self._module: ModuleType | None = None
        # A plain MOF file has no providers, whatever lies beside it.
        if pack.text and self._path.is_file():
            shipped = pack.folder.resolve().parent == shipped_folder().resolve()
            self._module = self._import_shipped() if shipped else self._import()
        elif pack.text and (pack.folder / FORMER_FILE).is_file():
            raise PackError(f"this file is called {PROVIDERS_FILE} now: rename it", pack.folder / FORMER_FILE)
        elif pack.manifest.providers:
            raise PackError("no such file, but pack.toml binds providers", self._path)

    @property
    def cacheable(self) -> bool:
        """Whether what the pack populates may be kept for the next start."""
        return self._pack.manifest.cache_populated or getattr(self._module, "populate", None) is None

    def populate(self, transaction: Transaction, settings: Settings) -> None:
        """Run the pack's function ``populate(transaction, settings)`` if it has one.

        Raises:
            PackError: it failed, naming the line of the pack that did.
        """
        function = getattr(self._module, "populate", None)
        if function is None:
            return
        try:
            function(transaction, settings)
        except FAILURES as error:
            raise self._error(error) from error

    def bindings(self, world: World, settings: Settings, below: Below, *, checked: bool = False) -> list[ProviderBinding]:
        """Return the providers that ``pack.toml`` binds, constructed with the settings; one object for each Python class.

        ``below`` is what acts without this pack. ``checked``: an earlier start has found that the classes have the methods.

        Raises:
            PackError: unknown namespace, CIM class or Python class; a constructor that fails; a method that no class has.
        """
        made: dict[str, Provider] = {}
        bindings = []
        for namespace, table in self._pack.manifest.providers.items():
            self._check_namespace(world, namespace)
            for classname, python_name in table.items():
                self._check_class(world, namespace, classname)
                if python_name not in made:
                    made[python_name] = self._construct(python_name, classname, settings)
                    made[python_name].below = below
                bindings.append(ProviderBinding(namespace, classname, made[python_name]))
        for provider in () if checked else made.values():
            self._check_methods(world, provider, [each for each in bindings if each.provider is provider])
        return bindings

    # Steps

    def _import_shipped(self) -> ModuleType:
        package = f"{SHIPPED_MODULES}{self._pack.folder.resolve().name}"
        _forget(package)
        try:
            return importlib.import_module(f"{package}.{self._path.stem}")
        except FAILURES as error:
            raise self._error(error) from error

    def _import(self) -> ModuleType:
        name = module_name("pack", self._path)
        loader = SourceLoader(name, str(self._path))
        spec = ModuleSpec(name, loader, origin=str(self._path), is_package=True)
        spec.has_location = True
        spec.submodule_search_locations = [str(self._pack.folder)]
        _forget(name)
        module = importlib.util.module_from_spec(spec)
        # Dataclasses and relative imports look the module up while it runs.
        sys.modules[name] = module
        try:
            with no_bytecode():
                loader.exec_module(module)
        except FAILURES as error:
            sys.modules.pop(name, None)
            raise self._error(error) from error
        return module

    def _check_namespace(self, world: World, namespace: str) -> None:
        if fold_namespace(namespace) not in world.namespaces:
            hint = did_you_mean(namespace, (each.name for each in world.namespaces.values()))
            raise self._pack.error(f"providers are bound in a namespace that is not there: {namespace}{hint}", namespace)

    def _check_class(self, world: World, namespace: str, classname: str) -> None:
        target = world.namespace(namespace)
        if target.schema.get(classname) is None:
            raise self._pack.error(f"a provider is bound to a class that is not there: {target.no_class(classname)}", classname)

    def _check_methods(self, world: World, provider: Provider, bindings: list[ProviderBinding]) -> None:
        """Refuse methods that neither the classes that a provider is bound to nor their subclasses have: misspelt ones."""
        own = provider.own_methods()
        if not own:
            return
        schemas = [(world.namespace(each.namespace), each.classname) for each in bindings]
        classes = [cls for namespace, name in schemas for cls in namespace.schema.closure(namespace.cls(name))]
        known = {folded: method.name for cls in classes for folded, method in cls.methods.items()}
        for name, function in own.items():
            if fold(name) not in known:
                bound = ", ".join(each.classname for each in bindings)
                text = f"provider {type(provider).__name__}: {bound} has no method {name}{did_you_mean(name, known.values())}"
                raise PackError(text, self._path, function.__code__.co_firstlineno)

    def _construct(self, python_name: str, classname: str, settings: Settings) -> Provider:
        found = getattr(self._module, python_name, None)
        if not (isinstance(found, type) and issubclass(found, Provider)):
            names = [
                name for name, value in vars(self._module).items() if isinstance(value, type) and issubclass(value, Provider)
            ]
            hint = did_you_mean(python_name, names)
            raise self._pack.error(f"{PROVIDERS_FILE} has no provider {python_name} for {classname}{hint}", classname)
        try:
            return found(settings)
        except FAILURES as error:
            raise self._error(error) from error

    def _error(self, error: BaseException) -> PackError:
        if isinstance(error, PackError):
            return error
        if isinstance(error, SettingError):
            return PackError(f"setting {self._pack.name}.{error.name}: {error.text}")
        if isinstance(error, SyntaxError) and error.filename:
            return syntax_error(error)
        file, line = self._place(error)
        return PackError(f"{reason(error)}{_new_name(error)}", file, line)

    def _place(self, error: BaseException) -> tuple[Path | str, int | None]:
        """Return where in the pack the error arose: the innermost of its own lines, not one of ours."""
        folder = self._pack.folder.resolve()
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            file = Path(frame.filename)
            if file.resolve().is_relative_to(folder):
                return self._pack.folder / file.resolve().relative_to(folder), frame.lineno
        return self._path, None


def _new_name(error: BaseException) -> str:
    """Return where to import from instead, if a module is missing that packs imported from in former versions."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return ""
    if f"{error.name}.".startswith(f"{FORMER_PACKAGE}."):
        return ": packs import from cimsim.providers now (a Behaviour is called Provider)"
    if error.name.startswith(SHIPPED_MODULES) and error.name.endswith(f".{Path(FORMER_FILE).stem}"):
        return f": this module is called {error.name.rpartition('.')[0]}.{Path(PROVIDERS_FILE).stem} now"
    return ""


def _forget(name: str) -> None:
    """Have a module and those below it imported anew."""
    for known in [each for each in sys.modules.copy() if each == name or each.startswith(f"{name}.")]:
        sys.modules.pop(known, None)
