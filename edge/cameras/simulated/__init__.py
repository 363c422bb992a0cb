"""Surveillance scenes drawn by hand of code: streams for a demonstration, data to train on."""

from edge.cameras.simulated.scattered import scattered_shot
from edge.cameras.simulated.shot import LABELS, Box, Shot
from edge.cameras.simulated.stream import EVENT_SECONDS, SimulatedCamera

__all__ = ["EVENT_SECONDS", "LABELS", "Box", "Shot", "SimulatedCamera", "scattered_shot"]
