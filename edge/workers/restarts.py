"""When a worker that ended is started again, and when no more. Pure rules."""

from dataclasses import dataclass

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
STABLE_SECONDS = 60.0
"""Whoever lived so long has nothing to do with what its predecessors died of."""
MOST_FAILED_STARTS = 5
"""In a row, none of which became ready."""


@dataclass(frozen=True, slots=True)
class Life:
    """What became of one process."""

    seconds: float
    was_ready: bool
    refused: bool
    """It ended by itself, saying what somebody must change (Fatal)."""


class Restarts:
    """The starts of one worker, one process after the other."""

    def __init__(self) -> None:
        self._ever_ready = False
        self._failed_starts = 0
        self._delay = FIRST_SECONDS

    def after(self, life: Life) -> float | None:
        """Seconds until the next start; None where another start would be for nothing.

        What is refused before anything ever worked would be refused again, and whoever started the
        service is still there to hear of it. What once worked is tried again: the cause may pass.
        """
        self._ever_ready = self._ever_ready or life.was_ready
        self._failed_starts = 0 if life.was_ready else self._failed_starts + 1
        if life.refused and not self._ever_ready:
            return None
        if self._failed_starts >= MOST_FAILED_STARTS:
            return None
        if life.seconds >= STABLE_SECONDS:
            self._delay = FIRST_SECONDS
        delay, self._delay = self._delay, min(2 * self._delay, LONGEST_SECONDS)
        return delay
