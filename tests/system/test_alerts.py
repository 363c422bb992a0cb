"""Every alert is made to fire in a real Prometheus by its fault, and clears when that is over.

The rules are the project's own, with shorter durations; see `tests.prometheus.server.QUICK`.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from threading import Event

import pytest
from kafka import KafkaConsumer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

from tests.brokers.topics import unique
from tests.integration.running import Command, command, member, options
from tests.integration.test_audit import commit
from tests.integration.world import PARTITIONS, World, pictures, slow_pictures
from tests.prometheus.server import Prometheus
from tests.system.audited import auditor
from tests.system.load import Load
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


DRIVER = """
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


class Watched:
    """What Prometheus sees of the services of one test, under a job of its own."""

    def __init__(self, prometheus: Prometheus) -> None:
        self._prometheus = prometheus
        self.job = unique("yardlight")

    def scrape(self, *services: Command) -> None:
        self._prometheus.scrape(self.job, *(service.url for service in services))

    def firing(self) -> dict[str, str]:
        return self._prometheus.firing(self.job)

    def wait_for(self, alert: str) -> None:
        """Until it fires."""
        wait_until(lambda: alert in self.firing(), f"{alert}")
        print(f"{alert} fired: {self.firing()[alert]}")  # noqa: T201

    def wait_for_peace(self) -> None:
        """Until frames are classified and nothing fires."""
        rate = f'job:yardlight_frames:rate{{job="{self.job}"}}'
        wait_until(
            lambda: self._prometheus.value(rate) > 0 and not self.firing(),
            f"peace, {self.firing()}",
        )


@pytest.fixture
def watched(prometheus: Prometheus) -> Iterator[Watched]:
    made = Watched(prometheus)
    yield made
    made.scrape()


@pytest.fixture
def load(embedded_world: World) -> Iterator[Load]:
    with Load(embedded_world) as sending:
        yield sending


@pytest.fixture
def service(
    embedded_world: World, load: Load, watched: Watched, tmp_path: Path
) -> Iterator[Command]:
    """A service that classifies what `load` sends, is scraped, and gives no reason for an alert."""
    assert not load.paused
    with member(embedded_world, tmp_path / "log", "--camera-metrics", "8") as running:
        running.ready()
        watched.scrape(running)
        watched.wait_for_peace()
        yield running


@pytest.mark.usefixtures("service")
def test_no_frames(load: Load, watched: Watched) -> None:
    load.paused = True
    watched.wait_for("YardlightNoFrames")
    load.paused = False
    watched.wait_for_peace()


@pytest.mark.usefixtures("service")
def test_a_silent_camera(load: Load, watched: Watched) -> None:
    load.silent.add(b"gate-2")
    watched.wait_for("YardlightCameraSilent")
    assert watched.firing() == {"YardlightCameraSilent": "Camera gate-2 is silent"}
    load.silent.clear()
    watched.wait_for_peace()


@pytest.mark.usefixtures("service")
def test_dead_letters(load: Load, watched: Watched) -> None:
    load.broken = True
    watched.wait_for("YardlightDeadLetters")
    load.broken = False
    watched.wait_for_peace()


@pytest.mark.usefixtures("service")
def test_a_partition_that_a_stranger_took(embedded_world: World, watched: Watched) -> None:
    with stranger(embedded_world):
        watched.wait_for("YardlightPartitionUnserved")
    watched.wait_for_peace()


def test_a_service_that_hangs_is_down_and_then_late(service: Command, watched: Watched) -> None:
    service.process.send_signal(SIGSTOP)
    try:
        watched.wait_for("YardlightDown")
    finally:
        service.process.send_signal(SIGCONT)
    watched.wait_for("YardlightLatencyOverTarget")
    watched.wait_for_peace()


def test_a_group_whose_last_member_is_gone(
    embedded_world: World, service: Command, watched: Watched, tmp_path: Path
) -> None:
    service.stop(SIGKILL)
    watched.scrape()
    watched.wait_for("YardlightPartitionUnserved")
    with member(embedded_world, tmp_path / "again.log") as running:
        running.ready()
        watched.scrape(running)
        watched.wait_for_peace()


def test_lag_that_grows(
    embedded_world: World, load: Load, watched: Watched, tmp_path: Path
) -> None:
    with member(embedded_world, tmp_path / "log", "--queue-frames", "4") as running:
        running.ready()
        watched.scrape(running)
        watched.wait_for_peace()
        usual, load.frames, load.pause_seconds = load.frames, slow_pictures(4), 0.001
        watched.wait_for("YardlightLagGrowing")
        load.frames, load.pause_seconds = usual, 0.02
        watched.wait_for_peace()


@pytest.mark.usefixtures("load")
def test_an_engine_that_is_second_best(
    embedded_world: World, watched: Watched, tmp_path: Path
) -> None:
    without_openvino = (
        "import importlib.util as found\n"
        "find = found.find_spec\n"
        "found.find_spec = lambda name, *more: None if name == 'openvino' else find(name, *more)\n"
        "from edge.cli import main; main()"
    )
    (tmp_path / "lacking.py").write_text(without_openvino, encoding="utf-8")
    words = ("run", *options(embedded_world, "--engine", "auto"))
    lacking = command(
        tmp_path / "log", "lacking", *words, environment={"PYTHONPATH": str(tmp_path)}
    )
    with lacking as running:
        running.ready()
        watched.scrape(running)
        watched.wait_for("YardlightEngineFallback")
        assert running.stop() == 0
    with member(embedded_world, tmp_path / "again.log") as running:
        running.ready()
        watched.scrape(running)
        watched.wait_for_peace()


@pytest.mark.usefixtures("load")
def test_a_gpu_that_is_too_hot(embedded_world: World, watched: Watched, tmp_path: Path) -> None:
    """The driver is of this test's making: the alert is real, the heat is not."""
    hot = tmp_path / "hot"
    hot.touch()
    (tmp_path / "pynvml.py").write_text(DRIVER.format(hot=str(hot)), encoding="utf-8")
    words = ("run", *options(embedded_world))
    with_a_gpu = command(
        tmp_path / "log", "edge.cli", *words, environment={"PYTHONPATH": str(tmp_path)}
    )
    with with_a_gpu as running:
        running.ready()
        watched.scrape(running)
        watched.wait_for("YardlightGpuThrottled")
        hot.unlink()
        watched.wait_for_peace()


@pytest.mark.usefixtures("load")
def test_a_loss_and_its_mending(embedded_world: World, watched: Watched, tmp_path: Path) -> None:
    world = embedded_world
    places = world.send(pictures(8))
    # Another program of the same group commits what nobody has classified.
    commit(world, {place.partition: place.offset + 1 for place in places})
    with auditor(world, tmp_path / "audit.log") as auditing:
        watched.scrape(auditing)
        watched.wait_for("YardlightAuditBroken")
        commit(world, dict.fromkeys(range(PARTITIONS), 0))
        with member(world, tmp_path / "log") as running:
            running.ready()
            watched.scrape(auditing, running)
            watched.wait_for_peace()
            assert auditing.metric('yardlight_audit_state{state="clean"}') == 1


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
