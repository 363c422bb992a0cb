"""Which frames may have killed the member that worked on them.

Whoever works on a partition says so in the note beside its committed position, and takes the note
back when it gives the partition away. A note that is found there was written by somebody who died.
Pure rules: no driver, no clock.
"""

from dataclasses import dataclass

LEFT = ""
"""The note of a member that gave the partition back in order; older versions write the same."""
SPAN = 256
"""Frames that are tried alone after one death: what a member has under way beyond its committed
position, usually. Too few costs another death, which doubles it; too many costs time."""
_WORKING = "working"
_MOST_DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What a member inherits with a partition."""

    deaths: int = 0
    """Members in a row that died at this very position."""
    before: int = 0
    """Frames below this offset are suspects."""


def inherit(note: str | None, position: int, end: int) -> Suspicion:
    """What to make of the note that is found beside a committed position.

    Args:
        end: offset after the newest frame: nobody can have worked on what came later.
    """
    deaths = _deaths(note)
    if deaths == 0:
        return Suspicion()
    span = SPAN << min(deaths - 1, _MOST_DOUBLINGS)
    return Suspicion(deaths, max(position, min(end, position + span)))


def is_of_the_dead(note: str | None) -> bool:
    """Whether whoever wrote it worked on the partition and never gave it back."""
    return _deaths(note) > 0


def working(deaths: int = 0) -> str:
    """The note of a member that is about to work on what follows a position. `deaths` is what it
    inherited there; whoever got further died of nothing before that.
    """
    return f"{_WORKING} {deaths}"


def _deaths(note: str | None) -> int:
    """Members that died, the author of the note among them; notes of other programs say nothing."""
    word, _, before = (note or "").partition(" ")
    return int(before) + 1 if word == _WORKING and before.isdecimal() else 0
