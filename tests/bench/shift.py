"""What a network is worth at cameras that it has never seen: `fit` without one source of photos,
asked about that source.
"""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.limits import Limits
from deploy.bundle.manifest import open_bundle
from deploy.bundle.pixels import frame_to_pixels
from deploy.bundle.proportion import wilson
from deploy.bundle.reference import open_reference
from tests.bench.rig import SHARED, save, say

_PHOTOS = SHARED / "data/cameras"
_WEIGHTS = SHARED / "weights/mobilenetv2_100_same.fp16.safetensors"
_AIM = 0.88


@dataclass(frozen=True, slots=True)
class _Photo:
    path: Path
    split: str
    label: str
    source: str


@dataclass(frozen=True, slots=True)
class _Told:
    right: int
    of: int


def measure_shift() -> None:
    """Print the accuracy on each source that was kept out, and on all of them.

    `FIT` in the environment is given to `fit`, such as `FIT="--probe-pull 0.1"`.
    """
    if not (_PHOTOS / "MANIFEST.csv").is_file():
        say(f"shift: no photos in {_PHOTOS}, skipped")
        return
    photos = list(_photos())
    told = {source: _without(source, photos) for source in sorted({it.source for it in photos})}
    for source, one in told.items():
        say(f"{source}: {one.right} of {one.of} right while it was kept out")
    right, of = (sum(getattr(one, name) for one in told.values()) for name in ("right", "of"))
    low, high = wilson(right, of)
    say(f"elsewhere: {right / of:.3f} ({low:.3f} to {high:.3f}) of {of}   (aim: {_AIM} or more)")
    save("shift", {"right": right, "of": of, "fit": os.environ.get("FIT", "")})


def _photos() -> Iterator[_Photo]:
    with (_PHOTOS / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            path = _PHOTOS / row["file"]
            yield _Photo(path, path.parts[-3], row["label"], row["source_repo"].partition("/")[0])


def _without(source: str, photos: list[_Photo]) -> _Told:
    """Labels that only this source has stay in training; their photos are not asked about."""
    elsewhere = {it.label for it in photos if it.source != source}
    kept = [it for it in photos if it.source != source or it.label not in elsewhere]
    asked = [it for it in photos if it.source == source and it.label in elsewhere]
    with tempfile.TemporaryDirectory() as folder:
        _fit(kept, Path(folder))
        bundle = open_bundle(Path(folder) / "bundle")
        model = open_reference(bundle.model, threads=os.cpu_count() or 1)
        labels, right = bundle.manifest.labels, 0
        for photo in asked:
            pixels = frame_to_pixels(photo.path.read_bytes(), bundle.manifest.input, Limits())
            best = int(model.probabilities(pixels[None])[0].argmax())
            right += labels[best] == photo.label
    return _Told(right, len(asked))


def _fit(photos: list[_Photo], folder: Path) -> None:
    for photo in photos:
        place = folder / "photos" / photo.split / photo.label / photo.path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo.path, place)
    words = [
        *("fit", "--data", str(folder / "photos"), "--out", str(folder / "bundle")),
        *("--backbone", "mobilenetv2_100", "--weights", str(_WEIGHTS), "--no-pictures"),
        *os.environ.get("FIT", "").split(),
    ]
    command = [sys.executable, "-m", "trainer.cli", *words]
    subprocess.run(command, check=True, capture_output=True)
