"""The empty picture of a place: ground, wall and sky under their light, before anything moves."""

import numpy as np

from edge.cameras.simulated.camera import Camera
from edge.cameras.simulated.ground import Ground
from edge.cameras.simulated.light import Light
from edge.cameras.simulated.places import Place
from edge.cameras.simulated.shot import Pixels
from edge.cameras.simulated.wall import Wall


def plate(camera: Camera, place: Place, light: Light, rng: np.random.Generator) -> Pixels:
    """The place without any object: uint8 [H, W, 3], RGB."""
    foot = min(camera.height, max(0, int(np.ceil(camera.ground_row(place.backdrop.depth)))))
    picture = np.empty((camera.height, camera.width, 3), dtype=np.float32)
    if foot > 0:
        picture[:foot] = Wall(camera, place.backdrop, light, rng).paint(foot)
    if foot < camera.height:
        picture[foot:] = Ground(camera, place, light, rng).paint(foot)
    return np.clip(picture, 0, 255).astype(np.uint8)
