"""How long `yardlight-train check` takes over many photos of a megabyte; then again."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tests.bench.copies import read_photo
from tests.bench.rig import SHARED, save, say, say_load
from tests.bench.strips import HEIGHT, STACKED, WIDTH, encoded_strip, stacked
from tests.pictures import drawn

_PHOTOS = SHARED / "data/cameras/train"
_LABELS = ("a", "b", "c", "d")
_MEGA = 1_000_000
_SPARE = 1.5
_DRAWN = 300


@dataclass(frozen=True, slots=True)
class _Cost:
    seconds: float
    cpu_seconds: float
    """Of all cores together: other work on the machine hardly changes it."""
    peak_mb: float


def measure_check(count: int) -> None:
    """Print what the first run over `count` new photos costs, and what the second one does."""
    say_load()
    with tempfile.TemporaryDirectory(prefix="yardlight-bench-") as name:
        free = shutil.disk_usage(name).free
        if free < count * _MEGA * _SPARE:
            raise SystemExit(f"{count} photos of a megabyte do not fit into {name}: set TMPDIR")
        data = Path(name) / "photos"
        size = _make(data, count)
        say(f"{count} photos of {WIDTH}x{HEIGHT}, {size / count / _MEGA:.2f} MB each")
        first, second = _check(data), _check(data)
    for title, cost in (("first", first), ("second", second)):
        say(
            f"check, {title} run: {cost.seconds:.1f} s, {cost.cpu_seconds:.1f} s of CPU time, "
            f"{count / cost.seconds:.0f} photos/s, {cost.peak_mb:.0f} MB of memory at most"
        )
    say("seconds are upper bounds: others' work is in them   (aim: minutes for 10,000)")
    save("check", {"photos": count, "bytes": size, "runs": [asdict(first), asdict(second)]})


def _check(data: Path) -> _Cost:
    command = [sys.executable, "-m", "trainer.cli", "check", "--data", str(data)]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"check ended with {process.returncode}")
    return _Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / _MEGA)


def _make(data: Path, count: int) -> int:
    """Write the photos; their bytes."""
    for label in _LABELS:
        (data / "train" / label).mkdir(parents=True)
    strips, size = _strips(), 0
    chance = np.random.default_rng(0)
    for number in range(count):
        photo = stacked([strips[at] for at in chance.choice(len(strips), STACKED, replace=False)])
        label = _LABELS[number % len(_LABELS)]
        (data / "train" / label / f"{number:06}.jpg").write_bytes(photo)
        size += len(photo)
    return size


def _strips() -> list[bytes]:
    sources = sorted(_PHOTOS.rglob("*.jpg"))
    if not sources:
        say(f"no photos in {_PHOTOS}: drawn pictures instead")
        return [encoded_strip(drawn(seed, 512, 128), seed) for seed in range(_DRAWN)]
    chosen = sources[:: max(1, len(sources) // _DRAWN)]
    return [encoded_strip(read_photo(path), seed) for seed, path in enumerate(chosen)]
