"""Traces of frames, as a collector receives them from a service that runs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("opentelemetry.sdk", reason="needs the extra 'otel'")

from edge.kafka.embedded import free_port
from tests.integration.running import member
from tests.integration.world import Sent, World, pictures
from tests.system.collector import Collector, attributes
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
TRACE, CAMERA = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OTHER, UNSAMPLED = "1" * 32, "2" * 32


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


def traced(frame: Sent, trace: str, flags: str = "01") -> Sent:
    header = ("traceparent", f"00-{trace}-{CAMERA}-{flags}".encode())
    return replace(frame, headers=(*frame.headers, header))


def test_a_frame_goes_on_with_the_trace_of_its_camera(
    embedded_world: World, collector: Collector, tmp_path: Path
) -> None:
    world = embedded_world
    (frame,) = pictures(1)
    good, bad = traced(frame, TRACE), traced(Sent(b"no image"), OTHER)
    (place, *_) = world.send([good, bad, traced(frame, UNSAMPLED, "00"), frame])
    with member(world, tmp_path / "log", "--trace-endpoint", collector.endpoint) as running:
        world.results(3)
        world.dead_letters(1)
        assert running.stop() == 0, running.said()
    whole, *stages = collector.spans(TRACE)
    topic = world.topics.frames_topic
    assert (whole.name, whole.parent_span_id.hex()) == (f"process {topic}", CAMERA)
    assert attributes(whole)["messaging.kafka.offset"] == place.offset
    assert attributes(whole)["messaging.destination.name"] == topic
    names = ["queue", "decode", "infer", f"send {world.topics.results_topic}"]
    assert [stage.name for stage in stages] == names
    for stage in stages:
        assert stage.parent_span_id == whole.span_id
        assert whole.start_time_unix_nano <= stage.start_time_unix_nano
        assert stage.end_time_unix_nano <= whole.end_time_unix_nano
    failed, *_ = collector.spans(OTHER)
    assert attributes(failed)["error.type"] == "not-an-image"
    assert failed.status.code == failed.status.STATUS_CODE_ERROR
    assert collector.count() == len(collector.spans(TRACE)) + len(collector.spans(OTHER))


def test_frames_without_a_trace_begin_one_where_that_is_asked_for(
    embedded_world: World, collector: Collector, tmp_path: Path
) -> None:
    embedded_world.send(pictures(4))
    asked = ("--trace-endpoint", collector.endpoint, "--trace-share", "1")
    with member(embedded_world, tmp_path / "log", *asked) as running:
        embedded_world.results(4)
        assert running.stop() == 0, running.said()
    assert collector.count() == 4 * 5


def test_a_collector_that_is_not_there_costs_no_frame(
    embedded_world: World, tmp_path: Path
) -> None:
    embedded_world.send(pictures(8))
    nowhere = f"http://127.0.0.1:{free_port()}/v1/traces"
    asked = ("--trace-endpoint", nowhere, "--trace-share", "1")
    with member(embedded_world, tmp_path / "log", *asked) as running:
        assert len(embedded_world.results(8)) == 8
        wait_until(lambda: running.metric('yardlight_frames_total{outcome="classified"}') == 8)
        assert running.stop() == 0, running.said()
    assert "Traceback" not in running.said()


def test_an_endpoint_that_is_no_address_is_named(embedded_world: World, tmp_path: Path) -> None:
    with member(embedded_world, tmp_path / "log", "--trace-endpoint", "collector:4318") as refused:
        assert refused.ended() == 1
    assert "trace-endpoint 'collector:4318' is not like http://" in refused.said()
