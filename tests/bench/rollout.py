"""Latency while another bundle is rolled out, at half of the service's throughput."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.manifest import MANIFEST, write_bundle
from edge.kafka.producer import RecordSink
from edge.kafka.reader import TopicReader
from edge.kafka.topics import TopicAdmin, plan_topics
from edge.process import TiedProcess
from edge.record import Message
from edge.settings.topics import TopicSettings
from edge.wire import read_classification
from tests.bench.rig import PARTITIONS, Rig, save, say, say_load
from tests.bench.stalls import Stalls, stalls_noted
from tests.bench.throughput import paused, service_command

_WARM_UP, _BEFORE, _AFTER = 10.0, 30.0, 15.0
_SWAP_SECONDS = 2.0
_PATIENCE = 120.0
_SHARE = 0.1
_LATE = 5
_TRIAL = (
    # What a batch takes on a machine that others use says nothing, and is not what is measured.
    *("--max-latency-ratio", "100", "--wait", "--timeout", "180"),
)
_FRAMES, _RESULTS = "rolled", "rolled-results"


def measure_rollout(rig: Rig, rate: float) -> None:
    """Print p99 before the roll-out, during it, around the change and after it, each beside that
    before, and the frames lost.
    """
    say_load()
    topics = TopicSettings(
        frames_topic=_FRAMES, results_topic=_RESULTS, dead_letters_topic=f"{_RESULTS}.dead"
    )
    with TopicAdmin(rig.kafka) as admin:
        admin.create(plan_topics(topics, PARTITIONS, 1))
    command = [*service_command(rig, _RESULTS, None), "--frames-topic", _FRAMES]
    command += ["--slot", "bench", "--node", "one", "--bundles-cache", str(rig.folder / "bundles")]
    process = TiedProcess("the service", command, rig.folder / "rolled.log")
    candidate = _candidate(rig)
    process.start()
    try:
        with stalls_noted(rig) as stalls, _paced(rig, rate):
            # What had come when the service was ready waits in its queue, for seconds.
            process.wait_until(lambda: paused(lambda: _keeps_up(rig, rate)), _PATIENCE)
            time.sleep(_WARM_UP + _BEFORE)
            began = time.time()
            _roll_out(rig, candidate, rate)
            ended = time.time()
            time.sleep(_AFTER)
        process.wait_until(lambda: paused(lambda: _is_done(rig)), _PATIENCE)
    finally:
        process.stop(20.0)
    _report(rig, stalls, began, ended, rate)


def _keeps_up(rig: Rig, rate: float) -> bool:
    """Whether less than half a second's frames are under way."""
    seen = rig.count(_RESULTS)
    return seen > 0 and rig.count(_FRAMES) - seen < max(rate / 2, PARTITIONS)


def _is_done(rig: Rig) -> bool:
    return rig.count(_RESULTS) >= rig.count(_FRAMES)


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


def _roll_out(rig: Rig, folder: Path, rate: float) -> None:
    """With a shadow of so many frames that they come in some twenty seconds."""
    shadow = ("--shadow-share", str(_SHARE), "--shadow-frames", str(round(_SHARE * rate * 20)))
    where = ("--bootstrap-servers", rig.kafka.bootstrap_servers)
    words = ("rollout", "--slot", "bench", "--bundle", str(folder), *shadow, *_TRIAL, *where)
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
        sink.send(Message(_FRAMES, key, rig.frames[number % len(rig.frames)]), lambda _: None)
        due, number = due + 1 / rate, number + 1
    sink.flush(30.0)
    sink.close()


def _report(rig: Rig, stalls: Stalls, began: float, ended: float, rate: float) -> None:
    with TopicReader(rig.kafka) as reader:
        sent = {(it.partition.number, it.offset): it.timestamp for it in reader.read_all(_FRAMES)}
        results = [
            (record.timestamp, read_classification(record.value or b""))
            for record in reader.read_all(_RESULTS)
        ]
    changed = min(at for at, it in results if it.model.version == "second")
    seconds = np.array([at - sent[it.frame.partition, it.frame.offset] for at, it in results])
    times = np.array([at for at, _ in results])
    windows = {
        "before": (began - _BEFORE, began),
        "trial": (began, changed - _SWAP_SECONDS),
        "swap": (changed - _SWAP_SECONDS, changed + _SWAP_SECONDS),
        "after": (max(ended, changed + _SWAP_SECONDS), float(times.max())),
    }
    inside = {name: (times >= start) & (times < end) for name, (start, end) in windows.items()}
    p99 = {name: float(np.percentile(seconds[window], 99)) for name, window in inside.items()}
    say(f"{len(sent)} frames at {rate:.0f} a second, rolled out in {ended - began:.0f} s")
    for name, value in p99.items():
        frames = int(inside[name].sum())
        beside = f"p99 / before {value / p99['before']:.2f}"
        say(f"{name:<8} p99 {1000 * value:7.1f} ms   {beside}   ({frames} frames)")
    lost = len(sent) - len({(it.frame.partition, it.frame.offset) for _, it in results})
    say(f"swap / before  {p99['swap'] / p99['before']:.2f}   (aim: 1.5 or less)")
    say(f"frames lost    {lost} of {len(sent)}   (aim: 0)")
    said = stalls.report(windows) | {"service": _worst(stalls, times, seconds, inside)}
    for name, window in inside.items():
        worst = results[int(np.where(window, seconds, 0.0).argmax())][1]
        say(f"  longest of {name}: {_stages(worst.latency)}")
    result = {"rate": rate, "p99": p99, "lost": lost, "frames": len(sent), "longest": said}
    save("rollout", result)


def _stages(latency: Mapping[str, float]) -> str:
    """Where a frame was, for how many milliseconds."""
    return ", ".join(f"{name} {1000 * took:.0f}" for name, took in latency.items())


def _worst(
    stalls: Stalls,
    times: NDArray[np.float64],
    seconds: NDArray[np.float64],
    inside: dict[str, NDArray[np.bool_]],
) -> dict[str, float]:
    """Print and return the longest latency in each window, and say whose the late ones are."""
    longest = {name: float(seconds[window].max()) for name, window in inside.items()}
    say("  service      " + "".join(f"{1000 * it:9.0f}" for it in longest.values()) + "   a frame")
    late = seconds > _LATE * np.median(seconds)
    pairs = zip(times[late], seconds[late], strict=True)
    explained = sum(stalls.explains((at - took, at)) for at, took in pairs)
    say(
        f"{late.sum()} frames took more than {_LATE} times the median; during {explained} of them "
        "something else stood still for half of that time, or had less than a third of a core: "
        "those are not the service's"
    )
    return longest
