"""Frames that go on coming while a test does something to the services."""

from threading import Event, Thread

from tests.integration.world import World, pictures
from tests.waiting import join


class Traffic:
    """Frames that keep coming until `end`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._done = Event()
        self.sent = 0
        self._thread = Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        frames = pictures(4)
        with self._world.producer(reconnect_backoff_max_ms=500) as producer:
            while not self._done.wait(0.01):
                frame = frames[self.sent % len(frames)]
                producer.send(
                    self._world.topics.frames_topic,
                    frame.value,
                    frame.key,
                    partition=frame.partition,
                ).get(60)
                self.sent += 1

    def end(self) -> int:
        """Stop; how many frames were sent."""
        self._done.set()
        join(self._thread)
        return self.sent
