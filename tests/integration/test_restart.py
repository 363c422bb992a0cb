"""A service that ends in mid-stream and comes back: nothing is lost, and a clean stop repeats
nothing either.
"""

import os
import signal
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from edge.audit.report import CLEAN
from edge.audit.tally import Answer
from edge.settings.delivery import Delivery
from tests.integration.poison import GATE, decoder_that_falls, open_gate, poisonous
from tests.integration.running import Command, command, member, options
from tests.integration.world import World, pictures, slow_pictures
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
COUNT = 400
SEEN = 'yardlight_frames_total{outcome="classified"}'


def in_mid_stream(running: Command) -> None:
    """Return while some frames are classified and most are not."""
    wait_until(lambda: running.metric(SEEN) >= 20, "the first classifications")
    assert running.metric(SEEN) < COUNT / 2, "the service was too fast to be disturbed"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_clean_stop_in_mid_stream_and_a_restart_lose_and_repeat_nothing(
    world: World, tmp_path: Path, number: signal.Signals
) -> None:
    world.send(slow_pictures(COUNT))
    with member(world, tmp_path / "first.log") as first:
        in_mid_stream(first)
        assert first.stop(number) == 0, first.said()
        assert first.has_said('"stopped"')
    stopped_at = world.audit()
    assert stopped_at.status("exactly-once") == CLEAN
    assert stopped_at.pending > 0
    with member(world, tmp_path / "second.log") as second:
        results = world.results(COUNT)
        assert second.stop() == 0, second.said()
    assert len(results) == COUNT
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) == COUNT
    assert report.pending == 0


def test_a_killed_service_loses_nothing(world: World, tmp_path: Path) -> None:
    world.send(slow_pictures(COUNT))
    with member(world, tmp_path / "first.log") as first:
        in_mid_stream(first)
        first.stop(signal.SIGKILL)
    with member(world, tmp_path / "second.log") as second:
        second.ready()
        wait_until(lambda: world.audit().pending == 0, "the end of the backlog")
        assert second.stop() == 0, second.said()
    report = world.audit()
    assert report.status("at-least-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) == COUNT


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_a_service_that_is_killed_while_it_drains_keeps_its_promise(
    apache_world: World, tmp_path: Path, delivery: Delivery
) -> None:
    """As Kubernetes does with a pod whose grace period has ended."""
    world = apache_world
    environment = dict(decoder_that_falls(tmp_path / "decoder"))
    frames = list(pictures(COUNT))
    world.send([*frames[:50], poisonous(frames[50], GATE), *frames[51:]])
    words = ("run", *options(world, "--delivery", delivery))
    with command(tmp_path / "first.log", "edge.cli", *words, environment=environment) as first:
        wait_until(lambda: first.metric(SEEN) >= 20, "the first classifications")
        os.kill(first.process.pid, signal.SIGTERM)
        first.wait_for("stopping, finishing the frames under way")
        first.stop(signal.SIGKILL)
        assert not first.has_said('"stopped"'), "it had drained before it was killed"
    assert world.audit().pending > 0
    open_gate(environment)
    with command(tmp_path / "second.log", "edge.cli", *words, environment=environment) as second:
        second.ready()
        wait_until(lambda: world.audit().pending == 0, "the end of the backlog")
        assert second.stop() == 0, second.said()
    report = world.audit()
    assert report.status(delivery) == CLEAN
    assert report.total(Answer.CLASSIFIED) == COUNT


def test_a_clean_stop_leaves_the_group_at_once(apache_world: World, tmp_path: Path) -> None:
    world = apache_world
    with member(world, tmp_path / "member.log") as running:
        running.ready()
        assert running.stop() == 0
    admin = KafkaAdminClient(bootstrap_servers=world.kafka.bootstrap_servers)
    try:
        described = admin.describe_groups([world.group])[world.group]
        assert described["members"] == []
    finally:
        admin.close()


def test_a_second_signal_does_not_break_the_stop(embedded_world: World, tmp_path: Path) -> None:
    embedded_world.send(slow_pictures(COUNT))
    with member(embedded_world, tmp_path / "member.log") as running:
        in_mid_stream(running)
        os.kill(running.process.pid, signal.SIGTERM)
        assert running.stop() == 0, running.said()
    assert embedded_world.audit().status("exactly-once") == CLEAN
