"""The threads of the service: a thread that dies takes the service down and says why."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from edge.observe.logs import get_logger

_log = get_logger("crew")


class Crew:
    """Named threads that run until `stop`. Each calls `beat` at least every few seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._threads: list[Thread] = []
        self._beats: dict[str, float] = {}
        self._excused: set[str] = set()
        self._stop = Event()
        self._told_to_stop = False
        self.failure: BaseException | None = None
        self.left_behind: list[str] = []
        """Threads that did not end when the service did, because they are in a library."""

    def start(self, name: str, body: Callable[[], None]) -> Thread:
        self.beat(name)
        thread = Thread(target=self._watch, args=(name, body), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def beat(self, name: str) -> None:
        self._beats[name] = self._clock()

    @contextmanager
    def excused(self, name: str) -> Iterator[None]:
        """Within `with` the thread need not be heard of: it is in a library that tells nothing."""
        self._excused.add(name)
        try:
            yield
        finally:
            self.beat(name)
            self._excused.discard(name)

    def stop(self) -> None:
        self._told_to_stop = True
        self._stop.set()

    def start_over(self) -> bool:
        """Forget threads and failure, so that others may be started; False if told to stop."""
        self.failure = None
        if self._told_to_stop:
            return False
        self._threads.clear()
        self._stop.clear()
        return not self._told_to_stop

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep, at most so long; whether the crew is to stop."""
        return self._stop.wait(seconds)

    def silent_for(self) -> dict[str, float]:
        """Seconds since each thread that need be heard of was."""
        now, beats = self._clock(), dict(self._beats)
        return {name: now - beat for name, beat in beats.items() if name not in self._excused}

    def fail(self, error: BaseException) -> None:
        """Stop, because of this; what came first counts."""
        self.failure = self.failure or error
        self._stop.set()

    def join(self, seconds: float, but: Collection[str] = ()) -> list[str]:
        """Wait for all threads to end, but for those named; names of those that did not."""
        deadline = self._clock() + seconds
        waited_for = [thread for thread in self._threads if thread.name not in but]
        for thread in waited_for:
            thread.join(max(0.0, deadline - self._clock()))
        return [thread.name for thread in waited_for if thread.is_alive()]

    def _watch(self, name: str, body: Callable[[], None]) -> None:
        try:
            body()
        except BaseException as error:  # noqa: BLE001 - recorded here, raised by the service
            _log.error("a stage died", stage=name, error=f"{type(error).__name__}: {error}")
            self.fail(error)
        finally:
            self._beats.pop(name, None)
