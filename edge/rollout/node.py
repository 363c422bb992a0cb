"""What a node was told to run, how far it is, and what it is not to try again: pure rules."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from edge.rollout.words import Desired, State

MOST_TRIES = 3
"""Starts of the service that may be in the midst of one roll-out. Whoever ends for the third time
while trying a bundle may be ending because of it."""

Ending: TypeAlias = Literal["serving", "rolled-back", "failed"]
_FOLLOWS: Mapping[State, frozenset[State]] = {
    "fetching": frozenset({"fetching", "verifying", "failed"}),
    "verifying": frozenset({"building", "failed"}),
    "building": frozenset({"building", "shadowing", "watching", "failed"}),
    "shadowing": frozenset({"shadowing", "watching", "rolled-back", "failed"}),
    "watching": frozenset({"watching", "serving", "rolled-back", "failed"}),
    "serving": frozenset({"serving"}),
    "rolled-back": frozenset({"rolled-back"}),
    "failed": frozenset({"failed"}),
}
_ENDINGS = frozenset({"serving", "rolled-back", "failed"})


class Mark(msgspec.Struct, frozen=True):
    """One roll-out: two that were begun at once may have the same number."""

    generation: int = 0
    digest: str = ""


class Memory(msgspec.Struct, frozen=True):
    """What a node must know after a restart."""

    serving: Mark = Mark()
    """What is served for good; without a digest it is what the service was started with."""
    ended: Mark = Mark()
    """The newest roll-out that came to an end here."""
    ending: Ending = "serving"
    """How."""
    reason: str = ""
    """Why, where it was not served."""
    begun: Mark = Mark()
    """The roll-out that was begun last."""
    tries: int = 0
    """How often it was begun without coming to an end."""


def mark_of(desired: Desired) -> Mark:
    return Mark(desired.generation, desired.digest)


class Node:
    """One node of a slot. Each step returns nothing and changes `memory`, `mark` and `state`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.mark = memory.ended
        self.state: State = memory.ending
        self.reason = memory.reason
        self._heard: Desired | None = None

    def hear(self, desired: Desired) -> None:
        """The newest record of the slot; what was written last is what is wanted."""
        self._heard = desired

    @property
    def wanted(self) -> Desired | None:
        """What is to be begun now; nothing while that which is wanted came to an end here."""
        if self._heard is None or mark_of(self._heard) == self.memory.ended:
            return None
        return self._heard

    @property
    def overtaken(self) -> bool:
        """Whether another is wanted by now than that which was begun."""
        return self._heard is not None and mark_of(self._heard) != self.mark

    @property
    def under_way(self) -> bool:
        """Whether a roll-out was begun here that has not come to an end."""
        return self.state not in _ENDINGS

    def begin(self, desired: Desired) -> bool:
        """Take it up; False if it was tried too often: then it is over."""
        mark = mark_of(desired)
        tries = self.memory.tries + 1 if self.memory.begun == mark else 1
        self.memory = msgspec.structs.replace(self.memory, begun=mark, tries=tries)
        self.mark, self.state, self.reason = mark, "fetching", ""
        if tries > MOST_TRIES:
            self._end("failed", f"the service ended {MOST_TRIES} times in the midst of trying it")
            return False
        return True

    def enter(self, state: State, reason: str = "") -> None:
        """Go on to the next state.

        Raises:
            ValueError: none leads there from where it is.
        """
        if state not in _FOLLOWS[self.state]:
            raise ValueError(f"{state} cannot follow {self.state}")
        if state in _ENDINGS:
            self._end(state, reason)  # type: ignore[arg-type]
        else:
            self.state, self.reason = state, reason

    def serve_on(self) -> None:
        """What is wanted is what is served: there is nothing to try."""
        self._end("serving", "")

    def lay_aside(self) -> None:
        """It was neither served nor refused: whoever stopped it did so for another reason."""
        self.memory = msgspec.structs.replace(self.memory, tries=self.memory.tries - 1)

    def _end(self, ending: Ending, reason: str) -> None:
        serving = self.mark if ending == "serving" else self.memory.serving
        self.state, self.reason = ending, reason
        self.memory = msgspec.structs.replace(
            self.memory, serving=serving, ended=self.mark, ending=ending, reason=reason, tries=0
        )
