"""Several workers serve as one: shared, killed, stopped, refused, and nothing is lost by it."""

import json
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from edge.audit.report import CLEAN
from edge.audit.tally import Answer
from edge.kafka.embedded import free_port
from edge.settings.delivery import Delivery
from tests.integration.crewed import all_ready, counters, crewed, gone, kill, processes
from tests.integration.running import Command, addresses, command, get
from tests.integration.traffic import Traffic
from tests.integration.world import World, slow_pictures
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
COUNT = 400
SEEN = 'yardlight_frames_total{outcome="classified"}'
OWNED = "yardlight_partitions_assigned"
STARTS = 'yardlight_worker_starts_total{worker="2"}'


@pytest.fixture
def traffic(apache_world: World) -> Iterator[Traffic]:
    made = Traffic(apache_world)
    yield made
    made.end()


class Watch:
    """Looks at the page again and again; no counter may go back or vanish."""

    def __init__(self, running: Command) -> None:
        self._running = running
        self._before: Mapping[str, float] = {}

    def look(self) -> Mapping[str, float]:
        now = counters(self._running)
        back = {
            name: now.get(name) for name, was in self._before.items() if now.get(name, -1) < was
        }
        assert not back, f"went back or vanished: {back}"
        self._before = now
        return now


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(
    apache_world: World, traffic: Traffic, tmp_path: Path, delivery: Delivery
) -> None:
    world = apache_world
    with crewed(world, tmp_path / "log", "--delivery", delivery) as running:
        all_ready(running)
        watch = Watch(running)
        wait_until(lambda: running.metric(OWNED) == 4, "all partitions")
        wait_until(lambda: watch.look().get(SEEN, 0) >= 20, "the first classifications")
        kill(running, 2)
        wait_until(lambda: watch.look().get(STARTS) == 2, "another worker 2")
        wait_until(lambda: get(f"{running.url}/health/ready")[0] == 200, "all workers again")
        wait_until(lambda: running.metric(OWNED) == 4, "all partitions again")
        before = watch.look()[SEEN]
        wait_until(lambda: watch.look()[SEEN] > before + 50, "frames after that")
        sent = traffic.end()
        wait_until(lambda: world.audit().pending == 0, "the end of the backlog")
        watch.look()
        assert running.stop() == 0, running.said()
    report = world.audit()
    assert report.status(delivery) == CLEAN
    assert report.total(Answer.CLASSIFIED) == sent


def test_a_stop_in_mid_stream_loses_and_repeats_nothing(
    apache_world: World, tmp_path: Path
) -> None:
    apache_world.send(slow_pictures(COUNT))
    with crewed(apache_world, tmp_path / "log", "--isolate-decode") as running:
        wait_until(lambda: running.metric(SEEN) >= 20, "the first classifications")
        assert running.stop() == 0, running.said()
        assert all(map(gone, processes(running)))
        assert running.has_said('"all workers ended"')
    report = apache_world.audit()
    assert report.status("exactly-once") == CLEAN
    assert report.pending > 0


def test_no_worker_outlives_a_supervisor_that_is_killed(
    embedded_world: World, tmp_path: Path
) -> None:
    with crewed(embedded_world, tmp_path / "log", workers=3) as running:
        all_ready(running)
        assert len(processes(running)) == 3
        running.stop(signal.SIGKILL)
        wait_until(lambda: all(map(gone, processes(running))), "the end of the workers")


def test_what_every_worker_would_refuse_is_said_once(embedded_world: World, tmp_path: Path) -> None:
    words = ("--engine-rebuild", "never", "--engine-cache", str(tmp_path / "empty"))
    with crewed(embedded_world, tmp_path / "log", *words) as refused:
        assert refused.ended() == 1
        (line,) = [line for line in refused.said().splitlines() if not line.startswith("{")]
        assert line.startswith("error: no engine in")
        assert "--engine-rebuild never forbids to build one" in line
        assert all(map(gone, processes(refused)))


def test_doctor_counts_partitions_and_cores(embedded_world: World, tmp_path: Path) -> None:
    world = embedded_world
    words = ("doctor", *addresses(world), "--workers", "5", "--metrics-port", str(free_port()))
    with command(tmp_path / "log", "edge.cli", *words, "--json") as asked:
        out = asked.output()
    found = {it["check"]: it["found"] for it in json.loads(out)["findings"]}
    assert found["workers"].startswith("5, on ")
    of_the_topic = found[f"partitions of {world.topics.frames_topic}"]
    assert of_the_topic == "4, fewer than the 5 workers: the others have nothing to do"


def test_an_engine_that_all_need_is_built_once(embedded_world: World, tmp_path: Path) -> None:
    cache = tmp_path / "engines"
    words = ("--engine-cache", str(cache), "--engine-rebuild", "wait")
    with crewed(embedded_world, tmp_path / "log", *words) as running:
        all_ready(running)
        assert running.stop() == 0, running.said()
    lines = running.lines()
    assert len({line["digest"] for line in lines if line["event"] == "engine loaded"}) == 1
    compiled = [line for line in lines if line.get("progress", "").startswith("compiling")]
    assert len(compiled) == 1
