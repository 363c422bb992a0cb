"""Does memory stay flat under full load? Resident size of the service, second by second."""

import time
from statistics import median
from threading import Event, Thread

from kafka import KafkaProducer

from edge.process import TiedProcess
from tests.bench.rig import PARTITIONS, Rig, save, say
from tests.bench.throughput import service_command

_AHEAD = 600
_SMALL_LOG = {"retention.bytes": str(64 << 20), "segment.bytes": str(16 << 20)}
_WINDOW = 15.0


def measure_memory(rig: Rig, minutes: float) -> None:
    """Keep a backlog before the service for `minutes`, compare minute 1 with the last."""
    rig.create_topic("endless", **_SMALL_LOG)
    for topic in ("endless-results", "endless-results.dead"):
        rig.create_topic(topic)
    command = [*service_command(rig, "endless-results", None), "--frames-topic", "endless"]
    process = TiedProcess("loaded service", command, rig.folder / "endless.log")
    done = Event()
    feeder = Thread(target=_feed, args=(rig, done), daemon=True)
    process.start()
    feeder.start()
    samples = []
    start = time.monotonic()
    try:
        while (elapsed := time.monotonic() - start) < 60 * minutes + _WINDOW:
            samples.append((elapsed, process.resident_bytes()))
            time.sleep(1.0)
    finally:
        done.set()
        feeder.join()
        process.kill()
    _report(samples, minutes, rig.count("endless-results"))


def _feed(rig: Rig, done: Event) -> None:
    """Stay a bounded number of frames ahead of the service."""
    producer = KafkaProducer(bootstrap_servers=rig.kafka.servers, batch_size=1 << 18)
    sent = 0
    while not done.is_set():
        behind = sent - rig.count("endless-results")
        for _ in range(max(0, _AHEAD - behind)):
            frame = rig.frames[sent % len(rig.frames)]
            producer.send("endless", frame, partition=sent % PARTITIONS)
            sent += 1
        producer.flush()
        done.wait(1.0)
    producer.close()


def _report(samples: list[tuple[float, int]], minutes: float, frames: int) -> None:
    early = median(size for at, size in samples if 60 <= at < 60 + _WINDOW)
    late = median(size for at, size in samples if at >= 60 * minutes)
    growth = late / early - 1
    say(f"{frames} frames in {minutes:g} minutes")
    say(f"resident {early / 1e6:.1f} MB in minute 1, {late / 1e6:.1f} MB in minute {minutes:g}")
    say(f"growth {growth:+.2%}   (aim: below 2 %)")
    save("memory", {"minutes": minutes, "growth": growth, "samples": samples, "frames": frames})
