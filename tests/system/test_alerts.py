"""Every alert is made to fire in a real Prometheus by its fault, and clears when that is over.

The rules are the project's own, with shorter durations; see `tests.prometheus.server.QUICK`.
"""

from collections.abc import Iterator
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from edge.acls import acls_of
from edge.settings.kafka import KafkaSettings
from tests.brokers.secure import SecureKafka
from tests.brokers.topics import unique
from tests.integration.running import Command, member
from tests.integration.securing import kafka_words
from tests.integration.test_audit import commit
from tests.integration.world import PARTITIONS, World, new_topics, pictures, slow_pictures
from tests.prometheus.server import Prometheus
from tests.system.audited import auditor
from tests.system.faults import stranger, with_a_gpu, without_openvino
from tests.system.load import Load
from tests.system.watched import Watched
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


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
    # A shared machine that is busy with something else gives no reason either.
    patient = ("--camera-metrics", "8", "--latency-target", "3")
    with member(embedded_world, tmp_path / "log", *patient) as running:
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
    assert watched.firing()["YardlightCameraSilent"] == "Camera gate-2 is silent"
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


def test_a_service_that_hangs_is_down_and_then_late(
    service: Command, load: Load, watched: Watched
) -> None:
    service.process.send_signal(SIGSTOP)
    before = load.sent
    try:
        watched.wait_for("YardlightDown")
        wait_until(lambda: load.sent > before + 300, "a backlog of more than three seconds")
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
    with without_openvino(embedded_world, tmp_path) as running:
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
    hot = tmp_path / "hot"
    hot.touch()
    with with_a_gpu(embedded_world, tmp_path, hot) as running:
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
            clean = 'yardlight_audit_state{state="clean"}'
            wait_until(lambda: auditing.metric(clean) == 1, "a clean recount")


def test_a_certificate_that_is_renewed_in_time(
    secure_kafka: SecureKafka,
    tiny_bundle: Path,
    engine_cache: Path,
    watched: Watched,
    tmp_path: Path,
) -> None:
    admin = KafkaSettings(bootstrap_servers=secure_kafka.address, session_timeout=6.0)
    yard = World(admin, tiny_bundle, engine_cache, new_topics(), unique("group"))
    yard.create_topics()
    authority = secure_kafka.files.authority
    shown, renewed = authority.issue("box", days=13), authority.issue("box-renewed", days=30)
    box = secure_kafka.settings("SSL", ssl_certfile=shown.both, ssl_keyfile=shown.both)
    needed = acls_of("run", yard.topics, yard.group)
    with (
        secure_kafka.granted(needed, "User:CN=box"),
        Load(yard),
        member(yard, tmp_path / "log", *kafka_words(box)) as running,
    ):
        running.ready()
        watched.scrape(running)
        watched.wait_for("YardlightCertificateExpires")
        renewed.both.replace(shown.both)
        watched.wait_for_peace()
