"""Faults that a yard can have, and how they are made here."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from threading import Event

from kafka import KafkaConsumer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

from tests.integration.running import Command, command, options
from tests.integration.world import World

_WITHOUT_OPENVINO = """
import importlib.util as found
find = found.find_spec
found.find_spec = lambda name, *more: None if name == "openvino" else find(name, *more)
from edge.cli import main
main()
"""

_DRIVER = """
import pathlib, types

NVML_TEMPERATURE_GPU = 0

class NVMLError(Exception):
    pass

def nvmlInit(): pass
def nvmlShutdown(): pass
def nvmlDeviceGetCount(): return 1
def nvmlDeviceGetHandleByIndex(number): return number
def nvmlDeviceGetUtilizationRates(gpu): return types.SimpleNamespace(gpu=97)
def nvmlDeviceGetMemoryInfo(gpu): return types.SimpleNamespace(used=6 << 30, total=8 << 30)
def nvmlDeviceGetTemperature(gpu, sensor): return 88
def nvmlDeviceGetCurrentClocksEventReasons(gpu):
    return 0x44 if pathlib.Path({hot!r}).exists() else 0x4
"""


def without_openvino(world: World, folder: Path) -> AbstractContextManager[Command]:
    """A member with `--engine auto` on a machine where OpenVINO is not installed."""
    (folder / "lacking.py").write_text(_WITHOUT_OPENVINO, encoding="utf-8")
    words = ("run", *options(world, "--engine", "auto"))
    return command(folder / "log", "lacking", *words, environment={"PYTHONPATH": str(folder)})


def with_a_gpu(world: World, folder: Path, hot: Path) -> AbstractContextManager[Command]:
    """A member on a machine whose GPU is at its power cap, and too hot while that file exists.

    The driver is ours: what is made of its answers is tested, and not the heat.
    """
    (folder / "pynvml.py").write_text(_DRIVER.format(hot=str(hot)), encoding="utf-8")
    words = ("run", *options(world))
    return command(folder / "log", "edge.cli", *words, environment={"PYTHONPATH": str(folder)})


@contextmanager
def stranger(world: World) -> Iterator[None]:
    """Another program in the service's group, which takes its share of the partitions."""
    done = Event()
    with closing(
        KafkaConsumer(
            world.topics.frames_topic,
            bootstrap_servers=world.kafka.bootstrap_servers,
            group_id=world.group,
            partition_assignment_strategy=[CooperativeStickyAssignor],
            session_timeout_ms=int(world.kafka.session_timeout * 1000),
            heartbeat_interval_ms=500,
            enable_auto_commit=False,
        )
    ) as consumer:

        def poll() -> None:
            while not done.is_set():
                consumer.poll(timeout_ms=500)

        with ThreadPoolExecutor(1) as pool:
            polling = pool.submit(poll)
            try:
                yield
            finally:
                done.set()
                polling.result()
