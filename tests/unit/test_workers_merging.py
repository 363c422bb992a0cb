"""The pages of several workers as one, and what is left of those that have ended."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from edge.observe.camera_metrics import OTHER
from edge.observe.definitions import ALL, Metric
from edge.observe.metrics import Metrics
from edge.observe.samples import LISTED, Exemplar, Sample, SamplePage, read_samples
from edge.outcome import DeadLettered
from edge.workers.merging import lasting, merge
from edge.workers.tally import Tally
from tests.unit.outcomes import classified, dead_lettered, inferred_frame

FRAMES, LAG, OWNED = "yardlight_frames", "yardlight_consumer_lag_frames", "yardlight_partitions_assigned"
