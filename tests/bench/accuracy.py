"""The demo's network on scenes that it was not trained on, through the production path."""

import numpy as np

from deploy.bundle.limits import Limits
from deploy.bundle.manifest import open_bundle
from deploy.bundle.pixels import frame_to_pixels
from deploy.bundle.reference import open_reference
from edge.cameras.picture import encode_jpeg
from edge.cameras.simulated import SimulatedCamera
from edge.demo import BUNDLE
from tests.bench.rig import save, say

_SEEDS = (9001, 9002, 9003)
_CAMERAS = 4
_EVERY = 2.5
_MOMENTS = 80


def measure_accuracy() -> None:
    """Print the accuracy for each of several unseen seeds."""
    bundle = open_bundle(BUNDLE)
    model = open_reference(bundle.model, threads=1)
    accuracies = []
    for seed in _SEEDS:
        right = []
        for number in range(_CAMERAS):
            camera = SimulatedCamera(f"fresh-{number}", seed)
            for moment in range(_MOMENTS):
                shot = camera.shot(moment * _EVERY)
                jpeg = encode_jpeg(shot.pixels)
                pixels = frame_to_pixels(jpeg, bundle.manifest.input, Limits())
                scores = model.probabilities(pixels[None])[0]
                right.append(bundle.manifest.labels[int(scores.argmax())] == shot.label)
        accuracies.append(float(np.mean(right)))
    shown = ", ".join(f"{accuracy:.3f}" for accuracy in accuracies)
    say(f"demo model on fresh scenes: {shown} for seeds {_SEEDS}   (aim: 0.95 or more)")
    save("accuracy", {"seeds": _SEEDS, "accuracy": accuracies})
