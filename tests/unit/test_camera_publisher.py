"""Pictures into the frames topic: key, headers, and an account of what the broker took."""

from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest

from deploy.bundle.errors import Unavailable
from edge.cameras.picture import Picture
from edge.cameras.publisher import FramePublisher, Sent
from edge.cloudevents import parse_time, read_origin
from edge.kafka.producer import RecordSink
from edge.record import Message
from edge.settings.kafka import KafkaSettings
from tests.unit.outcomes import PARTITION

Done = Callable[[BaseException | None], None]


class Broker(RecordSink):
    """A sink whose broker answers each record as `answer` says; None is a yes."""

    def __init__(self, answer: Callable[[Message], BaseException | None] = lambda _: None) -> None:
        super().__init__(KafkaSettings(), "test")
        self.messages: list[Message] = []
        self.unanswered: list[Done] = []
        self._answer = answer

    def send(self, message: Message, done: Done) -> None:
        self.messages.append(message)
        done(self._answer(message))

    def flush(self, seconds: float) -> None:
        assert seconds > 0
        while self.unanswered:
            self.unanswered.pop()(None)


class SlowBroker(Broker):
    """Answers only when it is flushed or told to."""

    def send(self, message: Message, done: Done) -> None:
        self.messages.append(message)
        self.unanswered.append(done)


def pictures(count: int) -> Iterator[Picture]:
    for number in range(count):
        yield Picture(f"gate-{number}", f"picture {number}".encode(), "parcel")


def headers(message: Message) -> dict[str, str]:
    return {name: value.decode() for name, value in message.headers}


def test_a_picture_is_sent_as_it_is_under_its_cameras_name() -> None:
    broker = Broker()
    sent = FramePublisher(broker, "yard-frames").publish(pictures(2))
    assert [(m.topic, m.key, m.value) for m in broker.messages] == [
        ("yard-frames", b"gate-0", b"picture 0"),
        ("yard-frames", b"gate-1", b"picture 1"),
    ]
    assert sent == Sent(acknowledged=2)


def test_what_it_says_of_a_frame_is_what_the_service_reads() -> None:
    broker = Broker()
    FramePublisher(broker, "frames").publish(pictures(1))
    (message,) = broker.messages
    now = parse_time(headers(message)["ce_time"])
    found = read_origin(
        PARTITION, 0, message.key, tuple(message.headers), recorded_at=now + 0.5, now=now + 1.0
    )
    assert found.camera == headers(message)["ce_source"] == "gate-0"
    assert found.id == headers(message)["ce_id"]
    assert (found.captured_at, found.fault) == (now, None)
    assert headers(message)["ce_type"] == "io.yardlight.frame.v1"


def test_every_frame_has_an_id_of_its_own_which_whoever_asks_is_told() -> None:
    broker, told = Broker(), list[tuple[str, Any]]()
    FramePublisher(broker, "frames").publish(
        pictures(5), lambda frame_id, picture: told.append((frame_id, picture.camera))
    )
    assert told == [(headers(m)["ce_id"], headers(m)["ce_source"]) for m in broker.messages]
    assert len({frame_id for frame_id, _ in told}) == 5


@pytest.mark.parametrize("truth", ["parcel", None])
def test_the_truth_is_told_only_where_it_is_known(truth: str | None) -> None:
    broker = Broker()
    FramePublisher(broker, "frames").publish(iter([Picture("gate-1", b"x", truth)]))
    assert headers(broker.messages[0]).get("yardlight_truth") == truth


def test_refused_frames_are_counted_and_the_last_reason_kept() -> None:
    def refuse_the_second(message: Message) -> BaseException | None:
        return Unavailable("the disk is full") if message.key == b"gate-1" else None

    sent = FramePublisher(Broker(refuse_the_second), "frames").publish(pictures(3))
    assert sent == Sent(acknowledged=2, failed=1, last_error="the disk is full")


def test_it_waits_for_the_answers_to_the_last_frames() -> None:
    broker = SlowBroker()
    assert FramePublisher(broker, "frames").publish(pictures(9)) == Sent(acknowledged=9)


def test_no_more_frames_are_under_way_than_memory_allows() -> None:
    broker, asked, full = SlowBroker(), list[int](), Event()

    def watched() -> Iterator[Picture]:
        for number, picture in enumerate(pictures(300)):
            asked.append(number)
            if number == 256:
                full.set()
            yield picture

    publisher = FramePublisher(broker, "frames")
    thread = Thread(target=publisher.publish, args=(watched(),))
    thread.start()
    assert full.wait(10)
    assert (len(broker.messages), publisher.sent.acknowledged) == (256, 0)
    while thread.is_alive():
        if broker.unanswered:
            broker.unanswered.pop()(None)
        thread.join(0.001)
    assert publisher.sent == Sent(acknowledged=300)
    assert len(broker.messages) == 300
