"""A `PollStage` between a scripted source and an intake, run until the script is over."""

from collections.abc import Callable, Iterable, Mapping

from deploy.engines.protocol import CostCurve
from edge.assignments import Assignments
from edge.batching import Batcher
from edge.frame import Frame, Headers, Partition
from edge.freshness import Freshness
from edge.ledger import Ledger
from edge.observe.metrics import Metrics
from edge.outcome import Outcome, Skipped
from edge.pipeline.crew import Crew
from edge.pipeline.hands import Hands
from edge.pipeline.intake import Intake
from edge.pipeline.poll import PollStage
from edge.pipeline.skips import Skips
from edge.queueing import Overload
from edge.record import Record
from tests.clock import Clock
from tests.frames import PARTITION, classified

WALL = 1_700_000_000.0
Step = list[Record] | Exception | Callable[[], None]
"""What one poll brings, or what happens during one that brings nothing."""


def record(
    offset: int,
    partition: Partition = PARTITION,
    *,
    timestamp: float = WALL - 2,
    key: bytes | None = b"gate-1",
    value: bytes | None = b"picture",
    headers: Headers = (),
    corrupt: str | None = None,
) -> Record:
    return Record(partition, offset, timestamp, key, value, headers, corrupt)


def many(count: int, start: int = 0) -> list[Record]:
    return [record(offset) for offset in range(start, start + count)]


class Source:
    """A source that follows a script of polls and remembers what it was told."""

    def __init__(self) -> None:
        self.script: list[Step] = []
        self.over: Callable[[], None] = lambda: None
        self.polls: list[float] = []
        self.told: list[str] = []
        self.commits: list[Mapping[Partition, int]] = []
        self.left: list[Mapping[Partition, int]] = []
        self.answers: list[Callable[[BaseException | None], None]] = []
        self.commit_trouble: Exception | None = None
        self.lags: dict[Partition, int] = {}

    def poll(self, seconds: float) -> list[Record]:
        self.polls.append(seconds)
        step = self.script.pop(0) if self.script else []
        if not self.script:
            self.over()
        if isinstance(step, Exception):
            raise step
        if callable(step):
            step()
            return []
        return step

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")

    def commit_soon(
        self, positions: Mapping[Partition, int], done: Callable[[BaseException | None], None]
    ) -> None:
        self.commits.append(positions)
        self.answers.append(done)

    def commit_now(self, positions: Mapping[Partition, int], left: Mapping[Partition, int]) -> None:
        self.commits.append(positions)
        self.left.append(left)
        if self.commit_trouble is not None:
            raise self.commit_trouble

    def lag(self) -> Mapping[Partition, int]:
        return self.lags

    def partitions(self) -> int:
        return 4

    def forget(self, partitions: Iterable[Partition]) -> None:
        self.told += [f"forget {partition}" for partition in partitions]

    def close(self) -> None:
        self.told.append("close")


class PatientCrew(Crew):
    """A crew that can go on after it stopped, and whose waits are over at once."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.waits: list[float | None] = []

    def wait(self, seconds: float | None = None) -> bool:
        self.waits.append(seconds)
        return self.stopping

    def go_on(self) -> None:
        self._stop.clear()


class Polling:
    """The stage and all around it; the group has given it `PARTITION`."""

    def __init__(
        self,
        *,
        queue_frames: int = 100,
        overload: Overload = "block",
        freshness: Freshness | None = None,
    ) -> None:
        self.source = Source()
        self.assignments = Assignments()
        self.metrics = Metrics()
        self.clock = Clock()
        self.hands = Hands(self.clock)
        self.crew = PatientCrew(self.clock)
        self.source.over = self.crew.stop
        batcher = Batcher(CostCurve(((1, 0.1), (100, 0.1))), max_batch=4, budget=1e9)
        self.intake = Intake(
            batcher,
            max_frames=queue_frames,
            max_bytes=1 << 20,
            clock=self.clock,
            overload=overload,
        )
        self.skipped: list[Skipped] = []
        self.publishing_has_room = True
        self.stage = PollStage(
            self.crew,
            self.source,
            self.intake,
            Skips(self._offer),
            freshness or Freshness(),
            self.assignments,
            self.hands,
            self.metrics,
            self.clock,
            lambda: WALL,
        )
        self.stage.assigned((PARTITION,))

    def _offer(self, outcomes: list[Outcome]) -> bool:
        if self.publishing_has_room:
            self.skipped += [found for found in outcomes if isinstance(found, Skipped)]
        return self.publishing_has_room

    def run(self, *script: Step) -> None:
        """Poll in this thread until the script is over."""
        self.source.script = list(script)
        self.crew.go_on()
        self.stage.run()

    def waiting(self) -> list[Frame]:
        """Every frame that waits; they count as taken from now on."""
        frames: list[Frame] = []
        while taken := self.intake.take(0):
            frames += taken
        return frames

    def finish(self, *frames: Frame) -> None:
        """Their outcomes were acknowledged."""
        for frame in frames:
            ledger = self.assignments.ledger_of(frame)
            assert ledger is not None
            ledger.decide(classified(frame))
            ledger.acknowledge(frame.offset)

    def ledger(self, partition: Partition = PARTITION) -> Ledger:
        return self.assignments._owned[partition].ledger

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"yardlight_{name}", labels)
