"""Every error in MOF is one line that names file, line and column."""

from collections.abc import Callable
from pathlib import Path

import pytest

THING = """class T_Thing {
    [Key] string Name;
    uint8 Number = 7;
    uint16 List[2];
    datetime When;
    boolean Flag;
    char16 Letter;
    [Required] string Must = "set";
    [EmbeddedInstance("T_Part")] string Part;
    string Text;
};
class T_Part { string Text; uint8 Size; };
[Association] class T_Link { [Key] T_Thing REF One; [Key] T_Thing REF Two; };
"""
HEAD = THING.count("\n")


@pytest.mark.parametrize(
    ("mof", "line", "column", "text"),
    [
        ("instance of T_Thing { Name = ; };", 1, 30, "a value expected, not ;"),
        ("instance of T_Thing { Name = `x`; };", 1, 30, "illegal character '`'"),
        ('instance of T_Thing {\n    Name = "x', 2, 12, "the string that begins here is not closed on its line"),
        ("class T_A {\n", 2, 1, "the file ends within a declaration"),
        ("/* one\ntwo */ class T_A { string 5; };", 2, 27, "the name of a property or method expected, not 5"),
        ('instance of T_Thin { Name = "x"; };', 1, 13, "no class T_Thin in root/test; did you mean T_Thing?"),
        ('instance of T_Thing {\n  Nam = "x";\n};', 2, 3, "class T_Thing has no property Nam; did you mean Name?"),
        ('instance of T_Thing { Name = "x";\n  name = "y"; };', 2, 3, "property name appears twice"),
        ("instance of T_Thing { Name = 5; };", 1, 23, "property T_Thing.Name: 5 is not a string"),
        (
            'instance of T_Thing { Name = "x"; Number = 256; };',
            1,
            35,
            "property T_Thing.Number: 256 is out of the range of uint8 (0 to 255)",
        ),
        ('instance of T_Thing { Name = "x"; Number = "5"; };', 1, 35, "property T_Thing.Number: '5' is not a uint8"),
        ('instance of T_Thing { Name = "x"; Number = {5}; };', 1, 35, "property T_Thing.Number: uint8 expected, not an array"),
        (
            'instance of T_Thing { Name = "x"; List = 5; };',
            1,
            35,
            "property T_Thing.List: uint16[] expected, not a single value",
        ),
        ('instance of T_Thing { Name = "x"; List = {1,2,3}; };', 1, 35, "property T_Thing.List: 3 items in an array of 2"),
        ('instance of T_Thing { Name = "x"; Flag = 1; };', 1, 35, "property T_Thing.Flag: 1 is not a boolean"),
        (
            'instance of T_Thing { Name = "x"; When = "yesterday"; };',
            1,
            35,
            "property T_Thing.When: 'yesterday' is not a datetime: 25 characters yyyymmddhhmmss.mmmmmm+uuu "
            "or ddddddddhhmmss.mmmmmm:000",
        ),
        ('instance of T_Thing { Text = "x"; };', 1, 1, "key Name of class T_Thing has no value"),
        (
            'instance of T_Thing { Name = "x"; Must = NULL; };',
            1,
            1,
            "property Must of class T_Thing is required and has no value",
        ),
        (
            'instance of T_Thing { Name = "x"; };\n\ninstance of T_Thing { Name = "x"; };\n',
            3,
            1,
            'instance root/test:T_Thing.Name="x" exists already',
        ),
        ("instance of T_Link {\n  One = $Nobody;\n};", 2, 9, "alias $Nobody is not defined"),
        (
            'instance of T_Thing as $Here { Name = "x"; };\ninstance of T_Link { One = $Her; };',
            2,
            28,
            "alias $Her is not defined; did you mean $Here?",
        ),
        (
            'instance of T_Link {\n  One = "T_Thing.Name=\\"gone\\"";\n  Two = "T_Thing.Name=\\"gone\\"";\n};',
            2,
            3,
            'reference T_Link.One leads nowhere: no instance root/test:T_Thing.Name="gone"',
        ),
        (
            'instance of T_Link { One = "T_Thin.Name=\\"x\\""; Two = "T_Thin.Name=\\"x\\""; };',
            1,
            22,
            "reference T_Link.One leads nowhere: no class T_Thin in root/test; did you mean T_Thing?",
        ),
        (
            'instance of T_Link { One = "nonsense"; };',
            1,
            22,
            "property T_Link.One: 'nonsense' is not an instance path: [NAMESPACE:]CLASS.KEY=VALUE[,KEY=VALUE...]",
        ),
        (
            'instance of T_Link { One = "T_Thing.Nam=5"; };',
            1,
            22,
            "property T_Link.One: class T_Thing has no key Nam; did you mean Name?",
        ),
        (
            'instance of T_Thing { Name = "x"; Part = "instance of T_Part { Sise = 1; };"; };',
            1,
            35,
            "property T_Thing.Part: class T_Part has no property Sise; did you mean Size?",
        ),
        (
            'instance of T_Thing { Name = "x"; Part = "no instance"; };',
            1,
            35,
            "property T_Thing.Part: in the embedded instance: class, instance, Qualifier or #pragma expected, not no",
        ),
        (
            'instance of T_Thing { Name = "x"; Part = "instance of T_Thing { Name = \\"y\\"; };"; };',
            1,
            35,
            "property T_Thing.Part: an embedded T_Part expected, not T_Thing",
        ),
        ("class T_A {\n  [Keyy] string Name;\n};", 2, 4, "no qualifier Keyy is declared in root/test; did you mean Key?"),
        (
            'class T_A {\n  [MaxLen("x")] string Name;\n};',
            2,
            4,
            "property T_A.Name: qualifier MaxLen: 'x' is not a uint32",
        ),
        ('[Version("1")]\nclass T_A : T_Thingy { };', 2, 13, "no superclass T_Thingy for class T_A; did you mean T_Thing?"),
        ('[Version("1")]\nclass T_Part { };', 2, 1, "class T_Part exists already, otherwise declared in mof/all.mof:12:1"),
        (
            "class T_A : T_Thing {\n  uint16 Number;\n};",
            2,
            10,
            "property T_A.Number is declared as uint16, but the superclass has it as uint8",
        ),
        (
            "class T_A {\n  uint8 Number = 256;\n};",
            2,
            9,
            "default of property T_A.Number: 256 is out of the range of uint8 (0 to 255)",
        ),
        ("class T_A {\n  string Text = 5;\n};", 2, 10, "default of property T_A.Text: 5 is not a string"),
        (
            "class T_A {\n  T_Nobody REF One;\n};",
            1,
            1,
            "class T_A refers to a class that is not there: no class T_Nobody in root/test",
        ),
        (
            '[Abstract] class T_A { [Key] string Name; };\ninstance of T_A { Name = "x"; };',
            2,
            1,
            "class T_A is abstract, it has no instances of its own",
        ),
        (
            'class T_A {\n  [Key, Description("x = 1;")] string Name = "a" "b";\n'
            "  uint8 Number[2] = {1, 2};\n  string name;\n};",
            4,
            10,
            "name appears twice in class T_A",
        ),
        ("class T_A { uint8 Run([In] string A, uint8 Run); uint8 Run(); };", 1, 56, "Run appears twice in class T_A"),
        ("class T_A {\n  uint8 Go([In] string A, [In] T_Thing REF B,\n uint8 a[3]);\n};", 3, 8, "a appears twice in class T_A"),
        ("[Association] class T_A { T_Thing REF One; T_Thing REF One; };", 1, 56, "One appears twice in class T_A"),
        ('#pragma namespace("a b")\nclass T_A { };', 1, 19, "'a b' is not the name of a namespace of this server"),
        ('\n  #pragma include("gone.mof")\n', 2, 3, "included file broken/mof/gone.mof: no such file"),
        ('#pragma include("all.mof")\n', 1, 1, "all.mof includes itself"),
        (
            'instance of T_Thing { Name = "x";\n  Text = "a\\qb"; };',
            2,
            12,
            r"unknown escape \q in a string; a backslash is written \\",
        ),
        (
            'instance of T_Thing { Name = "\\";\n };',
            1,
            30,
            r"the string that begins here is not closed on its line (\" is a mark within it)",
        ),
        ("class T_A {\n  /* no end\n  string Name; };", 2, 3, "the comment that begins here is not closed: */ is missing"),
        ("instance of T_Thing {\n Letter = 'a; };", 2, 11, "the character that begins here is not closed"),
        (
            "instance of T_Thing { Letter = 'ab'; };",
            1,
            32,
            "a character expected between the marks, not 2: 'ab'",
        ),
        ('class T_A { string Text = "\\xD800"; };', 1, 27, "half a pair of surrogates in a string is not a character"),
        ("class T_A { uint8 Level = 12b; };", 1, 27, "12b is not a binary number"),
        ("class T_A { uint8 Level = 09; };", 1, 27, "09 is not an octal number"),
        ("class T_A { uint8 Level = 5abc; };", 1, 27, "5abc is not a number"),
        ("class T_A {\n  unit32 Level; };", 2, 3, "no type unit32; did you mean uint32?"),
        ("class T_A {\n  uint8 Run([In] datetme When); };", 2, 18, "no type datetme; did you mean datetime?"),
        ("Qualifier Mine : bolean, Scope(any);", 1, 18, "no type bolean; did you mean boolean?"),
        ("class T_A {\n  string Name\n  uint8 Level; };", 2, 14, "; is missing after Name"),
        ('instance of T_Thing {\n  Name = "x"\n  Text = "y"; };', 2, 13, '; is missing after "x"'),
        ("class T_A {\n}\nclass T_B { };", 2, 2, "; is missing after }"),
        ('instance of T_Thing { Name = "x", "y"; };', 1, 33, "; expected, not ,"),
        ("clas T_A { };", 1, 1, "class, instance, Qualifier or #pragma expected, not clas; did you mean class?"),
        ("Qualifier Mine : string, Scope(proprety);", 1, 32, "no scope proprety; did you mean property?"),
        ("Qualifier Mine : string, Scope(any), Flavor(ToSubclas);", 1, 45, "no flavor ToSubclas; did you mean ToSubclass?"),
        (
            "Qualifier Mine : string, Scope(any), Flavor(ToSubclass, Restricted);",
            1,
            57,
            "qualifier Mine: flavor Restricted contradicts one before it",
        ),
        (
            "Qualifier Mine : uint8 = 300, Scope(any);",
            1,
            11,
            "default of qualifier Mine: 300 is out of the range of uint8 (0 to 255)",
        ),
        ('Qualifier Mine : string = {"a"}, Scope(any);', 1, 11, "default of qualifier Mine: string expected, not an array"),
        ("Qualifier Key : string, Scope(any);", 1, 11, "qualifier Key must be boolean, not string"),
        (
            "class T_A { uint8 Run([In, MaxLen(1.5)] string Text); };",
            1,
            28,
            "parameter T_A.Run(Text): qualifier MaxLen: 1.5 is not a uint32",
        ),
        (
            "[Version(2)] class T_A { };",
            1,
            2,
            "class T_A: qualifier Version: 2 is not a string",
        ),
        (
            "class T_A { uint8 Levels[2] = {1, 2, 3}; };",
            1,
            19,
            "default of property T_A.Levels: 3 items in an array of 2",
        ),
        ("class T_A { string Text = 'x'; };", 1, 20, "default of property T_A.Text: 'x' is a char16; a string expected"),
        (
            "class T_A { datetime When = 5; };",
            1,
            22,
            "default of property T_A.When: 5 is not a datetime",
        ),
        (
            'instance of T_Thing as $A { Name = "a"; };\ninstance of T_Thing { Name = "b"; Text = $A; };',
            2,
            35,
            "property T_Thing.Text: string expected, not the alias $A",
        ),
        (
            'instance of T_Thing { Name = "b"; Part = $A; };\ninstance of T_Thing as $A { Name = "a"; };',
            1,
            35,
            "property T_Thing.Part: an embedded T_Part expected, not T_Thing",
        ),
        (
            "[Association] class T_Circle { [Key] T_Circle REF One; [Key] T_Circle REF Two; };\n"
            "instance of T_Circle as $A { One = $A; Two = $A; };",
            2,
            1,
            "this instance of T_Circle has itself among its keys",
        ),
        (
            "class T_A : T_B { };\nclass T_B : T_A { };",
            2,
            13,
            "no superclass T_A for class T_B",
        ),
    ],
)
def test_the_place_and_the_text(
    make_pack: Callable[..., Path], refused: Callable[..., str], mof: str, line: int, column: int, text: str
) -> None:
    pack = make_pack("broken", THING + mof)
    assert refused(pack) == f"broken/mof/all.mof:{HEAD + line}:{column}: {text}"


def test_a_file_that_is_not_utf8(make_pack: Callable[..., Path], refused: Callable[..., str]) -> None:
    pack = make_pack("broken", "")
    (pack / "mof/all.mof").write_bytes(b"// fine\n// \xe4\n")
    assert refused(pack) == "broken/mof/all.mof:2: is not UTF-8 text"


def test_an_error_in_an_included_file_names_that_file(make_pack: Callable[..., Path], refused: Callable[..., str]) -> None:
    pack = make_pack("broken", '#pragma include("../more/part.mof")\n', files={"more/part.mof": "\nclass { };\n"})
    assert refused(pack) == "broken/more/part.mof:2:7: the name of a class expected, not {"
