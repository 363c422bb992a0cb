"""Cameras that send three times as many frames as an engine runs, and that engine."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.integration.world import World
from tests.models import solid_jpeg
from tests.waiting import join

PARCEL = solid_jpeg("parcel")
SECONDS_A_FRAME = 0.0125
RATES = {"busy": 60} | {f"calm-{number}": 6 for number in range(30)}
"""Frames a second of each camera, three times as many as the engine runs."""


def run_slowly(frames: int) -> None:
    """For `slow_engine`."""
    time.sleep(SECONDS_A_FRAME * frames)


@dataclass
class Traffic:
    """Cameras that send whatever becomes of their frames."""

    world: World
    sent: "Counter[str]" = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        start = time.monotonic()
        with self.world.producer(acks=1) as producer:
            while not self.stop.wait(0.01):
                elapsed = time.monotonic() - start
                for camera, rate in RATES.items():
                    while self.sent[camera] < elapsed * rate:
                        producer.send(self.world.topics.frames_topic, PARCEL, camera.encode())
                        self.sent[camera] += 1

    @property
    def total(self) -> int:
        return sum(self.sent.values())


@contextmanager
def traffic(world: World) -> Iterator[Traffic]:
    made = Traffic(world)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        made.stop.set()
        join(thread)
