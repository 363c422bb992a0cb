"""What a running service tells: metrics that add up, health that is true, logs for machines."""

import re
from pathlib import Path

import pytest

from tests.integration.running import get, member, serving
from tests.integration.world import PARTITIONS, Sent, World, pictures, slow_pictures
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
STAGES = ("transport", "queue", "decode", "batch", "inference", "publish")


def test_metrics_count_each_frame_once_and_its_stages_sum_to_its_total(
    embedded_world: World, tmp_path: Path
) -> None:
    embedded_world.send([*pictures(40), Sent(b"text"), Sent(None)])
    with member(embedded_world, tmp_path / "log") as running:
        embedded_world.results(40)
        embedded_world.dead_letters(2)
        frames = 'yardlight_frames_total{outcome="%s"}'
        wait_until(lambda: running.metric(frames % "classified") == 40, "40 counted")
        wait_until(lambda: running.metric(frames % "dead-lettered") == 2, "2 counted")
        for reason in ("not-an-image", "null"):
            assert running.metric(f'yardlight_dead_letters_total{{reason="{reason}"}}') == 1
        latency = 'yardlight_frame_latency_seconds_%s{stage="%s"}'
        assert {running.metric(latency % ("count", stage)) for stage in (*STAGES, "total")} == {40}
        stages = sum(running.metric(latency % ("sum", stage)) for stage in STAGES)
        assert stages == pytest.approx(running.metric(latency % ("sum", "total")), rel=1e-9)
        assert running.metric("yardlight_partitions_assigned") == PARTITIONS
        assert running.metric("yardlight_batch_size_sum") == 42
        wait_until(lambda: sum(map(running.metric, lags(embedded_world))) == 0, "no lag")
        _, page = get(f"{running.url}/metrics")
        assert 'yardlight_model_info{digest="sha256:' in page
        assert re.search(r'yardlight_engine_info{.*kind="onnxruntime",precision="fp32"}', page)
        assert 'version="' in page
        assert running.stop() == 0


def lags(world: World) -> list[str]:
    """Names of the metrics that tell each partition's lag."""
    name = 'yardlight_consumer_lag_frames{partition="%d",topic="%s"}'
    return [name % (number, world.topics.frames_topic) for number in range(PARTITIONS)]


def test_lag_shows_what_is_not_polled_while_the_queue_is_full(
    apache_world: World, tmp_path: Path
) -> None:
    apache_world.send(slow_pictures(400))
    with member(apache_world, tmp_path / "log", "--queue-frames", "4") as running:
        names = lags(apache_world)
        wait_until(lambda: sum(map(running.metric, names)) > 100, "lag")
        wait_until(lambda: sum(map(running.metric, names)) == 0, "no lag any more")


def test_health_follows_the_life_of_a_service(embedded_world: World) -> None:
    with serving(embedded_world.settings) as service:
        assert service.health.probe("startup") == (True, "running")
        assert service.health.probe("ready") == (True, "running")
        assert service.health.probe("live") == (True, "alive")
    assert service.health.probe("ready") == (False, "stopping")


def test_logs_are_lines_of_json_where_there_is_no_terminal(
    embedded_world: World, tmp_path: Path
) -> None:
    embedded_world.send(pictures(4))
    with member(embedded_world, tmp_path / "log") as running:
        running.ready()
        embedded_world.results(4)
        assert running.stop() == 0
    lines = running.lines()
    assert len(lines) == len(running.said().splitlines())
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
    assert lines[-1]["event"] == "stopped"
