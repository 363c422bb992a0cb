"""Calls that TensorRT has in no version. Where mypy misses one, its comment is an error: unused."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorrt


def a_method_that_is_not_there(builder: "tensorrt.Builder") -> None:
    builder.build_cuda_engine()  # type: ignore[attr-defined]


def a_flag_that_is_not_there(config: "tensorrt.IBuilderConfig") -> None:
    config.set_flag(tensorrt.BuilderFlag.HALF)  # type: ignore[attr-defined]


def a_string_for_a_flag(config: "tensorrt.IBuilderConfig") -> None:
    config.set_flag("FP16")  # type: ignore[arg-type]


def a_keyword_that_is_not_there(
    config: "tensorrt.IBuilderConfig", cache: "tensorrt.ITimingCache"
) -> None:
    config.set_timing_cache(cache, ignore=True)  # type: ignore[call-arg]


def a_string_for_a_number(config: "tensorrt.IBuilderConfig") -> None:
    config.DLA_core = "0"  # type: ignore[assignment]


def a_string_for_a_verbosity(config: "tensorrt.IBuilderConfig") -> None:
    config.profiling_verbosity = "detailed"  # type: ignore[assignment]


def an_error_with_a_field_that_is_not_there(parser: "tensorrt.OnnxParser") -> object:
    return parser.get_error(0).text  # type: ignore[attr-defined]


def a_setting_that_is_not_there(config: "tensorrt.IBuilderConfig") -> None:
    config.workspace = 1  # type: ignore[attr-defined]


def a_shape_of_strings(profile: "tensorrt.IOptimizationProfile") -> None:
    profile.set_shape("frames", ("1",), (1,), (1,))  # type: ignore[arg-type]


def a_plan_that_may_be_none(
    builder: "tensorrt.Builder",
    network: "tensorrt.INetworkDefinition",
    config: "tensorrt.IBuilderConfig",
) -> object:
    return bytes(builder.build_serialized_network(network, config))  # type: ignore[arg-type]


def a_network_that_may_be_none(builder: "tensorrt.Builder") -> object:
    return builder.create_network(0).num_layers  # type: ignore[union-attr]


def an_engine_that_may_be_none(runtime: "tensorrt.Runtime") -> object:
    return runtime.deserialize_cuda_engine(b"").name  # type: ignore[union-attr]


def a_context_that_may_be_none(engine: "tensorrt.ICudaEngine") -> object:
    return engine.create_execution_context().name  # type: ignore[union-attr]


def a_cache_that_may_be_none(config: "tensorrt.IBuilderConfig") -> "tensorrt.ITimingCache":
    return config.create_timing_cache(b"")  # type: ignore[return-value]


def timings_that_may_be_none(cache: "tensorrt.ITimingCache") -> object:
    return cache.serialize().nbytes  # type: ignore[union-attr]
