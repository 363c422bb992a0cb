"""`fit --multi-label` on real photos: two of different labels side by side, and the ways to learn.

A frame is made of two photos, left and right; where one is a background, it shows one thing or
none. What is measured is measured on photos that no other frame has, neither one to learn from nor
one that chose the calibration.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deploy.bundle.annotation import Annotation, write_annotation
from deploy.bundle.golden import encode_frame
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels, frame_to_pixels
from tests.bench.rig import SHARED, save, say
from trainer.data.pictures import PHOTO_LIMITS

_PHOTOS = SHARED / "data/cameras"
_WEIGHTS = SHARED / "weights/mobilenetv2_100_same.fp16.safetensors"
_NOTHING = "background"
_SIDE = 224
_FRAMES = {"train": 700, "val": 240, "test": 240}
_HOW = {
    "probe": (),
    "probe, --probe-pull 0.1": ("--probe-pull", "0.1"),
    "tuned, 2 epochs": ("--epochs", "2"),
}


def measure_several() -> None:
    """Print what each way to learn gets right on frames of other photos. `FIT` is given to all."""
    if not (_PHOTOS / "MANIFEST.csv").is_file():
        say(f"several: no photos in {_PHOTOS}, skipped")
        return
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw_frames(folder / "frames")
        for how, words in _HOW.items():
            found[how] = _measured(folder, (*words, *os.environ.get("FIT", "").split()))
            say(f"{how}: {_line(found[how])}")
    save("several", found)


def draw_frames(folder: Path) -> None:
    """Frames with annotations in `train`, `val` and `test` of a folder."""
    chance = np.random.default_rng(7)
    held_out = {label: sorted((_PHOTOS / "val" / label).iterdir()) for label in _labels()}
    photos = {
        "train": {label: sorted((_PHOTOS / "train" / label).iterdir()) for label in _labels()},
        "val": {label: paths[::2] for label, paths in held_out.items()},
        "test": {label: paths[1::2] for label, paths in held_out.items()},
    }
    for split, count in _FRAMES.items():
        for number in range(count):
            labels = [str(one) for one in chance.choice(_labels(), 2)]
            chosen = [
                photos[split][label][int(chance.integers(len(photos[split][label])))]
                for label in labels
            ]
            _write(folder / split / "frames" / f"{number:04}.jpg", labels, chosen)


def _labels() -> list[str]:
    return sorted(path.name for path in (_PHOTOS / "train").iterdir())


def _write(path: Path, labels: Sequence[str], photos: Sequence[Path]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    halves = [_half(photo) for photo in photos]
    path.write_bytes(encode_frame(np.hstack(halves)))
    shown = sorted({label for label in labels if label != _NOTHING})
    write_annotation(path, Annotation(tuple(shown), by="annotation"))


def _half(photo: Path) -> Pixels:
    return frame_to_pixels(photo.read_bytes(), InputSpec(_SIDE, _SIDE), PHOTO_LIMITS)


def _measured(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    bundle = folder / "bundle"
    _run(
        *("fit", "--multi-label", "--data", folder / "frames", "--out", bundle, "--overwrite"),
        *("--backbone", "mobilenetv2_100", "--weights", _WEIGHTS, "--no-pictures"),
        *("--cache", folder / "cache", *words),
    )
    said = _run("evaluate", "--bundle", bundle, "--data", folder / "frames" / "test", "--json")
    document: dict[str, Any] = json.loads(said)
    return document


def _line(found: dict[str, Any]) -> str:
    error = found["calibration"]
    return (
        f"exact match {found['exact_match']:.3f}, mAP {found['mean_average_precision']:.3f}, "
        f"mean F1 {found['mean_f1']:.3f}, calibration error {error['error']:.3f} "
        f"({error['error_before']:.3f} before)"
    )


def _run(*words: object) -> str:
    command = [sys.executable, "-m", "trainer.cli", *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
