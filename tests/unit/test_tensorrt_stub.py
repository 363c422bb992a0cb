"""What pybind11 writes into docstrings becomes a stub that Python can read."""

from types import ModuleType

import pytest

from tests.tensorrt.__main__ import users
from tests.tensorrt.signature import MODULE, methods, properties
from tests.tensorrt.stub import stub

OVERLOADED = f"""build(*args, **kwargs)
Overloaded function.

1. build(self: {MODULE}.Builder, network: {MODULE}.INetworkDefinition) -> {MODULE}.IHostMemory

    Builds.

2. build(self: {MODULE}.Builder, text: capsule, level: {MODULE}.Level = <Level.LOW: 0>) -> object
"""


def test_a_signature_is_found_above_the_words_that_explain_it() -> None:
    doc = f"set_flag(self: {MODULE}.IBuilderConfig, flag: {MODULE}.BuilderFlag) -> None\n\n  Sets."
    assert methods("set_flag", doc) == [
        "def set_flag(self, flag: tensorrt.BuilderFlag) -> None: ..."
    ]


def test_each_overload_is_kept_and_none_is_added_to_what_may_fail() -> None:
    assert methods("build", OVERLOADED, none=True) == [
        "@typing.overload",
        "def build(self, network: tensorrt.INetworkDefinition) -> tensorrt.IHostMemory | None: ...",
        "@typing.overload",
        "def build(self, text: typing.Any, level: tensorrt.Level=...) -> typing.Any | None: ...",
    ]


@pytest.mark.parametrize(
    ("said", "stated"),
    [
        ("bool", "builtins.bool"),
        ("typing.SupportsInt", "builtins.int"),
        ("List[int]", "typing.List[builtins.int]"),
        ("buffer", "typing_extensions.Buffer"),
        ("collections.abc.Buffer", "typing_extensions.Buffer"),
        ("numpy.ndarray[numpy.float32]", "typing.Any"),
        ("nvinfer1::v_1_0::IErrorRecorder", "tensorrt.IErrorRecorder"),
        ("nvonnxparser::IParserError", "tensorrt.ParserError"),
        ("std::vector<int, std::allocator<int>>", "typing.Any"),
        (f"{MODULE}.Dims", "tensorrt.Dims | collections.abc.Sequence[builtins.int]"),
    ],
)
def test_a_type_that_python_knows_is_kept_and_another_is_any(said: str, stated: str) -> None:
    (line,) = methods("f", f"f(self: X, value: {said}) -> None")
    assert line == f"def f(self, value: {stated}) -> None: ..."


def test_a_signature_that_is_no_python_is_not_passed_over() -> None:
    with pytest.raises(SyntaxError):
        methods("f", "f(self: X, in: int) -> int")


def test_a_property_takes_what_its_setter_takes() -> None:
    getter = f"(arg0: {MODULE}.IBuilderConfig) -> int\n"
    setter = f"(arg0: {MODULE}.IBuilderConfig, arg1: typing.SupportsInt) -> bool\n"
    assert properties("DLA_core", getter, setter) == [
        "@property",
        "def DLA_core(arg0) -> builtins.int: ...",
        "@DLA_core.setter",
        "def DLA_core(arg0, arg1: builtins.int) -> None: ...",
    ]


def test_a_module_is_stated_with_its_enums_and_nested_classes() -> None:
    severity = type("Severity", (), {"__module__": MODULE, "__qualname__": "ILogger.Severity"})
    severity.ERROR = severity()  # type: ignore[attr-defined]
    module = ModuleType("tensorrt_bindings")
    vars(module)["ILogger"] = type("ILogger", (), {"__module__": MODULE, "Severity": severity})
    text = stub(module)
    compile(text, "tensorrt.pyi", "exec")
    assert "class ILogger():\n    ...\n    class Severity():\n" in text
    assert "ERROR: typing.ClassVar[tensorrt.ILogger.Severity]" in text


def test_all_that_uses_tensorrt_is_held_to_its_types() -> None:
    assert {"deploy.build.nvidia", "deploy.engines.tensorrt"} <= set(users())
