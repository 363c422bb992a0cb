"""A module `tensorrt` made of a type stub. It takes the calls that the stub declares and no other,
and does of each what a simulation says.

It rejects names that the version does not have, arguments of other names or types, attributes that
nobody declared, and, as pybind11 does, a subclass that did not call its base's initialiser. It
holds the simulation to what each call is declared to return.
"""

import ast
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from tests.tensorrt.declared import Declared, Overload, Property

Simulation = Mapping[str, Callable[..., Any]]
"""What methods and properties do, by path, such as `Builder.create_network`: called with the object
and all that was passed, by name."""
_PLAIN: dict[str, tuple[type, ...]] = {
    "builtins.int": (int, np.integer),
    "builtins.float": (float, int),
    "builtins.str": (str,),
    "builtins.bool": (bool,),
    "builtins.tuple": (tuple,),
    "typing_extensions.Buffer": (bytes, bytearray, memoryview),
}
_SEQUENCES = ("collections.abc.Sequence", "builtins.list", "typing.List", "typing.Sequence")
_OF_OBJECT = frozenset(
    {"__eq__", "__ne__", "__hash__", "__repr__", "__str__", "__del__", "__init__"}
)


class Object:
    """What every class of the module is: nothing can be assigned that was not declared."""

    declared: Declared
    module: ModuleType

    def __setattr__(self, name: str, value: object) -> None:
        if "declared" in vars(type(self)) and not isinstance(
            getattr(type(self), name, None), property
        ):
            raise AttributeError(f"{self.declared.path!r} object has no attribute {name!r}")
        object.__setattr__(self, name, value)


def made(kind: type, **state: Any) -> Any:
    """An object of a class that has no constructor, or as if its constructor had been called."""
    it: Any = object.__new__(kind)
    object.__setattr__(it, "_state", state)
    return it


def state(it: Any) -> dict[str, Any]:
    """What the simulation remembers of an object.

    Raises:
        TypeError: the initialiser of its base was not called.
    """
    if not hasattr(it, "_state"):
        raise TypeError(f"{type(it).__name__}.__init__() must be called when overriding __init__")
    remembered: dict[str, Any] = it._state
    return remembered


def fake(version: str, classes: Mapping[str, Declared], simulation: Simulation) -> ModuleType:
    """The module.

    Raises:
        AssertionError: the simulation simulates what this version does not have.
    """
    module = ModuleType("tensorrt")
    vars(module)["__version__"] = version
    for name, declared in classes.items():
        if name not in vars(module):
            _add_class(module, name, classes, simulation)
        assert vars(module)[name].declared is declared
    unknown = [path for path in simulation if not _has(classes, path)]
    assert not unknown, f"TensorRT {version} has no {', '.join(unknown)}"
    return module


def _has(classes: Mapping[str, Declared], path: str) -> bool:
    name, _, member = path.partition(".")
    owner = classes.get(name)
    return owner is not None and (member in owner.methods or member in owner.properties)


def _add_class(
    module: ModuleType, name: str, classes: Mapping[str, Declared], simulation: Simulation
) -> None:
    for base in classes[name].bases:
        if base in classes and base not in vars(module):
            _add_class(module, base, classes, simulation)
    vars(module)[name] = _class(module, name, classes[name], simulation)


def _class(module: ModuleType, name: str, declared: Declared, simulation: Simulation) -> type:
    bases = tuple(vars(module)[base] for base in declared.bases if base in vars(module))
    members: dict[str, Any] = {"declared": declared, "module": module}
    members["__init__"] = _initialiser(declared, simulation)
    for inner, nested in declared.nested.items():
        members[inner] = _class(module, inner, nested, simulation)
    for method, overloads in declared.methods.items():
        if method not in _OF_OBJECT:
            members[method] = _method(f"{declared.path}.{method}", overloads, simulation)
    for word, stated in declared.properties.items():
        members[word] = _property(f"{declared.path}.{word}", word, stated, simulation)
    if "__buffer__" in declared.methods:  # what `bytes` asks for before Python 3.12
        members["__bytes__"] = lambda it: state(it)["data"]
    kind = type(name, bases or (Object,), members)
    return _enum(kind, declared) if declared.is_enum else _with_constants(kind, declared)


def _enum(kind: type, declared: Declared) -> type:
    """Values with numbers of their own: what they are differs from version to version."""
    words = [word for word, path in declared.constants.items() if path == declared.path]
    for number, word in enumerate(words):
        setattr(kind, word, made(kind, name=word, value=number))
    extended: Any = kind
    extended.__int__ = extended.__index__ = lambda it: state(it)["value"]
    extended.__repr__ = lambda it: f"<{declared.path}.{state(it)['name']}>"
    return kind


def _with_constants(kind: type, declared: Declared) -> type:
    for word, path in declared.constants.items():
        nested = declared.nested.get(path.rpartition(".")[2])
        if nested is not None:
            setattr(kind, word, getattr(getattr(kind, path.rpartition(".")[2]), word))
    return kind


def _initialiser(declared: Declared, simulation: Simulation) -> Callable[..., None]:
    path, overloads = f"{declared.path}.__init__", declared.methods.get("__init__")

    def initialise(it: Any, *given: Any, **named: Any) -> None:
        if not overloads:
            raise TypeError(f"{declared.path}: No constructor defined!")
        object.__setattr__(it, "_state", {})
        _, passed = _bound(path, it, overloads, given, named)
        state(it).update(passed)
        if path in simulation:
            simulation[path](it, **passed)

    return initialise


def _method(path: str, overloads: list[Overload], simulation: Simulation) -> Callable[..., Any]:
    def call(it: Any, *given: Any, **named: Any) -> Any:
        state(it)
        overload, passed = _bound(path, it, overloads, given, named)
        if path not in simulation:
            raise NotImplementedError(f"{path} exists, and is not simulated here")
        answer = simulation[path](it, **passed)
        assert _fits(answer, overload.returned, it.module), f"{path} does not return {answer!r}"
        return answer

    return call


def _property(path: str, word: str, stated: Property, simulation: Simulation) -> property:
    def get(it: Any) -> Any:
        if path in simulation:
            return simulation[path](it)
        if word not in state(it):
            raise NotImplementedError(f"{path} exists, and is not simulated here")
        return state(it)[word]

    def put(it: Any, value: Any) -> None:
        assert stated.taken is not None
        if not _fits(value, stated.taken, it.module):
            raise TypeError(f"{path} takes {ast.unparse(stated.taken)}, not {value!r}")
        state(it)[word] = value

    return property(get, put if stated.taken is not None else None)


def _bound(
    path: str, it: Any, overloads: list[Overload], given: Any, named: Any
) -> tuple[Overload, dict[str, Any]]:
    """The overload that takes these arguments, and the arguments by name.

    Raises:
        TypeError: none does.
    """
    for overload in overloads:
        try:
            passed = overload.signature.bind(*given, **named).arguments
        except TypeError:
            continue
        kinds = overload.signature.parameters
        if all(_fits(value, kinds[name].annotation, it.module) for name, value in passed.items()):
            return overload, passed
    ways = " or ".join(str(_readable(overload)) for overload in overloads)
    raise TypeError(f"{path}: incompatible arguments {given} {named}, it takes {ways}")


def _readable(overload: Overload) -> str:
    return str(
        [f"{p.name}: {_words(p.annotation)}" for p in overload.signature.parameters.values()]
    )


def _words(expression: ast.expr | None) -> str:
    return "anything" if expression is None else ast.unparse(expression)


def _fits(value: Any, kind: ast.expr | None, module: ModuleType) -> bool:
    """Whether a value is of a type that the stub states."""
    if kind is None:
        return True
    if isinstance(kind, ast.BinOp):
        return _fits(value, kind.left, module) or _fits(value, kind.right, module)
    if isinstance(kind, ast.Constant) and kind.value is None:
        return value is None
    if isinstance(kind, ast.Subscript):
        return _is_sequence(value, kind, module)
    words = ast.unparse(kind)
    if words.startswith("tensorrt."):
        owner: Any = module
        for part in words.split(".")[1:]:
            owner = getattr(owner, part)
        return isinstance(value, owner) and state(value) is not None
    return isinstance(value, _PLAIN.get(words, (object,)))


def _is_sequence(value: Any, kind: ast.Subscript, module: ModuleType) -> bool:
    if ast.unparse(kind.value) not in _SEQUENCES:
        return True
    return isinstance(value, (list, tuple)) and all(map(partial(_of, kind.slice, module), value))


def _of(kind: ast.expr, module: ModuleType, value: Any) -> bool:
    return _fits(value, kind, module)
