"""A `PublishStage` at work before a broker that answers when it is told to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from unittest.mock import patch

from edge.assignments import Assignments
from edge.frame import Frame, Partition
from edge.observe.metrics import Metrics
from edge.outcome import Outcome
from edge.pipeline import outlet, publish
from edge.pipeline.crew import Crew
from edge.pipeline.messages import MessageWriter
from edge.pipeline.publish import PublishStage
from edge.pipeline.release import Release
from edge.record import Message
from edge.settings.topics import TopicSettings
from tests.clock import Clock
from tests.frames import OTHER, PARTITION, classified, make_frame
from tests.unit.outcomes import some_writer
from tests.waiting import join, wait_until

FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.002
RESULTS, DEAD_LETTERS = "classifications", "frames.dead-letters"


@dataclass
class Sent:
    """A record that the broker got, and how to answer it."""

    message: Message
    answer: Callable[[BaseException | None], None]
    producer: int

    @property
    def place(self) -> str:
        """`partition/offset` of its frame."""
        event_id = dict(self.message.headers)["ce_id"].decode()
        return event_id.removeprefix("yard/frames/")


@dataclass
class Broker:
    """A sink that keeps what it gets; `troubles` are raised first, one at each call."""

    sent: list[Sent] = field(default_factory=list)
    producer: int = 0
    send_troubles: list[Exception] = field(default_factory=list)
    renew_troubles: list[Exception] = field(default_factory=list)

    def send(self, message: Message, done: Callable[[BaseException | None], None]) -> None:
        if self.send_troubles:
            raise self.send_troubles.pop(0)
        if message.key is None and message.value is None:
            raise ValueError("Need at least one: key or value")  # as kafka-python does
        self.sent.append(Sent(message, done, self.producer))

    def renew(self) -> None:
        self.producer += 1
        if self.renew_troubles:
            raise self.renew_troubles.pop(0)

    def got(self, *places: str, producer: int = 0) -> list[Sent]:
        """What this producer sent, once these are all there; nothing else is."""
        wait_until(lambda: len(self._of(producer)) >= len(places), f"producer sends {places}")
        found = self._of(producer)
        assert [sent.place for sent in found] == list(places)
        return found

    def _of(self, producer: int) -> list[Sent]:
        return [sent for sent in self.sent if sent.producer == producer]


class SlowKafka:
    """A client's thread that is held up in the middle of an acknowledgement."""

    def __init__(self) -> None:
        self._looked, self._go_on = Event(), Event()

    def clock(self) -> float:
        self._looked.set()
        self._go_on.wait()
        return 102.0

    def begin_to_acknowledge(self, sent: Sent) -> None:
        self._thread = Thread(target=lambda: sent.answer(None), daemon=True)
        self._thread.start()
        self._looked.wait()

    def go_on(self) -> None:
        self._go_on.set()
        join(self._thread)


class Publishing:
    """The stage and all around it, with two partitions assigned. It is at work within `with`."""

    def __init__(
        self, clock: Callable[[], float] | None = None, *, under_way: int = 100, batches: int = 100
    ) -> None:
        self.broker = Broker()
        self.assignments = Assignments()
        self.assignments.assign([PARTITION, OTHER])
        self.metrics = Metrics()
        self.crew = Crew(Clock())
        writer = MessageWriter("yard", TopicSettings(), some_writer(), Clock(), Clock())
        release = Release(writer, self.assignments, self.metrics, clock or Clock(102.0))
        with (
            patch.object(publish, "_MAX_UNACKNOWLEDGED", under_way),
            patch.object(outlet, "_QUEUED_BATCHES", batches),
        ):
            self.stage = PublishStage(self.crew, self.broker, release, self.metrics)
        self._hurry = patch.multiple(
            publish, _WAIT=0.001, _FIRST_BACKOFF=FIRST_PAUSE, _LONGEST_BACKOFF=LONGEST_PAUSE
        )

    def __enter__(self) -> "Publishing":
        self._hurry.start()
        self.crew.start(publish.NAME, self.stage.run)
        return self

    def __exit__(self, *_: object) -> None:
        """The stage ends because it is told to, and for no other reason."""
        self.stage.abandon()
        left = self.crew.join(60)
        self._hurry.stop()
        assert left == []
        assert self.crew.failure is None

    def taken(self, *offsets: int, partition: Partition = PARTITION) -> list[Frame]:
        """Frames that were polled, and that a session took."""
        frames = []
        for offset in offsets:
            assignment = self.assignments.accepting(partition)
            assert assignment is not None
            assignment.ledger.deliver(offset)
            frames.append(make_frame(offset, partition, assignment=assignment.number))
        return frames

    def classify(self, *offsets: int, partition: Partition = PARTITION) -> None:
        """Frames come, are classified and put before the stage, one batch for all."""
        self.put(*map(classified, self.taken(*offsets, partition=partition)))

    def put(self, *outcomes: Outcome) -> None:
        self.stage.put(list(outcomes))

    def under_way(self, partition: Partition = PARTITION) -> int:
        """Frames whose outcomes the broker does not have."""
        return self.assignments.in_flight([partition])

    def position(self, partition: Partition = PARTITION) -> int | None:
        return self.assignments.uncommitted([partition]).get(partition)

    def count(self, outcome: str) -> float | None:
        return self.metrics.registry.get_sample_value(
            "yardlight_frames_total", {"outcome": outcome}
        )

    @property
    def reconnects(self) -> float | None:
        return self.metrics.registry.get_sample_value(
            "yardlight_reconnects_total", {"client": "producer"}
        )
