"""What would have changed: the outcomes of a rerun beside those that were published live."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.audit.runs import Offsets
from edge.audit.tally import Answer, Tally
from edge.frame import Frame, Partition, Range
from edge.replay.live import Outcomes, Said


@dataclass(frozen=True, slots=True)
class Change:
    """A frame whose outcome would have been another."""

    partition: Partition
    offset: int
    camera: str
    live: Said
    rerun: Said


@dataclass(slots=True)
class Comparison:
    """Frames are noted in the order of the rerun; what is remembered does not grow with them, but
    for a byte an offset.
    """

    live: Mapping[Partition, Outcomes]
    most_examples: int
    alike: int = 0
    skipped_live: int = 0
    """Frames that the service left out on purpose: there is nothing to compare with."""
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Live outcome and outcome of the rerun → frames."""
    examples: list[Change] = field(default_factory=list)
    only_rerun: dict[Partition, Offsets] = field(default_factory=dict)
    """Frames without a live outcome."""
    _rerun: dict[Partition, Tally] = field(init=False)

    def __post_init__(self) -> None:
        self._rerun = {at: Tally(outcomes.range) for at, outcomes in self.live.items()}

    def note(self, frame: Frame, rerun: Said) -> None:
        at, offset = frame.partition, frame.offset
        self._rerun[at].note(offset, rerun.answer, rerun.content)
        live = self.live[at].of(offset)
        if live is None:
            self.only_rerun.setdefault(at, Offsets()).add(Range(offset, offset + 1))
        elif live.answer is Answer.SKIPPED:
            self.skipped_live += 1
        elif (live.answer, live.content) == (rerun.answer, rerun.content):
            self.alike += 1
        else:
            self.changes[str(live), str(rerun)] += 1
            if len(self.examples) < self.most_examples:
                self.examples.append(Change(at, offset, frame.camera, live, rerun))

    @property
    def changed(self) -> int:
        return self.changes.total()

    @property
    def agreement(self) -> float | None:
        """The share of frames with the same outcome among those that both sides looked at."""
        both = self.alike + self.changed
        return self.alike / both if both else None

    def only_live(self) -> dict[Partition, Offsets]:
        """Offsets with a live outcome that the rerun did not come across: their frames are gone."""
        found = {}
        for at, rerun in self._rerun.items():
            offsets = Offsets()
            for gap in rerun.unanswered(rerun.range, joined=1):
                for run in self.live[at].tally.answered(gap):
                    offsets.add(run)
            if offsets:
                found[at] = offsets
        return found
