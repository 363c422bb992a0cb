"""The dashboards, one a file."""

from docs.monitoring.boards.cameras import CAMERAS
from docs.monitoring.boards.fleet import FLEET
from docs.monitoring.boards.gpu import GPU
from docs.monitoring.boards.pipeline import PIPELINE

BOARDS = (FLEET, PIPELINE, CAMERAS, GPU)
