"""pybind11 writes signatures into docstrings, in the words of C++ where it has no better ones.

Here they become lines of a type stub. What Python has no type for is `typing.Any`.
"""

import ast
import builtins
import re
import typing

MODULE = "tensorrt_bindings.tensorrt"
_ANY = "typing.Any"
_TEMPLATE = re.compile(r"\w+(?:::\w+)+<[^()]*>")
# A class that was not yet known when the docstring was made; two have lost their I in Python.
_CPLUSPLUS = re.compile(r"nv\w+(?:::\w+)*::(?:I(?=Builder\b|ParserError\b))?(\w+)")
_DEFAULT = re.compile(r"= <[^>]*>")
_KNOWN = ("tensorrt.", "typing.", "typing_extensions.", "collections.")
_BUFFER = "typing_extensions.Buffer"
# On Python 3.12 a buffer is said to be what mypy, told of 3.10, does not know.
_RENAMED = {"buffer": _BUFFER, "collections.abc.Buffer": _BUFFER, "object": _ANY}
_DIMENSIONS = "tensorrt.Dims | collections.abc.Sequence[builtins.int]"
"""Shapes are converted by the library; pybind11 only names what it converts to."""


def methods(name: str, doc: str, *, none: bool = False) -> list[str]:
    """A method with its overloads, as lines of a class in a stub.

    `none` adds None to what it returns.

    Raises:
        SyntaxError: the docstring holds no signature, or one that is still no Python.
    """
    said = re.findall(rf"^(?:\d+\. )?{re.escape(name)}(\(.*\) -> .*)$", doc, re.MULTILINE)
    if not said:
        raise SyntaxError(f"no signature of {name} in {doc!r}")
    mark = ["@typing.overload"] if len(said) > 1 else []
    return [line for one in said for line in (*mark, _stated(name, one, none=none))]


def properties(name: str, getter: str, setter: str) -> list[str]:
    """A property, as lines of a class in a stub; `setter` may be empty."""
    lines = ["@property", *methods(name, name + _unnamed(getter or "(self) -> object"))]
    if setter:
        # Some setters say whether they succeeded: an assignment has no use for that.
        taken = _unnamed(setter).rpartition(" -> ")[0]
        lines += [f"@{name}.setter", *methods(name, f"{name}{taken} -> None")]
    return lines


def _unnamed(doc: str) -> str:
    return doc[doc.index("(") :].splitlines()[0]


def _stated(name: str, signature: str, *, none: bool) -> str:
    plain = _DEFAULT.sub("= ...", _TEMPLATE.sub(_ANY, signature.replace(MODULE, "tensorrt")))
    plain = _CPLUSPLUS.sub(r"tensorrt.\1", plain)
    # Newer bindings say SupportsInt, of what they hand to callbacks too.
    plain = re.sub(r"typing\.Supports(Int|Float)", lambda match: match[1].lower(), plain)
    stated = ast.parse(f"def {name}{plain}: ...").body[0]
    assert isinstance(stated, ast.FunctionDef)
    assert stated.returns is not None
    arguments = [*stated.args.posonlyargs, *stated.args.args, *stated.args.kwonlyargs]
    for place, argument in enumerate(arguments):
        stated_type = argument.annotation if place else None  # self needs none
        argument.annotation = stated_type and _taken(stated_type)
    stated.args.defaults = [ast.Constant(...) for _ in stated.args.defaults]
    returned = ast.unparse(_Types().visit(stated.returns))
    stated.returns = _expression(f"{returned} | None" if none else returned)
    return ast.unparse(stated).replace("\n    ", " ")


def _taken(annotation: ast.expr) -> ast.expr:
    if ast.unparse(annotation) == "tensorrt.Dims":
        return _expression(_DIMENSIONS)
    known: ast.expr = _Types().visit(annotation)
    return known


class _Types(ast.NodeTransformer):
    """Names that a module of its own can resolve, whatever else is called `bool` in it."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in _RENAMED:
            return _expression(_RENAMED[node.id])
        for module in (builtins, typing):
            if hasattr(module, node.id):
                return _expression(f"{module.__name__}.{node.id}")
        return _expression(_ANY)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        name = ast.unparse(node)
        return _expression(_RENAMED.get(name, name if name.startswith(_KNOWN) else _ANY))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        generic: ast.expr = self.visit(node.value)
        if ast.unparse(generic) == _ANY:
            return generic
        return ast.Subscript(generic, self.visit(node.slice), ast.Load())


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
