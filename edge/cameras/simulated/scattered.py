"""Scenes that have nothing to do with each other: pictures for a data set."""

import numpy as np

from edge.cameras.simulated.sensor import through_jpeg
from edge.cameras.simulated.shot import LABELS, Shot
from edge.cameras.simulated.staging import some_hour, some_scene

_SECONDS = 5.0


def scattered_shot(seed: int, index: int, width: int, height: int) -> Shot:
    """Picture `index` of the endless data set `seed`, both 0 or more; sizes in pixels.

    Its label is LABELS[index % 4], so that any run of pictures is balanced. The picture has been
    through JPEG at some quality, as a camera's would.
    """
    rng = np.random.default_rng((seed, index))
    label = LABELS[index % len(LABELS)]
    subject = label if label != "background" else LABELS[rng.integers(3)]
    scene = some_scene(subject, some_hour(rng), (width, height), _SECONDS, rng)
    if label == "background":
        scene = scene.deserted()
    taken = scene.shot(float(rng.uniform(0.0, _SECONDS)), rng)
    quality = int(rng.integers(35, 96))
    return Shot(through_jpeg(taken.pixels, quality), taken.label, taken.boxes)
