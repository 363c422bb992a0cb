"""Which letters a user means."""

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter

from edge.dead_letters.letter import Letter
from edge.span import AsMoment, Moment

Texts: TypeAlias = Annotated[tuple[str, ...], Parameter(negative="")]
Numbers: TypeAlias = Annotated[tuple[int, ...], Parameter(negative="")]


def check_selection(_: Any, selection: "Selection | None") -> None:
    """Refuse times between which nothing can lie.

    Raises:
        ValueError: says which.
    """
    if selection is None or selection.since is None or selection.until is None:
        return
    since, until = selection.since, selection.until
    if not since < until:
        raise ValueError(f"nothing lies between --since {since} and --until {until}")


@Parameter(name="*", group="Which letters", validator=check_selection)
@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which letters are meant: those that fit all that is given, each of which may be repeated."""

    reason: Texts = ()
    """Only letters with this reason, such as truncated."""

    camera: Texts = ()
    """Only letters of this camera."""

    partition: Numbers = ()
    """Only letters in this partition of the dead-letters topic."""

    group: str | None = None
    """Only letters of this consumer group."""

    since: Annotated[Moment | None, AsMoment] = None
    """Only letters written at or after this time (2026-11-24T08:00:00Z) or age (15m, 2h)."""

    until: Annotated[Moment | None, AsMoment] = None
    """Only letters written before this time or age."""

    frames_topic: Annotated[str | None, Parameter(parse=False)] = None
    """Only letters for frames of this topic."""

    def holds(self, letter: Letter) -> bool:
        return (
            (not self.reason or letter.reason in self.reason)
            and (not self.camera or letter.camera in self.camera)
            and (not self.partition or letter.at.number in self.partition)
            and (self.frames_topic is None or letter.frame.topic == self.frames_topic)
            and (self.group is None or letter.group == self.group)
            and (self.since is None or letter.written_at >= self.since.seconds)
            and (self.until is None or letter.written_at < self.until.seconds)
        )


ALL = Selection()
