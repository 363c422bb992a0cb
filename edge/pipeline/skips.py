"""Frames that no session will see: their outcomes, until publishing takes them."""

from collections.abc import Callable, Sequence

from edge.frame import Frame
from edge.outcome import Outcome, Skipped, SkipReason


class Skips:
    """Used by the thread that polls, which must not wait: where publishing has no room, outcomes
    are kept for the next time. Their number is bounded by that of the frames in flight.
    """

    def __init__(self, offer: Callable[[list[Outcome]], bool]) -> None:
        self._offer = offer
        self._outcomes: list[Outcome] = []

    def add(self, frame: Frame, reason: SkipReason, offsets: Sequence[int] = ()) -> None:
        """Skip a frame; `offsets` are those that it stands for, where they are many."""
        frame.let_go()
        self._outcomes.append(Skipped(frame, reason, range=offsets))

    def hand_over(self) -> None:
        if self._outcomes and self._offer(self._outcomes):
            self._outcomes = []
