"""Frames into Kafka."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from uuid import uuid4

from edge.cameras.picture import Picture
from edge.cloudevents import format_time
from edge.kafka.producer import RecordSink
from edge.record import Message

TRUTH_HEADER = "yardlight_truth"
"""Set by sources that know what their frames show, such as the simulated cameras."""
_IN_FLIGHT = 256


@dataclass(slots=True)
class Sent:
    """How publishing went."""

    acknowledged: int = 0
    failed: int = 0
    last_error: str = ""


class FramePublisher:
    """Puts pictures into the frames topic, keyed by camera, as CloudEvents."""

    def __init__(self, sink: RecordSink, topic: str) -> None:
        self._sink = sink
        self._topic = topic
        self._slots = BoundedSemaphore(_IN_FLIGHT)
        self._lock = Lock()
        self.sent = Sent()

    def publish(
        self, pictures: Iterator[Picture], each: Callable[[str, Picture], None] | None = None
    ) -> Sent:
        """Send all of them and wait until each was answered; `each` is told id and picture."""
        for picture in pictures:
            frame_id = str(uuid4())
            if each is not None:
                each(frame_id, picture)
            self._slots.acquire()
            self._sink.send(self._message(picture, frame_id), self._answered)
        self._sink.flush(30.0)
        return self.sent

    def _message(self, picture: Picture, frame_id: str) -> Message:
        attributes = {
            "ce_specversion": "1.0",
            "ce_type": "io.yardlight.frame.v1",
            "ce_source": picture.camera,
            "ce_id": frame_id,
            "ce_time": format_time(time.time()),
        }
        if picture.truth is not None:
            attributes[TRUTH_HEADER] = picture.truth
        headers = [(name, value.encode()) for name, value in attributes.items()]
        return Message(self._topic, picture.camera.encode(), picture.data, headers)

    def _answered(self, error: BaseException | None) -> None:
        with self._lock:
            if error is None:
                self.sent.acknowledged += 1
            else:
                self.sent.failed += 1
                self.sent.last_error = str(error)
        self._slots.release()
