"""What a type stub declares, as far as a call can be held to it: names, arguments, types."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a method, without `self`."""

    signature: Signature
    """Annotations are expressions of the stub."""
    returned: ast.expr


@dataclass(frozen=True, slots=True)
class Property:
    kind: ast.expr
    taken: ast.expr | None
    """What may be assigned; None where nothing may."""


@dataclass(slots=True)
class Declared:
    """One class."""

    path: str
    """Such as `ILogger.Severity`."""
    bases: tuple[str, ...]
    methods: dict[str, list[Overload]] = field(default_factory=dict)
    properties: dict[str, Property] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    """Names of values, each with the path of its class."""
    nested: dict[str, "Declared"] = field(default_factory=dict)

    @property
    def is_enum(self) -> bool:
        """Whether its constants are of its own kind, and numbers."""
        return "value" in self.properties and self.path in self.constants.values()


def read_stub(stub: Path) -> dict[str, Declared]:
    """The classes of `tensorrt.pyi`, by name."""
    body = ast.parse(stub.read_text(encoding="utf-8")).body
    return {
        node.name: _declared(node, node.name) for node in body if isinstance(node, ast.ClassDef)
    }


def _declared(node: ast.ClassDef, path: str) -> Declared:
    made = Declared(path, tuple(_plain(base) for base in node.bases))
    for member in node.body:
        if isinstance(member, ast.ClassDef):
            made.nested[member.name] = _declared(member, f"{path}.{member.name}")
        elif isinstance(member, ast.FunctionDef):
            _add_function(made, member)
        elif isinstance(member, ast.AnnAssign) and isinstance(member.annotation, ast.Subscript):
            made.constants[ast.unparse(member.target)] = _plain(member.annotation.slice)
    return made


def _add_function(made: Declared, function: ast.FunctionDef) -> None:
    marks = {ast.unparse(mark) for mark in function.decorator_list}
    assert function.returns is not None
    if "property" in marks:
        made.properties[function.name] = Property(function.returns, None)
    elif f"{function.name}.setter" in marks:
        kind = made.properties[function.name].kind
        taken = function.args.args[1].annotation
        made.properties[function.name] = Property(kind, taken)
    else:
        overload = Overload(Signature(list(_parameters(function.args))), function.returns)
        made.methods.setdefault(function.name, []).append(overload)


def _parameters(stated: ast.arguments) -> Iterator[Parameter]:
    named = [*stated.posonlyargs, *stated.args]
    without = len(named) - len(stated.defaults)
    for place, one in enumerate(named):
        if place == 0:
            continue  # self
        alone = place < len(stated.posonlyargs)
        yield Parameter(
            one.arg,
            Parameter.POSITIONAL_ONLY if alone else Parameter.POSITIONAL_OR_KEYWORD,
            default=Parameter.empty if place < without else None,
            annotation=one.annotation,
        )


def _plain(expression: ast.expr) -> str:
    return ast.unparse(expression).removeprefix("tensorrt.")
