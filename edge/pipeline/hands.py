"""The frames that sessions have in hand, and for how long: who is stuck, and on what."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from edge.frame import Frame, Partition


@dataclass(slots=True)
class _Held:
    frames: Sequence[Frame]
    since: float


@dataclass(slots=True)
class Hands:
    """Each session has an entry of its own, written by its thread alone and read by others. What a
    thread that died had in hand stays there.
    """

    clock: Callable[[], float]
    _held: dict[str, _Held] = field(default_factory=dict)

    def take(self, session: str, frames: Sequence[Frame]) -> None:
        self._held[session] = _Held(frames, self.clock())

    def put_down(self, session: str) -> None:
        self._held.pop(session, None)

    def still(self, session: str) -> None:
        """It is not stuck: it waits for somebody else."""
        if (held := self._held.get(session)) is not None:
            held.since = self.clock()

    def stuck(self, seconds: float) -> dict[str, Frame]:
        """For each session that has been busy for longer than that, the frame that it is at: that
        which is being decoded, or else the first of the batch that is in the engine.
        """
        now, held = self.clock(), dict(self._held)
        return {name: _at(it.frames) for name, it in held.items() if now - it.since > seconds}

    def hold(self, partitions: Collection[Partition], seconds: float) -> set[Partition]:
        """The partitions of which a session has had frames in hand for that long."""
        now, held = self.clock(), dict(self._held)
        old = (it.frames for it in held.values() if now - it.since >= seconds)
        return {frame.partition for frames in old for frame in frames} & set(partitions)


def _at(frames: Sequence[Frame]) -> Frame:
    decoding = (it for it in frames if it.stamps.decoded < it.stamps.taken)
    return next(decoding, frames[0])
