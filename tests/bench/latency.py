"""Latency of paced cameras at half of the service's throughput, stage by stage."""

import json
import time
from itertools import cycle, islice
from statistics import median

import numpy as np

from edge.cameras.pace import Pace
from edge.cameras.picture import Picture
from edge.cameras.publisher import FramePublisher
from edge.kafka.producer import RecordSink
from edge.process import TiedProcess
from tests.bench.contenders import bare_frame_seconds
from tests.bench.rig import PARTITIONS, Rig, save, say
from tests.bench.throughput import service_command

_SECONDS = 60.0
_WARM_UP = 15.0
_STAGES = ("transport", "queue", "decode", "batch", "inference", "publish", "total")


def measure_latency(rig: Rig, rate: float) -> None:
    """Cameras send `rate` frames a second together; print each stage's percentiles."""
    bare = bare_frame_seconds(rig)
    for topic in ("paced", "paced-results", "paced-results.dead"):
        rig.create_topic(topic)
    trace = rig.folder / "paced.json"
    command = [*service_command(rig, "paced-results", trace), "--frames-topic", "paced"]
    process = TiedProcess("paced service", command, rig.folder / "paced.log")
    process.start()
    try:
        _send(rig, rate)
        process.wait_until(lambda: rig.count("paced-results") >= rig.count("paced"), 60.0)
    finally:
        process.stop(20.0)
    frames = json.loads(trace.read_text(encoding="utf-8"))
    _report(frames[int(rate * _WARM_UP) :], bare, rate)


def _send(rig: Rig, rate: float) -> None:
    pictures = (
        Picture(f"camera-{number % PARTITIONS}", rig.frames[number % len(rig.frames)])
        for number in islice(cycle(range(1 << 20)), int(rate * _SECONDS))
    )
    sink = RecordSink(rig.kafka, "bench-cameras")
    sink.open()
    sleeping = time.sleep

    def wait(seconds: float) -> bool:
        sleeping(seconds)
        return False

    FramePublisher(sink, "paced").publish(Pace(rate).paced(pictures, wait))
    sink.close()


def _report(frames: list[dict[str, float]], bare: float, rate: float) -> None:
    say(f"{len(frames)} frames at {rate:.0f} a second; one frame alone takes {1000 * bare:.1f} ms")
    rows = {}
    for stage in _STAGES:
        p50, p95, p99 = np.percentile([frame[stage] for frame in frames], (50, 95, 99))
        rows[stage] = [float(p50), float(p95), float(p99)]
        say(f"{stage:<10} p50 {1000 * p50:7.1f}   p95 {1000 * p95:7.1f}   p99 {1000 * p99:7.1f} ms")
    gaps = [
        abs(frame["total"] - sum(value for stage, value in frame.items() if stage != "total"))
        for frame in frames
    ]
    say(f"p99 / one frame alone  {rows['total'][2] / bare:.1f}   (aim: below 5)")
    say(f"largest gap between a frame's total and the sum of its stages: {max(gaps):.1e} s")
    save("latency", {"bare": bare, "rate": rate, "stages": rows, "median_gap": median(gaps)})
