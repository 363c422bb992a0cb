"""How long `yardlight-train check` takes over many photos of a megabyte: for the first time, again,
and with one that changed.
"""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tests.bench.copies import read_photo
from tests.bench.cost import Cost, cost_of
from tests.bench.rig import SHARED, save, say, say_load
from tests.bench.strips import HEIGHT, STACKED, WIDTH, encoded_strip, stacked
from tests.pictures import drawn

_PHOTOS = SHARED / "data/cameras/train"
_LABELS = ("a", "b", "c", "d")
_MEGA = 1_000_000
_SPARE = 1.5
_DRAWN = 300


def measure_check(count: int) -> None:
    """Print what the first run over `count` new photos costs, and what those after it do.

    The photos lie in a temporary folder (TMPDIR), and are gone afterwards.
    """
    say_load()
    with tempfile.TemporaryDirectory(prefix="yardlight-bench-") as name:
        free = shutil.disk_usage(name).free
        if free < count * _MEGA * _SPARE:
            raise SystemExit(f"{count} photos of a megabyte do not fit into {name}: set TMPDIR")
        data = Path(name) / "photos"
        size = _make(data, count)
        say(f"{count} photos of {WIDTH}x{HEIGHT}, {size / count / _MEGA:.2f} MB each")
        runs = {"first run": _check(data), "nothing changed": _check(data)}
        changed = min(data.rglob("*.jpg"))
        changed.write_bytes(next(_photos(seed=1, count=1)))
        runs["one photo changed"] = _check(data)
    for title, cost in runs.items():
        say(
            f"check, {title}: {cost.seconds:.1f} s, {cost.processor:.1f} s of one core, "
            f"{count / cost.seconds:.0f} photos/s, {cost.peak / _MEGA:.0f} MB of memory at most"
        )
    say("seconds are upper bounds: others' work is in them   (aim: minutes, then a few seconds)")
    save(
        "check",
        {
            "photos": count,
            "bytes": size,
            "runs": {title: asdict(cost) for title, cost in runs.items()},
        },
    )


def _check(data: Path) -> Cost:
    return cost_of("trainer.cli", ["check", "--data", str(data)])


def _make(data: Path, count: int) -> int:
    """Write the photos; their bytes."""
    for label in _LABELS:
        (data / "train" / label).mkdir(parents=True)
    size = 0
    for number, photo in enumerate(_photos(seed=0, count=count)):
        label = _LABELS[number % len(_LABELS)]
        (data / "train" / label / f"{number:06}.jpg").write_bytes(photo)
        size += len(photo)
    return size


def _photos(seed: int, count: int) -> Iterator[bytes]:
    """JPEGs, each of strips of photos that no other one has in this order."""
    strips, chance = _strips(), np.random.default_rng(seed)
    for _ in range(count):
        yield stacked([strips[at] for at in chance.choice(len(strips), STACKED, replace=False)])


def _strips() -> list[bytes]:
    sources = sorted(_PHOTOS.rglob("*.jpg"))
    if not sources:
        say(f"no photos in {_PHOTOS}: drawn pictures instead")
        return [encoded_strip(drawn(seed, 512, 128), seed) for seed in range(_DRAWN)]
    chosen = sources[:: max(1, len(sources) // _DRAWN)]
    return [encoded_strip(read_photo(path), seed) for seed, path in enumerate(chosen)]
