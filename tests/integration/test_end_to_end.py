"""From frames on Kafka to classifications on Kafka, on each broker and each engine."""

from collections import Counter
from dataclasses import replace

import pytest

from deploy.engines.kinds import Choice
from edge.audit.report import CLEAN
from edge.audit.tally import Answer
from edge.frame import Partition
from edge.settings.engine import EngineSettings
from tests.integration.running import serving
from tests.integration.world import World, pictures

pytestmark = pytest.mark.slow
COUNT = 60


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_every_frame_gets_the_label_of_what_it_shows(world: World, engine: Choice) -> None:
    if engine == "openvino":
        pytest.importorskip("openvino", reason="needs the extra 'cpu'")
    frames = pictures(COUNT)
    places = world.send(frames)
    cache = world.engine_cache
    chosen = EngineSettings(engine=engine, engine_cache=cache, engine_rebuild="wait")
    with serving(replace(world.settings, engine=chosen)):
        results = world.results(COUNT)
    by_place = {(seen.frame.partition, seen.frame.offset): seen for seen in results}
    assert len(results) == len(by_place) == COUNT
    for number, (frame, place) in enumerate(zip(frames, places, strict=True)):
        seen = by_place[place.partition, place.offset]
        assert (seen.label, seen.camera) == (frame.truth, f"gate-{number % 4}")
        assert (seen.frame.id, seen.frame.topic) == (f"frame-{number}", world.topics.frames_topic)
        assert (seen.model.name, seen.engine.kind) == ("colours", engine)
        assert all(seconds >= 0 for seconds in seen.latency.values())
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) == COUNT


def test_results_of_a_camera_come_in_the_order_of_its_frames(world: World) -> None:
    world.send(replace(frame, key=b"gate-1", partition=2) for frame in pictures(COUNT))
    with serving(world.settings):
        results = world.results(COUNT)
    assert [seen.frame.id for seen in results] == [f"frame-{number}" for number in range(COUNT)]


def test_results_carry_key_and_cloudevents_headers(embedded_world: World) -> None:
    world = embedded_world
    traceparent = ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    (frame,) = pictures(1)
    (place,) = world.send([replace(frame, headers=(*frame.headers, traceparent))])
    with serving(world.settings):
        (record,) = world.read(world.topics.results_topic, 1)
    headers = dict(record.headers)
    at = Partition(world.topics.frames_topic, place.partition)
    assert record.key == b"gate-0"
    assert headers["ce_id"].decode() == f"{world.group}/{at}/{place.offset}"
    assert headers["ce_type"] == b"io.yardlight.classification.v1"
    assert headers["ce_specversion"] == b"1.0"
    assert headers["traceparent"] == traceparent[1]
    assert headers["content-type"] == b"application/json"


def test_a_group_begins_at_the_earliest_frame_and_goes_on_where_it_stopped(world: World) -> None:
    world.send(pictures(8))
    with serving(world.settings):
        world.results(8)
    world.send(pictures(4))
    with serving(world.settings):
        results = world.results(12)
    assert len(results) == 12
    assert world.audit().status("exactly-once") == CLEAN


def test_each_group_classifies_every_frame(embedded_world: World) -> None:
    first, second = embedded_world, embedded_world.with_group(f"{embedded_world.group}-2")
    first.send(pictures(8))
    with serving(first.settings), serving(second.settings):
        results = first.results(16)
    assert Counter(seen.frame.id for seen in results) == {f"frame-{n}": 2 for n in range(8)}
    assert [world.audit().status("exactly-once") for world in (first, second)] == [CLEAN, CLEAN]


def test_a_backlog_larger_than_all_queues_is_worked_off(world: World) -> None:
    limits = replace(world.settings.limits, queue_frames=8)
    world.send(pictures(400))
    with serving(replace(world.settings, limits=limits)):
        results = world.results(400)
    assert len(results) == 400
    assert world.audit().status("exactly-once") == CLEAN
