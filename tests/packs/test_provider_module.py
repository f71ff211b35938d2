"""providers.py: bindings, populate, and errors that name the pack's own line."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

MOF = 'class T_Thing { [Key] string Name; uint8 Run(); };\ninstance of T_Thing { Name = "one"; };\n'
BINDING = '[providers."root/test"]\nT_Thing = "Thing"\n'
PROVIDERS = """from cimsim.providers import Provider


class Thing(Provider):
    def Run(self, call):
        return self.settings["answer"]


def populate(transaction, settings):
    transaction.create("T_Thing", {"Name": "two"})
"""
ANSWER = '[settings.answer]\ntype = "integer"\ndefault = 7\n'

MakePack = Callable[..., Path]
LoadPack = Callable[..., Any]
Refused = Callable[..., str]


def test_a_provider_is_bound_with_the_settings(make_pack: MakePack, load_pack: LoadPack) -> None:
    loaded = load_pack(make_pack("p", MOF, tail=BINDING + ANSWER, files={"providers.py": PROVIDERS}))
    run = loaded.providers.find("root/test", loaded.world.namespace("root/test").cls("T_Thing"), "run")
    assert run(None) == 7


def test_populate_runs_in_the_first_namespace(make_pack: MakePack, load_pack: LoadPack) -> None:
    loaded = load_pack(make_pack("p", MOF, tail=BINDING + ANSWER, files={"providers.py": PROVIDERS}))
    namespace = loaded.world.namespace("root/test")
    assert [each["Name"] for each in namespace.of_class(namespace.cls("T_Thing"))] == ["one", "two"]


def test_a_required_pack_populates_last_and_at_the_given_time(make_pack: MakePack, load_pack: LoadPack) -> None:
    base = """def populate(transaction, settings):
    names = ",".join(each.name for each in transaction.world.namespaces.values())
    transaction.create("T_Thing", {"Name": f"{names} {transaction.now}"})
"""
    make_pack("base", MOF, files={"providers.py": base})
    top_program = "def populate(transaction, settings):\n    transaction.create_namespace('root/late')\n"
    top = make_pack("top", head='requires = ["base"]', files={"providers.py": top_program})
    namespace = load_pack(top, now=5.0).world.namespace("root/test")
    assert [each["Name"] for each in namespace.of_class(namespace.cls("T_Thing"))] == ["one", "root/test,root/late 5.0"]


def test_modules_beside_it_can_be_imported_and_nothing_is_left_in_the_folder(make_pack: MakePack, load_pack: LoadPack) -> None:
    program = (
        "import dataclasses\nfrom .names import NAME\n\n@dataclasses.dataclass\nclass D:\n    x: int\n\n"
        + PROVIDERS.replace('"two"', "NAME")
    )
    files = {"providers.py": program, "names.py": 'NAME = "three"\n'}
    pack = make_pack("json", MOF, tail=BINDING + ANSWER, files=files)
    before = sys.modules.get("json")
    namespace = load_pack(pack).world.namespace("root/test")
    assert namespace.find("t_thing", ("three",)) is not None
    assert sys.modules.get("json") is before
    # A changed file counts at once.
    (pack / "names.py").write_text('NAME = "fourth"\n')
    namespace = load_pack(pack).world.namespace("root/test")
    assert namespace.find("t_thing", ("fourth",)) is not None


def test_a_missing_program(make_pack: MakePack, refused: Refused) -> None:
    text = refused(make_pack("p", MOF, tail=BINDING))
    assert text == "p/providers.py: no such file, but pack.toml binds providers"


def test_a_file_with_the_former_name(make_pack: MakePack, load_pack: LoadPack, refused: Refused) -> None:
    """It is not passed over, be it bound or not; beside ``providers.py`` it is a module like others."""
    for name, tail in (("bound", BINDING), ("unbound", "")):
        text = refused(make_pack(name, MOF, tail=tail, files={"behaviours.py": PROVIDERS}))
        assert text == f"{name}/behaviours.py: this file is called providers.py now: rename it"
    files = {"behaviours.py": "x = 1\n", "providers.py": "from .behaviours import x\n"}
    assert load_pack(make_pack("both", MOF, files=files)).packs


def test_imports_of_former_modules_name_the_new_one(make_pack: MakePack, refused: Refused) -> None:
    for name, module in (("a", "cimsim.behaviours.behaviour"), ("b", "cimsim.behaviours")):
        text = refused(make_pack(name, MOF, files={"providers.py": f"\nfrom {module} import Behaviour\n"}))
        assert text.startswith(f"{name}/providers.py:2: ModuleNotFoundError: ")
        assert text.endswith(": packs import from cimsim.providers now (a Behaviour is called Provider)")
    text = refused(make_pack("d", MOF, files={"providers.py": "from cimsim.mocks.hyperv.behaviours import GuestFileService\n"}))
    assert text.endswith(": this module is called cimsim.mocks.hyperv.providers now")
    text = refused(make_pack("c", MOF, files={"providers.py": "import cimsim.behavioursque\n"}))
    assert "cimsim.providers" not in text


def test_programs_that_cannot_be_imported(make_pack: MakePack, refused: Refused) -> None:
    for name, files, start in (
        ("a", {"providers.py": "x = 1\ny = = 2\n"}, "a/providers.py:2:5: SyntaxError: "),
        ("b", {"providers.py": "\nimport cimsim.nothing\n"}, "b/providers.py:2: ModuleNotFoundError: "),
        ("c", {"providers.py": "from . import part\n", "part.py": "\n\n1 / 0\n"}, "c/part.py:3: ZeroDivisionError: "),
    ):
        text = refused(make_pack(name, files=files))
        assert text.startswith(start)
        assert len(text) > len(start)


def test_populate_that_fails_names_its_statement(make_pack: MakePack, refused: Refused) -> None:
    program = "def populate(transaction, settings):\n    transaction.cls('T_Thing')\n    transaction.create('T_Thin', {})\n"
    assert refused(make_pack("p", MOF, files={"providers.py": program})) == (
        "p/providers.py:3: CIM_ERR_INVALID_CLASS: no class T_Thin in root/test; did you mean T_Thing?"
    )


def test_bindings_that_are_refused(make_pack: MakePack, refused: Refused) -> None:
    files = {"providers.py": PROVIDERS}
    assert refused(make_pack("a", MOF, tail='[providers."root/tests"]\nT_Thing = "Thing"', files=files)) == (
        "a/pack.toml:7: providers are bound in a namespace that is not there: root/tests; did you mean root/test?"
    )
    assert refused(make_pack("b", MOF, tail='[providers."root/test"]\nT_Thin = "Thing"', files=files)) == (
        "b/pack.toml:8: a provider is bound to a class that is not there: no class T_Thin in root/test; did you mean T_Thing?"
    )
    assert refused(make_pack("c", MOF, tail='[providers."root/test"]\nT_Thing = "Thong"', files=files)) == (
        "c/pack.toml:8: providers.py has no provider Thong for T_Thing; did you mean Thing?"
    )
    assert refused(make_pack("d", MOF, tail='[providers."root/test"]\nT_Thing = "populate"', files=files)) == (
        "d/pack.toml:8: providers.py has no provider populate for T_Thing"
    )


def test_methods_that_no_class_has(make_pack: MakePack, refused: Refused) -> None:
    misspelt = PROVIDERS.replace("def Run", "def Runn")
    assert refused(make_pack("a", MOF, tail=BINDING + ANSWER, files={"providers.py": misspelt})) == (
        "a/providers.py:5: provider Thing: T_Thing has no method Runn; did you mean Run?"
    )


def test_methods_of_subclasses_and_of_any_class_it_is_bound_to(make_pack: MakePack, load_pack: LoadPack) -> None:
    mof = MOF + "class T_Sub : T_Thing { uint8 Walk(); };\nclass T_Other { [Key] string Name; uint8 Fly(); };\n"
    more = "    def Walk(self, call):\n        return 1\n\n    def Fly(self, call):\n        return 2\n\n    Limit = 5\n\n"
    inner = "    class State:\n        pass\n\n"
    program = PROVIDERS.replace("    def Run", more + inner + "    def Run")
    tail = BINDING + 'T_Other = "Thing"\n' + ANSWER
    loaded = load_pack(make_pack("p", mof, tail=tail, files={"providers.py": program}))
    namespace = loaded.world.namespace("root/test")
    assert loaded.providers.find("root/test", namespace.cls("T_Sub"), "walk")(None) == 1
    # A method is a function: neither a constant nor a class is.
    assert loaded.providers.find("root/test", namespace.cls("T_Sub"), "limit") is None
    assert loaded.providers.find("root/test", namespace.cls("T_Sub"), "state") is None


def test_a_program_that_wants_to_exit(make_pack: MakePack, refused: Refused) -> None:
    program = "import sys\n\n\ndef populate(transaction, settings):\n    sys.exit(3)\n"
    assert refused(make_pack("a", files={"providers.py": program})) == "a/providers.py:5: SystemExit: 3"
    assert refused(make_pack("b", files={"providers.py": "raise SystemExit\n"})) == "b/providers.py:1: SystemExit"
    constructor = PROVIDERS.replace("    def Run", "    def __init__(self, settings):\n        exit()\n\n    def Run")
    assert refused(make_pack("c", MOF, tail=BINDING + ANSWER, files={"providers.py": constructor})) == (
        "c/providers.py:6: SystemExit: None"
    )


def test_a_constructor_that_fails_names_its_statement(make_pack: MakePack, refused: Refused) -> None:
    program = PROVIDERS.replace(
        "    def Run", "    def __init__(self, settings):\n        self.x = settings['gone']\n\n    def Run"
    )
    assert refused(make_pack("p", MOF, tail=BINDING, files={"providers.py": program})) == "p/providers.py:6: KeyError: 'gone'"
