"""What TensorRT does, as far as Yardlight asks for it: ONNX Runtime computes in its place.

A plan holds the network, what it was built with, and a digest, so that one which is cut short, or
was made by another version or for another GPU, is refused as the real one refuses it: by None.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deploy.bundle.reference import open_reference
from tests.tensorrt import fake_cuda
from tests.tensorrt.fake import made, state

_TIMINGS = b"timings of "
_PHASES = (("Building engine", "", 3), ("Timing kernels", "Building engine", 4))
_DIGEST = 32


@dataclass(slots=True)
class Machine:
    """What the simulated machine has, and what was asked of it."""

    gpu: str = "Pretended 8.7"
    dla_cores: int = 0
    configs: list[dict[str, Any]] = field(default_factory=list)
    """What each build was configured with."""
    warned: str = ""
    """What the builder warns of."""
    refused: str = ""
    """Why the builder builds nothing; it does, if this is empty."""


def simulation(machine: Machine) -> dict[str, Callable[..., Any]]:
    """The behaviour of each method, by its path."""
    return {
        **_building(machine),
        **_configuring(),
        **_running(machine),
        "Dims.__len__": lambda it: len(state(it)["shape"]),
        "Dims.__getitem__": lambda it, arg0: state(it)["shape"][arg0],
        "IHostMemory.nbytes": lambda it: len(state(it)["data"]),
    }


def _building(machine: Machine) -> dict[str, Callable[..., Any]]:
    def create_network(it: Any, flags: int = 0) -> Any:
        strongly = it.module.NetworkDefinitionCreationFlag.STRONGLY_TYPED
        assert flags == 1 << int(strongly), "networks are strongly typed, and no more"
        return made(it.module.INetworkDefinition, onnx=None)

    def build(it: Any, network: Any, config: Any, **_: Any) -> Any:
        machine.configs.append(state(config))
        _say(it, "WARNING", machine.warned)
        if not _progressed(state(config).get("progress_monitor")):
            return None
        if machine.refused:
            _say(it, "ERROR", machine.refused)
            return None
        return made(it.module.IHostMemory, data=_plan(it.module, network, config, machine))

    return {
        "Builder.num_DLA_cores": lambda _: machine.dla_cores,
        "Builder.create_network": create_network,
        "Builder.create_builder_config": lambda it: made(
            it.module.IBuilderConfig, asked=[], cleared=[], profiles=[], pools={}, timings=None
        ),
        "Builder.create_optimization_profile": lambda it: made(
            it.module.IOptimizationProfile, shapes={}
        ),
        "Builder.build_serialized_network": build,
        "OnnxParser.parse": _parse,
        "OnnxParser.num_errors": lambda it: len(state(it).get("errors", [])),
        "OnnxParser.get_error": lambda it, index: state(it)["errors"][index],
        "ParserError.desc": lambda it: state(it)["desc"],
        "ParserError.node_name": lambda it: state(it)["node"],
        "ParserError.node_operator": lambda it: state(it)["operator"],
    }


def _configuring() -> dict[str, Callable[..., Any]]:
    def add_profile(it: Any, profile: Any) -> int:
        state(it)["profiles"].append(state(profile)["shapes"])
        return len(state(it)["profiles"]) - 1

    def create_timing_cache(it: Any, serialized_timing_cache: bytes) -> Any:
        known = bytes(serialized_timing_cache)
        if known and known != _TIMINGS + it.module.__version__.encode():
            return None
        return made(it.module.ITimingCache, known=known)

    def set_timing_cache(it: Any, cache: Any, ignore_mismatch: bool) -> bool:
        assert not ignore_mismatch
        state(it)["timings"] = state(cache)["known"]
        return True

    return {
        "IBuilderConfig.set_memory_pool_limit": lambda it, pool, pool_size: state(it)[
            "pools"
        ].update({state(pool)["name"]: pool_size}),
        "IBuilderConfig.set_flag": lambda it, flag: state(it)["asked"].append(state(flag)["name"]),
        "IBuilderConfig.clear_flag": lambda it, flag: state(it)["cleared"].append(
            state(flag)["name"]
        ),
        "IBuilderConfig.add_optimization_profile": add_profile,
        "IBuilderConfig.create_timing_cache": create_timing_cache,
        "IBuilderConfig.set_timing_cache": set_timing_cache,
        "IOptimizationProfile.set_shape": lambda it, **shape: state(it)["shapes"].update(
            {shape["input"]: [list(shape[name]) for name in ("min", "opt", "max")]}
        ),
        "ITimingCache.serialize": lambda it: made(
            it.module.IHostMemory, data=_TIMINGS + it.module.__version__.encode()
        ),
    }


def _running(machine: Machine) -> dict[str, Callable[..., Any]]:
    def deserialize(it: Any, serialized_engine: bytes) -> Any:
        head, network = _read(bytes(serialized_engine))
        compatible = "VERSION_COMPATIBLE" in head.get("flags", ())
        here = head.get("gpu") == machine.gpu
        if not here or (head["version"] != it.module.__version__ and not compatible):
            _say(it, "ERROR", "the plan is not for this GPU and version, or is cut short")
            return None
        reference = open_reference(network, threads=1)
        return made(it.module.ICudaEngine, reference=reference, profiles=head["profiles"])

    def profile_shape(it: Any, name: str, profile_index: int) -> list[Any]:
        shapes = state(it)["profiles"][profile_index][name]
        return [made(it.module.Dims, shape=tuple(shape)) for shape in shapes]

    return {
        "Runtime.deserialize_cuda_engine": deserialize,
        "ICudaEngine.get_tensor_profile_shape": profile_shape,
        "ICudaEngine.create_execution_context": lambda it: made(
            it.module.IExecutionContext, engine=it, addresses={}, shapes={}
        ),
        "IExecutionContext.set_tensor_address": _set_address,
        "IExecutionContext.set_input_shape": _set_shape,
        "IExecutionContext.execute_async_v3": _execute,
    }


def _parse(it: Any, model: bytes, **_: Any) -> bool:
    try:
        open_reference(bytes(model), threads=1)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it
        desc, kind = str(error), it.module.ParserError
        state(it)["errors"] = [made(kind, desc=desc, node="", operator="")]
        return False
    state(state(it)["network"])["onnx"] = bytes(model)
    return True


def _progressed(monitor: Any) -> bool:
    """Whether the builder was let go on to the end."""
    if monitor is None:
        return True
    for phase, parent, steps in _PHASES:
        monitor.phase_start(phase, parent, steps)
        if not all(monitor.step_complete(phase, step) for step in range(steps)):
            return False
    for phase, _, _ in reversed(_PHASES):
        monitor.phase_finish(phase)
    return True


def _plan(module: Any, network: Any, config: Any, machine: Machine) -> bytes:
    configured = state(config)
    head = {
        "version": module.__version__,
        "gpu": machine.gpu,
        "flags": configured["asked"],
        "profiles": configured["profiles"],
    }
    body = b"\n".join([json.dumps(head).encode(), state(network)["onnx"]])
    return hashlib.sha256(body).digest() + body


def _read(plan: bytes) -> tuple[dict[str, Any], bytes]:
    digest, body = plan[:_DIGEST], plan[_DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        return {}, b""
    head, _, network = body.partition(b"\n")
    return json.loads(head), network


def _say(it: Any, severity: str, words: str) -> None:
    if words:
        logger = state(it)["logger"]
        logger.log(getattr(it.module.ILogger.Severity, severity), words)


def _set_address(it: Any, name: str, memory: int) -> bool:
    state(it)["addresses"][name] = memory
    fake_cuda.at(memory)
    return True


def _set_shape(it: Any, name: str, shape: Any) -> bool:
    least, _, most = state(state(it)["engine"])["profiles"][0][name]
    state(it)["shapes"][name] = tuple(shape)
    between = zip(least, shape, most, strict=True)
    return all(low <= found <= high for low, found, high in between)


def _execute(it: Any, stream_handle: int) -> bool:
    context = state(it)
    ((name, shape),) = context["shapes"].items()
    reference = state(context["engine"])["reference"]

    def work() -> None:
        addresses = context["addresses"]
        given = np.frombuffer(fake_cuda.at(addresses[name]), np.uint8)
        found = reference.run(given[: int(np.prod(shape))].reshape(shape))
        for output in ("probabilities", "logits"):
            data = getattr(found, output).tobytes()
            fake_cuda.at(addresses[output])[: len(data)] = data

    fake_cuda.Stream.by_handle[stream_handle].add(work)
    return True
