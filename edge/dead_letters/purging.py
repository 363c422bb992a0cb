"""Which letters a purge deletes: Kafka deletes the beginning of a partition, never one record."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from deploy.bundle.errors import Fatal
from edge.dead_letters.letter import Letter
from edge.dead_letters.selection import Selection
from edge.dead_letters.text import counted
from edge.frame import Partition


@dataclass(slots=True)
class Cut:
    """What is deleted in one partition: everything below `position`."""

    position: int = 0
    wanted: int = 0
    """Letters that were asked for."""
    others: int = 0
    """Letters below the position that were not."""


@dataclass(slots=True)
class Purge:
    """How far each partition must be cut so that all letters of a selection are gone."""

    cuts: dict[Partition, Cut] = field(default_factory=dict)

    @property
    def wanted(self) -> int:
        return sum(cut.wanted for cut in self.cuts.values())

    @property
    def others(self) -> int:
        return sum(cut.others for cut in self.cuts.values())

    def lines(self) -> Iterator[str]:
        """What will be deleted, and what that costs."""
        for at, cut in sorted(self.cuts.items()):
            others = f", and {cut.others} older ones that were not asked for" if cut.others else ""
            yield f"{at}: {counted(cut.wanted)}{others}, up to offset {cut.position - 1}"
        yield "Of frames older than the oldest letter left, the audit cannot tell any more."


def plan_purge(letters: Iterable[Letter], selection: Selection) -> Purge:
    """Look at all letters of the topic, in offset order within each partition."""
    purge = Purge()
    between: dict[Partition, int] = {}
    for letter in letters:
        if not selection.holds(letter):
            between[letter.at] = between.get(letter.at, 0) + 1
            continue
        cut = purge.cuts.setdefault(letter.at, Cut())
        cut.position = letter.offset + 1
        cut.wanted += 1
        cut.others += between.pop(letter.at, 0)
    return purge


def check_purge(purge: Purge, unreadable: int, *, all_before: bool) -> None:
    """Refuse to delete what was not asked for.

    Args:
        unreadable: records of the topic that are no letters, and may lie in between.

    Raises:
        Fatal: says what else would go, and how to agree to it.
    """
    if all_before or not (purge.others or unreadable):
        return
    raise Fatal(
        "Kafka deletes only the beginning of a partition, so older ones that were not asked for "
        f"({counted(purge.others)}, other records up to {unreadable}) would go as well: choose by "
        "--until and --partition, or agree with --all-before"
    )
