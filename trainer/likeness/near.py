"""Near-duplicates: re-encoded, resized, cut at the rim, brightened or mirrored."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

from trainer.likeness.alignment import show_the_same
from trainer.likeness.candidates import Candidate, candidates
from trainer.likeness.grey import Greys
from trainer.likeness.groups import Groups

Watch: TypeAlias = Callable[[str, Iterable[Candidate], int], Iterator[Candidate]]


def near_duplicates(greys: Greys, watch: Watch) -> Groups:
    """Link those of uint8 [N, S, S] that show the same."""
    groups = Groups()
    pairs: Sequence[Candidate] = candidates(greys)
    for one, other, flipped in watch("comparing pairs", pairs, len(pairs)):
        if groups.are_together(one, other):
            continue
        mirrored = np.ascontiguousarray(greys[other][:, ::-1]) if flipped else greys[other]
        if show_the_same(greys[one], mirrored):
            groups.link(one, other)
    return groups
