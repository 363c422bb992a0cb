"""The type stub of an imported extension module, class by class. Prints that of TensorRT:
`python -m tests.tensorrt.stub FOLDER STANDIN...`, where TensorRT needs the stand-ins.
"""

import ctypes
import importlib
import keyword
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from tests.tensorrt.signature import MODULE, methods, properties

# What is loose in the library itself is let be; a name that nothing defines is an error here too.
_HEAD = """\
# mypy: disable-error-code="misc, no-untyped-def, override, type-arg"
import builtins, collections.abc, typing, typing_extensions
import tensorrt
__version__: str"""
# The docstrings keep quiet about it: these give None when they fail.
_MAY_BE_NONE = {
    "Builder.build_serialized_network",
    "Builder.create_network",
    "IBuilderConfig.create_timing_cache",
    "ICudaEngine.create_execution_context",
    "ITimingCache.serialize",
    "Runtime.deserialize_cuda_engine",
}
# Arguments named `in`, or without a default after some that have one. Yardlight calls none of them.
_NO_PYTHON = {"add_scale_nd", "configure_plugin", "get_workspace_size", "on_shape_change"}
_BUFFERS = {"IHostMemory": "def __buffer__(self, flags: int, /) -> memoryview: ..."}


def stub(module: ModuleType) -> str:
    """Classes with their methods, properties and enums; all else is there by name only.

    Raises:
        SyntaxError: a signature cannot be read.
    """
    lines = [_HEAD]
    for name, member in _public(module):
        if isinstance(member, type):
            lines += _class(name, member, name)
        elif not isinstance(member, ModuleType):
            lines.append(f"{name}: typing.Any")
    return "\n".join(lines) + "\n"


def _public(owner: Any) -> Iterator[tuple[str, Any]]:
    for name, member in sorted(vars(owner).items()):
        if not name.startswith("_") and not keyword.iskeyword(name):
            yield name, member


def _operators(owner: type) -> Iterator[tuple[str, Any]]:
    for name, member in sorted(vars(owner).items()):
        if name.startswith("__") and f"{name}(" in _doc(member):
            yield name, member


def _class(name: str, member: type, path: str) -> Iterator[str]:
    if member.__module__ != MODULE:
        return
    if member.__qualname__ != path:
        yield f"{name}: typing.TypeAlias = tensorrt.{member.__qualname__}"
        return
    bases = [f"tensorrt.{base.__name__}" for base in member.__bases__ if base.__module__ == MODULE]
    yield f"class {name}({', '.join(bases)}):"
    yield f"    {_BUFFERS.get(path, '...')}"
    for inner, value in (*_operators(member), *_public(member)):
        yield from (f"    {line}" for line in _member(inner, value, f"{path}.{inner}"))


def _member(name: str, member: Any, path: str) -> Iterable[str]:
    kind = type(member)
    if isinstance(member, type):
        return _class(name, member, path)
    if isinstance(member, property):
        return properties(name, _doc(member.fget), _doc(member.fset))
    if kind.__module__ == MODULE:
        return (f"{name}: typing.ClassVar[tensorrt.{kind.__qualname__}]",)
    loose = name in _NO_PYTHON or isinstance(member, staticmethod)
    if loose or f"{name}(" not in _doc(member):
        return (f"{name}: typing.Any",)
    return methods(name, _doc(member), none=path in _MAY_BE_NONE)


def _doc(member: Any) -> str:
    return getattr(member, "__doc__", None) or ""


def main(folder: str, *standins: str) -> int:
    # The extension module finds libraries of these names loaded, and looks for no others.
    for standin in standins:
        ctypes.CDLL(standin, mode=ctypes.RTLD_GLOBAL)
    sys.path.insert(0, folder)
    sys.stdout.write(stub(importlib.import_module("tensorrt_bindings")))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
