"""What every engine keeps, kept by the GPU path over a device that stands in for a GPU."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from deploy.bundle.manifest import Bundle, open_bundle
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Scores, open_reference
from deploy.engines.gpu.lane import Lane, open_lane
from deploy.engines.gpu.session import largest, session_on
from deploy.engines.protocol import DecodingSession, Engine, Session
from tests.contract.test_engines import (
    MAX_BATCH,
    test_a_batch_beyond_the_largest_is_answered_right_or_refused,
    test_a_batch_of_any_size_is_answered_as_by_the_reference,
    test_a_session_knows_nothing_of_another,
    test_a_session_may_be_made_while_another_runs,
    test_an_answer_stays_what_it_was_after_the_next_run,
    test_an_engine_pays_for_at_least_one_session,
    test_pixels_may_be_a_view_of_others,
    test_pixels_may_be_read_only_and_are_never_changed,
    test_sessions_run_side_by_side,
    test_sizes_of_batches_may_alternate,
)
from tests.gpu.fake_device import FakeDevice
from tests.gpu.fake_stage import FakeDecoder, FakeNetwork
from tests.gpu.host_kernel import HostKernel
from tests.models import LABELS

__all__ = [
    "test_a_batch_beyond_the_largest_is_answered_right_or_refused",
    "test_a_batch_of_any_size_is_answered_as_by_the_reference",
    "test_a_session_knows_nothing_of_another",
    "test_a_session_may_be_made_while_another_runs",
    "test_an_answer_stays_what_it_was_after_the_next_run",
    "test_an_engine_pays_for_at_least_one_session",
    "test_pixels_may_be_a_view_of_others",
    "test_pixels_may_be_read_only_and_are_never_changed",
    "test_sessions_run_side_by_side",
    "test_sizes_of_batches_may_alternate",
]


@dataclass(frozen=True, slots=True)
class StandIn:
    """`TensorRtEngine` with the reference for a plan."""

    device: FakeDevice
    bundle: Bundle
    lanes: list[Lane] = field(default_factory=list)
    concurrency: int = 3

    def session(self) -> Session:
        self.lanes.append(largest(self._lane, MAX_BATCH))
        return session_on(self.lanes[-1])

    def close(self) -> None:
        while self.lanes:
            self.lanes.pop().close()
        self.device.check_clean()

    def _lane(self, places: int) -> Lane:
        reference = open_reference(self.bundle.model, threads=1)
        spec = self.bundle.manifest.input

        def answer(pixels: Pixels) -> tuple[Scores, Scores]:
            outputs = reference.run(np.ascontiguousarray(pixels))
            return outputs.probabilities, outputs.logits

        network = FakeNetwork(self.device, spec, answer=answer)
        with self.device.current():
            decoder = FakeDecoder(self.device)
            return open_lane(self.device, network, decoder, spec, len(LABELS), places)


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    return open_bundle(tiny_bundle)


@pytest.fixture(scope="module")
def engine(kernel: HostKernel, bundle: Bundle) -> Iterator[Engine]:
    """When it is closed, its device tells of anything that is still held."""
    made = StandIn(FakeDevice(kernel), bundle)
    yield made
    made.close()


def test_its_sessions_decode(engine: Engine) -> None:
    assert isinstance(engine.session(), DecodingSession)
