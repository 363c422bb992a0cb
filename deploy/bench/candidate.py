"""An engine under measurement: its stand, its runs so far, and what becomes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploy.bench.stand import Stand
from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Bundle
from deploy.bundle.signature import signature_file
from deploy.engines.measurement import Measurement, Run, point_of
from deploy.engines.protocol import CostCurve
from deploy.engines.record import RECORD, EngineRecord, write_record


@dataclass(frozen=True, slots=True)
class Measured:
    """An engine and what was found of it."""

    bundle: Bundle
    folder: Path
    record: EngineRecord
    """With the measurement in it, and the cost that the service plans with taken from it."""
    found: Measurement


@dataclass(slots=True)
class Candidate:
    """Once it has failed it does nothing more, and `failure` says why."""

    stand: Stand
    record: EngineRecord
    batches: tuple[int, ...]
    failure: str = ""
    _load_seconds: float = 0.0
    _warm_up_seconds: float = 0.0
    _runs: dict[int, list[Run]] = field(default_factory=dict)

    def begin(self) -> None:
        """Load it, and run every batch size once."""
        try:
            self._load_seconds = self.stand.load()
            self._warm_up_seconds = self.stand.warm_up(self.batches)
        except Fatal as error:
            self.failure = str(error)

    def run(self, seconds: float) -> None:
        """Run each batch size for so long."""
        try:
            for batch in self.batches:
                if not self.failure:
                    self._runs.setdefault(batch, []).extend(self.stand.run(batch, seconds))
        except Fatal as error:
            self.failure = str(error)

    def measured(self, conditions: Mapping[str, str]) -> Measured:
        """Sum up what it did."""
        points = tuple(point_of(batch, self._runs[batch]) for batch in self.batches)
        found = Measurement(
            points, self._load_seconds, self._warm_up_seconds, self.stand.memory(), conditions
        )
        # Sizes that were not asked for keep the cost that they were known to have.
        cost = dict(self.record.cost.points) | {point.batch: point.median for point in points}
        curve = CostCurve(tuple(sorted(cost.items())))
        record = replace(self.record, cost=curve, measured=found)
        return Measured(self.stand.bundle, self.stand.folder, record, found)


def keep(measured: Measured) -> bool:
    """Put what was found into `engine.json`, for the service to plan with; False where that is
    signed: a signature holds for the record as it is.
    """
    if signature_file(measured.folder / RECORD).exists():
        return False
    write_record(measured.folder, measured.record)
    return True
