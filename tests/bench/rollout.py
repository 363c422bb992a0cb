"""Latency while another bundle is rolled out, at half of the service's throughput."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import numpy as np

from deploy.bundle.manifest import MANIFEST, write_bundle
from edge.kafka.producer import RecordSink
from edge.kafka.reader import TopicReader
from edge.kafka.topics import TopicAdmin, plan_topics
from edge.process import TiedProcess
from edge.record import Message
from edge.settings.topics import TopicSettings
from edge.wire import read_classification
from tests.bench.rig import PARTITIONS, Rig, save, say
from tests.bench.throughput import service_command

_WARM_UP, _BEFORE, _AFTER = 15.0, 30.0, 15.0
_SWAP_SECONDS = 2.0
_SHADOW = ("--shadow-frames", "300", "--shadow-share", "0.1", "--max-latency-ratio", "100")


def measure_rollout(rig: Rig, rate: float) -> None:
    """Print p99 before the roll-out, during it and around the change, and the frames lost."""
    topics = TopicSettings(frames_topic="rolled", results_topic="rolled-results")
    with TopicAdmin(rig.kafka) as admin:
        admin.create(plan_topics(topics, PARTITIONS, 1))
    words = ("--frames-topic", "rolled", "--slot", "bench", "--node", "one")
    command = [*service_command(rig, "rolled-results", None), *words]
    command += ["--bundles-cache", str(rig.folder / "bundles")]
    process = TiedProcess("the service", command, rig.folder / "rolled.log")
    process.start()
    try:
        with _paced(rig, rate):
            time.sleep(_WARM_UP + _BEFORE)
            began = time.time()
            _roll_out(rig, _candidate(rig))
            time.sleep(_AFTER)
        process.wait_until(lambda: rig.count("rolled-results") >= rig.count("rolled"), 120.0)
    finally:
        process.stop(20.0)
    _report(rig, began, rate)


def _candidate(rig: Rig) -> Path:
    """The same network in a bundle of another version."""
    folder = Path(shutil.copytree(rig.bundle.folder, rig.folder / "second"))
    shutil.rmtree(folder / "engines", ignore_errors=True)
    (folder / MANIFEST).unlink()
    was = rig.bundle.manifest
    write_bundle(
        folder,
        name=was.name,
        version="second",
        labels=was.labels,
        input_spec=was.input,
        outputs=was.outputs,
        provenance=was.provenance,
    )
    return folder


def _roll_out(rig: Rig, folder: Path) -> None:
    where = ("--bootstrap-servers", rig.kafka.bootstrap_servers)
    words = ("rollout", "--slot", "bench", "--bundle", str(folder), *_SHADOW, *where, "--wait")
    subprocess.run([sys.executable, "-m", "edge.cli", *words], check=True)


@contextmanager
def _paced(rig: Rig, rate: float) -> Iterator[None]:
    """Frames at that rate until the end."""
    done = Event()
    thread = Thread(target=_send, args=(rig, rate, done))
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _send(rig: Rig, rate: float, done: Event) -> None:
    sink = RecordSink(rig.kafka, "bench-cameras")
    sink.open()
    due, number = time.monotonic(), 0
    while not done.wait(max(0.0, due - time.monotonic())):
        key = f"camera-{number % PARTITIONS}".encode()
        sink.send(Message("rolled", key, rig.frames[number % len(rig.frames)]), lambda _: None)
        due, number = due + 1 / rate, number + 1
    sink.flush(30.0)
    sink.close()


def _report(rig: Rig, began: float, rate: float) -> None:
    with TopicReader(rig.kafka) as reader:
        sent = {(it.partition.number, it.offset): it.timestamp for it in reader.read_all("rolled")}
        results = [
            (record.timestamp, read_classification(record.value or b""))
            for record in reader.read_all("rolled-results")
        ]
    changed = min(at for at, it in results if it.model.version == "second")
    seconds = np.array([at - sent[it.frame.partition, it.frame.offset] for at, it in results])
    times = np.array([at for at, _ in results])
    windows = {
        "before": (times > began - _BEFORE) & (times < began),
        "roll-out": (times >= began) & (times < changed + _SWAP_SECONDS),
        "change": abs(times - changed) < _SWAP_SECONDS,
    }
    p99 = {name: float(np.percentile(seconds[window], 99)) for name, window in windows.items()}
    for name, value in p99.items():
        say(f"{name:<10} p99 {1000 * value:7.1f} ms   ({int(windows[name].sum())} frames)")
    lost = len(sent) - len({(it.frame.partition, it.frame.offset) for _, it in results})
    say(f"change / before  {p99['change'] / p99['before']:.2f}   (aim: 1.5 or less)")
    say(f"frames lost      {lost} of {len(sent)}   (aim: 0)")
    save("rollout", {"rate": rate, "p99": p99, "lost": lost, "frames": len(sent)})
