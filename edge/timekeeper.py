"""Whose clock is right, when this machine's was set while the service runs: the broker is asked."""

from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType

from deploy.bundle.errors import YardlightError
from edge.kafka.inventory import Skew, SkewUnknown
from edge.observe.logs import get_logger
from edge.steady import SteadyWall

_log = get_logger("clock")
_INTERVAL = 1.0
_ASK_AGAIN = 30.0
_END_SECONDS = 1.0


class Timekeeper:
    """For `with`: a thread that looks at the clock, and is not waited for by anything else."""

    def __init__(self, steady: SteadyWall, ask: Callable[[Callable[[], float]], Skew]) -> None:
        """`ask` says how far a broker's clock is ahead of the one that it is given.

        It raises SkewUnknown where no broker tells, and Unavailable where none answers.
        """
        self._steady = steady
        self._ask = ask
        self._over = Event()
        self._thread = Thread(target=self._run, name="clock", daemon=True)

    def look(self) -> float:
        """Follow the system's clock if it was set and the broker agrees; seconds to the next."""
        step = self._steady.step
        if not step:
            return _INTERVAL
        try:
            right = self._broker_agrees(step)
        except SkewUnknown as why:
            _warn("ages go on by the old time; start again if the new one is right", step, why)
            return _ASK_AGAIN
        except (YardlightError, OSError) as why:
            _warn("ages go on by the old time until a broker answers", step, why)
            return _INTERVAL
        if right:
            self._steady.follow()
        _warn("the broker agrees" if right else "the broker does not, ages go on as before", step)
        return _INTERVAL if right else _ASK_AGAIN

    def _broker_agrees(self, step: float) -> bool:
        """Whether its clock is nearer to the new time than to the old."""
        ahead = self._ask(self._steady).seconds
        return abs(ahead - step) < abs(ahead)

    def __enter__(self) -> "Timekeeper":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(_END_SECONDS)

    def _run(self) -> None:
        seconds = _INTERVAL
        while not self._over.wait(seconds):
            seconds = self.look()


def _warn(what: str, step: float, why: object = "") -> None:
    _log.warning(f"this machine's clock was set by {step:+.1f} s: {what}", why=str(why))
