"""From ONNX to a plan, by TensorRT 10.3 to 11.4 or TensorRT for RTX.

Networks are strongly typed: the builder computes in the types that the ONNX states. TensorRT 11
knows nothing else. Enums are named, for their numbers differ between 10 and 11.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from deploy.build.nvidia.progress import Step, monitor
from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import InputSpec
from deploy.bundle.reference import INPUT
from deploy.engines.nvidia import trt
from deploy.engines.nvidia_log import listening, logger

if TYPE_CHECKING:
    import tensorrt

MIB = 1 << 20
_SMALLEST_WORKSPACE = 16 * MIB


@dataclass(frozen=True, slots=True)
class Options:
    """What may be asked of the builder beyond the network."""

    max_batch: int
    workspace: int = 1 << 30
    """Most bytes of scratch memory, on the device."""
    dla: bool = False
    """Run on the deep learning accelerator of a Jetson; the batch is then always `max_batch`."""
    refit: bool = False
    """Weights can be replaced later, without building anew."""
    version_compatible: bool = False
    """Later versions of the same major version can load the plan."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled network, and what the builder learnt about its kernels' speed."""

    network: bytes
    timings: bytes


class Cancelled(Exception):  # noqa: N818 - it is no error: somebody asked for it
    """The build was given up because it was told to."""


def build_plan(
    onnx: bytes,
    spec: InputSpec,
    options: Options,
    *,
    timings: bytes | None = None,
    tell: Callable[[str], None],
    on_step: Step,
    cancelled: Event,
) -> Plan:
    """Build a plan; the caller has called `nvidia.use`.

    Raises:
        Cancelled: `cancelled` was set meanwhile.
        Fatal: the network is not one that this version can compile, or there is no room for it.
    """
    if options.workspace < _SMALLEST_WORKSPACE:
        raise Fatal(
            f"a workspace of {options.workspace // MIB} MiB has no room for any kernel: "
            f"give --workspace {_SMALLEST_WORKSPACE // MIB} or more"
        )
    with listening(tell) as errors:
        builder = trt.Builder(logger())
        network = _parsed(builder, onnx)
        config = _configured(builder, spec, options)
        config.progress_monitor = monitor(on_step, cancelled)
        cache = None if timings is None else config.create_timing_cache(timings)
        if cache is not None:
            config.set_timing_cache(cache, ignore_mismatch=False)
        plan = builder.build_serialized_network(network, config)
        if cancelled.is_set():
            raise Cancelled
        if plan is None:
            raise Fatal(f"version {trt.__version__} cannot build the network: {_last(errors)}")
        learnt = cache.serialize() if cache is not None else None
        return Plan(bytes(plan), b"" if learnt is None else bytes(learnt))


def _parsed(builder: "tensorrt.Builder", onnx: bytes) -> "tensorrt.INetworkDefinition":
    # TensorRT 11 has the flag under another number, and is strongly typed without it too.
    strongly = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    network = builder.create_network(strongly)
    if network is None:
        raise Fatal("the builder made no network: is the driver there, and new enough?")
    parser = trt.OnnxParser(network, logger())
    if not parser.parse(onnx):
        said = [_told(parser.get_error(index)) for index in range(parser.num_errors)]
        raise Fatal(
            f"the ONNX parser of version {trt.__version__} refuses the network: {_last(said)}; "
            "export it with plain operators, or take --engine onnxruntime, which runs every one"
        )
    return network


def _configured(
    builder: "tensorrt.Builder", spec: InputSpec, options: Options
) -> "tensorrt.IBuilderConfig":
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, options.workspace)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    # TF32 is on by default, and is not FP32.
    config.clear_flag(trt.BuilderFlag.TF32)
    if options.refit:
        config.set_flag(trt.BuilderFlag.REFIT)
    if options.version_compatible:
        config.set_flag(trt.BuilderFlag.VERSION_COMPATIBLE)
    if options.dla:
        _on_dla(builder, config)
    _add_profile(builder, config, spec, options)
    return config


def _on_dla(builder: "tensorrt.Builder", config: "tensorrt.IBuilderConfig") -> None:
    if builder.num_DLA_cores == 0:
        raise Fatal("--dla: this device has no deep learning accelerator; build without it")
    config.default_device_type = trt.DeviceType.DLA
    config.DLA_core = 0
    # What the accelerator cannot do, the GPU does.
    config.set_flag(trt.BuilderFlag.GPU_FALLBACK)


def _add_profile(
    builder: "tensorrt.Builder",
    config: "tensorrt.IBuilderConfig",
    spec: InputSpec,
    options: Options,
) -> None:
    """From one frame to the largest batch, best at the largest: a full batch is when it counts."""
    frame = (spec.height, spec.width, 3)
    least = options.max_batch if options.dla else 1
    profile = builder.create_optimization_profile()
    most = (options.max_batch, *frame)
    profile.set_shape(INPUT, (least, *frame), most, most)
    if config.add_optimization_profile(profile) < 0:
        raise Fatal(f"the builder refuses batches of {least} to {options.max_batch}")


def _told(error: "tensorrt.ParserError") -> str:
    """What the parser says, with the node. Of an operator that it lacks it says only `false`, which
    is the condition that did not hold.
    """
    desc: str = error.desc()
    if not error.node_operator():
        return desc
    known = "" if desc in {"", "false"} else f" ({desc})"
    return f"it does not take operator {error.node_operator()} at node {error.node_name()!r}{known}"


def _last(said: list[str]) -> str:
    return said[-1] if said else "it did not say why"
