"""The time of day as a service knows it: a step of the system's clock alone does not move it."""

from collections.abc import Callable

_LARGEST_SLEW = 1.0


class SteadyWall:
    """Called, it gives Unix seconds on which a monotonic clock and the system's clock agree.

    Ages are differences between this clock and the timestamps of records. Were the system's clock
    set an hour forward, every frame would be an hour old, and expired. So what NTP does slowly is
    followed, and what happens at once (`step`) only when somebody says that it is right (`follow`).
    """

    def __init__(self, clock: Callable[[], float], wall: Callable[[], float]) -> None:
        """`clock` is monotonic, `wall` the system's; both in seconds."""
        self._clock = clock
        self._wall = wall
        self._offset = wall() - clock()

    def __call__(self) -> float:
        self._look()
        return self._clock() + self._offset

    @property
    def step(self) -> float:
        """Seconds by which the system's clock is ahead, since it was set; 0 if it was not."""
        ahead = self._look()
        return ahead if abs(ahead) > _LARGEST_SLEW else 0.0

    def follow(self) -> None:
        """The system's clock is right."""
        self._offset = self._wall() - self._clock()

    def _look(self) -> float:
        # Drift adds up, so it is followed at each look: an hour of the largest that NTP slews by is
        # two seconds.
        offset = self._wall() - self._clock()
        ahead = offset - self._offset
        if abs(ahead) <= _LARGEST_SLEW:
            self._offset = offset
        return ahead
