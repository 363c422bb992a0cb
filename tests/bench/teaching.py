"""What a teacher is worth: a network that learns from nothing, with a pretrained one to learn from
and without.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from deploy.bundle.manifest import Bundle, open_bundle
from tests.bench.rig import SHARED, save, say

_PHOTOS = SHARED / "data/cameras"
_WEIGHTS = SHARED / "weights/mobilenetv2_100_same.fp16.safetensors"
_SEEDS = (0, 1, 2)


def measure_teaching() -> None:
    """Print the validation accuracy of `plain` alone and taught, as the mean over three seeds.

    `FIT` in the environment is given to both, such as `FIT="--epochs 5 --teacher-share 0.5"`; what
    concerns a teacher changes nothing for the one without.
    """
    if not _PHOTOS.is_dir():
        say(f"teaching: no photos in {_PHOTOS}, skipped")
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        pretrained = ("--backbone", "mobilenetv2_100", "--weights", str(_WEIGHTS))
        teacher = _accuracy(_fit(folder, "teacher", *pretrained))
        alone, taught = (
            [
                _accuracy(_fit(folder, f"{name}-{seed}", "--seed", str(seed), *_settings(), *more))
                for seed in _SEEDS
            ]
            for name, more in (("alone", ()), ("taught", ("--teacher", str(folder / "teacher"))))
        )
    say(
        f"teaching: plain alone {np.mean(alone):.3f}, taught {np.mean(taught):.3f} by a teacher of "
        f"{teacher:.3f}; seeds {alone} and {taught}"
    )
    save("teaching", {"teacher": teacher, "alone": alone, "taught": taught})


def _settings() -> list[str]:
    return os.environ.get("FIT", "").split()


def _fit(folder: Path, name: str, *words: str) -> Bundle:
    """Pictures are decoded once for all of them."""
    places = ("--data", str(_PHOTOS), "--out", str(folder / name), "--cache", str(folder / "cache"))
    command = [sys.executable, "-m", "trainer.cli", "fit", *places, "--no-pictures", *words]
    subprocess.run(command, check=True, capture_output=True)
    return open_bundle(folder / name)


def _accuracy(bundle: Bundle) -> float:
    return float(bundle.manifest.provenance["measured"]["val_accuracy"])
