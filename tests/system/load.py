"""Cameras that keep sending, and the faults that they can have."""

import itertools
import secrets
import time
from collections.abc import Sequence
from threading import Event, Thread
from types import TracebackType

from edge.cloudevents import format_time
from tests.integration.world import Sent, World, pictures
from tests.waiting import join


class Load:
    """Frames from four cameras in turn, each with a trace and a capture time, for `with`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._done = Event()
        self._thread = Thread(target=self._send, name="load")
        self.frames: Sequence[Sent] = pictures(4)
        self.pause_seconds = 0.02
        self.silent: set[bytes] = set()
        """Keys of the cameras that send nothing now."""
        self.broken = False
        """Whether every fourth frame is no image."""
        self.paused = False
        self.sent = 0

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        join(self._thread)

    def _send(self) -> None:
        topic = self._world.topics.frames_topic
        with self._world.producer() as producer:
            for number in itertools.count():
                if self._done.wait(self.pause_seconds):
                    return
                frame = self.frames[number % len(self.frames)]
                if self.paused or frame.key in self.silent:
                    continue
                value = b"no image" if self.broken and number % 4 == 0 else frame.value
                producer.send(
                    topic, value, frame.key, headers=_headers(), partition=frame.partition
                )
                self.sent += 1


def _headers() -> list[tuple[str, bytes]]:
    trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    return [("traceparent", trace.encode()), ("ce_time", format_time(time.time()).encode())]
