"""Trains the demo's bundle again: `edge/demo/bundle`, from nothing but this project.

The data are drawn by the simulated cameras, the network is the trainer's plain one. Some forty
minutes on two cores; the same versions and the same number of threads give the same bytes.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from edge.demo import BUNDLE

SEED = 1
"""Of the scenes; the demo and the benchmarks draw from other seeds."""
PICTURES = 12_000
SIZE = "640x480"
LABELS = "vehicle,pedestrian,parcel,background"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="yardlight-demo-model-") as folder:
        draw(Path(folder))
        train(Path(folder))


def draw(folder: Path) -> None:
    """Write a labelled data set of scenes, 640x480 as the demo's cameras see them."""
    _run(
        *("edge.cli", "cameras", "--simulated", "1", "--to-folder", str(folder)),
        *("--size", SIZE, "--seed", str(SEED), "--count", str(PICTURES)),
    )


def train(folder: Path) -> None:
    """Fit the plain network to it, at the learning rate and length that small batches like."""
    _run(
        *("trainer.cli", "fit", "--data", str(folder), "--out", str(BUNDLE), "--overwrite"),
        *("--name", "yard", "--labels", LABELS, "--epochs", "16", "--patience", "0"),
        *("--batch", "32", "--lr", "3e-3"),
    )


def _run(module: str, *words: str) -> None:
    subprocess.run([sys.executable, "-m", module, *words], check=True)


if __name__ == "__main__":
    main()
