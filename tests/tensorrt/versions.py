"""The versions of TensorRT that Yardlight is held to."""

from tests.tensorrt.bindings import Bindings

VERSIONS = (
    Bindings("tensorrt-cu12-bindings", "10.3.0"),  # JetPack 6
    Bindings("tensorrt-cu13-bindings", "10.13.3.9"),  # JetPack 7.1
    Bindings("tensorrt-cu13-bindings", "10.16.1.11"),  # nearest to JetPack 7.2
    Bindings("tensorrt-cu13-bindings", "11.4.0.106"),
)
