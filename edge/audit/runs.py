"""Offsets told as ranges. Pure: no driver."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.frame import Range

Mask: TypeAlias = NDArray[np.bool_]

MOST_RANGES = 100
"""How many ranges of one finding are kept; the others are counted."""
_SHOWN = 20


@dataclass(slots=True)
class Offsets:
    """Offsets that were found, in ascending order: the first ranges of them, and how many in all.

    Bounded, so that a recount that finds millions of them reports in a few lines and kilobytes.
    """

    ranges: list[Range] = field(default_factory=list)
    count: int = 0
    """All offsets, kept or not."""
    more_ranges: int = 0
    """Ranges that came after those that are kept."""
    _end: int | None = None

    def add(self, found: Range) -> None:
        """The next ones; what follows on directly makes one range with those before."""
        self.count += found.end - found.start
        goes_on, self._end = found.start == self._end, found.end
        if goes_on:
            if not self.more_ranges:
                self.ranges[-1] = Range(self.ranges[-1].start, found.end)
        elif len(self.ranges) < MOST_RANGES:
            self.ranges.append(found)
        else:
            self.more_ranges += 1

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        """Those that are kept, one by one."""
        return (offset for kept in self.ranges for offset in range(kept.start, kept.end))

    def document(self) -> dict[str, Any]:
        """As JSON; of each range the first and the last offset."""
        ranges = [[kept.start, kept.end - 1] for kept in self.ranges]
        return {"count": self.count, "ranges": ranges, "more_ranges": self.more_ranges}

    def __str__(self) -> str:
        """`3, 7-9`: the first twenty ranges, and how many more there are."""
        words = [_words(kept) for kept in islice(self.ranges, _SHOWN)]
        more = len(self.ranges) - len(words) + self.more_ranges
        return ", ".join(words) + (f" and {more} more ranges" if more else "")


def offsets_of(found: Iterable[Range]) -> Offsets:
    """Collect ranges that come in ascending order."""
    collected = Offsets()
    for run in found:
        collected.add(run)
    return collected


def runs_of(mask: Mask, start: int, joined: int = 1) -> Iterator[Range]:
    """Where the mask is true, as ranges of offsets of which the first is `start`.

    Ranges less than `joined` offsets apart are one.
    """
    indexes = np.flatnonzero(mask)
    if not len(indexes):
        return
    breaks = np.flatnonzero(np.diff(indexes) > joined)
    firsts = indexes[np.concatenate(([0], breaks + 1))]
    lasts = indexes[np.concatenate((breaks, [len(indexes) - 1]))]
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        yield Range(start + first, start + last + 1)


def joined_runs(runs: Iterable[Range], joined: int = 1) -> Iterator[Range]:
    """The same ranges, those less than `joined` offsets apart made one."""
    whole: Range | None = None
    for run in runs:
        if whole is not None and run.start - whole.end < joined:
            whole = Range(whole.start, run.end)
            continue
        if whole is not None:
            yield whole
        whole = run
    if whole is not None:
        yield whole


def _words(offsets: Range) -> str:
    last = offsets.end - 1
    return str(last) if offsets.start == last else f"{offsets.start}-{last}"
