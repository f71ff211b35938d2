"""The grammars of the query languages, for lark. What they have in common stands once.

A keyword is one only where the grammar admits it; elsewhere it is a name like any other.
"""

from typing import Final

from cimsim.query.syntax import CQL, FQL, WMI, WMI_CLASSES, WMI_EVENTS, WQL, QueryDialect

_CONDITION: Final = r"""
?disjunction: conjunction (_OR conjunction)*
?conjunction: negation (_AND negation)*
?negation: _NOT negation -> negated
    | "(" disjunction ")"
    | predicate

?predicate: operand COMPARISON operand -> comparison
    | property _LIKE STRING -> like
    | property _IS NULL -> is_null
    | property _IS _NOT NULL -> is_not_null

?operand: property | literal
property: step | property "." step
step: NAME
literal: STRING | REAL | INTEGER | TRUE | FALSE | NULL

COMPARISON: "<=" | ">=" | "<>" | "!=" | "=" | "<" | ">"
STRING: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/s
REAL.2: /[+-]?(\d*\.\d+(e[+-]?\d+)?|\d+e[+-]?\d+)/i
INTEGER: /[+-]?(0x[0-9a-f]+|[01]+b\b|\d+)/i
NAME: /[^\W\d]\w*/i
TRUE.3: /TRUE\b/i
FALSE.3: /FALSE\b/i
NULL.3: /NULL\b/i
_AND.3: /AND\b/i
_OR.3: /OR\b/i
_NOT.3: /NOT\b/i
_LIKE.3: /LIKE\b/i
_IS.3: /IS\b/i
%ignore /\s+/
"""

_NOT_LIKE: Final = r"""
%extend predicate: property _NOT _LIKE STRING -> not_like
"""

_ARRAYS: Final = r"""
%extend predicate: quantifier property COMPARISON operand -> quantified
    | quantifier property _LIKE STRING -> quantified_like
    | quantifier property _NOT _LIKE STRING -> quantified_not_like
%extend operand: array
%extend step: NAME "[" INTEGER "]"
array: LBRACE [literal ("," literal)*] "}"
LBRACE: "{"
quantifier: ANY | EVERY
ANY.3: /ANY\b/i
EVERY.3: /EVERY\b/i
"""

_SELECT: Final = r"""
%extend predicate: property _ISA (NAME | STRING) -> is_a

select: _SELECT columns _FROM sources [_WHERE disjunction]
columns: STAR | column ("," column)*
column: property | property "." STAR
sources: source ("," source)*

STAR: "*"
_SELECT.3: /SELECT\b/i
_FROM.3: /FROM\b/i
_WHERE.3: /WHERE\b/i
_ISA.3: /ISA\b/i
"""

_WQL: Final = r"""
?start: select | traversal
source: NAME
traversal: (ASSOCIATORS | REFERENCES) _OF OBJECT [_WHERE option+]
option: NAME | NAME "=" (NAME | STRING)

OBJECT: /\{("(\\.|[^"\\])*"|'(\\.|[^'\\])*'|[^"'{}])*\}/s
ASSOCIATORS.3: /ASSOCIATORS\b/i
REFERENCES.3: /REFERENCES\b/i
_OF.3: /OF\b/i
"""

_EVENTS: Final = r"""
?start: select
source: NAME
%extend select: _SELECT columns _FROM sources within [_WHERE disjunction]
within: _WITHIN (INTEGER | REAL)
_WITHIN.3: /WITHIN\b/i
"""

_CQL: Final = r"""
?start: select
source: NAME | NAME NAME | NAME _AS NAME
%extend column: property _AS NAME
%extend step: NAME _SCOPE NAME | NAME _SCOPE NAME "[" INTEGER "]"
_AS.3: /AS\b/i
_SCOPE: "::"
"""

_FQL: Final = "?start: disjunction\n"

GRAMMARS: Final[dict[QueryDialect, str]] = {
    WQL: _CONDITION + _NOT_LIKE + _SELECT + _WQL,
    WMI: _CONDITION + _SELECT + _WQL,
    WMI_CLASSES: _CONDITION + _SELECT + _WQL,
    WMI_EVENTS: _CONDITION + _SELECT + _EVENTS,
    CQL: _CONDITION + _NOT_LIKE + _ARRAYS + _SELECT + _CQL,
    FQL: _CONDITION + _NOT_LIKE + _ARRAYS + _FQL,
}
