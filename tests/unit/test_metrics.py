"""The metrics that Prometheus scrapes: their names, their labels, and what each one counts."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import deploy
import edge
from edge.cloudevents import Origin, TimeFault
from edge.frame import Partition
from edge.observe.definitions import ALL, CAMERAS, SERVICE
from edge.observe.metrics import Metrics
from edge.outcome import ENGINE_FAILED
from tests.unit.outcomes import aged_out, classified, dead_lettered, inferred_frame, skipped

HELP = {metric.name: metric.help for metric in ALL}
LAG = "yardlight_consumer_lag_frames"


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def origin(skew: float | None, fault: TimeFault | None) -> Origin:
    return Origin("gate-1", "frame-1", 0.0, None, skew, fault)


def test_what_is_served_is_what_is_listed() -> None:
    families = list(Metrics(cameras=1).registry.collect())
    listed = {metric.name: metric for metric in (*SERVICE, *CAMERAS)}
    assert {family.name for family in families} == listed.keys()
    for family in families:
        assert (family.type, family.documentation) == (listed[family.name].kind, HELP[family.name])


def test_names_are_ours_and_carry_base_units() -> None:
    for metric in ALL:
        assert metric.name.startswith("yardlight_")
        assert metric.help.endswith(".")
        assert not re.search("_(ms|milliseconds|minutes|percent|kb|mb)(_|$)", metric.name)


def test_every_label_is_listed() -> None:
    metrics = Metrics(cameras=1)
    metrics.note_outcome(classified())
    metrics.note_outcome(dead_lettered())
    metrics.note_origin(origin(-9.0, "future"))
    metrics.note_lag(Partition("frames", 0), 7)
    metrics.engine_info.info({"kind": "openvino", "precision": "fp32", "digest": "sha256:0"})
    listed = {metric.name: set(metric.labels) for metric in (*SERVICE, *CAMERAS)}
    for family in metrics.registry.collect():
        for sample in family.samples:
            assert set(sample.labels) - {"le"} <= listed[family.name]


def test_two_services_in_one_process_count_for_themselves() -> None:
    one, other = Metrics(), Metrics()
    one.note_outcome(classified())
    assert value(other, "yardlight_frames_total", outcome="classified") == 0.0


def test_outcomes_are_there_before_the_first_frame() -> None:
    metrics = Metrics()
    for outcome in ("classified", "skipped", "dead-lettered"):
        assert value(metrics, "yardlight_frames_total", outcome=outcome) == 0.0


def test_a_classified_frame_is_counted_and_each_of_its_stages_observed() -> None:
    metrics, frame = Metrics(), inferred_frame()
    frame.stamps = replace(frame.stamps, acknowledged=102.0)
    metrics.note_outcome(classified(frame))
    latency = "yardlight_frame_latency_seconds_sum"
    stages = ("transport", "queue", "decode", "batch", "inference", "publish")
    found = [value(metrics, latency, stage=stage) for stage in stages]
    assert found == [0.5, 0.25, 0.25, 0.25, 0.25, 0.5]
    assert value(metrics, latency, stage="total") == 2.0
    assert value(metrics, "yardlight_frames_total", outcome="classified") == 1.0


def test_a_dead_letter_is_counted_by_reason_and_leaves_latency_alone() -> None:
    metrics = Metrics()
    metrics.note_outcome(dead_lettered(reason="truncated"))
    assert value(metrics, "yardlight_frames_total", outcome="dead-lettered") == 1.0
    assert value(metrics, "yardlight_dead_letters_total", reason="truncated") == 1.0
    assert value(metrics, "yardlight_frame_latency_seconds_count", stage="total") is None


def test_a_skipped_frame_is_counted_by_reason_and_leaves_latency_alone() -> None:
    metrics = Metrics()
    metrics.note_outcome(skipped())
    metrics.note_outcome(aged_out(7, 10))
    assert value(metrics, "yardlight_frames_total", outcome="skipped") == 5.0
    assert value(metrics, "yardlight_skipped_total", reason="gated") == 1.0
    assert value(metrics, "yardlight_skipped_total", reason="aged-out") == 4.0
    assert value(metrics, "yardlight_frame_latency_seconds_count", stage="total") is None


def test_a_cameras_clock_is_observed_where_it_says_a_time() -> None:
    metrics = Metrics()
    metrics.note_origin(origin(None, None))
    metrics.note_origin(origin(1.5, None))
    metrics.note_origin(origin(-9.0, "future"))
    metrics.note_origin(origin(None, "malformed"))
    assert value(metrics, "yardlight_camera_clock_skew_seconds_count") == 2.0
    skews = "yardlight_camera_clock_skew_seconds_bucket"
    assert [value(metrics, skews, le=most) for most in ("-5.0", "1.0", "5.0")] == [1.0, 1.0, 2.0]
    assert value(metrics, "yardlight_capture_time_faults_total", fault="future") == 1.0
    assert value(metrics, "yardlight_capture_time_faults_total", fault="malformed") == 1.0


def test_the_lag_of_a_partition_goes_when_the_partition_goes() -> None:
    metrics = Metrics()
    metrics.note_lag(Partition("frames", 0), 7)
    metrics.note_lag(Partition("frames", 1), 8)
    metrics.forget_lag(Partition("frames", 0))
    metrics.forget_lag(Partition("frames", 2))  # it never had one
    assert value(metrics, LAG, topic="frames", partition="0") is None
    assert value(metrics, LAG, topic="frames", partition="1") == 8.0


def test_no_label_grows_with_cameras_or_frames() -> None:
    metrics = Metrics()
    for number in range(50):
        frame = replace(inferred_frame(offset=number), camera=f"gate-{number}", id=str(number))
        metrics.note_outcome(classified(frame))
        metrics.note_outcome(dead_lettered(frame))
        metrics.note_outcome(skipped(frame))
    values = {
        value
        for family in metrics.registry.collect()
        for sample in family.samples
        for name, value in sample.labels.items()
        if name != "le"
    }
    assert values <= {
        *("classified", "skipped", "dead-lettered", "truncated", "gated", "total"),
        *("consumer", "producer", "malformed", "future"),
        *("transport", "queue", "decode", "batch", "inference"),
    }


def test_every_reason_of_a_dead_letter_is_a_word_written_in_the_code() -> None:
    """A reason made from a frame's content would be a label without bound."""
    reasons = {ast.unparse(reason) for reason in reasons_in_code()}
    passed_on = {"error.reason", "outcome.reason", "row.reason", "answer.reason"}
    made = {reason for reason in reasons if reason not in passed_on}
    assert len(made) > 5
    assert is_word(repr(ENGINE_FAILED))
    others = {reason for reason in made if not is_word(reason)}
    assert others == {"reason", "ENGINE_FAILED"}  # pixels.py, two words


def is_word(reason: str) -> bool:
    found = ast.parse(reason, mode="eval").body
    return isinstance(found, ast.Constant) and isinstance(found.value, str)


def reasons_in_code() -> Iterator[ast.expr]:
    """The argument `reason` wherever a BadFrame or a DeadLettered is made."""
    places = {"BadFrame": 0, "DeadLettered": 1}
    for package in (deploy, edge):
        for path in Path(str(package.__file__)).parent.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    place = places.get(node.func.id)
                    if place is not None:
                        yield node.args[place]
